/*
 * Preloaded into a till: kills it right before the n-th step that it takes towards the disk or the wire, and so at every
 * instant at which what the world knows of it can change. UPAY_TEST_KILL_AT is n.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static int step_to_die_at(void)
{
    const char *text = getenv("UPAY_TEST_KILL_AT");

    return text == NULL ? 0 : atoi(text);
}

static void step(void)
{
    static int steps;

    if (__atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST) == step_to_die_at()) {
        kill(getpid(), SIGKILL);
        for (;;) {
            pause();
        }
    }
}

/* The system's own function of that name. Looked up at each call: a till that is about to die is in no hurry. */
#define REAL(type) ((type)dlsym(RTLD_NEXT, __func__))

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset)
{
    step();
    return REAL(ssize_t(*)(int, const void *, size_t, off64_t))(file, bytes, length, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset)
{
    step();
    return REAL(ssize_t(*)(int, const void *, size_t, off_t))(file, bytes, length, offset);
}

int ftruncate64(int file, off64_t length)
{
    step();
    return REAL(int (*)(int, off64_t))(file, length);
}

int fsync(int file)
{
    step();
    return REAL(int (*)(int))(file);
}

int fdatasync(int file)
{
    step();
    return REAL(int (*)(int))(file);
}

int rename(const char *from, const char *to)
{
    step();
    return REAL(int (*)(const char *, const char *))(from, to);
}

int unlink(const char *path)
{
    step();
    return REAL(int (*)(const char *))(path);
}

int connect(int socket, const struct sockaddr *address, socklen_t length)
{
    step();
    return REAL(int (*)(int, const struct sockaddr *, socklen_t))(socket, address, length);
}

ssize_t send(int socket, const void *bytes, size_t length, int flags)
{
    step();
    return REAL(ssize_t(*)(int, const void *, size_t, int))(socket, bytes, length, flags);
}

ssize_t recv(int socket, void *bytes, size_t length, int flags)
{
    step();
    return REAL(ssize_t(*)(int, void *, size_t, int))(socket, bytes, length, flags);
}
