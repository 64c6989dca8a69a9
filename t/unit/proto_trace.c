/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the response decoder and writes down what it says.
 */
#include "proto_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

size_t trace_put(uint8_t *to, const struct trace_record *record)
{
    static const uint8_t bait[16] = {1, 3, 1, 2, 0, 8};
    const uint8_t head[8] = {
        1,
        record->type,
        (uint8_t)(record->id >> 8),
        (uint8_t)(record->id & 0xff),
        (uint8_t)(record->length >> 8),
        (uint8_t)(record->length & 0xff),
        record->padding,
        0xaa, /* reserved: ignored */
    };

    memcpy(to, head, sizeof(head));
    memcpy(to + 8, record->content, record->length);
    for (size_t i = 0; i < record->padding; i++)
        to[8 + record->length + i] = bait[i % sizeof(bait)];
    return 8U + record->length + record->padding;
}

void trace_init(struct trace *trace, size_t size)
{
    memset(trace, 0, sizeof(*trace));
    guard_behind(&trace->memory, size);
    trace->size = 16 * size + 256; /* an END takes 23 bytes of 16 */
    trace->text = malloc(trace->size);
    if (trace->text == NULL)
        abort();
}

void trace_free(struct trace *trace)
{
    guard_free(&trace->memory);
    free(trace->text);
}

void trace_begin(struct trace *trace)
{
    trace->length = 0;
    trace->text[0] = '\0';
    trace->open = FCGI_RESPONSE_NONE;
    trace->used = 0;
    memset(&trace->response, 0xee, sizeof(trace->response));
    fcgi_response_init(&trace->response, TRACE_ID);
}

static void append(struct trace *trace, const void *bytes, size_t length)
{
    assert_true(length < trace->size - trace->length);
    memcpy(trace->text + trace->length, bytes, length);
    trace->length += length;
    trace->text[trace->length] = '\0';
}

/* Ends the span that is open, if it is not one of this stream. */
static void turn(struct trace *trace, enum fcgi_response_event_type stream)
{
    if (trace->open == stream)
        return;
    if (trace->open != FCGI_RESPONSE_NONE)
        append(trace, "> ", 2);
    if (stream != FCGI_RESPONSE_NONE)
        append(trace, stream == FCGI_RESPONSE_STDOUT ? "out<" : "err<", 4);
    trace->open = stream;
}

/* Writes an event down; tells whether more may follow in this piece. */
static bool note(struct trace *trace, const struct fcgi_response_event *event)
{
    char text[64];
    int n = 0;

    switch (event->type) {
    case FCGI_RESPONSE_NONE:
        return false;
    case FCGI_RESPONSE_STDOUT:
    case FCGI_RESPONSE_STDERR:
        turn(trace, event->type);
        append(trace, event->bytes, event->length);
        return true;
    case FCGI_RESPONSE_END:
        n = snprintf(text, sizeof(text), "end(%u,%u) ",
                     (unsigned)event->end.app_status,
                     (unsigned)event->end.protocol_status);
        break;
    case FCGI_RESPONSE_ERROR:
        n = snprintf(text, sizeof(text), "error(%d) ", (int)event->error);
        break;
    }
    assert_true(n > 0);
    turn(trace, FCGI_RESPONSE_NONE);
    append(trace, text, (size_t)n);
    return event->type == FCGI_RESPONSE_END;
}

/* What must hold for any event from `left` bytes at `bytes`. */
static void check(const struct fcgi_response *response, const uint8_t *bytes,
                  size_t left, size_t used,
                  const struct fcgi_response_event *event)
{
    assert_true(used <= left);
    assert_int_equal(response->state == FCGI_RESPONSE_FAILED,
                     event->type == FCGI_RESPONSE_ERROR);
    if (event->type == FCGI_RESPONSE_NONE) {
        if (response->state != FCGI_RESPONSE_FINISHED)
            assert_int_equal(used, left);
        return;
    }
    assert_true(used > 0);
    if (event->type == FCGI_RESPONSE_ERROR) {
        assert_int_not_equal(event->error, FCGI_RESPONSE_OK);
    } else if (event->type != FCGI_RESPONSE_END) {
        assert_true(event->length > 0 && event->length <= used);
        assert_ptr_equal(event->bytes + event->length, bytes + used);
    }
}

/* A decoder that has ended takes nothing more and says the same again. */
static void check_ended(struct trace *trace)
{
    static const uint8_t more[24] = {1, 6, 1,   2,   0,   8,
                                     0, 0, 'm', 'o', 'r', 'e'};
    struct fcgi_response_event event;
    bool failed = trace->response.state == FCGI_RESPONSE_FAILED;
    enum fcgi_response_error error = trace->response.error;
    uint64_t offset = trace->response.offset;

    if (!failed && trace->response.state != FCGI_RESPONSE_FINISHED)
        return;
    for (size_t length = 0; length <= sizeof(more); length += 8) {
        memset(&event, 0xee, sizeof(event));
        assert_int_equal(
            fcgi_response_feed(&trace->response, more, length, &event), 0);
        assert_int_equal(event.type,
                         failed ? FCGI_RESPONSE_ERROR : FCGI_RESPONSE_NONE);
        if (failed)
            assert_int_equal(event.error, error);
    }
    assert_int_equal(trace->response.offset, offset);
}

void trace_feed(struct trace *trace, const uint8_t *bytes, size_t length)
{
    const uint8_t *at = guard_put(&trace->memory, bytes, length);
    struct fcgi_response_event event;
    bool more = trace->response.state != FCGI_RESPONSE_FAILED &&
                trace->response.state != FCGI_RESPONSE_FINISHED;

    while (more) {
        size_t used;

        memset(&event, 0xee, sizeof(event));
        used = fcgi_response_feed(&trace->response, at, length, &event);
        check(&trace->response, at, length, used, &event);
        at += used;
        length -= used;
        trace->used += used;
        more = note(trace, &event);
    }
    assert_int_equal(trace->response.offset, trace->used);
    check_ended(trace);
}

const char *trace_end(struct trace *trace)
{
    const char *state =
        trace->response.state == FCGI_RESPONSE_FINISHED ? "finished"
        : trace->response.state == FCGI_RESPONSE_FAILED ? "failed"
                                                        : "open";
    char text[64];
    int n = snprintf(text, sizeof(text), "%s at %zu", state, trace->used);

    turn(trace, FCGI_RESPONSE_NONE);
    append(trace, text, (size_t)n);
    return trace->text;
}

const char *trace_steps(struct trace *trace, const uint8_t *bytes,
                        size_t length, size_t step)
{
    trace_begin(trace);
    if (step == 0 || step > length)
        step = length;
    for (size_t at = 0; at < length; at += step)
        trace_feed(trace, bytes + at, length - at < step ? length - at : step);
    return trace_end(trace);
}

const char *trace_cut(struct trace *trace, const uint8_t *bytes, size_t length,
                      size_t cut)
{
    trace_begin(trace);
    trace_feed(trace, bytes, cut);
    trace_feed(trace, bytes + cut, length - cut);
    return trace_end(trace);
}
