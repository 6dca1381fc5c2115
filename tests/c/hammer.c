/*
 * Whatever a host does with the library's functions, from many threads, in any order and with any handle: no crash, no
 * hang, no leak, and each action that began has one final event and one drop. What is done is drawn from a seed:
 * UPAY_TEST_SEED (else the clock's), for UPAY_TEST_HAMMER_S seconds (else 3).
 */

#include "check.h"

#include <stdint.h>

#define THREADS 12
#define CLIENTS 6
#define ORDERS 24
#define EVENTS 24
#define TEXT_MAX 300

/* Shared by all threads, overwritten at any time; what is overwritten stays in use as a stale handle. */
static upay_client *clients[CLIENTS];
static upay_order *orders[ORDERS];
static upay_event *events[EVENTS];
static const char *url, *state_dir;
static long long ends_at_ms;

/* Actions with functions of ours that began, and what was heard of them. */
static int begun, finals, drops, watches, watch_drops;

static int count(int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static void add(int *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

/* --------------------------------------------------------------------------------------------------------- chance */

typedef struct chance {
    uint64_t state;
} chance;

static uint32_t draw(chance *chance, uint32_t below)
{
    chance->state ^= chance->state << 13;
    chance->state ^= chance->state >> 7;
    chance->state ^= chance->state << 17;
    return (uint32_t)(chance->state >> 32) % below;
}

#define ONE_OF(chance, list) ((list)[draw((chance), sizeof(list) / sizeof((list)[0]))])

/* A handle of its table; now and then NULL, of another type, or made up. */
static void *any_handle(chance *chance, void *of_its_table)
{
    switch (draw(chance, 16)) {
    case 0: return NULL;
    case 1: return __atomic_load_n(&clients[draw(chance, CLIENTS)], __ATOMIC_RELAXED);
    case 2: return __atomic_load_n(&orders[draw(chance, ORDERS)], __ATOMIC_RELAXED);
    case 3: return __atomic_load_n(&events[draw(chance, EVENTS)], __ATOMIC_RELAXED);
    case 4: return (void *)(uintptr_t)chance->state;
    case 5: return (void *)((uintptr_t)of_its_table ^ (uintptr_t)1 << draw(chance, sizeof(void *) * 8));
    default: return of_its_table;
    }
}

#define ANY_CLIENT(chance) any_handle(chance, __atomic_load_n(&clients[draw(chance, CLIENTS)], __ATOMIC_RELAXED))
#define ANY_ORDER(chance) any_handle(chance, __atomic_load_n(&orders[draw(chance, ORDERS)], __ATOMIC_RELAXED))
#define ANY_EVENT(chance) any_handle(chance, __atomic_load_n(&events[draw(chance, EVENTS)], __ATOMIC_RELAXED))

/* NULL, bytes of any kind, or one of those that mean something. */
static const char *any_text(chance *chance, const char *likely, char *text)
{
    uint32_t length = draw(chance, TEXT_MAX), n;

    switch (draw(chance, 12)) {
    case 0: return NULL;
    case 1: return "";
    case 2: return "\xff\xfe\xc3";
    case 3:
        for (n = 0; n < length; n++) {
            text[n] = (char)(1 + draw(chance, 255));
        }
        text[length] = '\0';
        return text;
    default: return likely;
    }
}

static const char *any_key(chance *chance)
{
    static const char *const keys[] = {
        "total_amount", "dynamic_id", "subject", "operator", "refund_request_no", "refund_amount", "sn", "payway", "extended",
        "goods_details", "language", "encoding", "poll", "watch", "in_flight_max", "device_id", "auto_checkin",
        "terminal_sn", "terminal_key", "vendor_sn", "vendor_key", "app_id", "proxy", "ca_file", "client_sn", "order_status",
    };

    return ONE_OF(chance, keys);
}

static const char *any_value(chance *chance)
{
    static const char *const values[] = {
        "1", "1250", "0", "-1", "99999999999", PAID_AT_ONCE, NEVER_PAID, PAID_BUT_REPLY_LOST, INSUFFICIENT_FUND,
        NOBODY_KNOWS, "Pizza", "\xe6\x8a\xab\xe8\x90\xa8", "gbk", "gb18030", "utf-8", "zh", "en", "3", "6", "R1", "R2", "{}",
        "[]", "50", "2000*15,5000", "on", "off", "http://127.0.0.1:1", "[sim:flat]",
    };

    return ONE_OF(chance, values);
}

/* ------------------------------------------------------------------------------------------------------ callbacks */

/* Calls back into the library, as a host does. */
static void on_hammered(const upay_event *event, void *user_data)
{
    upay_event *copy;
    upay_status status = upay_client_stop(__atomic_load_n(&clients[0], __ATOMIC_RELAXED), 0);

    CHECK(status == UPAY_E_REENTRANT || status == UPAY_E_HANDLE);
    CHECK(upay_event_message(event) != NULL);
    CHECK(upay_event_json(event)[0] == '{');
    if (upay_event_copy(event, &copy) == UPAY_OK) {
        upay_event_free(copy);
    }
    if (user_data == &finals && upay_event_outcome(event) != UPAY_OUTCOME_PENDING) {
        add(&finals);
    }
}

static void on_hammered_drop(void *user_data)
{
    add(user_data == &finals ? &drops : &watch_drops);
}

/* ------------------------------------------------------------------------------------------------------ what is done */

/* Puts a new handle where an old one was; the old one is let go of, mostly. */
#define REPLACE(chance, place, with, let_go)                                                                          \
    do {                                                                                                              \
        void *old = __atomic_exchange_n((place), (with), __ATOMIC_SEQ_CST);                                           \
        if (draw((chance), 8) != 0) {                                                                                 \
            let_go(old);                                                                                              \
        } else {                                                                                                      \
            keep_for_the_end(old);                                                                                    \
        }                                                                                                             \
    } while (0)

static void *kept[1 << 16];
static int kept_count;

static void keep_for_the_end(void *handle)
{
    int place = __atomic_fetch_add(&kept_count, 1, __ATOMIC_SEQ_CST);

    if (place < (int)(sizeof kept / sizeof kept[0])) {
        kept[place] = handle;
    }
}

static void free_anything(void *handle)
{
    upay_event_free(handle);
    upay_order_free(handle);
    upay_client_free(handle);
}

static void new_hammered_client(chance *chance)
{
    static const char *const quick[][2] = {
        {"poll", "10"},           {"pay_timeout_ms", "50"},     {"cancel_timeout_ms", "100"}, {"not_found_grace_ms", "10"},
        {"reply_timeout_ms", "200"}, {"pay_reply_timeout_ms", "200"}, {"watch", "20"},
    };
    upay_client *client = NULL;
    char directory[512];
    size_t n;

    if (upay_client_new(&client) != UPAY_OK) {
        return;
    }
    /* Few of them, so that clients meet. */
    snprintf(directory, sizeof directory, "%s/%u", state_dir, draw(chance, 3));
    upay_client_set(client, "api_domain", url);
    upay_client_set(client, "terminal_sn", TERMINAL_SN);
    upay_client_set(client, "terminal_key", TERMINAL_KEY);
    upay_client_set(client, "state_dir", draw(chance, 3) == 0 ? "" : directory);
    for (n = 0; n < sizeof quick / sizeof quick[0]; n++) {
        upay_client_set(client, quick[n][0], quick[n][1]);
    }
    REPLACE(chance, &clients[draw(chance, CLIENTS)], client, upay_client_free);
}

static void new_hammered_order(chance *chance, char *text)
{
    upay_client *client = ANY_CLIENT(chance);
    upay_order *order = NULL;
    upay_status status = draw(chance, 4) == 0
                             ? upay_order_find(client, any_text(chance, "o1", text), &order)
                             : upay_order_new(client, draw(chance, 3) == 0 ? any_text(chance, "o1", text) : NULL, &order);

    if (status == UPAY_OK) {
        upay_order_set(order, "total_amount", "1250");
        upay_order_set(order, "subject", "Pizza");
        upay_order_set(order, "dynamic_id", draw(chance, 2) == 0 ? PAID_AT_ONCE : any_value(chance));
        REPLACE(chance, &orders[draw(chance, ORDERS)], order, upay_order_free);
    }
}

static void act(chance *chance)
{
    static upay_status (*const actions[])(upay_order *, upay_event_fn, void *, upay_drop_fn) = {
        upay_order_pay, upay_order_pay, upay_order_precreate, upay_order_query, upay_order_refund, upay_order_cancel,
    };
    upay_order *order = ANY_ORDER(chance);

    if (draw(chance, 3) == 0) {
        ONE_OF(chance, actions)(order, NULL, NULL, NULL);
    } else if (ONE_OF(chance, actions)(order, on_hammered, &finals, on_hammered_drop) == UPAY_OK) {
        add(&begun);
    }
}

static void take_event(chance *chance, upay_event *event)
{
    int n = (int)draw(chance, EVENTS);

    /* Nobody else has it yet, so that its text lives. */
    CHECK(upay_event_json(event) != NULL && upay_event_message(event) != NULL);
    upay_event_get(event, any_key(chance));
    REPLACE(chance, &events[n], event, upay_event_free);
}

static void do_something(chance *chance)
{
    char text[TEXT_MAX + 1] = "", buffer[64];
    size_t length;
    uint32_t number;
    upay_event *event = NULL;

    switch (draw(chance, 24)) {
    case 0: new_hammered_client(chance); break;
    case 1:
    case 2: new_hammered_order(chance, text); break;
    case 3: upay_client_set(ANY_CLIENT(chance), any_text(chance, any_key(chance), text), any_value(chance)); break;
    case 4: upay_client_set(ANY_CLIENT(chance), any_key(chance), any_text(chance, any_value(chance), text)); break;
    case 5: upay_client_get(ANY_CLIENT(chance), any_key(chance), buffer, draw(chance, sizeof buffer + 1), &length); break;
    case 6:
    case 7: upay_client_start(ANY_CLIENT(chance)); break;
    case 8:
        if (upay_client_watch(ANY_CLIENT(chance), on_hammered, &watches, on_hammered_drop) == UPAY_OK) {
            add(&watches);
        }
        break;
    case 9:
        if (draw(chance, 8) == 0) {
            upay_client_stop(ANY_CLIENT(chance), draw(chance, 20));
        }
        break;
    case 10: upay_client_unfinished(ANY_CLIENT(chance), &number); break;
    case 11:
        if (upay_client_next_event(ANY_CLIENT(chance), draw(chance, 5), &event) == UPAY_OK) {
            take_event(chance, event);
        }
        break;
    case 12:
        if (upay_order_wait(ANY_ORDER(chance), draw(chance, 10), &event) == UPAY_OK) {
            take_event(chance, event);
        }
        break;
    case 13: upay_order_set(ANY_ORDER(chance), any_key(chance), any_text(chance, any_value(chance), text)); break;
    case 14: upay_order_get(ANY_ORDER(chance), any_key(chance), buffer, draw(chance, sizeof buffer + 1), &length); break;
    case 15:
    case 16:
    case 17: act(chance); break;
    case 18:
        if (upay_event_copy(ANY_EVENT(chance), &event) == UPAY_OK) {
            take_event(chance, event);
        }
        break;
    case 19: upay_event_action(ANY_EVENT(chance)); upay_event_outcome(ANY_EVENT(chance)); break;
    case 20:
        if (draw(chance, 16) == 0) {
            upay_client_activate(ANY_CLIENT(chance), any_text(chance, "[sim:flat]", text), 1 + draw(chance, 50));
        } else if (draw(chance, 16) == 0) {
            upay_client_checkin(ANY_CLIENT(chance), 1 + draw(chance, 50));
        }
        break;
    case 21:
        if (upay_client_call(ANY_CLIENT(chance), any_text(chance, "/echo/x", text), any_text(chance, "{}", text),
                             1 + draw(chance, 50), &event) == UPAY_OK) {
            take_event(chance, event);
        }
        break;
    case 22: upay_code_text((int32_t)draw(chance, 12), any_text(chance, "PAID", text), "zh"); break;
    default:
        if (upay_read_reply((int32_t)draw(chance, 4), (int32_t)draw(chance, 600), text, draw(chance, TEXT_MAX), &event) ==
            UPAY_OK) {
            take_event(chance, event);
        }
        break;
    }
    CHECK(upay_last_error() != NULL);
}

static void *hammer(void *seed)
{
    chance chance = {(uint64_t)(uintptr_t)seed * 0x9e3779b97f4a7c15u + 1};

    while (now_ms() < ends_at_ms) {
        do_something(&chance);
    }
    return NULL;
}

/* Clients end by themselves once they are let go of; nothing else keeps the counters apart. */
static void let_everything_go(void)
{
    int n;

    for (n = 0; n < CLIENTS; n++) {
        upay_status status = upay_client_stop(clients[n], PATIENCE_MS);
        CHECK(status == UPAY_OK || status == UPAY_E_HANDLE);
        upay_client_free(clients[n]);
    }
    for (n = 0; n < ORDERS; n++) {
        upay_order_free(orders[n]);
    }
    for (n = 0; n < EVENTS; n++) {
        upay_event_free(events[n]);
    }
    for (n = 0; n < kept_count && n < (int)(sizeof kept / sizeof kept[0]); n++) {
        free_anything(kept[n]);
    }
}

int main(int count_of_arguments, char **arguments)
{
    const char *seconds = getenv("UPAY_TEST_HAMMER_S"), *text = getenv("UPAY_TEST_SEED");
    unsigned long seed = text != NULL ? strtoul(text, NULL, 10) : (unsigned long)time(NULL);
    pthread_t threads[THREADS];
    int n;

    CHECK(count_of_arguments >= 3);
    url = arguments[1];
    state_dir = arguments[2];
    fprintf(stderr, "UPAY_TEST_SEED=%lu\n", seed);
    ends_at_ms = now_ms() + 1000 * (seconds != NULL ? atoi(seconds) : 3);
    for (n = 0; n < THREADS; n++) {
        CHECK(pthread_create(&threads[n], NULL, hammer, (void *)(uintptr_t)(seed * THREADS + (unsigned)n)) == 0);
    }
    for (n = 0; n < THREADS; n++) {
        CHECK(pthread_join(threads[n], NULL) == 0);
    }
    let_everything_go();
    UNTIL(count(&drops) == count(&begun) && count(&watch_drops) == count(&watches));
    CHECK_NUMBER(count(&finals), count(&begun));
    fprintf(stderr, "%d actions began and ended\n", count(&begun));
    CHECK(count(&begun) > 10);
    return 0;
}
