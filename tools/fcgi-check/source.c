/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that were read, and memory.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "config/file.h"

/* Blocks of check_alloc() and check_grow(), in a list. */
struct block {
    struct block *next;
    struct block **link; /* what points to this one */
    max_align_t memory[];
};

static struct block *blocks;

/* There is nothing to go back to that could say it better. */
void check_no_memory(void)
{
    fputs("fcgi-check: out of memory\n", stderr);
    exit(CHECK_TROUBLE);
}

/* Puts a block that may have moved into the list. */
static void *keep(struct block *block)
{
    if (!block)
        check_no_memory();
    *block->link = block;
    if (block->next)
        block->next->link = &block->next;
    return block->memory;
}

void *check_alloc(size_t size)
{
    struct block *block = calloc(1, sizeof(*block) + size);

    if (block)
        *block = (struct block){.next = blocks, .link = &blocks};
    return keep(block);
}

void *check_grow(void *array, size_t count, size_t size)
{
    size_t bytes;
    struct block *block;

    if (!array)
        return check_alloc((count + 1) * size);
    block = (struct block *)((char *)array - offsetof(struct block, memory));
    if (__builtin_mul_overflow(count + 1, size, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(*block), &bytes))
        return keep(NULL);
    return keep(realloc(block, bytes));
}

char *check_dup(const char *text)
{
    return strcpy(check_alloc(strlen(text) + 1), text);
}

char *check_printf(const char *format, ...)
{
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = check_alloc((size_t)n + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

struct check_source *check_source_find(const struct check_run *run,
                                       const char *name)
{
    for (size_t i = 0; i < run->n_sources; i++)
        if (strcmp(run->sources[i].name, name) == 0)
            return &run->sources[i];
    return NULL;
}

struct check_source *check_source_read(struct check_run *run, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "<stdin>" : path;
    struct check_source *source = check_source_find(run, name);
    int failed;

    if (source)
        return source;
    run->sources =
        check_grow(run->sources, run->n_sources, sizeof(*run->sources));
    source = &run->sources[run->n_sources++];
    *source = (struct check_source){.name = check_dup(name)};
    failed = is_stdin ? fcgi_config_read_fd(STDIN_FILENO, name, &source->text,
                                            &source->length, &run->diags)
                      : fcgi_config_read_file(path, &source->text,
                                              &source->length, &run->diags);
    if (failed)
        source->text = NULL;
    return source;
}

static void find_lines(struct check_source *source)
{
    const char *at = source->text;
    const char *end = at + source->length;
    size_t n = 1;

    for (const char *c = at; c < end; c++)
        n += *c == '\n';
    source->lines = check_alloc(n * sizeof(*source->lines));
    source->n_lines = 0;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        source->lines[source->n_lines++] = (size_t)(at - source->text);
        at = stop ? stop + 1 : end;
    }
}

bool check_source_line(struct check_source *source, unsigned line,
                       const char **text, size_t *length)
{
    size_t end;

    if (!source->text)
        return false;
    if (!source->lines)
        find_lines(source);
    if (line == 0 || line > source->n_lines)
        return false;
    end = line < source->n_lines ? source->lines[line] - 1 : source->length;
    *text = source->text + source->lines[line - 1];
    *length = end - source->lines[line - 1];
    if (line == source->n_lines && *length && (*text)[*length - 1] == '\n')
        --*length;
    return true;
}

char *check_path(const struct check_run *run, const char *path)
{
    return check_printf("%s%s", run->options->root ? run->options->root : "",
                        path);
}

void check_run_free(struct check_run *run)
{
    fcgi_diag_list_free(&run->diags);
    for (size_t i = 0; i < run->n_sources; i++)
        free(run->sources[i].text);
    while (blocks) {
        struct block *next = blocks->next;

        free(blocks);
        blocks = next;
    }
}
