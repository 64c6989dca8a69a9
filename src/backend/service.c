/* SPDX-License-Identifier: Apache-2.0
 *
 * c-ares can parse SRV records, too, but drops their TTL.
 */
#include "backend/service.h"

#include <ares.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HEADER 12  /* bytes of a message before the question */
#define QUESTION 4 /* behind a question's name */
#define RECORD 10  /* behind a record's name: type, class, TTL, length */
#define SERVICE 6  /* before the target: priority, weight, port */
#define TYPE_SRV 33

struct message {
    const uint8_t *bytes;
    size_t length, at;
};

static uint16_t number(const struct message *message, size_t offset)
{
    const uint8_t *at = message->bytes + message->at + offset;

    return (uint16_t)(at[0] << 8 | at[1]);
}

static bool has(const struct message *message, size_t n)
{
    return message->length - message->at >= n;
}

/* Passes a name, and copies it into `name` unless that is NULL. */
static bool read_name(struct message *message, char *name, size_t size)
{
    char *text;
    long used;

    if (ares_expand_name(message->bytes + message->at, message->bytes,
                         (int)message->length, &text, &used) != ARES_SUCCESS)
        return false;
    if (name != NULL)
        snprintf(name, size, "%s", text);
    ares_free_string(text);
    message->at += (size_t)used;
    return true;
}

/* Passes one record. Returns whether it is a service, `*broken` whether there
 * is no whole one. */
static bool read_record(struct message *message, struct fcgi_service *service,
                        uint32_t *ttl, bool *broken)
{
    bool is_service = false;
    uint32_t own;
    size_t end;

    *broken = true;
    if (!has(message, 1) || !read_name(message, NULL, 0) ||
        !has(message, RECORD))
        return false;
    own = (uint32_t)number(message, 4) << 16 | number(message, 6);
    end = message->at + RECORD + number(message, 8);
    if (end > message->length)
        return false;
    *ttl = own < *ttl ? own : *ttl;
    if (number(message, 0) == TYPE_SRV &&
        end - message->at > RECORD + SERVICE) {
        message->at += RECORD;
        service->priority = number(message, 0);
        service->weight = number(message, 2);
        service->port = number(message, 4);
        message->at += SERVICE;
        is_service = read_name(message, service->host, sizeof(service->host)) &&
                     service->host[0] != '\0' && service->port != 0;
    }
    message->at = end;
    *broken = false;
    return is_service;
}

size_t fcgi_service_parse(const uint8_t *bytes, size_t length,
                          struct fcgi_service *services, size_t most,
                          uint32_t *ttl)
{
    struct message message = {.bytes = bytes, .length = length};
    unsigned questions, answers;
    bool broken = false;
    size_t n = 0;

    *ttl = UINT32_MAX;
    if (!has(&message, HEADER))
        return 0;
    questions = number(&message, 4);
    answers = number(&message, 6);
    message.at = HEADER;
    for (; questions > 0; questions--) {
        if (!has(&message, 1) || !read_name(&message, NULL, 0) ||
            !has(&message, QUESTION))
            return 0;
        message.at += QUESTION;
    }
    for (; answers > 0 && n < most && !broken; answers--)
        n += read_record(&message, &services[n], ttl, &broken);
    return n;
}
