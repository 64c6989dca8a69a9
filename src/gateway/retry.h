/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a request is tried again, and where. This is the only place that
 * decides it; the rules are those of fastcgi.conf(5), "Requests that are sent
 * again". Pure: no I/O, no state, no clock.
 */
#ifndef FCGI_GATEWAY_RETRY_H
#define FCGI_GATEWAY_RETRY_H

#include <stdbool.h>

/* What happened to a try. */
enum fcgi_retry_event {
    FCGI_RETRY_QUEUE_FULL, /* MaxConnections are in use, QueueSize wait */
    FCGI_RETRY_TAKEN_OUT,  /* the server was, while the request waited */
    FCGI_RETRY_NO_CONNECT, /* no connection came about */
    FCGI_RETRY_DECLINED,   /* OVERLOADED or CANT_MPX_CONN */
    FCGI_RETRY_BROKEN,     /* the connection broke or was closed */
    FCGI_RETRY_TIMEOUT,    /* SendTimeout, ReadTimeout */
    FCGI_RETRY_FINAL,      /* what no other try would mend */
};

struct fcgi_retry {
    enum fcgi_retry_event event;
    /* What was sent. */
    bool unexecuted; /* nothing of the request can have been executed */
    bool kept;       /* it went over a kept connection */
    bool heard;      /* bytes of an answer had come */
    bool idempotent; /* its method is (RFC 9110, 9.2.2) */
    bool dropped;    /* a part of its body that was sent is held no more */
    /* What is known. */
    bool allowed;    /* Retries is not 0 */
    unsigned left;   /* of Retries */
    bool none_left;  /* every other server has been tried, or may not be */
    bool same_tried; /* the same server was, after a pause */
    bool restarting; /* the server refuses, and one has only just begun to */
};

enum fcgi_retry_verdict {
    FCGI_RETRY_RESEND, /* to the same server at once */
    FCGI_RETRY_NEXT,   /* to another server; where there is none left, ask
                          again with `none_left` */
    FCGI_RETRY_PAUSE,  /* after a pause */
    FCGI_RETRY_FAIL,   /* no more */
};

enum fcgi_retry_verdict fcgi_retry_decide(const struct fcgi_retry *retry);

#endif
