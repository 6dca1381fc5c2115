/*
 * Without functions, each action keeps its newest progress and its one final event for upay_client_next_event, which a
 * window's timer calls with timeout 0, or its final event for upay_order_wait; what a wait hands out does not come again.
 */

#include "check.h"

#define ORDERS 20
#define WAITS 300

/* How many queries an event knows of. */
static int queries(const upay_event *event)
{
    return atoi(upay_event_get(event, "queries"));
}

static int is_paid(upay_order *order)
{
    char status[32];

    return upay_order_get(order, "order_status", status, sizeof status, NULL) == UPAY_OK && strcmp(status, "PAID") == 0;
}

/* Nobody looks until it is over: there are two events, however many there were. */
static void newest_progress_and_end(upay_client *client)
{
    upay_order *order = new_order(client, "newest", PAID_AT_THE_SIXTH_QUERY);
    upay_event *event = NULL;

    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    UNTIL(is_paid(order));
    CHECK_OK(upay_client_next_event(client, 0, &event));
    CHECK_EVENT(event, UPAY_OUTCOME_PENDING, UPAY_OK);
    CHECK_TEXT(upay_event_get(event, "client_sn"), "newest");
    CHECK_TEXT(upay_event_get(event, "phase"), "querying");
    CHECK_NUMBER(queries(event), 5);
    upay_event_free(event);
    CHECK_OK(upay_client_next_event(client, PATIENCE_MS, &event));
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_TEXT(upay_event_get(event, "client_sn"), "newest");
    CHECK_TEXT(upay_event_get(event, "phase"), "done");
    CHECK_NUMBER(queries(event), 6);
    upay_event_free(event);
    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_TIMEOUT);

    /* A wait still has what next_event has handed out. */
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_TIMEOUT);
    upay_order_free(order);
}

/* What a window's timer has shown of an order. */
typedef struct shown {
    int progress, finals, queries;
    int32_t outcome;
} shown;

/* One tick: takes what there is and goes away. Returns how many orders came to their end. */
static int on_timer(upay_client *client, shown *shown)
{
    upay_event *event = NULL;
    upay_status status;
    int ended = 0, n;

    while ((status = upay_client_next_event(client, 0, &event)) == UPAY_OK) {
        CHECK(sscanf(upay_event_get(event, "client_sn"), "timer-%d", &n) == 1);
        CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_PAY);
        CHECK_NUMBER(shown[n].finals, 0);
        CHECK(queries(event) >= shown[n].queries && "progress goes on, never back");
        shown[n].queries = queries(event);
        shown[n].outcome = upay_event_outcome(event);
        if (shown[n].outcome == UPAY_OUTCOME_PENDING) {
            shown[n].progress++;
        } else {
            shown[n].finals++;
            ended++;
        }
        upay_event_free(event);
    }
    CHECK_NUMBER(status, UPAY_E_TIMEOUT);
    CHECK_LAST_ERROR("event");
    return ended;
}

static void a_windows_timer(upay_client *client)
{
    static const char *const barcodes[] = {PAID_AT_ONCE, INSUFFICIENT_FUND, PAID_AFTER_300_MS};
    static const int32_t outcomes[] = {UPAY_OUTCOME_SUCCESS, UPAY_OUTCOME_FAILED, UPAY_OUTCOME_SUCCESS};
    shown shown[ORDERS];
    char client_sn[33];
    upay_order *order;
    int n, ended = 0;

    memset(shown, 0, sizeof shown);
    for (n = 0; n < ORDERS; n++) {
        snprintf(client_sn, sizeof client_sn, "timer-%d", n);
        order = new_order(client, client_sn, barcodes[n % 3]);
        CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
        upay_order_free(order);
    }
    UNTIL((ended += on_timer(client, shown)) == ORDERS);
    CHECK_NUMBER(on_timer(client, shown), 0);
    for (n = 0; n < ORDERS; n++) {
        CHECK_NUMBER(shown[n].finals, 1);
        CHECK_NUMBER(shown[n].outcome, outcomes[n % 3]);
    }
}

/* The wait is there before the end is, or behind it; either way the end comes once. */
static void what_a_wait_hands_out(upay_client *client)
{
    upay_event *event = NULL;
    int n;

    for (n = 0; n < WAITS; n++) {
        upay_order *order = new_order(client, NULL, PAID_AT_ONCE);

        CHECK_STATUS(upay_order_wait(order, 0, &event), UPAY_E_STATE);
        CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
        if (n % 2 == 0) {
            UNTIL(is_paid(order));
        }
        CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
        CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
        CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_TIMEOUT);
        upay_order_free(order);
    }
    CHECK_STATUS(upay_client_next_event(client, 200, &event), UPAY_E_TIMEOUT);
}

/* A wait is for the newest action; one that ends too early changes nothing. */
static void the_newest_action(upay_client *client)
{
    upay_order *order = new_order(client, NULL, NEVER_PAID);
    upay_event *event = NULL;

    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    CHECK_STATUS(upay_order_wait(order, 0, &event), UPAY_E_TIMEOUT);
    CHECK_STATUS(upay_order_wait(order, 50, &event), UPAY_E_TIMEOUT);
    CHECK(event == NULL);
    CHECK_OK(upay_order_cancel(order, NULL, NULL, NULL));
    event = final_event(order);
    CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_CANCEL);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_event_free(event);

    /* The payment's own end is left to next_event. */
    do {
        CHECK_OK(upay_client_next_event(client, PATIENCE_MS, &event));
        CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_PAY);
        if (upay_event_outcome(event) == UPAY_OUTCOME_PENDING) {
            upay_event_free(event);
            event = NULL;
        }
    } while (event == NULL);
    CHECK_EVENT(event, UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED);
    upay_event_free(event);
    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_TIMEOUT);
    upay_order_free(order);
}

int main(int argc, char **argv)
{
    upay_client *client;

    CHECK(argc == 3);
    client = patient_client(argv[1], argv[2]);
    newest_progress_and_end(client);
    a_windows_timer(client);
    what_a_wait_hands_out(client);
    the_newest_action(client);
    stop_and_free(client);
    return 0;
}
