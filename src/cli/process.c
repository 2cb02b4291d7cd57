/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process.h"

#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signal;

static void interrupt(int number) { (void)number; }

/* And again every 50 ms, since a read or a write may begin just after the first interruption. Until
 * then SIGALRM is the user's (`alarm 1; exec poison` ends). Without SA_RESTART: what waits for a
 * slow reader or writer returns. */
static void stop(int number)
{
    static const struct itimerval again = {{0, 50000}, {0, 50000}};
    const struct sigaction action = {.sa_handler = interrupt};
    int before = errno;
    stop_signal = number;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &again, NULL);
    errno = before;
}

/* What is opened later must not become a standard stream that was closed: those are there, and
 * fail. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0
            && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return;
}

static void take_signals(void)
{
    struct sigaction action = {.sa_handler = stop}, before;
    /* SIGINT even where a script's & has it ignored: who sends it then means us */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* not under nohup */
        sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* else nobody could be told how rsvg-convert ended */
    signal(SIGXFSZ, SIG_IGN); /* a write fails instead */
}

const volatile sig_atomic_t *process_begin(void)
{
    hold_standard_streams();
    /* Freed buffers stay: the first touch of fresh pages costs more than their use. */
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    take_signals();
    return &stop_signal;
}

void process_say(const char *before, const char *sentence)
{
    char buffer[BUFSIZ];
    setvbuf(stderr, buffer, _IOFBF, sizeof buffer);
    fprintf(stderr, "poison: %s", before);
    escape_text(stderr, sentence);
    fprintf(stderr, "\n");
    fflush(stderr);
    setvbuf(stderr, NULL, _IONBF, 0);
}
