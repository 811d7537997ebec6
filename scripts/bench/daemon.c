/*
 * A daemon for the benchmark: daemon FILE NAME [crash]
 * As the first thing that it does it appends "NANOSECONDS PID NAME S\n" to FILE;
 * asked to end it appends the same with T. `crash` ends it with 1 at once, as
 * long as there is no FILE.fixed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char **arguments;

static void stamp(char kind, struct timespec at)
{
    int fd = open(arguments[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    dprintf(fd, "%lld %d %s %c\n", at.tv_sec * 1000000000LL + at.tv_nsec, (int)getpid(), arguments[2], kind);
    close(fd);
}

static void on_term(int signal)
{
    struct timespec at;
    (void)signal;
    clock_gettime(CLOCK_MONOTONIC, &at);
    stamp('T', at);
    _exit(0);
}

int main(int argc, char **argv)
{
    struct timespec at;
    char fixed[4096];
    clock_gettime(CLOCK_MONOTONIC, &at);
    if (argc < 3)
        return 78;
    arguments = argv;
    signal(SIGTERM, on_term);
    stamp('S', at);
    snprintf(fixed, sizeof fixed, "%s.fixed", argv[1]);
    if (argc > 3 && strcmp(argv[3], "crash") == 0 && access(fixed, F_OK) != 0)
        return 1;
    for (;;)
        pause();
}
