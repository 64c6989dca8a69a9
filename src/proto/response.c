/* SPDX-License-Identifier: Apache-2.0
 *
 * The response decoder: an automaton over the bytes of records.
 *
 *   IN_HEADER -> IN_CONTENT  -> IN_PADDING -> IN_HEADER    all but END_REQUEST
 *   IN_HEADER -> IN_END_BODY -> IN_PADDING -> FINISHED     END_REQUEST
 *   IN_HEADER -> FAILED
 */
#include "proto/response.h"

#include <string.h>

void fcgi_response_init(struct fcgi_response *response, uint16_t id)
{
    memset(response, 0, sizeof(*response));
    response->state = FCGI_RESPONSE_IN_HEADER;
    response->id = id;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Collects up to eight bytes that may arrive in pieces; true once all are
 * there. */
static bool hold(struct fcgi_response *response, const uint8_t *bytes,
                 size_t length, size_t *used)
{
    size_t n =
        smaller(sizeof(response->held) - response->n_held, length - *used);

    memcpy(response->held + response->n_held, bytes + *used, n);
    response->n_held += n;
    *used += n;
    if (response->n_held < sizeof(response->held))
        return false;
    response->n_held = 0;
    return true;
}

static enum fcgi_response_error check(const struct fcgi_record *record,
                                      uint16_t id)
{
    bool ours = record->request_id == id;

    if (record->version != FCGI_VERSION)
        return FCGI_RESPONSE_BAD_VERSION;
    switch (record->type) {
    case FCGI_STDOUT:
    case FCGI_STDERR:
        return ours ? FCGI_RESPONSE_OK : FCGI_RESPONSE_BAD_ID;
    case FCGI_END_REQUEST:
        if (!ours)
            return FCGI_RESPONSE_BAD_ID;
        return record->content_length < FCGI_BODY_LEN ? FCGI_RESPONSE_BAD_END
                                                      : FCGI_RESPONSE_OK;
    case FCGI_GET_VALUES_RESULT:
    case FCGI_UNKNOWN_TYPE:
        return record->request_id == FCGI_NULL_REQUEST_ID
                   ? FCGI_RESPONSE_OK
                   : FCGI_RESPONSE_BAD_ID;
    case FCGI_BEGIN_REQUEST:
    case FCGI_ABORT_REQUEST:
    case FCGI_PARAMS:
    case FCGI_STDIN:
    case FCGI_DATA:
    case FCGI_GET_VALUES:
        return FCGI_RESPONSE_BAD_TYPE;
    }
    return ours || record->request_id == FCGI_NULL_REQUEST_ID
               ? FCGI_RESPONSE_OK
               : FCGI_RESPONSE_BAD_ID;
}

static void begin_record(struct fcgi_response *response)
{
    struct fcgi_record *record = &response->record;

    fcgi_record_decode(response->held, FCGI_HEADER_LEN, record);
    response->error = check(record, response->id);
    if (response->error != FCGI_RESPONSE_OK) {
        response->state = FCGI_RESPONSE_FAILED;
        return;
    }
    response->content_left = record->content_length;
    response->padding_left = record->padding_length;
    if (record->type == FCGI_STDOUT)
        response->stdout_ended = record->content_length == 0;
    response->state = record->type == FCGI_END_REQUEST
                          ? FCGI_RESPONSE_IN_END_BODY
                          : FCGI_RESPONSE_IN_CONTENT;
}

static void content(struct fcgi_response *response, const uint8_t *bytes,
                    size_t length, size_t *used,
                    struct fcgi_response_event *event)
{
    size_t n = smaller(response->content_left, length - *used);

    if (n > 0 && response->record.type == FCGI_STDOUT)
        event->type = FCGI_RESPONSE_STDOUT;
    else if (n > 0 && response->record.type == FCGI_STDERR)
        event->type = FCGI_RESPONSE_STDERR;
    event->bytes = bytes + *used;
    event->length = n;
    *used += n;
    response->content_left -= (uint32_t)n;
    if (response->content_left == 0)
        response->state = FCGI_RESPONSE_IN_PADDING;
}

static void padding(struct fcgi_response *response, size_t length, size_t *used)
{
    size_t n = smaller(response->padding_left, length - *used);

    *used += n;
    response->padding_left -= (uint32_t)n;
    if (response->padding_left == 0)
        response->state = response->record.type == FCGI_END_REQUEST
                              ? FCGI_RESPONSE_FINISHED
                              : FCGI_RESPONSE_IN_HEADER;
}

static void end_body(struct fcgi_response *response, const uint8_t *bytes,
                     size_t length, size_t *used,
                     struct fcgi_response_event *event)
{
    if (!hold(response, bytes, length, used))
        return;
    fcgi_record_decode_end(response->held, FCGI_BODY_LEN, &event->end);
    event->type = FCGI_RESPONSE_END;
    /* A longer body would be a later protocol's; it is skipped like padding. */
    response->padding_left += response->content_left - FCGI_BODY_LEN;
    response->state = FCGI_RESPONSE_IN_PADDING;
}

/* Whether the state can go on without another byte. */
static bool is_due(const struct fcgi_response *response)
{
    return (response->state == FCGI_RESPONSE_IN_CONTENT &&
            response->content_left == 0) ||
           (response->state == FCGI_RESPONSE_IN_PADDING &&
            response->padding_left == 0);
}

size_t fcgi_response_feed(struct fcgi_response *response, const uint8_t *bytes,
                          size_t length, struct fcgi_response_event *event)
{
    size_t used = 0;

    memset(event, 0, sizeof(*event));
    while (event->type == FCGI_RESPONSE_NONE &&
           response->state != FCGI_RESPONSE_FINISHED &&
           response->state != FCGI_RESPONSE_FAILED &&
           (used < length || is_due(response))) {
        switch (response->state) {
        case FCGI_RESPONSE_IN_HEADER:
            if (hold(response, bytes, length, &used))
                begin_record(response);
            break;
        case FCGI_RESPONSE_IN_CONTENT:
            content(response, bytes, length, &used, event);
            break;
        case FCGI_RESPONSE_IN_END_BODY:
            end_body(response, bytes, length, &used, event);
            break;
        case FCGI_RESPONSE_IN_PADDING:
            padding(response, length, &used);
            break;
        case FCGI_RESPONSE_FINISHED:
        case FCGI_RESPONSE_FAILED:
            break;
        }
    }
    if (response->state == FCGI_RESPONSE_FAILED) {
        event->type = FCGI_RESPONSE_ERROR;
        event->error = response->error;
    }
    response->offset += used;
    return used;
}

const char *fcgi_response_strerror(enum fcgi_response_error error)
{
    switch (error) {
    case FCGI_RESPONSE_OK:
        return "no error";
    case FCGI_RESPONSE_BAD_VERSION:
        return "a record of another version (is it FastCGI that answers?)";
    case FCGI_RESPONSE_BAD_ID:
        return "a record for another request";
    case FCGI_RESPONSE_BAD_TYPE:
        return "a record of a type that only a web server sends";
    case FCGI_RESPONSE_BAD_END:
        return "an END_REQUEST record that is too short";
    }
    return "unknown error";
}
