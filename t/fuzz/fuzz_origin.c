/* SPDX-License-Identifier: Apache-2.0
 *
 * What clients and proxies write into Forwarded and X-Forwarded-*: an input is
 * a line for each field, whose first byte chooses its name. Whatever comes, an
 * element that a trusted proxy adds behind it decides. `make fuzz`.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "fuzz.h"
#include "gateway/origin.h"

#define FIELDS_MOST 16

static const char *const names[] = {"Forwarded", "X-Forwarded-For",
                                    "X-Forwarded-Proto", "X-Forwarded-Port"};

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(5555)};
    struct sockaddr_storage storage;

    check(inet_pton(AF_INET, text, &in.sin_addr) == 1);
    memset(&storage, 0, sizeof(storage));
    memcpy(&storage, &in, sizeof(in));
    return storage;
}

static bool is_same(const struct sockaddr_storage *a,
                    const struct sockaddr_storage *b)
{
    uint8_t one[16], other[16];

    check(fcgi_network_address(a, one) && fcgi_network_address(b, other));
    return memcmp(one, other, sizeof(one)) == 0;
}

static struct fcgi_http_field field_of(const char *name, const char *value,
                                       size_t length)
{
    return (struct fcgi_http_field){{name, strlen(name)}, {value, length}};
}

/* The peer adds for whom it asks to what it was sent in that field. */
static void add(const struct fcgi_http_request *request,
                const struct fcgi_networks *trusted, const char *name,
                const char *element, const struct sockaddr_storage *client)
{
    struct fcgi_http_field fields[FIELDS_MOST];
    struct fcgi_http_request more = *request;
    struct fcgi_text last = {NULL, 0};
    size_t n = 0, length;
    char *value;

    for (size_t i = 0; i < request->n_fields; i++)
        if (strcmp(request->fields[i].name.data, name) == 0)
            fields[n++] = request->fields[i];
    if (n > 0)
        last = fields[--n].value;
    length = last.length + 1 + strlen(element);
    value = malloc(length);
    check(value != NULL);
    if (last.length > 0)
        memcpy(value, last.data, last.length);
    value[last.length] = ',';
    memcpy(value + last.length + 1, element, strlen(element));
    fields[n++] = field_of(name, value, length);
    more.fields = fields;
    more.n_fields = n;
    check(fcgi_origin_find(&more, trusted) == NULL);
    check(is_same(&more.peer, client));
    free(value);
}

FUZZER(origin)
{
    struct fcgi_network network;
    const struct fcgi_networks trusted = {&network, 1}, none = {NULL, 0};
    struct fcgi_http_field fields[FIELDS_MOST];
    const struct sockaddr_storage client = address("192.0.2.1");
    struct fcgi_http_request request = {.peer = address("10.0.0.1"),
                                        .local = address("10.0.0.9"),
                                        .fields = fields};
    struct fcgi_http_request found, again;
    char *copy = malloc(size);
    size_t at;

    check(size == 0 || copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    check(fcgi_network_parse("10.0.0.0/8", 10, &network, &at) == NULL);
    for (size_t from = 0; from < size && request.n_fields < FIELDS_MOST - 1;) {
        const char *lf = memchr(copy + from, '\n', size - from);
        size_t end = lf != NULL ? (size_t)(lf - copy) : size;

        if (end > from)
            fields[request.n_fields++] =
                field_of(names[(uint8_t)copy[from] % 4], copy + from + 1,
                         end - from - 1);
        from = end + 1;
    }
    found = again = request;
    check(fcgi_origin_find(&again, &none) == NULL);
    check(memcmp(&again, &request, sizeof(request)) == 0);
    fcgi_origin_find(&found, &trusted);
    check(found.peer.ss_family == AF_INET || found.peer.ss_family == AF_INET6);
    add(&request, &trusted, names[0], "for=192.0.2.1", &client);
    add(&request, &trusted, names[1], "192.0.2.1", &client);
    free(copy);
    return 0;
}
