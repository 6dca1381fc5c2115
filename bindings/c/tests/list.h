/*
 * The protocol at the head of bindings/tests.txt, for C and for C++. Each promise runs in its own process, so that a crash,
 * an exit or a hang fails that promise alone. list.c and list.cpp keep the same promises, each by its own
 * interface. What they share is here.
 *
 * Define _POSIX_C_SOURCE before including this file.
 */

#ifndef LIST_H
#define LIST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that takes longer counts as hanging. Longer than the waits in it, whose messages say what did not come. */
#define PROMISE_LIMIT_S 300

typedef struct promise {
    const char *name;
    void (*keep)(void);
} promise;

/*
 * A row of the table of promises. The table itself is promises.h, which the test writes from the names in bindings/tests.txt:
 * a promise that a program does not keep, it does not compile without.
 */
#define PROMISE(name) {#name, name},

/* Reads until the process ends, and keeps as much as there is room for. */
static inline void read_reason(int from, char *reason, size_t room)
{
    char bytes[512];
    size_t used = 0;
    ssize_t got;

    while ((got = read(from, bytes, sizeof bytes)) > 0) {
        size_t kept = (size_t)got < room - 1 - used ? (size_t)got : room - 1 - used;

        memcpy(reason + used, bytes, kept);
        used += kept;
    }
    while (used > 0 && reason[used - 1] == '\n') {
        used--;
    }
    reason[used] = '\0';
    while ((reason = strchr(reason, '\n')) != NULL) {
        *reason = ';';
    }
}

/* This process must not have called the library: a forked child of a process that has cannot use it. */
static inline void keep_one(const promise *one, void (*run)(void (*keep)(void)))
{
    char reason[1024];
    int ends[2], status = 0;
    pid_t child;

    fflush(stdout);
    if (pipe(ends) != 0 || (child = fork()) < 0) {
        perror("a process for each promise");
        exit(2);
    }
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        alarm(PROMISE_LIMIT_S);
        run(one->keep);
        exit(0);
    }
    close(ends[1]);
    read_reason(ends[0], reason, sizeof reason);
    close(ends[0]);
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        printf("ok %s\n", one->name);
    } else if (WIFSIGNALED(status)) {
        printf("FAILED %s: ended by signal %d; %s\n", one->name, WTERMSIG(status), reason);
    } else {
        printf("FAILED %s: %s\n", one->name, reason);
    }
}

#endif
