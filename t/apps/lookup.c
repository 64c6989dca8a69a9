/* SPDX-License-Identifier: Apache-2.0
 *
 * For LD_PRELOAD: name lookups and connections that fail as a test wants, on
 * any machine. Hosts: slow.test is not found in time, many.test has a dead
 * address in front of 127.0.0.1, good.test is 127.0.0.1, and no other in .test
 * exists.
 * FCGI_TEST_CONNECT is the errno that connect(2) fails with over TCP.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int lookup_fn(const char *, const char *, const struct addrinfo *,
                      struct addrinfo **);
typedef int connect_fn(int, const struct sockaddr *, socklen_t);

__attribute__((visibility("default"))) int
getaddrinfo(const char *restrict node, const char *restrict service,
            const struct addrinfo *restrict hints,
            struct addrinfo **restrict res)
{
    lookup_fn *real = (lookup_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo *dead;
    int error;

    if (strcmp(node, "slow.test") == 0)
        sleep(20);
    if (strcmp(node, "good.test") == 0)
        return real("127.0.0.1", service, hints, res);
    if (strstr(node, ".test") == NULL)
        return real(node, service, hints, res);
    if (strcmp(node, "many.test") != 0)
        return EAI_NONAME;
    /* 127.0.0.2 is this machine, too, and nobody listens there. */
    error = real("127.0.0.1", service, hints, res);
    if (error == 0 && real("127.0.0.2", service, hints, &dead) == 0) {
        dead->ai_next = *res;
        *res = dead;
    }
    return error;
}

__attribute__((visibility("default"))) int
connect(int fd, const struct sockaddr *addr, socklen_t length)
{
    connect_fn *real = (connect_fn *)dlsym(RTLD_NEXT, "connect");
    const char *number = getenv("FCGI_TEST_CONNECT");

    if (number != NULL && addr->sa_family != AF_UNIX) {
        errno = atoi(number);
        return -1;
    }
    return real(fd, addr, length);
}
