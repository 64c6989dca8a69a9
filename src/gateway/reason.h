/* SPDX-License-Identifier: Apache-2.0
 *
 * Reason phrases of HTTP statuses.
 */
#ifndef FCGI_GATEWAY_REASON_H
#define FCGI_GATEWAY_REASON_H

/* The reason phrase of a status, "" where there is none. Static. */
const char *fcgi_reason_phrase(int status);

#endif
