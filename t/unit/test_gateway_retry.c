/* SPDX-License-Identifier: Apache-2.0
 *
 * The retry rules of fastcgi.conf(5), "Requests that are sent again", row by
 * row: each item of the manual's list has its cases here, and no other item is
 * named. Then what must hold whatever else is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/retry.h"

/* Short for the table: an event and what was sent. */
#define NO_CONNECT .event = FCGI_RETRY_NO_CONNECT, .unexecuted = true
#define DECLINED .event = FCGI_RETRY_DECLINED, .unexecuted = true, .heard = true
#define BROKEN .event = FCGI_RETRY_BROKEN
#define TIMEOUT .event = FCGI_RETRY_TIMEOUT
#define GET .idempotent = true
#define POST .idempotent = false
#define RETRIES(n) .allowed = true, .left = (n)
#define USED_UP .allowed = true, .left = 0
#define RETRIES_0 .allowed = false, .left = 0
#define ALONE .none_left = true

#define RESEND FCGI_RETRY_RESEND
#define NEXT FCGI_RETRY_NEXT
#define PAUSE FCGI_RETRY_PAUSE
#define FAIL FCGI_RETRY_FAIL

static const struct row {
    const char *item; /* of the manual; NULL: as the one before */
    struct fcgi_retry retry;
    enum fcgi_retry_verdict verdict;
} rows[] = {
    {"No connection came about", {NO_CONNECT, GET, RETRIES(3)}, NEXT},
    {NULL, {NO_CONNECT, POST, RETRIES(1)}, NEXT},
    {NULL, {NO_CONNECT, POST, RETRIES(1), .restarting = true}, NEXT},
    {NULL, {NO_CONNECT, POST, USED_UP}, FAIL},
    {NULL, {NO_CONNECT, GET, RETRIES(3), ALONE}, FAIL},
    {NULL, {NO_CONNECT, GET, RETRIES(3), ALONE, .restarting = true}, PAUSE},
    {NULL, {NO_CONNECT, POST, USED_UP, .restarting = true}, PAUSE},
    {NULL, {NO_CONNECT, GET, RETRIES_0}, FAIL},
    {NULL, {NO_CONNECT, GET, RETRIES_0, .restarting = true}, FAIL},

    {"OVERLOADED or CANT_MPX_CONN instead of an answer",
     {DECLINED, GET, RETRIES(3)},
     NEXT},
    {NULL, {DECLINED, POST, RETRIES(3)}, NEXT},
    {NULL, {DECLINED, POST, RETRIES(3), .kept = true}, NEXT},
    {NULL, {DECLINED, GET, RETRIES(3), ALONE}, FAIL},
    {NULL, {DECLINED, GET, USED_UP}, FAIL},
    {NULL, {DECLINED, GET, RETRIES_0}, FAIL},

    {"A new connection broke, and nothing can have been executed",
     {BROKEN, .unexecuted = true, POST, RETRIES(3)},
     NEXT},
    {NULL, {BROKEN, .unexecuted = true, POST, RETRIES(3), ALONE}, PAUSE},
    {NULL,
     {BROKEN, .unexecuted = true, POST, RETRIES(3), ALONE, .same_tried = true},
     FAIL},
    {NULL, {BROKEN, .unexecuted = true, GET, USED_UP}, FAIL},
    {NULL, {BROKEN, .unexecuted = true, GET, RETRIES_0}, FAIL},

    {"A kept connection broke, and nothing can have been executed",
     {BROKEN, .unexecuted = true, .kept = true, POST, RETRIES(3)},
     RESEND},
    {NULL, {BROKEN, .unexecuted = true, .kept = true, GET, USED_UP}, RESEND},
    {NULL, {BROKEN, .unexecuted = true, .kept = true, POST, RETRIES_0}, RESEND},

    {"A new connection broke before a byte of the answer",
     {BROKEN, GET, RETRIES(3)},
     NEXT},
    {NULL, {BROKEN, POST, RETRIES(3)}, FAIL},
    {NULL, {BROKEN, GET, RETRIES(3), ALONE}, PAUSE},
    {NULL, {BROKEN, GET, RETRIES(1), ALONE}, PAUSE},
    {NULL, {BROKEN, GET, USED_UP, ALONE}, FAIL},
    {NULL, {BROKEN, GET, RETRIES(3), ALONE, .same_tried = true}, FAIL},
    {NULL, {BROKEN, GET, USED_UP}, FAIL},
    {NULL, {BROKEN, GET, RETRIES_0}, FAIL},
    {NULL, {BROKEN, POST, RETRIES(3), ALONE}, FAIL},

    {"A kept connection broke before a byte of the answer",
     {BROKEN, .kept = true, GET, RETRIES(3)},
     RESEND},
    {NULL, {BROKEN, .kept = true, GET, USED_UP}, RESEND},
    {NULL, {BROKEN, .kept = true, GET, RETRIES_0}, FAIL},
    {NULL, {BROKEN, .kept = true, POST, RETRIES(3)}, FAIL},

    {"SendTimeout or ReadTimeout", {TIMEOUT, GET, RETRIES(3)}, FAIL},
    {NULL, {TIMEOUT, POST, RETRIES(3)}, FAIL},
    {NULL, {TIMEOUT, .kept = true, GET, RETRIES(3)}, FAIL},
    {NULL, {TIMEOUT, .unexecuted = true, POST, RETRIES(3)}, NEXT},
    {NULL, {TIMEOUT, .unexecuted = true, POST, RETRIES(3), ALONE}, FAIL},
    {NULL, {TIMEOUT, .unexecuted = true, GET, RETRIES_0}, FAIL},

    {"A byte of the answer has come",
     {BROKEN, .heard = true, GET, RETRIES(3)},
     FAIL},
    {NULL, {BROKEN, .heard = true, .kept = true, GET, RETRIES(3)}, FAIL},
    {NULL, {BROKEN, .heard = true, GET, RETRIES(3), ALONE}, FAIL},
    {NULL, {TIMEOUT, .heard = true, GET, RETRIES(3)}, FAIL},

    {"UNKNOWN_ROLE, or what is no FastCGI",
     {.event = FCGI_RETRY_FINAL, GET, RETRIES(3)},
     FAIL},
    {NULL, {.event = FCGI_RETRY_FINAL, POST, RETRIES(3)}, FAIL},
    {NULL, {.event = FCGI_RETRY_FINAL, .kept = true, GET, RETRIES(3)}, FAIL},

    {"A part of the body is held no more",
     {BROKEN, GET, RETRIES(3), .dropped = true},
     FAIL},
    {NULL, {BROKEN, .kept = true, GET, RETRIES(3), .dropped = true}, FAIL},
    {NULL, {DECLINED, POST, RETRIES(3), .dropped = true}, FAIL},

    {"The queue is full",
     {.event = FCGI_RETRY_QUEUE_FULL, GET, RETRIES(3)},
     NEXT},
    {NULL, {.event = FCGI_RETRY_QUEUE_FULL, POST, USED_UP}, NEXT},
    {NULL, {.event = FCGI_RETRY_QUEUE_FULL, POST, RETRIES_0}, NEXT},
    {NULL, {.event = FCGI_RETRY_QUEUE_FULL, GET, RETRIES(3), ALONE}, FAIL},

    {"The server is taken out while the request waits for a connection",
     {.event = FCGI_RETRY_TAKEN_OUT, POST, RETRIES(3)},
     NEXT},
    {NULL, {.event = FCGI_RETRY_TAKEN_OUT, POST, RETRIES(3), ALONE}, RESEND},
    {NULL, {.event = FCGI_RETRY_TAKEN_OUT, GET, USED_UP}, RESEND},
    {NULL, {.event = FCGI_RETRY_TAKEN_OUT, GET, RETRIES_0}, RESEND},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void test_rows(void **state)
{
    const char *item = NULL;
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        enum fcgi_retry_verdict verdict = fcgi_retry_decide(&rows[i].retry);

        item = rows[i].item != NULL ? rows[i].item : item;
        if (verdict == rows[i].verdict)
            continue;
        print_error("row %zu, \"%s\": %d, not %d\n", i, item, (int)verdict,
                    (int)rows[i].verdict);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* The items of the manual's list are those of the table, in its order. */
static void test_manual(void **state)
{
    const char *top = getenv("TOP_SRCDIR");
    char path[4096], line[1024];
    bool in_section = false;
    size_t row = 0, items = 0;
    const char *item;
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/man/fastcgi.conf.5.in", top ? top : ".");
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, ".Ss ", 4) == 0)
            in_section = strcmp(line, ".Ss Requests that are sent again") == 0;
        if (!in_section || strncmp(line, ".It ", 4) != 0)
            continue;
        while (row < N_ROWS && rows[row].item == NULL)
            row++;
        assert_true(row < N_ROWS);
        item = line + 4;
        if (strncmp(item, "\\&", 2) == 0) /* keeps mdoc from a macro's name */
            item += 2;
        assert_string_equal(item, rows[row++].item);
        items++;
    }
    fclose(file);
    while (row < N_ROWS && rows[row].item == NULL)
        row++;
    assert_int_equal(row, N_ROWS);
    assert_int_equal(items, 12);
}

/* What must hold, whatever else does. */
static void test_always(void **state)
{
    size_t n = 0;

    (void)state;
    for (unsigned bits = 0; bits < 1U << 9; bits++) {
        for (int event = 0; event <= FCGI_RETRY_FINAL; event++) {
            const struct fcgi_retry retry = {
                .event = (enum fcgi_retry_event)event,
                .unexecuted = bits & 1,
                .kept = bits & 2,
                .heard = bits & 4,
                .idempotent = bits & 8,
                .allowed = bits & 16,
                .left = bits & 16 ? bits >> 5 & 1 : 0,
                .none_left = bits & 64,
                .same_tried = bits & 128,
                .restarting = bits >> 5 & 1,
                .dropped = bits >> 8,
            };
            enum fcgi_retry_verdict verdict = fcgi_retry_decide(&retry);
            bool sent = event != FCGI_RETRY_QUEUE_FULL &&
                        event != FCGI_RETRY_TAKEN_OUT && !retry.unexecuted;

            n++;
            /* No endless loop. */
            assert_false(verdict == NEXT && retry.none_left);
            if (!sent || verdict == FAIL)
                continue;
            /* Nothing is sent twice that may have been executed, but for
             * an idempotent method before an answer, and not where the
             * administrator forbids it. */
            assert_true(retry.idempotent);
            assert_false(retry.dropped);
            assert_false(retry.heard);
            assert_true(retry.allowed);
            assert_int_equal(event, FCGI_RETRY_BROKEN);
        }
    }
    assert_int_equal(n, 7 * 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_always),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
