/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads what a client sends on one connection, from each of the files named,
 * and prints what src/http understands: a line for each request, with method,
 * path and query as received, path decoded, host, and body in hexadecimal, and
 * one that tells how it ended, and where the last whole request did. For
 * t/http/differential.t.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/chunked.h"
#include "http/head.h"

#define BYTES_MOST 65536
#define FIELDS_MOST 256

static void print_hex(struct fcgi_text text)
{
    for (size_t i = 0; i < text.length; i++)
        printf("%02x", (unsigned char)text.data[i]);
    putchar('\t');
}

/* Returns 0, or how the connection ends. */
static const char *print_body(const struct fcgi_http_head *head, char *bytes,
                              size_t length, size_t *used)
{
    struct fcgi_text body = {bytes, 0};
    struct fcgi_http_chunked chunked;
    struct fcgi_http_unchunked out;

    if (head->body == FCGI_HTTP_CHUNKED) {
        fcgi_http_chunked_init(&chunked);
        switch (fcgi_http_chunked_decode(&chunked, bytes, length, &out)) {
        case FCGI_HTTP_CHUNKED_DONE:
            break;
        case FCGI_HTTP_CHUNKED_MORE:
            return "incomplete";
        default:
            return "refused 400";
        }
        body.length = out.decoded;
        *used = out.used;
    } else {
        if (head->body_length > length)
            return "incomplete";
        body.length = *used = (size_t)head->body_length;
    }
    print_hex(body);
    return NULL;
}

/* One request, and how many bytes it took. */
static const char *print_request(char *bytes, size_t length, size_t *used)
{
    static struct fcgi_http_field fields[FIELDS_MOST];
    static char refused[32], decoded[BYTES_MOST];
    struct fcgi_http_scan scan;
    struct fcgi_http_head head;
    struct fcgi_http_path path = {0};
    const char *why;
    int status = 0;
    size_t n, body = 0;

    fcgi_http_scan_init(&scan, BYTES_MOST);
    switch (fcgi_http_scan_feed(&scan, bytes, length, &n)) {
    case FCGI_HTTP_SCAN_MORE:
        return "incomplete";
    case FCGI_HTTP_SCAN_REFUSED:
        status = scan.status;
        break;
    case FCGI_HTTP_SCAN_DONE:
        status =
            fcgi_http_head_parse(&head, bytes + scan.begin,
                                 scan.length - scan.begin, fields, FIELDS_MOST);
    }
    if (status == 0 && head.target.path.length > 0 &&
        fcgi_http_path_decode(head.target.path, decoded, &path) != NULL)
        status = 400;
    if (status != 0) {
        snprintf(refused, sizeof(refused), "refused %d", status);
        return refused;
    }
    printf("request\t%.*s\t", (int)head.method.length, head.method.data);
    printf("%.*s%s%.*s\t", (int)head.target.path.length, head.target.path.data,
           head.target.has_query ? "?" : "", (int)head.target.query.length,
           head.target.query.data);
    print_hex((struct fcgi_text){decoded, path.length});
    printf("%.*s\t", (int)head.authority.host.length, head.authority.host.data);
    why = print_body(&head, bytes + scan.length, length - scan.length, &body);
    puts(why != NULL ? "cut" : "");
    if (why != NULL)
        return why;
    *used = scan.length + body;
    return head.keep_alive ? NULL : "close";
}

int main(int argc, char **argv)
{
    static char bytes[BYTES_MOST];

    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        const char *end = NULL;
        size_t length, at = 0;

        if (file == NULL) {
            perror(argv[i]);
            return 1;
        }
        length = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
        while (end == NULL && at < length) {
            size_t used = 0;

            end = print_request(bytes + at, length - at, &used);
            at += used;
        }
        printf("end\t%s\t%zu\n", end != NULL ? end : "whole", at);
    }
    return 0;
}
