/* SPDX-License-Identifier: Apache-2.0
 *
 * clock - with LD_PRELOAD: another time of day.
 *
 * The file that FCGI_CLOCK names holds seconds (int64_t), which are added to
 * what the time of day is. The test writes them while the host runs. The
 * monotonic clock is as it is.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

static _Atomic int64_t *offset;
static int (*real_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("FCGI_CLOCK");
    int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *map;

    if (fd < 0)
        return;
    map = mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        offset = map;
}

PUBLIC int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result;

    if (real_gettime == NULL)
        *(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    result = real_gettime(clock, now);
    if (result == 0 && offset != NULL &&
        (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += (time_t)atomic_load(offset);
    return result;
}

PUBLIC time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

PUBLIC int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
