/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/short_head.h"

#include <string.h>

struct writer {
    char *at, *end;
    bool full;
};

static void add(struct writer *writer, struct fcgi_text text)
{
    if (text.length > (size_t)(writer->end - writer->at)) {
        writer->full = true;
        return;
    }
    memcpy(writer->at, text.data, text.length);
    writer->at += text.length;
}

static void add_line(struct writer *writer, const char *name,
                     struct fcgi_text value)
{
    add(writer, (struct fcgi_text){name, strlen(name)});
    add(writer, value);
    add(writer, (struct fcgi_text){"\r\n", 2});
}

/* What the core decodes once comes out as `path`. */
static void add_path(struct writer *writer, struct fcgi_text path)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < path.length; i++) {
        unsigned char c = (unsigned char)path.data[i];
        char encoded[3] = {'%', hex[c >> 4], hex[c & 15]};

        if (c == '/' || fcgi_http_text_in(path.data[i], FCGI_HTTP_HOST))
            add(writer, (struct fcgi_text){&path.data[i], 1});
        else
            add(writer, (struct fcgi_text){encoded, sizeof(encoded)});
    }
}

/*
 * The method as the core is told it. It knows those that it knows by their
 * first two letters (so that "POKE" is POST), and of POST and PUT wants a
 * length.
 */
static struct fcgi_text method_for_core(struct fcgi_text method,
                                        bool *wants_length)
{
    static const char *const known[] = {"GET",  "HEAD",   "OPTIONS",
                                        "POST", "DELETE", "PUT"};

    *wants_length = false;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (method.length >= 2 && strncmp(known[i], method.data, 2) != 0)
            continue;
        if (method.length == strlen(known[i]) &&
            memcmp(known[i], method.data, method.length) == 0) {
            *wants_length = known[i][0] == 'P';
            return method;
        }
        return (struct fcgi_text){"GET", 3};
    }
    return method;
}

/* Adds a field that a plugin of Monkey's decides by: auth, or mandril. */
static void add_field(struct writer *writer,
                      const struct fcgi_http_field *field)
{
    if (field->value.length == 0)
        return;
    if (fcgi_http_text_is(field->name, "authorization"))
        add_line(writer, "Authorization: ", field->value);
    else if (fcgi_http_text_is(field->name, "referer"))
        add_line(writer, "Referer: ", field->value);
}

size_t fcgi_monkey_short_head(char *buf, size_t size,
                              const struct fcgi_http_head *head,
                              struct fcgi_text host, struct fcgi_text path,
                              bool keep)
{
    struct writer writer = {.at = buf, .end = buf + size};
    bool wants_length;
    struct fcgi_text method = method_for_core(head->method, &wants_length);

    add(&writer, method);
    add(&writer, (struct fcgi_text){" ", 1});
    add_path(&writer, path);
    add_line(&writer, " HTTP/1.",
             (struct fcgi_text){head->version == 10 ? "0" : "1", 1});
    if (host.length > 0)
        add_line(&writer, "Host: ", host);
    add_line(&writer, "Connection: ",
             keep ? (struct fcgi_text){"keep-alive", 10}
                  : (struct fcgi_text){"close", 5});
    if (wants_length)
        add_line(&writer, "Content-Length: ", (struct fcgi_text){"0", 1});
    for (size_t i = 0; i < head->n_fields; i++)
        add_field(&writer, &head->fields[i]);
    add(&writer, (struct fcgi_text){"\r\n", 2});
    return writer.full ? 0 : (size_t)(writer.at - buf);
}
