/*
 * Stop does not wait for a gateway that holds payments open: every action gets its one final event and its one drop,
 * no callback comes behind the stop, no thread is left, and the journal keeps the orders for the next start.
 */

#include "check.h"

#define PAYMENTS 100

static heard payments[PAYMENTS];
static upay_order *orders[PAYMENTS];

/* The replies take 100 s, and a client waits that long for them: a stop within less has broken the calls off. */
#define STOP_MS 50000u

static void pay_all(upay_client *client, upay_event_fn fn, upay_drop_fn drop)
{
    int n;

    for (n = 0; n < PAYMENTS; n++) {
        orders[n] = new_order(client, NULL, REPLY_AFTER_100_S);
        CHECK_OK(upay_order_pay(orders[n], fn, fn == NULL ? NULL : &payments[n], drop));
    }
}

static void free_all(void)
{
    int n;

    for (n = 0; n < PAYMENTS; n++) {
        upay_order_free(orders[n]);
    }
}

/* How many orders have arrived at the gateway, which is slow to reply. */
static int arrived(const char *url)
{
    return ledger_count(url, "\"scenario\":\"slow-reply\"");
}

/* All of them on the wire at once, and functions that hear of them. */
static void with_callbacks(const char *url, const char *state_dir)
{
    upay_client *client = new_client(url, state_dir);
    serial of_client = SERIAL;
    uint32_t unfinished = 0;
    char nowhere[64];
    int n, threads_before = threads();

    CHECK_OK(upay_client_set(client, "pay_reply_timeout_ms", "120000"));
    CHECK_OK(upay_client_set(client, "in_flight_max", "256"));
    CHECK_OK(upay_client_start(client));
    for (n = 0; n < PAYMENTS; n++) {
        heard_init(&payments[n], &of_client);
    }
    pay_all(client, on_event, on_drop);
    UNTIL(arrived(url) == PAYMENTS);
    CHECK(threads_before == 0 || threads() > threads_before);

    CHECK_OK(upay_client_stop(client, STOP_MS));
    for (n = 0; n < PAYMENTS; n++) {
        heard_over(&payments[n]);
        CHECK_NUMBER(payments[n].finals, 1);
        CHECK_NUMBER(payments[n].drops, 1);
        CHECK(payments[n].progress > 0);
        CHECK_NUMBER(payments[n].outcome, UPAY_OUTCOME_UNKNOWN);
        CHECK_NUMBER(payments[n].status, UPAY_E_CLOSED);
    }
    /* A thread that was joined may stand in the system's list for a moment longer. */
    UNTIL_WITHIN(1000, threads() == threads_before);
    free_all();
    upay_client_free(client);

    /* A next start that cannot ask the gateway how they ended. */
    refused_url(nowhere, sizeof nowhere);
    client = started_client(nowhere, state_dir);
    CHECK_OK(upay_client_unfinished(client, &unfinished));
    CHECK_NUMBER(unfinished, PAYMENTS);
    stop_and_free(client);
}

/* A few of them on the wire, the others waiting for a worker, and nobody who is called. */
static void in_the_pull_form(const char *url)
{
    upay_client *client = new_client(url, "");
    upay_event *event = NULL;
    upay_status status;
    int n, finals = 0, arrived_before = arrived(url), threads_before = threads();

    CHECK_OK(upay_client_set(client, "pay_reply_timeout_ms", "120000"));
    CHECK_OK(upay_client_start(client));
    pay_all(client, NULL, NULL);
    UNTIL(arrived(url) > arrived_before);
    CHECK_OK(upay_client_stop(client, STOP_MS));
    UNTIL_WITHIN(1000, threads() <= threads_before);
    while ((status = upay_client_next_event(client, 0, &event)) == UPAY_OK) {
        if (upay_event_outcome(event) != UPAY_OUTCOME_PENDING) {
            CHECK_EVENT(event, UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
            CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_PAY);
            finals++;
        }
        upay_event_free(event);
    }
    CHECK_NUMBER(status, UPAY_E_CLOSED);
    CHECK_NUMBER(finals, PAYMENTS);
    for (n = 0; n < PAYMENTS; n++) {
        CHECK_END(orders[n], UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    }
    free_all();
    upay_client_free(client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    with_callbacks(argv[1], argv[2]);
    in_the_pull_form(argv[1]);
    return 0;
}
