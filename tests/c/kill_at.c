/*
 * Preloaded into a till: kills it right before the n-th step that it takes towards the disk or the wire, and so at every
 * instant at which what the world knows of it can change. UPAY_TEST_KILL_AT is n. With UPAY_TEST_FULL_AT the disk is full
 * from the n-th step towards it on.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static int number(const char *variable)
{
    const char *text = getenv(variable);

    return text == NULL ? 0 : atoi(text);
}

static void step(void)
{
    static int steps;

    if (__atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST) == number("UPAY_TEST_KILL_AT")) {
        kill(getpid(), SIGKILL);
        for (;;) {
            pause();
        }
    }
}

/* A step towards the disk. Not zero: there is no room. */
static int disk_is_full(void)
{
    static int steps;
    int full_at = number("UPAY_TEST_FULL_AT");

    step();
    if (full_at == 0 || __atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST) < full_at) {
        return 0;
    }
    errno = ENOSPC;
    return 1;
}

/* The system's own function of that name. Looked up at each call: a till that is about to die is in no hurry. */
#define REAL(type) ((type)dlsym(RTLD_NEXT, __func__))

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset)
{
    if (disk_is_full()) {
        return -1;
    }
    return REAL(ssize_t(*)(int, const void *, size_t, off64_t))(file, bytes, length, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset)
{
    if (disk_is_full()) {
        return -1;
    }
    return REAL(ssize_t(*)(int, const void *, size_t, off_t))(file, bytes, length, offset);
}

int ftruncate64(int file, off64_t length)
{
    if (disk_is_full()) {
        return -1;
    }
    return REAL(int (*)(int, off64_t))(file, length);
}

int fsync(int file)
{
    if (disk_is_full()) {
        return -1;
    }
    return REAL(int (*)(int))(file);
}

int fdatasync(int file)
{
    if (disk_is_full()) {
        return -1;
    }
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
