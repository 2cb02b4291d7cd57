/* SPDX-License-Identifier: MIT */
/*
 * odd - preloaded, it makes the program's surroundings odd: a handler without SA_RESTART for a
 * signal that comes every 2 ms, with ODD=clock a clock that stands still, or with ODD=lock files
 * that cannot be locked before there is one named `go`
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int is(const char *what)
{
    const char *odd = getenv("ODD");
    return odd && strcmp(odd, what) == 0;
}

int flock(int fd, int how)
{
    for (int k = 0; k < 20000 && is("lock") && access("go", F_OK) != 0; k++)
        usleep(1000);
    return (int)syscall(SYS_flock, fd, how);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!is("clock"))
        return (int)syscall(SYS_clock_gettime, clock, now);
    *now = (struct timespec){1000, 0};
    return 0;
}

static void nothing(int number) { (void)number; }

__attribute__((constructor)) static void begin(void)
{
    const struct sigaction action = {.sa_handler = nothing};
    const struct itimerval often = {{0, 2000}, {0, 2000}};
    if (is("clock") || is("lock"))
        return;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}
