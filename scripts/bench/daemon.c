/* A daemon for the benchmark: tells by the FIFO argv[1] that it runs, as "ID PID NANOSECONDS\n", then does nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int fd = argc < 3 ? -1 : open(argv[1], O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return 78;
    dprintf(fd, "%s %d %lld\n", argv[2], (int)getpid(), now.tv_sec * 1000000000LL + now.tv_nsec);
    close(fd);
    for (;;)
        pause();
}
