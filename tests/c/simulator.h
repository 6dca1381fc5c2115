/*
 * The simulator as the tests in C and in C++ see it: its terminal, its stories, its pages. To be included behind
 * _POSIX_C_SOURCE.
 */

#ifndef SIMULATOR_H
#define SIMULATOR_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The terminal that the simulator knows. */
#define TERMINAL_SN "100000000000001"
#define TERMINAL_KEY "simulator-terminal-key"

/*
 * Codes that a simulated customer shows: 1399, the story's number, four digits for n, eight that are free. The stories
 * stand in the simulator's own table (GET /help). n is in units of 100 ms, or a count.
 */
#define PAID_AT_ONCE "139900000000000000"
#define PAID_AFTER_300_MS "139901000300000000"
#define HELD_FOR_30_S "139902030000000000"
#define REPLY_AFTER_100_S "139947100000000000"
#define NEVER_PAID "139903000000000000"
#define INSUFFICIENT_FUND "139911000000000000"
#define NOBODY_KNOWS "139920999900000000"
#define PAID_AT_THE_SIXTH_QUERY "139926000500000000"
#define PAID_BUT_REPLY_LOST "139930000000000000"

/* A connection to http://ADDRESS:PORT; -1 when there is none. `host` receives the address. */
static inline int http_connection(const char *url, char host[64])
{
    int port = 0, connection;
    struct sockaddr_in address;

    if (sscanf(url, "http://%63[0-9.]:%d", host, &port) != 2) {
        return -1;
    }
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection >= 0 && inet_pton(AF_INET, host, &address.sin_addr) == 1 &&
        connect(connection, (struct sockaddr *)&address, sizeof address) == 0) {
        return connection;
    }
    close(connection);
    return -1;
}

/* The body of the reply, to be freed; NULL when there is none. Both bodies are text. */
static inline char *http_ask(const char *url, const char *method, const char *path, const char *body)
{
    char host[64] = "", head[256];
    int connection = http_connection(url, host);
    size_t size = 4096, used = 0;
    ssize_t got = -1;
    char *reply = (char *)malloc(size), *found = NULL;

    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %lu\r\nConnection: close\r\n\r\n", method,
             path, host, (unsigned long)strlen(body));
    if (connection >= 0 && write(connection, head, strlen(head)) == (ssize_t)strlen(head) &&
        write(connection, body, strlen(body)) == (ssize_t)strlen(body)) {
        while (reply != NULL && (got = read(connection, reply + used, size - used - 1)) > 0) {
            used += (size_t)got;
            if (size - used < 2) {
                size *= 2;
                reply = (char *)realloc(reply, size);
            }
        }
    }
    close(connection);
    if (reply != NULL && got == 0) {
        reply[used] = '\0';
        found = strstr(reply, "\r\n\r\n");
    }
    if (found == NULL) {
        free(reply);
        return NULL;
    }
    memmove(reply, found + 4, strlen(found + 4) + 1);
    return reply;
}

/* The number that stands behind `key` somewhere behind `start`; -1 when there is none. */
static inline long long number_behind(const char *text, const char *start, const char *key)
{
    char quoted[64];
    const char *found = strstr(text, start);

    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    found = found == NULL ? NULL : strstr(found, quoted);
    return found == NULL ? -1 : atoll(found + strlen(quoted));
}

#endif
