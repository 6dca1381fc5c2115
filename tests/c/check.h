/*
 * What the programs of this directory share. Each of them keeps the library to one promise of upay.h: it takes the
 * simulator's URL and an empty directory, says with file and line what was broken, and ends with 0 when nothing was.
 *
 * To be included first.
 */

#ifndef CHECK_H
#define CHECK_H

#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "simulator.h"
#include "upay.h"

/* How long a program waits for what must come. A failure takes this long, a success never does. */
#ifdef UNDER_VALGRIND
#define PATIENCE_S 900
#else
#define PATIENCE_S 120
#endif
#define PATIENCE_MS (PATIENCE_S * 1000u)

/* ------------------------------------------------------------------------------------------------------- checking */

/* Ends at once: another thread may be in the middle of anything. */
static inline void broken(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
    _Exit(1);
}

static inline void check_number(const char *file, int line, const char *what, long long got, long long wanted)
{
    if (got != wanted) {
        fprintf(stderr, "%s:%d: is %lld and not %lld\n", file, line, got, wanted);
        broken(file, line, what);
    }
}

static inline void check_text(const char *file, int line, const char *what, const char *got, const char *wanted)
{
    if (got == NULL || strcmp(got, wanted) != 0) {
        fprintf(stderr, "%s:%d: is \"%s\" and not \"%s\"\n", file, line, got == NULL ? "(NULL)" : got, wanted);
        broken(file, line, what);
    }
}

/* Called right behind the call in question, so that the last error is that call's. */
static inline void check_status(const char *file, int line, const char *what, upay_status got, upay_status wanted)
{
    if (got != wanted) {
        fprintf(stderr, "%s:%d: the last error is: %s\n", file, line, upay_last_error());
        check_number(file, line, what, got, wanted);
    }
}

#define CHECK(condition) ((condition) ? (void)0 : broken(__FILE__, __LINE__, #condition))
#define CHECK_NUMBER(got, wanted) check_number(__FILE__, __LINE__, #got, (long long)(got), (long long)(wanted))
#define CHECK_TEXT(got, wanted) check_text(__FILE__, __LINE__, #got, (got), (wanted))
#define CHECK_STATUS(call, wanted) check_status(__FILE__, __LINE__, #call, (call), (wanted))
#define CHECK_OK(call) CHECK_STATUS(call, UPAY_OK)

/* The last error speaks of `word`. */
#define CHECK_LAST_ERROR(word) check_last_error(__FILE__, __LINE__, (word))

static inline void check_last_error(const char *file, int line, const char *word)
{
    if (strstr(upay_last_error(), word) == NULL) {
        fprintf(stderr, "%s:%d: the last error does not name %s: %s\n", file, line, word, upay_last_error());
        broken(file, line, "upay_last_error names what was wrong");
    }
}

/* -------------------------------------------------------------------------------------------------------- waiting */

static inline long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Between two looks: a program that looks without a pause takes a processor from what it waits for. */
static inline void pause_1_ms(void)
{
    static const struct timespec pause = {0, 1000000};

    nanosleep(&pause, NULL);
}

/* Looks again and again, for what nobody tells of: the simulator's ledger, the number of threads. */
#define UNTIL_WITHIN(limit_ms, condition)                                                                             \
    do {                                                                                                              \
        long long until_ms = now_ms() + (limit_ms);                                                                   \
        while (!(condition)) {                                                                                        \
            if (now_ms() > until_ms) {                                                                                \
                broken(__FILE__, __LINE__, "never came: " #condition);                                                \
            }                                                                                                         \
            pause_1_ms();                                                                                             \
        }                                                                                                             \
    } while (0)
#define UNTIL(condition) UNTIL_WITHIN(PATIENCE_MS, condition)

static inline struct timespec end_of_patience(void)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    return end;
}

/* Waits on a condition variable, under its mutex, until the condition holds. */
#define WAIT_UNTIL(changed, mutex, condition)                                                                         \
    do {                                                                                                              \
        struct timespec end = end_of_patience();                                                                      \
        while (!(condition)) {                                                                                        \
            if (pthread_cond_timedwait((changed), (mutex), &end) != 0) {                                              \
                broken(__FILE__, __LINE__, "never came: " #condition);                                                \
            }                                                                                                         \
        }                                                                                                             \
    } while (0)

static inline pthread_t started_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, run, argument) == 0);
    return thread;
}

static inline void join(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
}

/* The threads of this process; 0 where the system does not tell. */
static inline int threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int count = 0;

    if (tasks == NULL) {
        return 0;
    }
    while ((task = readdir(tasks)) != NULL) {
        count += task->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
}

/* -------------------------------------------------------------------------------------------- clients and orders */

/* A client for the simulator, with pauses that suit a test, not started yet. */
static inline upay_client *new_client(const char *url, const char *state_dir)
{
    static const char *const settings[][2] = {
        {"terminal_sn", TERMINAL_SN}, {"terminal_key", TERMINAL_KEY},  {"language", "en"},
        {"poll", "50"},               {"pay_timeout_ms", "1500"},      {"cancel_timeout_ms", "3000"},
        {"watch", "200"},             {"not_found_grace_ms", "200"},
    };
    upay_client *client = NULL;
    size_t n;

    CHECK_OK(upay_client_new(&client));
    CHECK_OK(upay_client_set(client, "api_domain", url));
    CHECK_OK(upay_client_set(client, "state_dir", state_dir));
    for (n = 0; n < sizeof settings / sizeof settings[0]; n++) {
        CHECK_OK(upay_client_set(client, settings[n][0], settings[n][1]));
    }
    return client;
}

static inline upay_client *started_client(const char *url, const char *state_dir)
{
    upay_client *client = new_client(url, state_dir);

    CHECK_OK(upay_client_start(client));
    return client;
}

/* Customers who take their time are waited for. */
static inline upay_client *patient_client(const char *url, const char *state_dir)
{
    upay_client *client = new_client(url, state_dir);

    CHECK_OK(upay_client_set(client, "pay_timeout_ms", "600000"));
    CHECK_OK(upay_client_start(client));
    return client;
}

static inline void stop_and_free(upay_client *client)
{
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    upay_client_free(client);
}

/* An order over 12.50 yuan, ready to be paid. client_sn NULL: the library makes one. */
static inline upay_order *new_order(upay_client *client, const char *client_sn, const char *barcode)
{
    upay_order *order = NULL;

    CHECK_OK(upay_order_new(client, client_sn, &order));
    CHECK_OK(upay_order_set(order, "total_amount", "1250"));
    CHECK_OK(upay_order_set(order, "dynamic_id", barcode));
    CHECK_OK(upay_order_set(order, "subject", "Pizza"));
    return order;
}

/* The final event of the order's newest action, to be freed. */
static inline upay_event *final_event(upay_order *order)
{
    upay_event *event = NULL;

    CHECK_OK(upay_order_wait(order, PATIENCE_MS, &event));
    return event;
}

#define CHECK_EVENT(event, outcome, status)                                                                           \
    do {                                                                                                              \
        CHECK_NUMBER(upay_event_outcome(event), (outcome));                                                           \
        CHECK_NUMBER(upay_event_status(event), (status));                                                             \
    } while (0)

/* The newest action of the order ended like this. */
#define CHECK_END(order, outcome, status)                                                                             \
    do {                                                                                                              \
        upay_event *end_event = final_event(order);                                                                   \
        CHECK_EVENT(end_event, (outcome), (status));                                                                  \
        upay_event_free(end_event);                                                                                   \
    } while (0)

/* A port that refuses every connection: bound, so that nobody else gets it, and not listened at. */
static inline void refused_url(char *url, size_t capacity)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int bound = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(bound, (struct sockaddr *)&address, length) == 0);
    CHECK(getsockname(bound, (struct sockaddr *)&address, &length) == 0);
    snprintf(url, capacity, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

/* ------------------------------------------------------------------------------------------------------ callbacks */

/* For one client, whose callbacks are serial: held by whichever callback runs. */
typedef pthread_mutex_t serial;
#define SERIAL PTHREAD_MUTEX_INITIALIZER

/*
 * What one action's functions have heard: user_data for on_event and on_drop, which check what is promised of every
 * action: one call at a time, phases in order, nothing behind the final event but drop, and drop once.
 */
typedef struct heard {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    serial *of_client;
    int progress, finals, drops;
    int phase;
    int32_t action, outcome;
    upay_status status;
    /* No callback may come any more: the client's stop has returned. */
    int over;
} heard;

static inline void heard_init(heard *heard, serial *of_client)
{
    memset(heard, 0, sizeof *heard);
    CHECK(pthread_mutex_init(&heard->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&heard->changed, NULL) == 0);
    heard->of_client = of_client;
}

static inline void heard_begin(heard *heard)
{
    CHECK(pthread_mutex_trylock(heard->of_client) == 0 && "one client's callbacks are serial");
    pthread_mutex_lock(&heard->mutex);
    CHECK(!heard->over && "no callback runs after stop");
}

/* Its own mutex comes last: whoever waits for what was heard may then let it go. */
static inline void heard_end(heard *heard)
{
    pthread_mutex_unlock(heard->of_client);
    pthread_cond_broadcast(&heard->changed);
    pthread_mutex_unlock(&heard->mutex);
}

static inline int phase_number(const char *phase)
{
    static const char *const phases[] = {"sending", "querying", "cancelling", "done"};
    int n;

    for (n = 0; n < 4; n++) {
        if (phase != NULL && strcmp(phase, phases[n]) == 0) {
            return n;
        }
    }
    broken(__FILE__, __LINE__, "an event has one of the four phases");
    return -1;
}

static inline void on_event(const upay_event *event, void *user_data)
{
    heard *heard = user_data;
    int phase = phase_number(upay_event_get(event, "phase"));

    heard_begin(heard);
    CHECK_NUMBER(heard->finals, 0);
    CHECK_NUMBER(heard->drops, 0);
    CHECK(phase >= heard->phase && "phases come in order");
    heard->phase = phase;
    heard->action = upay_event_action(event);
    heard->outcome = upay_event_outcome(event);
    heard->status = upay_event_status(event);
    if (heard->outcome == UPAY_OUTCOME_PENDING) {
        CHECK(phase < 3);
        heard->progress++;
    } else {
        CHECK_NUMBER(phase, 3);
        heard->finals++;
    }
    heard_end(heard);
}

static inline void on_drop(void *user_data)
{
    heard *heard = user_data;

    heard_begin(heard);
    heard->drops++;
    CHECK_NUMBER(heard->drops, 1);
    heard_end(heard);
}

/* Waits for something that on_event or on_drop will note. */
#define HEARD_UNTIL(heard, condition)                                                                                 \
    do {                                                                                                              \
        pthread_mutex_lock(&(heard)->mutex);                                                                          \
        WAIT_UNTIL(&(heard)->changed, &(heard)->mutex, condition);                                                    \
        pthread_mutex_unlock(&(heard)->mutex);                                                                        \
    } while (0)

/* The action is over: one final event of this kind, one drop. */
#define CHECK_HEARD(heard, wanted_outcome, wanted_status)                                                             \
    do {                                                                                                              \
        HEARD_UNTIL((heard), (heard)->drops > 0);                                                                     \
        CHECK_NUMBER((heard)->finals, 1);                                                                             \
        CHECK_NUMBER((heard)->drops, 1);                                                                              \
        CHECK_NUMBER((heard)->outcome, (wanted_outcome));                                                             \
        CHECK_NUMBER((heard)->status, (wanted_status));                                                               \
    } while (0)

/* From now on every callback with it is one too many. */
static inline void heard_over(heard *heard)
{
    pthread_mutex_lock(&heard->mutex);
    heard->over = 1;
    pthread_mutex_unlock(&heard->mutex);
}

/* For calls that fail: what the host passes stays its own, and neither function is ever called. */
static inline void never_event(const upay_event *event, void *user_data)
{
    (void)event;
    (void)user_data;
    broken(__FILE__, __LINE__, "a call that failed has no event");
}

static inline void never_drop(void *user_data)
{
    (void)user_data;
    broken(__FILE__, __LINE__, "a call that failed has taken nothing");
}

/* ----------------------------------------------------------------------------------------- the simulator's ledger */

/* The body of a page of the simulator, to be freed. */
static inline char *http_get(const char *url, const char *path)
{
    char *body = http_ask(url, "GET", path, "");

    CHECK(body != NULL && "the simulator answers");
    return body;
}

/* A number of one order, such as "pays", the number of /pay that arrived; -1 when no /pay arrived for it. */
static inline long long ledger_number(const char *url, const char *client_sn, const char *key)
{
    char *ledger = http_get(url, "/ledger"), start[128];
    long long number;

    snprintf(start, sizeof start, "\"client_sn\":\"%s\"", client_sn);
    number = number_behind(ledger, start, key);
    free(ledger);
    return number;
}

/* A number of all orders together, such as "requests". */
static inline long long ledger_total(const char *url, const char *key)
{
    char *ledger = http_get(url, "/ledger");
    long long number = number_behind(ledger, "\"totals\":", key);

    free(ledger);
    return number;
}

/* How often a text stands in the ledger. */
static inline int ledger_count(const char *url, const char *text)
{
    char *ledger = http_get(url, "/ledger"), *found = ledger;
    int count = 0;

    while ((found = strstr(found, text)) != NULL) {
        found += strlen(text);
        count++;
    }
    free(ledger);
    return count;
}

#endif
