/* SPDX-License-Identifier: MIT */
/*
 * odd - preloaded, it makes the program's surroundings odd: a handler without SA_RESTART for a
 * signal that comes every 2 ms, or with ODD=clock a clock that stands still
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int is_clock(void)
{
    const char *odd = getenv("ODD");
    return odd && strcmp(odd, "clock") == 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!is_clock())
        return (int)syscall(SYS_clock_gettime, clock, now);
    *now = (struct timespec){1000, 0};
    return 0;
}

static void nothing(int number) { (void)number; }

__attribute__((constructor)) static void begin(void)
{
    const struct sigaction action = {.sa_handler = nothing};
    const struct itimerval often = {{0, 2000}, {0, 2000}};
    if (is_clock())
        return;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}
