/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: users and what they may do.
 */
#include "user.h"

#include <endian.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"

int check_identity_find(const char *name, struct check_identity *identity)
{
    struct passwd *user = getpwnam(name);
    uint64_t number;
    int room = 32;

    if (!user && fcgi_cli_number(name, 0, UINT32_MAX - 1, &number) == 0)
        user = getpwuid((uid_t)number);
    if (!user)
        return -1;
    *identity = (struct check_identity){.name = check_dup(user->pw_name),
                                        .uid = user->pw_uid,
                                        .gid = user->pw_gid};
    for (;;) {
        identity->groups =
            check_grow(identity->groups, (size_t)room, sizeof(gid_t));
        identity->n_groups = room;
        if (getgrouplist(identity->name, identity->gid, identity->groups,
                         &identity->n_groups) >= 0)
            return 0;
        room = identity->n_groups > room ? identity->n_groups : room * 2;
    }
}

bool check_identity_in(const struct check_identity *identity, gid_t group)
{
    for (int i = 0; i < identity->n_groups; i++)
        if (identity->groups[i] == group)
            return true;
    return false;
}

/* An access control list as the kernel keeps it (linux/posix_acl_xattr.h). */
#define ACL_VERSION 2U
#define ACL_ENTRIES 64

enum acl_tag {
    ACL_USER_OBJ = 0x01,
    ACL_USER = 0x02,
    ACL_GROUP_OBJ = 0x04,
    ACL_GROUP = 0x08,
    ACL_MASK = 0x10,
    ACL_OTHER = 0x20,
};

struct acl_entry {
    uint16_t tag, perm;
    uint32_t id;
};

struct acl {
    uint32_t version;
    struct acl_entry entries[ACL_ENTRIES];
};

/* The permissions (4, 2, 1) that the list gives (POSIX.1e draft 17, 23.5). */
static unsigned judge_acl(const struct check_identity *identity,
                          const struct stat *status, const struct acl *acl,
                          size_t n, unsigned wanted)
{
    unsigned mask = 7, other = 0;
    bool in_group = false;

    for (size_t i = 0; i < n; i++) {
        const struct acl_entry *e = &acl->entries[i];

        mask = le16toh(e->tag) == ACL_MASK ? le16toh(e->perm) : mask;
        other = le16toh(e->tag) == ACL_OTHER ? le16toh(e->perm) : other;
    }
    for (size_t i = 0; i < n; i++) {
        const struct acl_entry *e = &acl->entries[i];

        if (le16toh(e->tag) == ACL_USER && le32toh(e->id) == identity->uid)
            return le16toh(e->perm) & mask;
    }
    /* Of several groups, one that gives all is enough. */
    for (size_t i = 0; i < n; i++) {
        const struct acl_entry *e = &acl->entries[i];
        gid_t group =
            le16toh(e->tag) == ACL_GROUP_OBJ ? status->st_gid : le32toh(e->id);

        if ((le16toh(e->tag) == ACL_GROUP_OBJ ||
             le16toh(e->tag) == ACL_GROUP) &&
            check_identity_in(identity, group)) {
            in_group = true;
            if ((le16toh(e->perm) & mask & wanted) == wanted)
                return wanted;
        }
    }
    return in_group ? 0 : other;
}

bool check_identity_may(const struct check_identity *identity, const char *path,
                        const struct stat *status, int wanted)
{
    unsigned need = (unsigned)wanted, has;
    struct acl acl;
    ssize_t size;

    if (identity->uid == 0)
        return true;
    size = lgetxattr(path, "system.posix_acl_access", &acl, sizeof(acl));
    if (identity->uid == status->st_uid) {
        has = status->st_mode >> 6 & 7U;
    } else if (size >= (ssize_t)sizeof(acl.version) &&
               le32toh(acl.version) == ACL_VERSION) {
        has = judge_acl(identity, status, &acl,
                        ((size_t)size - sizeof(acl.version)) /
                            sizeof(acl.entries[0]),
                        need);
    } else if (check_identity_in(identity, status->st_gid)) {
        has = status->st_mode >> 3 & 7U;
    } else {
        has = status->st_mode & 7U;
    }
    return (has & need) == need;
}

bool check_identity_search(void *identity, const char *path,
                           const struct stat *status)
{
    return !identity || check_identity_may(identity, path, status, X_OK);
}
