/* SPDX-License-Identifier: Apache-2.0
 *
 * The request encoder: the bytes that it lays out are read back here, record
 * by record and by hand, and must be the same whatever the steps in which they
 * are sent. Params, body, spans and the encoder itself lie against unreadable
 * pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

#include "guard.h"
#include "proto/request.h"
#include "proto_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define BEGIN_LEN 16
#define STEP_WHOLE 0
#define STEP_RANDOM SIZE_MAX

static const size_t sizes[] = {0,     1,     7,     8,     32767,   32768,
                               32769, 65535, 65536, 99000, 3145728, 3145729};

/* Memory of all tests; set up once. */
static struct {
    struct guard params[COUNT(sizes)], body[COUNT(sizes)];
    struct guard request, spans;
    struct fcgi_request *r;
    struct iovec *iov;
    uint8_t *wire, *again;
    size_t room;
} all;

/*
 * Bytes that look like records, for whoever loses count: END_REQUEST and
 * BEGIN_REQUEST at every multiple of 8.
 */
static void fill(struct guard *guard)
{
    static const uint8_t bait[] = {1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0,
                                   0, 0, 0, 0, 1, 1, 0, 1, 0, 8, 0, 0};

    for (size_t i = 0; i < guard->size; i++) {
        guard->bytes[i] = bait[i % sizeof(bait)];
        if (i % 24 == 20)
            guard->bytes[i] = (uint8_t)(i / 24 % 251); /* tell them apart */
    }
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        guard_behind(&all.params[i], sizes[i]);
        guard_before(&all.body[i], sizes[i]);
        if (i % 2) { /* each of them against either page */
            struct guard swap = all.params[i];

            all.params[i] = all.body[i];
            all.body[i] = swap;
        }
        fill(&all.params[i]);
        fill(&all.body[i]);
    }
    guard_behind(&all.request, sizeof(struct fcgi_request));
    guard_behind(&all.spans, FCGI_REQUEST_SPANS * sizeof(struct iovec));
    all.r = (struct fcgi_request *)(void *)all.request.bytes;
    all.iov = (struct iovec *)(void *)all.spans.bytes;
    all.room = 2 * 3145729 + 4096;
    all.wire = malloc(all.room);
    all.again = malloc(all.room);
    return all.wire == NULL || all.again == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        guard_free(&all.params[i]);
        guard_free(&all.body[i]);
    }
    guard_free(&all.request);
    guard_free(&all.spans);
    free(all.wire);
    free(all.again);
    return 0;
}

/* A request whose params and body have the sizes of these numbers. */
static void begin(size_t params, size_t body)
{
    memset(all.r, 0xee, sizeof(*all.r)); /* init must not rely on zeros */
    fcgi_request_init(all.r, 1, FCGI_RESPONDER, FCGI_KEEP_CONN,
                      all.params[params].bytes, sizes[params],
                      all.body[body].bytes, sizes[body]);
}

/* The spans at the present position; checks what holds for any of them. */
static size_t next(size_t *length)
{
    size_t n;

    memset(all.iov, 0xee, all.spans.size);
    n = fcgi_request_spans(all.r, all.iov);
    assert_true(n <= FCGI_REQUEST_SPANS);
    *length = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(all.iov[i].iov_len > 0);
        *length += all.iov[i].iov_len;
    }
    assert_int_equal(n == 0, fcgi_request_is_sent(all.r));
    assert_int_equal(n == 0, all.r->position == fcgi_request_size(all.r));
    return n;
}

/* Copies at most `most` bytes of the spans. */
static size_t gather(uint8_t *to, size_t n, size_t most)
{
    size_t done = 0;

    for (size_t i = 0; i < n && done < most; i++) {
        size_t length = all.iov[i].iov_len;

        if (length > most - done)
            length = most - done;
        memcpy(to + done, all.iov[i].iov_base, length);
        done += length;
    }
    return done;
}

/* Sends the request from where it is to its end, in steps. */
static size_t send_all(uint8_t *to, size_t step)
{
    uint64_t seed = 3;
    size_t done = 0, length, n;

    while ((n = next(&length)) > 0) {
        size_t most = step == STEP_WHOLE ? length : step;

        if (step == STEP_RANDOM)
            most =
                1 + random_below(&seed, random_below(&seed, 4) ? length : 20);
        if (most > length)
            most = length;
        assert_true(most <= all.room - done);
        assert_int_equal(gather(to + done, n, most), most);
        fcgi_request_sent(all.r, most);
        done += most;
    }
    assert_int_equal(next(&length), 0);
    return done;
}

/* The header of a record; its padding is what the specification advises, unless
 * PHP, which reads content and padding into 65,535 bytes, could not take it. */
static size_t read_header(const uint8_t *head, uint8_t type, size_t *padding)
{
    size_t content = (size_t)head[4] << 8 | head[5];

    *padding = head[6];
    assert_int_equal(head[0], 1);
    assert_int_equal(head[1], type);
    assert_int_equal(head[2], 0);
    assert_int_equal(head[3], 1);
    assert_int_equal(head[7], 0);
    assert_true(type == FCGI_PARAMS || content <= FCGI_REQUEST_CHUNK);
    assert_int_equal(*padding, content > 65528 ? 0 : (8 - content % 8) % 8);
    return content;
}

/*
 * Reads one stream, from its first record to the empty one: the only way to
 * read it is the one that gives the bytes back. `ends`, if any, gets the number
 * of bytes up to the end of each record. Returns its size on the wire.
 */
static size_t read_stream(const uint8_t *wire, size_t length, uint8_t type,
                          const struct guard *want, size_t *ends)
{
    static const uint8_t zeros[8];
    size_t at = 0, got = 0, content = 1, padding;

    while (content > 0) {
        assert_true(length - at >= 8);
        content = read_header(wire + at, type, &padding);
        at += 8;
        assert_true(length - at >= content + padding);
        assert_true(content <= want->size - got);
        assert_memory_equal(wire + at, want->bytes + got, content);
        assert_memory_equal(wire + at + content, zeros, padding);
        at += content + padding;
        got += content;
        if (ends != NULL)
            *ends++ = got;
    }
    assert_int_equal(got, want->size);
    return at;
}

static void read_back(const uint8_t *wire, size_t length, size_t params,
                      size_t body)
{
    static const uint8_t first[BEGIN_LEN] = {1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1};
    size_t at = BEGIN_LEN;

    assert_true(length >= BEGIN_LEN);
    assert_memory_equal(wire, first, BEGIN_LEN);
    at += read_stream(wire + at, length - at, FCGI_PARAMS, &all.params[params],
                      NULL);
    at +=
        read_stream(wire + at, length - at, FCGI_STDIN, &all.body[body], NULL);
    assert_int_equal(at, length);
}

/* All pairs of sizes: read back, and the same in random steps. */
static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(sizes); i++) {
        size_t params = i / COUNT(sizes), body = i % COUNT(sizes), length;

        begin(params, body);
        length = send_all(all.wire, STEP_WHOLE);
        assert_int_equal(fcgi_request_size(all.r), length);
        read_back(all.wire, length, params, body);

        fcgi_request_restart(all.r); /* again, on another connection */
        assert_int_equal(send_all(all.again, STEP_RANDOM), length);
        assert_memory_equal(all.again, all.wire, length);
        assert_int_equal(fcgi_request_size(all.r), length);
    }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(sizes); i++) {
        size_t params = i / COUNT(sizes), body = i % COUNT(sizes), length;

        if (sizes[params] + sizes[body] > 33000)
            continue;
        begin(params, body);
        length = send_all(all.wire, STEP_WHOLE);
        for (size_t step = 1; step <= 9; step += 2) {
            begin(params, body);
            assert_int_equal(send_all(all.again, step), length);
            assert_memory_equal(all.again, all.wire, length);
        }
    }
}

/* What the spans show at a position is what stands there, all of it. */
static void check_position(size_t position, size_t length)
{
    size_t shown, n;

    fcgi_request_restart(all.r);
    while (all.r->position < position) {
        next(&shown);
        if (shown > position - all.r->position)
            shown = position - (size_t)all.r->position;
        fcgi_request_sent(all.r, shown);
    }
    n = next(&shown);
    assert_true(shown <= length - position);
    assert_int_equal(gather(all.again, n, shown), shown);
    assert_memory_equal(all.again, all.wire + position, shown);
    assert_true(shown == length - position || shown > 2 * FCGI_REQUEST_CHUNK);
}

/* Every position, in any order; of longer requests those around headers. */
static void test_positions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(sizes); i++) {
        size_t params = i / COUNT(sizes), body = i % COUNT(sizes), length;
        size_t step = sizes[params] + sizes[body] > 20 ? 8192 : 1;

        if (sizes[params] + sizes[body] > 200000)
            continue;
        begin(params, body);
        length = send_all(all.wire, STEP_WHOLE);
        for (size_t at = 0; at <= length; at += step)
            for (size_t near = 0; near < 64 && at + near <= length; near++)
                check_position(length - at - near, length);
    }
}

/* --- a body that is not there as a whole ---------------------------------- */

/*
 * Sends a request whose body is shown in windows: of what is not sent yet,
 * perhaps with some of what is, as much more as `grow` says (0: at random), and
 * in steps. The window lies in memory of its own, which is overwritten when
 * it moves. Returns the bytes on the wire.
 */
static size_t send_windows(size_t body, size_t grow, size_t step, bool drop,
                           uint64_t *seed)
{
    static uint8_t memory[200000];
    size_t size = sizes[body], end = 0, done = 0, length, n;
    bool ended = false;

    fcgi_request_stdin(all.r, NULL, 0, 0, false);
    for (;;) {
        size_t from = drop ? (size_t)fcgi_request_needed(all.r) : 0, most;

        if (fcgi_request_is_sent(all.r))
            return done;
        memset(memory, 0xdd, sizeof(memory));
        n = fcgi_request_spans(all.r, all.iov);
        if (n == 0 || random_below(seed, 3) == 0) {
            end += grow ? grow : random_below(seed, 40000);
            end = end > size ? size : end;
            end = end - from > sizeof(memory) ? from + sizeof(memory) : end;
            /* That it has ended may be known with the last byte or later. */
            ended = end == size && (n == 0 || random_below(seed, 2) == 0);
        }
        memcpy(memory, all.body[body].bytes + from, end - from);
        fcgi_request_stdin(all.r, memory, end - from, from, ended);
        n = fcgi_request_spans(all.r, all.iov);
        length = 0;
        for (size_t i = 0; i < n; i++)
            length += all.iov[i].iov_len;
        most = step ? step : 1 + random_below(seed, 50000);
        most = most > length ? length : most;
        gather(all.wire + done, n, most);
        fcgi_request_sent(all.r, most);
        done += most;
    }
}

/* Whatever the windows and the steps, STDIN is the body. */
static void test_windows(void **state)
{
    static const struct {
        size_t grow, step;
        bool drop;
    } cases[] = {{1, 1, true},     {1, 1, false}, {7, 3, true},
                 {0, 0, true},     {0, 0, false}, {0, 5000, true},
                 {40000, 0, true}, {8, 0, true}};
    uint64_t seed = 6;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(cases) * 4; i++) {
        size_t body = i / 4 / COUNT(cases);
        size_t grow = cases[i / 4 % COUNT(cases)].grow;
        size_t step = cases[i / 4 % COUNT(cases)].step, length;

        if (sizes[body] > 100000 ||
            (sizes[body] > 10 && grow + step > 0 && grow + step < 10))
            continue;
        begin(2, body);
        length = send_windows(body, grow, step,
                              cases[i / 4 % COUNT(cases)].drop, &seed);
        read_back(all.wire, length, 2, body);
        /* Again, from what is there now. */
        fcgi_request_restart(all.r);
        length = send_windows(body, 0, 0, true, &seed);
        read_back(all.wire, length, 2, body);
    }
}

static size_t next_of(size_t *length)
{
    size_t n = fcgi_request_spans(all.r, all.iov);

    *length = 0;
    for (size_t i = 0; i < n; i++)
        *length += all.iov[i].iov_len;
    return n;
}

/* A record that has begun keeps its length; what comes makes a new one. */
static void test_record_begun(void **state)
{
    const uint8_t *bytes = (const uint8_t *)"abcdefghij";
    size_t start, length;

    (void)state;
    fcgi_request_init(all.r, 1, FCGI_RESPONDER, 0, NULL, 0, NULL, 0);
    fcgi_request_stdin(all.r, bytes, 3, 0, false);
    start = BEGIN_LEN + 8;
    assert_int_equal(fcgi_request_spans(all.r, all.iov), 5);
    fcgi_request_sent(all.r, start + 8 + 1); /* the header, and a byte */
    assert_int_equal(fcgi_request_needed(all.r), 1);
    fcgi_request_stdin(all.r, bytes + 1, 5, 1, false);
    assert_int_equal(next_of(&length), 5);
    assert_int_equal(length, 2 + 5 + 8 + 3 + 5);
    assert_memory_equal(all.iov[0].iov_base, "bc", 2);
    assert_memory_equal(all.iov[2].iov_base, "\1\5\0\1\0\3\5\0", 8);
    assert_memory_equal(all.iov[3].iov_base, "def", 3);
    fcgi_request_sent(all.r, 2 + 5 + 8 + 3); /* its padding is left */
    assert_int_equal(fcgi_request_needed(all.r), 6);
    fcgi_request_stdin(all.r, NULL, 0, 6, false);
    assert_int_equal(next_of(&length), 1);
    assert_int_equal(length, 5);
    fcgi_request_sent(all.r, 5);
    assert_int_equal(next_of(&length), 0);
    assert_false(fcgi_request_is_sent(all.r));
    fcgi_request_stdin(all.r, NULL, 0, 6, true);
    assert_int_equal(next_of(&length), 1);
    assert_memory_equal(all.iov[0].iov_base, "\1\5\0\1\0\0\0\0", 8);
    fcgi_request_sent(all.r, 7);
    assert_false(fcgi_request_is_sent(all.r));
    fcgi_request_sent(all.r, 1);
    assert_true(fcgi_request_is_sent(all.r));
    assert_int_equal(next_of(&length), 0);
}

/* Even where it is of one byte, which is not sent yet. */
static void test_record_of_one(void **state)
{
    const uint8_t *bytes = (const uint8_t *)"abc";
    size_t length;

    (void)state;
    fcgi_request_init(all.r, 1, FCGI_RESPONDER, 0, NULL, 0, NULL, 0);
    fcgi_request_stdin(all.r, bytes, 1, 0, false);
    next_of(&length);
    fcgi_request_sent(all.r, BEGIN_LEN + 8 + 8);
    fcgi_request_stdin(all.r, bytes, 3, 0, false);
    assert_int_equal(next_of(&length), 5);
    assert_int_equal(length, 1 + 7 + 8 + 2 + 6);
    assert_memory_equal(all.iov[0].iov_base, "a", 1);
    assert_memory_equal(all.iov[2].iov_base, "\1\5\0\1\0\2\6\0", 8);
}

/* One of which nothing is sent yet takes what has come meanwhile: the first
 * one, and one behind another. */
static void test_record_not_begun(void **state)
{
    static uint8_t body[FCGI_REQUEST_CHUNK + 9];
    size_t length;

    (void)state;
    fcgi_request_init(all.r, 1, FCGI_RESPONDER, 0, NULL, 0, NULL, 0);
    fcgi_request_stdin(all.r, body, 3, 0, false);
    assert_int_equal(next_of(&length), 5);
    fcgi_request_sent(all.r, BEGIN_LEN + 8);
    fcgi_request_stdin(all.r, body, FCGI_REQUEST_CHUNK + 1, 0, false);
    assert_int_equal(next_of(&length), 5);
    fcgi_request_sent(all.r, 8 + FCGI_REQUEST_CHUNK);
    fcgi_request_stdin(all.r, body + FCGI_REQUEST_CHUNK, 9, FCGI_REQUEST_CHUNK,
                       true);
    assert_int_equal(next_of(&length), 4);
    assert_int_equal(length, 8 + 9 + 7 + 8);
    assert_memory_equal(all.iov[0].iov_base, "\1\5\0\1\0\11\7\0", 8);
    fcgi_request_sent(all.r, length);
    assert_true(fcgi_request_is_sent(all.r));
}

/* --- where PARAMS is cut --------------------------------------------------
 */

#define PAIRS_MOST 4000

/* Lists of pairs: the sizes of their values. */
static struct {
    size_t n, ends[PAIRS_MOST], total;
    struct guard bytes;
} pairs;

/* A pair whose name is one letter and whose size is `size`, at least 3. */
static size_t put_pair(uint8_t *to, size_t size)
{
    size_t value = size - 2 <= 128 ? size - 3 : size - 6;
    const struct fcgi_pair pair = {1, (uint32_t)value};
    size_t n = fcgi_pair_encode(to, 8, &pair);

    memset(to + n, 'v', 1 + value);
    assert_int_equal(n + 1 + value, size);
    return size;
}

/* No size gives 131 to 133 bytes: lengths from 128 on take four bytes. */
static size_t possible(size_t size)
{
    return size > 130 && size < 134 ? 134 : size;
}

static void make_pairs(const size_t *list, size_t n)
{
    uint8_t *to;

    pairs.n = n;
    pairs.total = 0;
    for (size_t i = 0; i < n; i++)
        pairs.ends[i] = pairs.total += possible(list[i]);
    guard_behind(&pairs.bytes, pairs.total);
    to = pairs.bytes.bytes;
    for (size_t i = 0; i < n; i++)
        to += put_pair(to, possible(list[i]));
}

/*
 * A record ends with a pair, or inside one of more than 65,535 bytes; and it
 * ends with the last that it holds.
 */
static void check_ends(const size_t *ends)
{
    size_t begin = 0, pair = 0;

    for (; begin < pairs.total; begin = *ends++) {
        size_t start, next;

        while (pairs.ends[pair] < *ends)
            pair++;
        start = pair > 0 ? pairs.ends[pair - 1] : 0;
        assert_true(*ends > begin && *ends - begin <= 65535);
        if (pairs.ends[pair] != *ends) {
            assert_true(pairs.ends[pair] - start > 65535);
            assert_int_equal(*ends - begin, 65528);
            continue;
        }
        next = *ends < pairs.total ? pairs.ends[pair + 1] : SIZE_MAX;
        assert_true(next - begin > 65535);
    }
    assert_int_equal(begin, pairs.total);
}

static void check_pairs(const size_t *list, size_t n)
{
    static size_t ends[PAIRS_MOST];
    size_t length, at;

    make_pairs(list, n);
    fcgi_request_init(all.r, 1, FCGI_RESPONDER, FCGI_KEEP_CONN,
                      pairs.bytes.bytes, pairs.total, all.body[5].bytes,
                      sizes[5]);
    length = send_all(all.wire, STEP_WHOLE);
    at = BEGIN_LEN + read_stream(all.wire + BEGIN_LEN, length - BEGIN_LEN,
                                 FCGI_PARAMS, &pairs.bytes, ends);
    assert_int_equal(fcgi_request_params_end(all.r), at - 8);
    at +=
        read_stream(all.wire + at, length - at, FCGI_STDIN, &all.body[5], NULL);
    assert_int_equal(at, length);
    assert_int_equal(fcgi_request_size(all.r), length);
    check_ends(ends);

    fcgi_request_restart(all.r);
    assert_int_equal(send_all(all.again, STEP_RANDOM), length);
    assert_memory_equal(all.again, all.wire, length);
    guard_free(&pairs.bytes);
}

static void test_pairs(void **state)
{
    static const struct {
        size_t n, sizes[8];
    } lists[] = {
        {1, {3}},
        {1, {65535}},
        {1, {65536}},
        {2, {65535, 3}},
        {2, {65532, 3}},
        {2, {65533, 3}},
        {2, {65529, 3}},
        {2, {3, 65535}},
        {2, {3, 65536}},
        {3, {20000, 16394, 16413}}, /* what a query of 16,384 bytes makes */
        {4, {40000, 40000, 25535, 25536}},
        {5, {100, 200000, 3, 65000, 600}},
        {4, {131056, 131057, 131064, 3}},
        {3, {65536, 65528, 65529}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++)
        check_pairs(lists[i].sizes, lists[i].n);
}

static void test_any_pairs(void **state)
{
    static size_t list[PAIRS_MOST];
    uint64_t seed = 5;

    (void)state;
    for (size_t round = 0; round < 300; round++) {
        size_t total = 0, n = 0, most = round % 3 == 0 ? 60 : 70000;

        while (total < 400000 && n < PAIRS_MOST &&
               (n == 0 || random_below(&seed, 2000) > 0)) {
            list[n] = 3 + random_below(&seed, most);
            if (round % 3 == 1 && random_below(&seed, 8) == 0)
                list[n] = 65520 + random_below(&seed, 40);
            if (round % 3 == 2 && random_below(&seed, 3) > 0)
                list[n] = 3 + random_below(&seed, 2000);
            total += list[n++];
        }
        check_pairs(list, n);
    }
}

static void test_begin(void **state)
{
    static const struct {
        uint16_t id;
        enum fcgi_role role;
        uint8_t flags;
        uint8_t wire[32];
    } cases[] = {
        {1, FCGI_RESPONDER, 0, {1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0,
                                0, 0, 1, 4, 0, 1, 0, 0, 0, 0, 1, 5, 0, 1}},
        {0x1234, FCGI_AUTHORIZER, FCGI_KEEP_CONN, {1, 1, 0x12, 0x34, 0, 8, 0, 0,
                                                   0, 2, 1,    0,    0, 0, 0, 0,
                                                   1, 4, 0x12, 0x34, 0, 0, 0, 0,
                                                   1, 5, 0x12, 0x34}},
        {65535, FCGI_FILTER, 0, {1, 1, 255, 255, 0, 8, 0,   0,  0,   3,
                                 0, 0, 0,   0,   0, 0, 1,   4,  255, 255,
                                 0, 0, 0,   0,   1, 5, 255, 255}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        fcgi_request_init(all.r, cases[i].id, cases[i].role, cases[i].flags,
                          NULL, 0, NULL, 0);
        assert_int_equal(fcgi_request_size(all.r), 32);
        assert_int_equal(send_all(all.wire, STEP_WHOLE), 32);
        assert_memory_equal(all.wire, cases[i].wire, 32);
    }
}

/* A body of more than 4 GB, of which a little is in memory at a time. */
static void test_huge(void **state)
{
    static uint8_t window[2 * FCGI_REQUEST_CHUNK];
    const uint64_t records = 160000, size = records * FCGI_REQUEST_CHUNK + 5;
    uint64_t at = 0;
    size_t length;

    (void)state;
    fcgi_request_init(all.r, 1, FCGI_RESPONDER, 0, NULL, 0, NULL, 0);
    while (!fcgi_request_is_sent(all.r)) {
        uint64_t end = at + sizeof(window) < size ? at + sizeof(window) : size;

        fcgi_request_stdin(all.r, window, (size_t)(end - at), at, end == size);
        while (next_of(&length) > 0)
            fcgi_request_sent(all.r, length);
        at = fcgi_request_needed(all.r);
        assert_true(at == end);
    }
    assert_true(all.r->position ==
                BEGIN_LEN + 8 + records * (8 + FCGI_REQUEST_CHUNK) + 16 + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_any_pairs),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_record_begun),
        cmocka_unit_test(test_record_of_one),
        cmocka_unit_test(test_record_not_begun),
        cmocka_unit_test(test_huge),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("proto/request", tests, set_up,
                                       tear_down);
}
