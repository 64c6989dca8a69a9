/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/recall.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES 64 /* a power of two */
#define LENGTH_MOST 512

struct entry {
    uint64_t until;
    size_t raw_length;
    struct fcgi_monkey_found found;
    char raw[LENGTH_MOST];
    char file[LENGTH_MOST];
};

/* One entry for each hash: a later path takes the place of an earlier one. */
struct fcgi_monkey_recall {
    struct entry entries[ENTRIES];
};

struct fcgi_monkey_recall *fcgi_monkey_recall_new(void)
{
    return calloc(1, sizeof(struct fcgi_monkey_recall));
}

/* FNV-1a. Clients who choose colliding paths gain nothing but the look that
 * they would have without all this. */
static size_t hash(struct fcgi_text raw)
{
    uint32_t value = 2166136261U;

    for (size_t i = 0; i < raw.length; i++)
        value = (value ^ (unsigned char)raw.data[i]) * 16777619U;
    return (value ^ value >> 16) % ENTRIES;
}

const struct fcgi_monkey_found *
fcgi_monkey_recall_find(const struct fcgi_monkey_recall *recall,
                        const struct mk_host *vhost, struct fcgi_text raw,
                        uint64_t now)
{
    const struct entry *entry = &recall->entries[hash(raw)];

    return now < entry->until && entry->found.vhost == vhost &&
                   entry->raw_length == raw.length &&
                   memcmp(entry->raw, raw.data, raw.length) == 0
               ? &entry->found
               : NULL;
}

/* Has a text that lies in the file's name point into the entry's copy. */
static void move(struct fcgi_text *text, struct fcgi_text from, const char *to)
{
    uintptr_t at = (uintptr_t)text->data, begin = (uintptr_t)from.data;

    if (text->data != NULL && at >= begin && at <= begin + from.length)
        text->data = to + (at - begin);
}

void fcgi_monkey_recall_keep(struct fcgi_monkey_recall *recall,
                             struct fcgi_text raw, uint64_t now,
                             const struct fcgi_monkey_found *found)
{
    struct entry *entry = &recall->entries[hash(raw)];
    struct fcgi_text from = found->file;
    struct fcgi_script *script = &entry->found.script;

    if (found->script.verdict != FCGI_PATH_OK || raw.length > LENGTH_MOST ||
        from.length >= LENGTH_MOST)
        return;
    entry->until = now + FCGI_MONKEY_RECALL;
    entry->raw_length = raw.length;
    entry->found = *found;
    memcpy(entry->raw, raw.data, raw.length);
    memcpy(entry->file, from.data, from.length);
    entry->file[from.length] = '\0';
    move(&entry->found.path, from, entry->file);
    move(&entry->found.file, from, entry->file);
    move(&script->name, from, entry->file);
    move(&script->info, from, entry->file);
    move(&script->folder, from, entry->file);
    move(&script->file, from, entry->file);
}
