/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-get's exit statuses. Those below FCGI_GET_APP_MOST are the
 * application's own; what went wrong without it has a number above.
 */
#ifndef FCGI_GET_GET_H
#define FCGI_GET_GET_H

/* An application's status has 32 bits, a process's has 8. A larger one becomes
 * this number, and is printed on standard error. */
#define FCGI_GET_APP_MOST 200

enum fcgi_get_exit {
    FCGI_GET_HTTP_ERROR = 249, /* --fail, and the status is 400 or above */
    FCGI_GET_TROUBLE = 250,    /* wrong usage, or our own system failed */
    FCGI_GET_NO_CONNECTION = 251,
    FCGI_GET_TIMEOUT = 252,
    FCGI_GET_BROKEN = 253,   /* the answer is not whole */
    FCGI_GET_NOT_FCGI = 254, /* or against the protocol */
    FCGI_GET_REJECTED = 255, /* overloaded, unknown role */
};

/* Defaults, in ns. */
#define FCGI_GET_CONNECT_TIMEOUT UINT64_C(5000000000)
#define FCGI_GET_IDLE_TIMEOUT UINT64_C(60000000000)

#endif
