/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a request is tried again.
 *
 * The question is whether it may have been executed. It cannot have been where
 * no connection came about, where the record that ends its PARAMS has not gone
 * out, as no application may run before, and where the application says so
 * (OVERLOADED, CANT_MPX_CONN). Then any request is tried again, as long as all
 * that was sent of its body is still held.
 *
 * A connection that breaks after the request was sent and before a byte of the
 * answer proves nothing. Whether the end is an orderly one or a reset says
 * nothing either: PHP resets a connection, too, when a script dies that has not
 * read its body to the end. So only idempotent methods are sent again: from a
 * kept connection, where most likely the application closed it just when we
 * sent, at once; from a new one to other servers, and where there is none, once
 * more to the same after a pause, since a PHP-FPM that is reloaded kills its
 * processes one by one.
 *
 * After a timeout nothing is sent again that was sent before, whatever its
 * method: the first may still run, and two runs of a PUT or DELETE at the same
 * time are not what one after the other would be. What is slow would besides
 * only be asked of all servers in turn.
 */
#include "gateway/retry.h"

static bool may_be_sent_again(const struct fcgi_retry *retry)
{
    if (retry->dropped)
        return false;
    if (retry->unexecuted)
        return true;
    return retry->event == FCGI_RETRY_BROKEN && retry->idempotent &&
           !retry->heard && retry->allowed;
}

static enum fcgi_retry_verdict after_failure(const struct fcgi_retry *retry)
{
    bool broken = retry->event == FCGI_RETRY_BROKEN;

    if (!may_be_sent_again(retry))
        return FCGI_RETRY_FAIL;
    if (broken && retry->kept)
        return FCGI_RETRY_RESEND;
    if (retry->left > 0 && !retry->none_left)
        return FCGI_RETRY_NEXT;
    if (broken && retry->left > 0 && !retry->same_tried)
        return FCGI_RETRY_PAUSE;
    if (retry->event == FCGI_RETRY_NO_CONNECT && retry->allowed &&
        retry->restarting)
        return FCGI_RETRY_PAUSE;
    return FCGI_RETRY_FAIL;
}

enum fcgi_retry_verdict fcgi_retry_decide(const struct fcgi_retry *retry)
{
    switch (retry->event) {
    case FCGI_RETRY_QUEUE_FULL:
        /* Not one of Retries: nothing has failed. */
        return retry->none_left ? FCGI_RETRY_FAIL : FCGI_RETRY_NEXT;
    case FCGI_RETRY_TAKEN_OUT:
        return retry->none_left || retry->left == 0 ? FCGI_RETRY_RESEND
                                                    : FCGI_RETRY_NEXT;
    case FCGI_RETRY_FINAL:
        return FCGI_RETRY_FAIL;
    case FCGI_RETRY_NO_CONNECT:
    case FCGI_RETRY_DECLINED:
    case FCGI_RETRY_BROKEN:
    case FCGI_RETRY_TIMEOUT:
        break;
    }
    return after_failure(retry);
}
