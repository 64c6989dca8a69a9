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

/* There is nothing to go back to that could say it better. */
static void *must(void *memory)
{
    if (!memory) {
        fputs("fcgi-check: out of memory\n", stderr);
        exit(CHECK_TROUBLE);
    }
    return memory;
}

void *check_alloc(size_t size)
{
    return must(calloc(1, size ? size : 1));
}

void *check_grow(void *array, size_t count, size_t size)
{
    return must(reallocarray(array, count + 1, size));
}

char *check_dup(const char *text)
{
    return must(strdup(text));
}

char *check_printf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    return must(n < 0 ? NULL : text);
}

struct check_source *check_source_find(const struct check_run *run,
                                       const char *name)
{
    for (size_t i = 0; i < run->n_sources; i++)
        if (strcmp(run->sources[i].name, name) == 0)
            return &run->sources[i];
    return NULL;
}

const struct check_source *check_source_read(struct check_run *run,
                                             const char *path)
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
    for (size_t i = 0; i < run->n_sources; i++) {
        free(run->sources[i].name);
        free(run->sources[i].text);
        free(run->sources[i].lines);
    }
    free(run->sources);
    for (size_t i = 0; i < run->n_answers; i++) {
        free(run->answers[i].file);
        free(run->answers[i].server);
        free(run->answers[i].address);
    }
    free(run->answers);
    for (size_t i = 0; i < run->n_done; i++)
        free(run->done[i]);
    free(run->done);
    for (size_t i = 0; i < run->n_printed; i++)
        free(run->printed[i]);
    free(run->printed);
}
