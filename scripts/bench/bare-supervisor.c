/*
 * What a supervisor can do at best: waits, and starts again what has ended.
 * bare-supervisor PROGRAM FILE COUNT runs `PROGRAM FILE dI` for I = 1 … COUNT.
 * SIGUSR1 starts all, SIGUSR2 ends all.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int count, wanted;
static pid_t *pids;
static char **arguments;
static sigset_t nothing;

static void start(int i)
{
    char name[16];
    char *argv[] = {arguments[1], arguments[2], name, NULL};
    snprintf(name, sizeof name, "d%d", i + 1);
    pid_t pid = vfork();
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &nothing, NULL);
        execv(argv[0], argv);
        _exit(127);
    }
    pids[i] = pid;
}

int main(int argc, char **argv)
{
    sigset_t set;
    if (argc < 4)
        return 2;
    arguments = argv;
    count = atoi(argv[3]);
    pids = calloc(count, sizeof *pids);
    sigemptyset(&nothing);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (;;) {
        int signal;
        pid_t pid;
        sigwait(&set, &signal);
        if (signal == SIGUSR1)
            for (wanted = 1, signal = 0; signal < count; signal++)
                if (pids[signal] == 0)
                    start(signal);
        if (signal == SIGUSR2)
            for (wanted = 0, signal = 0; signal < count; signal++)
                if (pids[signal] > 0)
                    kill(pids[signal], SIGTERM);
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            for (int i = 0; i < count; i++)
                if (pids[i] == pid) {
                    pids[i] = 0;
                    if (wanted)
                        start(i);
                    break;
                }
    }
}
