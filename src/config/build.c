/* SPDX-License-Identifier: Apache-2.0
 *
 * From libconfuse's tree to struct fcgi_config. A key's value is the server's
 * own, else that of [FASTCGI], else the default of the table of keys; keys
 * that may be repeated add up.
 */
#include "config/build.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A section of the file, and its branch of the tree. */
struct source {
    const struct fcgi_scan_section *section;
    cfg_t *branch;
};

/* Whether the section says anything of a key. The keys of [FASTCGI] are a part
 * of the table that a server's are (keys.c). */
static bool says(const struct source *source, const struct fcgi_key *key)
{
    const struct fcgi_section *schema;

    if (!source->branch)
        return false;
    schema = source->section->schema;
    return key >= schema->keys && key < schema->keys + schema->n_keys &&
           source->section->given[key - schema->keys] != 0;
}

static void set_number(void *field, const struct fcgi_key *key, uint32_t number)
{
    bool on = number != 0;

    if (key->type == FCGI_KEY_BOOL)
        memcpy(field, &on, sizeof(on));
    else
        memcpy(field, &number, sizeof(number));
}

static int add_word(struct fcgi_words *words, const char *word, size_t length)
{
    char **bigger =
        reallocarray(words->items, words->count + 1, sizeof(*bigger));

    if (!bigger)
        return -1;
    words->items = bigger;
    words->items[words->count] = strndup(word, length);
    return words->items[words->count++] ? 0 : -1;
}

static int add_network(struct fcgi_networks *networks, const char *word,
                       size_t length)
{
    struct fcgi_network *bigger =
        reallocarray(networks->items, networks->count + 1, sizeof(*bigger));
    size_t at;

    if (!bigger)
        return -1;
    networks->items = bigger;
    return fcgi_network_parse(word, length, &bigger[networks->count++], &at)
               ? -1
               : 0;
}

/* Adds each word of a text: WORDS and NETWORKS. */
static int add_words(void *field, const struct fcgi_key *key, const char *text)
{
    while (*(text += strspn(text, " \t"))) {
        size_t length = strcspn(text, " \t");

        if (key->type == FCGI_KEY_WORDS ? add_word(field, text, length)
                                        : add_network(field, text, length))
            return -1;
        text += length;
    }
    return 0;
}

static int add_pair(struct fcgi_pairs *pairs, const char *text)
{
    size_t length = strcspn(text, " \t");
    struct fcgi_named_value *bigger =
        reallocarray(pairs->items, pairs->count + 1, sizeof(*bigger));
    struct fcgi_named_value *last;

    if (!bigger)
        return -1;
    pairs->items = bigger;
    last = &pairs->items[pairs->count++];
    last->name = strndup(text, length);
    last->value = strdup(text + length + strspn(text + length, " \t"));
    return last->name && last->value ? 0 : -1;
}

/* Fills a field, or adds to it. Returns 0 or -1. */
static int set_text(void *field, const struct fcgi_key *key, const char *text)
{
    const char *why;
    char *copy;
    size_t at;

    switch (key->type) {
    case FCGI_KEY_ADDR:
        return fcgi_endpoint_parse_addr(text, strlen(text), field, &why, &at);
    case FCGI_KEY_PATH:
        return fcgi_endpoint_parse_path(text, strlen(text), field, &why, &at);
    case FCGI_KEY_WORDS:
    case FCGI_KEY_NETWORKS:
        return add_words(field, key, text);
    case FCGI_KEY_PAIR:
        return add_pair(field, text);
    case FCGI_KEY_NAME:
    case FCGI_KEY_TEXT:
        copy = strdup(text);
        memcpy(field, &copy, sizeof(copy));
        return copy ? 0 : -1;
    case FCGI_KEY_TIME:
    case FCGI_KEY_SIZE:
    case FCGI_KEY_COUNT:
    case FCGI_KEY_BOOL:
        break;
    }
    return -1;
}

/* All that a section says of a key. */
static int take(void *field, const struct fcgi_key *key, cfg_t *branch)
{
    for (unsigned i = 0; i < cfg_size(branch, key->name); i++)
        if (set_text(field, key, cfg_getnstr(branch, key->name, i)))
            return -1;
    return 0;
}

static int set_field(struct fcgi_server_config *server,
                     const struct fcgi_key *key, const struct source *own,
                     const struct source *defaults)
{
    void *field = (char *)server + key->offset;
    const struct source *source = says(own, key)        ? own
                                  : says(defaults, key) ? defaults
                                                        : NULL;

    if (fcgi_keys_is_number(key)) {
        set_number(field, key,
                   source ? (uint32_t)cfg_getint(source->branch, key->name)
                          : key->def);
        return 0;
    }
    if (source == own && key->repeat && says(defaults, key) &&
        take(field, key, defaults->branch))
        return -1;
    if (source)
        return take(field, key, source->branch);
    return key->def_text ? set_text(field, key, key->def_text) : 0;
}

/* The sources of the sections of one kind, from the `from`th section on. */
static struct source next_source(const struct fcgi_scan *scan, cfg_t *tree,
                                 const struct fcgi_section *schema,
                                 size_t *from, unsigned nth)
{
    struct source source = {NULL, NULL};

    while (*from < scan->n_sections && !source.section) {
        if (scan->sections[*from].schema == schema) {
            source.section = &scan->sections[*from];
            source.branch = cfg_getnsec(tree, schema->name, nth);
        }
        ++*from;
    }
    return source;
}

struct fcgi_config *fcgi_config_build(const char *file,
                                      const struct fcgi_scan *scan, cfg_t *tree)
{
    size_t count;
    const struct fcgi_section *schemas = fcgi_keys_sections(&count);
    const struct fcgi_section *schema = &schemas[FCGI_SECTION_SERVER];
    struct fcgi_config *config = calloc(1, sizeof(*config));
    struct source own, defaults;
    size_t from = 0;

    if (!config)
        return NULL;
    config->file = strdup(file);
    config->servers = calloc(scan->n_sections, sizeof(*config->servers));
    if (!config->file || !config->servers)
        goto fail;
    defaults =
        next_source(scan, tree, &schemas[FCGI_SECTION_DEFAULTS], &from, 0);
    from = 0;
    for (;;) {
        struct fcgi_server_config *server = &config->servers[config->n_servers];

        own =
            next_source(scan, tree, schema, &from, (unsigned)config->n_servers);
        if (!own.section)
            return config;
        config->n_servers++; /* so that what it has is freed */
        server->line = own.section->line;
        for (size_t k = 0; k < schema->n_keys; k++)
            if (set_field(server, &schema->keys[k], &own, &defaults))
                goto fail;
    }
fail:
    fcgi_config_free(config);
    return NULL;
}

static void free_words(const struct fcgi_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
}

static void free_pairs(const struct fcgi_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].name);
        free(pairs->items[i].value);
    }
    free(pairs->items);
}

static void free_field(const void *field, const struct fcgi_key *key)
{
    char *text;

    switch (key->type) {
    case FCGI_KEY_NAME:
    case FCGI_KEY_TEXT:
        memcpy(&text, field, sizeof(text));
        free(text);
        break;
    case FCGI_KEY_WORDS:
        free_words(field);
        break;
    case FCGI_KEY_PAIR:
        free_pairs(field);
        break;
    case FCGI_KEY_NETWORKS:
        free(((const struct fcgi_networks *)field)->items);
        break;
    case FCGI_KEY_ADDR:
    case FCGI_KEY_PATH:
    case FCGI_KEY_TIME:
    case FCGI_KEY_SIZE:
    case FCGI_KEY_COUNT:
    case FCGI_KEY_BOOL:
        break;
    }
}

bool fcgi_config_is_authorizer(const struct fcgi_server_config *server)
{
    return server->role != NULL && strcasecmp(server->role, "authorizer") == 0;
}

void fcgi_config_free(struct fcgi_config *config)
{
    size_t count;
    const struct fcgi_section *schema;

    if (!config)
        return;
    schema = &fcgi_keys_sections(&count)[FCGI_SECTION_SERVER];
    for (size_t i = 0; i < config->n_servers; i++) {
        const char *server = (const char *)&config->servers[i];

        for (size_t k = 0; k < schema->n_keys; k++)
            free_field(server + schema->keys[k].offset, &schema->keys[k]);
    }
    free(config->servers);
    free(config->file);
    free(config);
}
