/* SPDX-License-Identifier: Apache-2.0
 *
 * SRV records (RFC 2782) as bytes: what a name service answers to where a
 * service is. Pure: no I/O, no clock.
 */
#ifndef FCGI_BACKEND_SERVICE_H
#define FCGI_BACKEND_SERVICE_H

#include <stddef.h>
#include <stdint.h>

struct fcgi_service {
    char host[256];
    uint16_t port;
    uint16_t priority; /* the lowest is used first */
    uint16_t weight;
};

/*
 * Reads the SRV records of a whole DNS message into `services`, `most` of them
 * at most, and into `*ttl` the least TTL in seconds of all records of the
 * answer. Returns how many there are: a message that is broken has those up to
 * there. "The service is not offered" (target ".") is none.
 */
size_t fcgi_service_parse(const uint8_t *message, size_t length,
                          struct fcgi_service *services, size_t most,
                          uint32_t *ttl);

#endif
