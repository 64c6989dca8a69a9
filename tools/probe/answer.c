/* SPDX-License-Identifier: Apache-2.0
 *
 * The header goes through proto/header; the search is that of Knuth, Morris
 * and Pratt, whose state between two pieces is one number.
 */
#include "probe/answer.h"

#include <string.h>

void fcgi_answer_reset(struct fcgi_answer *answer)
{
    fcgi_header_init(&answer->header, answer->block, sizeof(answer->block));
    answer->in_body = false;
    answer->error = NULL;
    answer->body_bytes = 0;
    answer->matched = 0;
    answer->found = answer->expect != NULL && answer->expect_length == 0;
    answer->n_errors = 0;
}

void fcgi_answer_init(struct fcgi_answer *answer, const char *expect)
{
    size_t length = expect != NULL ? strlen(expect) : 0;

    answer->expect = expect;
    answer->expect_length = length;
    answer->fallback[0] = 0;
    /* fallback[i]: how long a prefix ends with the text's i-th byte. */
    for (size_t i = 1, k = 0; i < length; i++) {
        while (k > 0 && expect[i] != expect[k])
            k = answer->fallback[k - 1];
        if (expect[i] == expect[k])
            k++;
        answer->fallback[i] = (uint8_t)k;
    }
    fcgi_answer_reset(answer);
}

static void search(struct fcgi_answer *answer, const uint8_t *bytes,
                   size_t length)
{
    size_t k = answer->matched;

    for (size_t i = 0; i < length && !answer->found; i++) {
        while (k > 0 && bytes[i] != (uint8_t)answer->expect[k])
            k = answer->fallback[k - 1];
        if (bytes[i] == (uint8_t)answer->expect[k])
            k++;
        answer->found = k == answer->expect_length;
    }
    answer->matched = k;
}

size_t fcgi_answer_stdout(struct fcgi_answer *answer, const uint8_t *bytes,
                          size_t length)
{
    size_t used = 0;

    if (!answer->in_body) {
        switch (fcgi_header_feed(&answer->header, bytes, length, &used)) {
        case FCGI_HEADER_MORE:
            break;
        case FCGI_HEADER_DONE:
            answer->in_body = true;
            break;
        case FCGI_HEADER_FULL:
            answer->error = "the header is longer than 64 KiB";
            answer->in_body = true;
            break;
        case FCGI_HEADER_INVALID:
            answer->error = answer->header.error;
            answer->in_body = true;
            break;
        }
    }
    answer->body_bytes += length - used;
    if (answer->expect != NULL && !answer->found)
        search(answer, bytes + used, length - used);
    return used;
}

void fcgi_answer_stderr(struct fcgi_answer *answer, const uint8_t *bytes,
                        size_t length)
{
    size_t room = sizeof(answer->errors) - answer->n_errors;

    if (length > room)
        length = room;
    memcpy(answer->errors + answer->n_errors, bytes, length);
    answer->n_errors += length;
}

const char *fcgi_answer_error(const struct fcgi_answer *answer)
{
    if (answer->error != NULL)
        return answer->error;
    if (!answer->in_body)
        return answer->header.length == 0 ? "it is empty"
                                          : "its header has no end";
    return fcgi_answer_status(answer) < 0
               ? "its Status is not a number from 200 to 599"
               : NULL;
}

int fcgi_answer_status(const struct fcgi_answer *answer)
{
    struct fcgi_field reason;
    int status;

    if (answer->error != NULL || !answer->in_body)
        return 0;
    status = fcgi_header_status(&answer->header, &reason);
    return status == 0 ? 200 : status;
}
