/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: is a file a plugin? Its dynamic symbols are read from the file;
 * loading it would run its code, which is not ours to trust.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

/* Of this program, where the linker has put it: Monkey, the plugin and this
 * program are of one kind. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* The file's bytes. Every offset in them is somebody else's word. */
struct image {
    const unsigned char *bytes;
    size_t size;
};

/* Copies a structure out. False where it is not wholly in the file. */
static bool get(const struct image *image, uint64_t offset, void *out,
                size_t size)
{
    if (offset > image->size || size > image->size - offset)
        return false;
    memcpy(out, image->bytes + offset, size);
    return true;
}

/* Whether at an offset there is exactly this text, terminated. */
static bool text_is(const struct image *image, uint64_t offset,
                    const char *text)
{
    size_t size = strlen(text) + 1;

    return offset <= image->size && size <= image->size - offset &&
           memcmp(image->bytes + offset, text, size) == 0;
}

static bool section_at(const struct image *image, const ElfW(Ehdr) * head,
                       uint64_t n, ElfW(Shdr) * out)
{
    uint64_t offset;

    return n < head->e_shnum &&
           !__builtin_add_overflow(head->e_shoff, n * head->e_shentsize,
                                   &offset) &&
           get(image, offset, out, sizeof(*out));
}

/* Whether a table of dynamic symbols defines one of this name. */
static bool defines(const struct image *image, const ElfW(Shdr) * table,
                    const ElfW(Shdr) * names, const char *name)
{
    uint64_t count = table->sh_size / sizeof(ElfW(Sym));

    for (uint64_t i = 0; i < count; i++) {
        ElfW(Sym) symbol;
        uint64_t offset;

        if (__builtin_add_overflow(table->sh_offset, i * sizeof(symbol),
                                   &offset) ||
            !get(image, offset, &symbol, sizeof(symbol)))
            return false;
        if (symbol.st_shndx != SHN_UNDEF &&
            ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT &&
            !__builtin_add_overflow(names->sh_offset, symbol.st_name,
                                    &offset) &&
            text_is(image, offset, name))
            return true;
    }
    return false;
}

static bool has_symbol(const struct image *image, const ElfW(Ehdr) * head,
                       const char *name)
{
    ElfW(Shdr) table, names;

    for (uint64_t i = 0; section_at(image, head, i, &table); i++)
        if (table.sh_type == SHT_DYNSYM &&
            section_at(image, head, table.sh_link, &names) &&
            defines(image, &table, &names, name))
            return true;
    return false;
}

static bool judge(const struct image *image, const char *symbol,
                  const char **id, const char **why)
{
    ElfW(Ehdr) head;

    *id = FCGI_CHECK_PLUGIN_FORMAT;
    if (!get(image, 0, &head, sizeof(head)) ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) {
        *why = "it is no shared object (ELF)";
        return false;
    }
    if (head.e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
        head.e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
        head.e_machine != __ehdr_start.e_machine) {
        *why = "it is built for another kind of processor";
        return false;
    }
    if (head.e_type != ET_DYN) {
        *why = "it is an object or a program, and no shared object";
        return false;
    }
    *id = FCGI_CHECK_PLUGIN_ABI;
    *why = "it does not have the symbol that Monkey looks for";
    if (!has_symbol(image, &head, symbol))
        return false;
    /* Ours has the texts of our checks in it. */
    *id = FCGI_CHECK_PLUGIN_OTHER;
    *why = "it is another FastCGI plugin";
    return memmem(image->bytes, image->size, FCGI_CHECK_LIBRARY,
                  sizeof(FCGI_CHECK_LIBRARY)) != NULL;
}

bool check_elf(const char *path, const char *symbol, const char **id,
               const char **why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct image image = {NULL, 0};
    struct stat status;
    bool good = false;
    void *map;

    *id = FCGI_CHECK_PLUGIN_MISSING;
    *why = "it cannot be read";
    if (fd < 0 || fstat(fd, &status))
        goto out;
    if (!S_ISREG(status.st_mode)) {
        *id = FCGI_CHECK_PLUGIN_FORMAT;
        *why = "it is no file";
        goto out;
    }
    image.size = (size_t)status.st_size;
    if (image.size == 0) {
        judge(&image, symbol, id, why);
        goto out;
    }
    map = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        goto out;
    image.bytes = map;
    good = judge(&image, symbol, id, why);
    munmap(map, image.size);
out:
    if (fd >= 0)
        close(fd);
    return good;
}
