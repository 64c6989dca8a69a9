/* SPDX-License-Identifier: Apache-2.0 */
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/checks.h"

static int add_section(struct fcgi_tree *tree, const char *file,
                       const struct fcgi_token *token)
{
    struct fcgi_tree_section *bigger = fcgi_text_grow(
        tree->sections, tree->n_sections, 1, sizeof(*bigger), &tree->capacity);
    char *name = strndup(token->text.at, token->text.len);

    if (bigger)
        tree->sections = bigger;
    if (!bigger || !name) {
        free(name);
        return -1;
    }
    bigger[tree->n_sections++] =
        (struct fcgi_tree_section){.file = file,
                                   .line = token->line,
                                   .column = token->column,
                                   .length = token->length,
                                   .name = name};
    return 0;
}

static int add_entry(struct fcgi_tree *tree, struct fcgi_lexer *lexer,
                     const char *file, const struct fcgi_token *token)
{
    struct fcgi_tree_section *section = &tree->sections[tree->n_sections - 1];
    struct fcgi_tree_entry *bigger =
        fcgi_text_grow(section->entries, section->n_entries, 1, sizeof(*bigger),
                       &section->capacity);
    struct fcgi_tree_entry entry = {.file = file, .line = token->line};
    struct fcgi_span key, value;

    fcgi_lexer_split(lexer, token, &key, &value);
    if (value.len == 0) {
        FCGI_LEXER_REPORT(
            lexer, FCGI_CHECK_NO_VALUE, key,
            "'%.*s' has no value, at which Monkey stops; write one behind "
            "it, or remove the line",
            FCGI_SPAN_ARGS(key));
    } else {
        fcgi_lexer_check_hash(lexer, value);
    }
    if (bigger)
        section->entries = bigger;
    entry.key_column = fcgi_lexer_column(lexer, key.at);
    entry.value_column = fcgi_lexer_column(lexer, value.at);
    entry.key = strndup(key.at, key.len);
    entry.value = strndup(value.at, value.len);
    if (!bigger || !entry.key || !entry.value) {
        free(entry.key);
        free(entry.value);
        return -1;
    }
    bigger[section->n_entries++] = entry;
    return 0;
}

/* A copy of a file's name that lives as long as the tree, or NULL. */
static const char *keep_name(struct fcgi_tree *tree, const char *file)
{
    char **bigger = fcgi_text_grow(tree->files, tree->n_files, 1,
                                   sizeof(*bigger), &tree->files_capacity);

    if (!bigger)
        return NULL;
    tree->files = bigger;
    bigger[tree->n_files] = strdup(file);
    if (!bigger[tree->n_files])
        return NULL;
    tree->n_files++;
    tree->file = bigger[0];
    return bigger[tree->n_files - 1];
}

int fcgi_tree_add(struct fcgi_tree *tree, const struct fcgi_tree_reader *reader,
                  const char *file, const char *text, size_t len)
{
    const char *name = keep_name(tree, file);
    struct fcgi_lexer lexer;
    struct fcgi_token token;
    bool no_memory = name == NULL;
    int failed = 0;

    fcgi_lexer_init(&lexer, reader->grammar, file, text, len, reader->diags);
    /* A key of an included file goes to the last section, as in Monkey. */
    lexer.in_section = tree->n_sections > 0;
    while (!no_memory && !failed && fcgi_lexer_next(&lexer, &token))
        if (token.kind == FCGI_TOKEN_HEADING)
            no_memory = add_section(tree, name, &token);
        else if (token.kind == FCGI_TOKEN_KEY)
            no_memory = add_entry(tree, &lexer, name, &token);
        else if (token.kind == FCGI_TOKEN_INCLUDE && reader->include)
            failed = reader->include(tree, reader, name, &token);
    tree->stops = tree->stops || lexer.stops;
    if (no_memory) {
        fcgi_check_report(reader->diags, FCGI_CHECK_MEMORY, file, 0, 0, 0,
                          "out of memory");
    }
    return no_memory || failed || lexer.failed ? -1 : 0;
}

int fcgi_tree_read(struct fcgi_tree *tree, const char *file, const char *text,
                   size_t len, struct fcgi_diag_list *diags)
{
    const struct fcgi_tree_reader reader = {.grammar = &fcgi_grammar_16,
                                            .diags = diags};

    memset(tree, 0, sizeof(*tree));
    return fcgi_tree_add(tree, &reader, file, text, len);
}

void fcgi_tree_free(struct fcgi_tree *tree)
{
    for (size_t i = 0; i < tree->n_sections; i++) {
        struct fcgi_tree_section *section = &tree->sections[i];

        for (size_t k = 0; k < section->n_entries; k++) {
            free(section->entries[k].key);
            free(section->entries[k].value);
        }
        free(section->entries);
        free(section->name);
    }
    free(tree->sections);
    for (size_t i = 0; i < tree->n_files; i++)
        free(tree->files[i]);
    free(tree->files);
    memset(tree, 0, sizeof(*tree));
}

const struct fcgi_tree_section *fcgi_tree_section(const struct fcgi_tree *tree,
                                                  const char *name)
{
    for (size_t i = 0; i < tree->n_sections; i++)
        if (strcasecmp(tree->sections[i].name, name) == 0)
            return &tree->sections[i];
    return NULL;
}

const struct fcgi_tree_entry *
fcgi_tree_entry(const struct fcgi_tree_section *section, const char *key)
{
    for (size_t i = 0; section && i < section->n_entries; i++)
        if (strcasecmp(section->entries[i].key, key) == 0)
            return &section->entries[i];
    return NULL;
}
