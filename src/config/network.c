/* SPDX-License-Identifier: Apache-2.0 */
#include "config/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* What IPv4 has in front of its address. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Reads the number behind the slash; false where it is none up to `most`. */
static bool read_bits(const char *text, size_t len, unsigned most,
                      unsigned *bits)
{
    *bits = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *bits = *bits * 10 + (unsigned)(text[i] - '0');
        if (*bits > most)
            return false;
    }
    return len > 0;
}

/* Whether the bits of the host, behind those of the network, are 0. */
static bool is_first(const struct fcgi_network *network)
{
    for (unsigned bit = network->bits; bit < 128; bit++)
        if (network->address[bit / 8] & 0x80 >> bit % 8)
            return false;
    return true;
}

const char *fcgi_network_parse(const char *text, size_t len,
                               struct fcgi_network *network, size_t *at)
{
    const char *slash = memchr(text, '/', len);
    size_t n = slash != NULL ? (size_t)(slash - text) : len;
    bool v6 = memchr(text, ':', n) != NULL;
    unsigned most = v6 ? 128 : 32, bits = most;
    char host[INET6_ADDRSTRLEN];
    uint8_t *to = network->address + (v6 ? 0 : sizeof(mapped));

    *at = 0;
    memcpy(network->address, mapped, sizeof(mapped));
    if (n >= sizeof(host))
        return "this is no address";
    memcpy(host, text, n);
    host[n] = '\0';
    if (strlen(host) != n || inet_pton(v6 ? AF_INET6 : AF_INET, host, to) != 1)
        return "write an address, such as 10.0.0.1 or ::1, or a network, such "
               "as 10.0.0.0/8 or fd00::/8; names are not looked up";
    if (slash != NULL) {
        *at = n + 1;
        if (!read_bits(slash + 1, len - *at, most, &bits))
            return v6 ? "behind the '/' stands a number from 0 to 128"
                      : "behind the '/' stands a number from 0 to 32";
    }
    /* An IPv6 network that IPv4 is a part of would have it both ways. */
    if (v6 && bits >= FCGI_NETWORK_IPV4 &&
        memcmp(network->address, mapped, sizeof(mapped)) == 0)
        return "write an IPv4 address as such, without ::ffff:";
    network->bits = (uint8_t)(v6 ? bits : bits + FCGI_NETWORK_IPV4);
    if (!is_first(network))
        return "the address goes on behind so many bits; write the first one "
               "of the network, or leave the '/' out";
    return NULL;
}

bool fcgi_network_address(const struct sockaddr_storage *socket,
                          uint8_t address[static 16])
{
    if (socket->ss_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, socket, sizeof(in));
        memcpy(address, mapped, sizeof(mapped));
        memcpy(address + sizeof(mapped), &in.sin_addr, 4);
    } else if (socket->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, socket, sizeof(in6));
        memcpy(address, &in6.sin6_addr, 16);
    } else {
        return false;
    }
    return true;
}

static bool has(const struct fcgi_network *network,
                const uint8_t address[static 16])
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;

    if (network->bits < FCGI_NETWORK_IPV4 &&
        memcmp(address, mapped, sizeof(mapped)) == 0)
        return false;
    return memcmp(network->address, address, whole) == 0 &&
           (rest == 0 ||
            (network->address[whole] ^ address[whole]) >> (8 - rest) == 0);
}

bool fcgi_networks_have(const struct fcgi_networks *networks,
                        const struct sockaddr_storage *socket)
{
    uint8_t address[16];

    if (networks->count == 0 || !fcgi_network_address(socket, address))
        return false;
    for (size_t i = 0; i < networks->count; i++)
        if (has(&networks->items[i], address))
            return true;
    return false;
}

bool fcgi_network_is_local(const struct sockaddr_storage *socket)
{
    static struct fcgi_network items[] = {
        {{[10] = 0xff, [11] = 0xff, [12] = 127}, FCGI_NETWORK_IPV4 + 8},
        {{[15] = 1}, 128},
    };
    static const struct fcgi_networks loopback = {items, 2};

    return socket->ss_family == AF_UNIX ||
           fcgi_networks_have(&loopback, socket);
}
