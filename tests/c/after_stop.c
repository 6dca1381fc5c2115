/* A stopped client says UPAY_E_CLOSED, hands out what has happened, and leaves its journal to the next one at once. */

#include "every_call.h"

static void every_call_of_a_stopped_client(upay_client *client)
{
    char buffer[8] = "as was";
    uint32_t count = 77;
    upay_order *order = UNTOUCHED;
    upay_event *event = UNTOUCHED;

    CHECK_STATUS(upay_client_set(client, "operator", "somebody"), UPAY_E_CLOSED);
    CHECK_STATUS(upay_client_get(client, "operator", buffer, sizeof buffer, NULL), UPAY_E_CLOSED);
    CHECK_STATUS(upay_client_watch(client, never_event, NULL, never_drop), UPAY_E_CLOSED);
    CHECK_STATUS(upay_client_start(client), UPAY_E_CLOSED);
    CHECK_STATUS(upay_client_unfinished(client, &count), UPAY_E_CLOSED);
    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_CLOSED);
    CHECK_STATUS(upay_client_next_event(client, PATIENCE_MS, &event), UPAY_E_CLOSED);
    CHECK_STATUS(upay_order_new(client, "late", &order), UPAY_E_CLOSED);
    CHECK_STATUS(upay_order_find(client, "late", &order), UPAY_E_CLOSED);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    CHECK_OK(upay_client_stop(client, 0));
    CHECK_TEXT(buffer, "as was");
    CHECK_NUMBER(count, 77);
    CHECK(order == UNTOUCHED);
    CHECK(event == UNTOUCHED);
}

static void every_action_of_its_order(upay_order *order)
{
    char subject[16];

    CHECK_STATUS(upay_order_set(order, "subject", "Pasta"), UPAY_E_CLOSED);
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_CLOSED);
    CHECK_STATUS(upay_order_precreate(order, never_event, NULL, never_drop), UPAY_E_CLOSED);
    CHECK_STATUS(upay_order_query(order, never_event, NULL, never_drop), UPAY_E_CLOSED);
    CHECK_STATUS(upay_order_cancel(order, never_event, NULL, never_drop), UPAY_E_CLOSED);
    CHECK_OK(upay_order_get(order, "subject", subject, sizeof subject, NULL));
    CHECK_TEXT(subject, "Pizza");
}

static void stopped_before_it_was_started(const char *url, const char *state_dir)
{
    upay_client *client = new_client(url, state_dir);
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);
    upay_event *event = UNTOUCHED;
    serial of_client = SERIAL;
    heard watcher;

    heard_init(&watcher, &of_client);
    CHECK_OK(upay_client_watch(client, on_event, &watcher, on_drop));
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    CHECK_NUMBER(watcher.drops, 1);
    CHECK_NUMBER(watcher.finals, 0);
    heard_over(&watcher);
    every_call_of_a_stopped_client(client);
    every_action_of_its_order(order);
    CHECK_STATUS(upay_order_wait(order, 0, &event), UPAY_E_STATE);
    CHECK(event == UNTOUCHED);
    upay_order_free(order);
    upay_client_free(client);
}

static int is_paid(upay_order *order)
{
    char status[32];

    return upay_order_get(order, "order_status", status, sizeof status, NULL) == UPAY_OK && strcmp(status, "PAID") == 0;
}

/* What was heard of an order from upay_client_next_event. */
typedef struct told {
    int finals;
    int32_t outcome;
    upay_status status;
} told;

static void note(told *told, upay_event *event)
{
    if (upay_event_outcome(event) == UPAY_OUTCOME_PENDING) {
        CHECK_NUMBER(told->finals, 0);
        return;
    }
    told->finals++;
    told->outcome = upay_event_outcome(event);
    told->status = upay_event_status(event);
}

static void hands_out_what_happened(const char *url, const char *state_dir)
{
    upay_client *client = started_client(url, state_dir), *next;
    upay_order *paid = new_order(client, "paid", PAID_AT_ONCE);
    upay_order *held = new_order(client, "held", HELD_FOR_30_S);
    upay_order *idle = new_order(client, "idle", PAID_AT_ONCE);
    upay_event *event = NULL;
    told of_paid = {0, 0, 0}, of_held = {0, 0, 0};
    uint32_t unfinished = 0;
    upay_status status;

    CHECK_STATUS(upay_client_start(client), UPAY_E_STATE);
    CHECK_STATUS(upay_client_set(client, "operator", "somebody"), UPAY_E_STATE);
    CHECK_STATUS(upay_client_watch(client, never_event, NULL, never_drop), UPAY_E_STATE);
    CHECK_OK(upay_order_pay(paid, NULL, NULL, NULL));
    CHECK_OK(upay_order_pay(held, NULL, NULL, NULL));
    UNTIL(is_paid(paid));
    UNTIL(ledger_number(url, "held", "pays") == 1);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));

    /* The lock is gone with the stop, not with the free. */
    next = started_client(url, state_dir);
    CHECK_OK(upay_client_unfinished(next, &unfinished));
    CHECK_NUMBER(unfinished, 1);
    stop_and_free(next);

    while ((status = upay_client_next_event(client, 0, &event)) == UPAY_OK) {
        const char *client_sn = upay_event_get(event, "client_sn");

        CHECK(client_sn != NULL);
        note(strcmp(client_sn, "paid") == 0 ? &of_paid : &of_held, event);
        upay_event_free(event);
    }
    CHECK_NUMBER(status, UPAY_E_CLOSED);
    CHECK_NUMBER(of_paid.finals, 1);
    CHECK_NUMBER(of_paid.outcome, UPAY_OUTCOME_SUCCESS);
    CHECK_NUMBER(of_held.finals, 1);
    CHECK_NUMBER(of_held.outcome, UPAY_OUTCOME_UNKNOWN);
    CHECK_NUMBER(of_held.status, UPAY_E_CLOSED);

    CHECK_END(paid, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_END(held, UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    CHECK_STATUS(upay_order_wait(idle, PATIENCE_MS, &event), UPAY_E_STATE);
    every_call_of_a_stopped_client(client);
    every_action_of_its_order(paid);
    every_action_of_its_order(held);
    every_action_of_its_order(idle);
    upay_order_free(paid);
    upay_order_free(held);
    upay_order_free(idle);
    upay_client_free(client);
}

/* A callback that does not return until it is let go. */
typedef struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int inside, open;
} gate;

static void on_event_at_gate(const upay_event *event, void *user_data)
{
    gate *gate = user_data;

    (void)event;
    pthread_mutex_lock(&gate->mutex);
    gate->inside = 1;
    pthread_cond_broadcast(&gate->changed);
    WAIT_UNTIL(&gate->changed, &gate->mutex, gate->open);
    pthread_mutex_unlock(&gate->mutex);
}

static void waits_for_a_callback_to_return(const char *url, const char *state_dir)
{
    upay_client *client = started_client(url, state_dir);
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);
    gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

    CHECK_OK(upay_order_pay(order, on_event_at_gate, &gate, NULL));
    pthread_mutex_lock(&gate.mutex);
    WAIT_UNTIL(&gate.changed, &gate.mutex, gate.inside);
    pthread_mutex_unlock(&gate.mutex);

    CHECK_STATUS(upay_client_stop(client, 0), UPAY_E_TIMEOUT);
    CHECK_STATUS(upay_client_stop(client, 50), UPAY_E_TIMEOUT);
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_CLOSED);

    pthread_mutex_lock(&gate.mutex);
    gate.open = 1;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    upay_order_free(order);
    upay_client_free(client);
}

/* Somebody who waits is not left waiting. */
static void *wait_for_event(void *client)
{
    upay_event *event = UNTOUCHED;

    CHECK_STATUS(upay_client_next_event(client, PATIENCE_MS, &event), UPAY_E_CLOSED);
    CHECK(event == UNTOUCHED);
    return NULL;
}

static void ends_every_wait(const char *url)
{
    upay_client *client = started_client(url, "");
    pthread_t waiting[4];
    int n;

    for (n = 0; n < 4; n++) {
        waiting[n] = started_thread(wait_for_event, client);
    }
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    for (n = 0; n < 4; n++) {
        join(waiting[n]);
    }
    upay_client_free(client);
}

static void *start(void *client)
{
    upay_status status = upay_client_start(client);

    CHECK(status == UPAY_OK || status == UPAY_E_HANDLE || status == UPAY_E_CLOSED);
    return NULL;
}

/* A client that is let go in the middle of its start, with an earlier run's order to go on with, ends as well. */
static void let_go_while_it_starts(const char *url, const char *state_dir)
{
    upay_client *client = started_client(url, state_dir);
    upay_order *order = new_order(client, NULL, NOBODY_KNOWS);
    pthread_t starting;
    int round;

    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    CHECK_END(order, UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED);
    upay_order_free(order);
    stop_and_free(client);
    for (round = 0; round < 50; round++) {
        long long until_ms = now_ms() + round % 10;

        client = new_client(url, state_dir);
        starting = started_thread(start, client);
        while (now_ms() < until_ms) {
            sched_yield();
        }
        upay_client_free(client);
        join(starting);
        client = new_client(url, state_dir);
        UNTIL_WITHIN(10000, upay_client_start(client) == UPAY_OK);
        stop_and_free(client);
    }
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    stopped_before_it_was_started(argv[1], argv[2]);
    hands_out_what_happened(argv[1], argv[2]);
    waits_for_a_callback_to_return(argv[1], argv[2]);
    ends_every_wait(argv[1]);
    let_go_while_it_starts(argv[1], argv[2]);
    return 0;
}
