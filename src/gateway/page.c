/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/page.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/reason.h"
#include "http/accept.h"

/* A larger file is no error page, but a mistake. */
#define FILE_MOST (1 << 20)

void fcgi_page_source_init(struct fcgi_page_source *source,
                           const struct fcgi_http_request *request)
{
    *source = (struct fcgi_page_source){.file = request->error_page,
                                        .arg = request->error_page_arg};
    for (size_t i = 0; i < request->n_fields && !source->json; i++)
        source->json = fcgi_http_text_is(request->fields[i].name, "accept") &&
                       fcgi_http_accept_json(request->fields[i].value);
}

static const char *file_of(const struct fcgi_page_source *source, int status)
{
    return source->file != NULL ? source->file(source->arg, status) : NULL;
}

/* Adds all of a file; a static text where it cannot be. */
static const char *read_all(int fd, struct fcgi_buffer *content)
{
    struct stat st;
    ssize_t n = 1;

    if (fd < 0 || fstat(fd, &st) < 0)
        return "the site's error page cannot be opened";
    if (!S_ISREG(st.st_mode))
        return "the site's error page is no file";
    if (st.st_size > FILE_MOST)
        return "the site's error page is larger than 1 MiB";
    if (!fcgi_buffer_reserve(content, (size_t)st.st_size + 1))
        return "no memory for the site's error page";
    while (n > 0 && content->length < (size_t)st.st_size) {
        n = read(fd, content->data + content->length,
                 (size_t)st.st_size - content->length);
        content->length += n > 0 ? (size_t)n : 0;
    }
    return n < 0 ? "the site's error page cannot be read" : NULL;
}

static const char *read_file(const char *name, struct fcgi_buffer *content)
{
    int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const char *why = read_all(fd, content);

    if (fd >= 0)
        close(fd);
    if (why != NULL)
        content->length = 0;
    return why;
}

static void add_html(struct fcgi_buffer *content, int status)
{
    const char *reason = fcgi_reason_phrase(status);
    char text[256];

    snprintf(text, sizeof(text),
             "<!DOCTYPE html>\n<html><head><title>%d %s</title></head>"
             "\n<body><h1>%d %s</h1></body></html>\n",
             status, reason, status, reason);
    fcgi_buffer_add_text(content, text);
}

/* RFC 9457, 4.2.1: without a type of its own, a problem is what its status
 * is. */
static void add_problem(struct fcgi_buffer *content, int status)
{
    char text[128];

    snprintf(text, sizeof(text),
             "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}\n",
             fcgi_reason_phrase(status), status);
    fcgi_buffer_add_text(content, text);
}

const char *fcgi_page_make(struct fcgi_page *page,
                           const struct fcgi_page_source *source, int status)
{
    const char *file = file_of(source, status), *why = NULL;

    *page = (struct fcgi_page){.type = "text/html"};
    if (source->json) {
        page->type = "application/problem+json";
        add_problem(&page->content, status);
        return NULL;
    }
    if (file != NULL)
        why = read_file(file, &page->content);
    if (file == NULL || why != NULL)
        add_html(&page->content, status);
    return why;
}

const char *fcgi_page_uri(const struct fcgi_server_config *config, int status)
{
    const struct fcgi_pairs *pairs = &config->error_pages;

    /* The server's own stand behind those for all. */
    for (size_t i = pairs->count; i-- > 0;)
        if (atoi(pairs->items[i].name) == status)
            return pairs->items[i].value;
    return NULL;
}

bool fcgi_page_intercepts(const struct fcgi_page_source *source,
                          const struct fcgi_server_config *config, int status)
{
    const struct fcgi_words *words = &config->intercept_errors;

    if (status < 400 || status > 599)
        return false;
    for (size_t i = 0; i < words->count; i++)
        if (strcasecmp(words->items[i], "on") == 0
                ? file_of(source, status) != NULL ||
                      fcgi_page_uri(config, status) != NULL
                : atoi(words->items[i]) == status)
            return true;
    return false;
}
