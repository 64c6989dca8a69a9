/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks, as a user writes them: ADDRESS, or ADDRESS/BITS, of IPv4 or IPv6.
 */
#ifndef FCGI_CONFIG_NETWORK_H
#define FCGI_CONFIG_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Bits in front of an IPv4 address. */
#define FCGI_NETWORK_IPV4 96

struct fcgi_network {
    uint8_t address[16]; /* of IPv4: ::ffff:a.b.c.d */
    uint8_t bits;        /* so many of its 128 are the network's */
};

struct fcgi_networks {
    struct fcgi_network *items;
    size_t count;
};

/*
 * Reads one network. Returns NULL, or what is wrong and what cures it, a static
 * text, with the offset of the mistake in `*at`. `text` need not be terminated.
 */
const char *fcgi_network_parse(const char *text, size_t len,
                               struct fcgi_network *network, size_t *at);

/* An address of a socket in 16 bytes, IPv4 as ::ffff:a.b.c.d; false where it is
 * neither IPv4 nor IPv6. */
bool fcgi_network_address(const struct sockaddr_storage *socket,
                          uint8_t address[static 16]);

/* Whether an address is in one of the networks. An IPv4 client of an IPv6
 * socket is IPv4: it is in none of IPv6, not in ::/0 either. Any thread. */
bool fcgi_networks_have(const struct fcgi_networks *networks,
                        const struct sockaddr_storage *socket);

/* Whether an address is one of this machine's that no other can have: a
 * loopback address, or a Unix socket. Any thread. */
bool fcgi_network_is_local(const struct sockaddr_storage *socket);

#endif
