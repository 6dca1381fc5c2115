/* On every path an action that was taken has exactly one final event and one drop, and one that failed has neither. */

#include "check.h"

static serial of_client = SERIAL;

/* Pays, and waits for the end. on_event and on_drop check order and number. */
static void pays(upay_client *client, const char *barcode, int32_t outcome, upay_status status)
{
    upay_order *order = new_order(client, NULL, barcode);
    heard payment;

    heard_init(&payment, &of_client);
    CHECK_OK(upay_order_pay(order, on_event, &payment, on_drop));
    CHECK_HEARD(&payment, outcome, status);
    CHECK(payment.progress > 0 && "PENDING comes before the end");
    CHECK_NUMBER(payment.action, UPAY_ACTION_PAY);
    heard_over(&payment);
    upay_order_free(order);
}

static void not_sent(void)
{
    char nowhere[64];
    upay_client *client;

    refused_url(nowhere, sizeof nowhere);
    client = started_client(nowhere, "");
    pays(client, PAID_AT_ONCE, UPAY_OUTCOME_FAILED, UPAY_E_CONNECT);
    stop_and_free(client);
}

/* Two actions of one order: each has its own end. */
static void cancelled_by_the_cashier(upay_client *client)
{
    upay_order *order = new_order(client, NULL, NEVER_PAID);
    heard payment, cancel;

    heard_init(&payment, &of_client);
    heard_init(&cancel, &of_client);
    CHECK_OK(upay_order_pay(order, on_event, &payment, on_drop));
    HEARD_UNTIL(&payment, payment.phase > 0);
    CHECK_OK(upay_order_cancel(order, on_event, &cancel, on_drop));
    CHECK_HEARD(&payment, UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED);
    CHECK_HEARD(&cancel, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(payment.action, UPAY_ACTION_PAY);
    CHECK_NUMBER(cancel.action, UPAY_ACTION_CANCEL);
    CHECK(cancel.progress > 0);
    upay_order_free(order);
}

static void queries_and_cancels(upay_client *client)
{
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE), *unknown = new_order(client, "never-sent", PAID_AT_ONCE);
    heard heard;

    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    heard_init(&heard, &of_client);
    CHECK_OK(upay_order_query(order, on_event, &heard, on_drop));
    CHECK_HEARD(&heard, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(heard.action, UPAY_ACTION_QUERY);
    heard_init(&heard, &of_client);
    CHECK_OK(upay_order_cancel(order, on_event, &heard, on_drop));
    CHECK_HEARD(&heard, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    heard_init(&heard, &of_client);
    CHECK_OK(upay_order_query(unknown, on_event, &heard, on_drop));
    CHECK_HEARD(&heard, UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER);
    heard_init(&heard, &of_client);
    CHECK_OK(upay_order_cancel(unknown, on_event, &heard, on_drop));
    CHECK_HEARD(&heard, UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER);
    upay_order_free(order);
    upay_order_free(unknown);
}

/* The order's handle is gone before anything has happened: its events come all the same. */
static void order_freed(upay_client *client)
{
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);
    heard payment;

    heard_init(&payment, &of_client);
    CHECK_OK(upay_order_pay(order, on_event, &payment, on_drop));
    upay_order_free(order);
    CHECK_HEARD(&payment, UPAY_OUTCOME_SUCCESS, UPAY_OK);
}

/* Who wants to hear nothing but the drop. */
static void drop_alone(upay_client *client)
{
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);
    heard payment;

    heard_init(&payment, &of_client);
    CHECK_OK(upay_order_pay(order, NULL, &payment, on_drop));
    HEARD_UNTIL(&payment, payment.drops == 1);
    CHECK_NUMBER(payment.progress + payment.finals, 0);
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_order_free(order);
}

static void failing_calls(upay_client *client)
{
    upay_client *unstarted = NULL;
    upay_order *order = new_order(client, NULL, NEVER_PAID), *of_unstarted, *empty = NULL;
    heard payment, cancel;

    CHECK_OK(upay_client_new(&unstarted));
    of_unstarted = new_order(unstarted, NULL, PAID_AT_ONCE);
    CHECK_STATUS(upay_order_pay(of_unstarted, never_event, NULL, never_drop), UPAY_E_STATE);
    CHECK_STATUS(upay_order_precreate(of_unstarted, never_event, NULL, never_drop), UPAY_E_STATE);
    CHECK_STATUS(upay_order_query(of_unstarted, never_event, NULL, never_drop), UPAY_E_STATE);
    CHECK_STATUS(upay_order_cancel(of_unstarted, never_event, NULL, never_drop), UPAY_E_STATE);
    upay_client_free(unstarted);
    CHECK_STATUS(upay_order_pay(of_unstarted, never_event, NULL, never_drop), UPAY_E_CLOSED);
    upay_order_free(of_unstarted);
    CHECK_STATUS(upay_order_pay(of_unstarted, never_event, NULL, never_drop), UPAY_E_HANDLE);

    CHECK_OK(upay_order_new(client, NULL, &empty));
    CHECK_STATUS(upay_order_pay(empty, never_event, NULL, never_drop), UPAY_E_MISSING);
    CHECK_STATUS(upay_order_precreate(empty, never_event, NULL, never_drop), UPAY_E_MISSING);
    upay_order_free(empty);

    CHECK_STATUS(upay_client_watch(client, never_event, NULL, never_drop), UPAY_E_STATE);
    heard_init(&payment, &of_client);
    heard_init(&cancel, &of_client);
    CHECK_OK(upay_order_pay(order, on_event, &payment, on_drop));
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_DUPLICATE);
    HEARD_UNTIL(&payment, payment.phase > 0);
    CHECK_OK(upay_order_cancel(order, on_event, &cancel, on_drop));
    CHECK_HEARD(&payment, UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED);
    CHECK_HEARD(&cancel, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_DUPLICATE);
    upay_order_free(order);
}

static void stopped(const char *url)
{
    upay_client *client = patient_client(url, "");
    upay_order *order = new_order(client, NULL, NEVER_PAID);
    heard payment;

    heard_init(&payment, &of_client);
    CHECK_OK(upay_order_pay(order, on_event, &payment, on_drop));
    HEARD_UNTIL(&payment, payment.phase > 0);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    heard_over(&payment);
    CHECK_HEARD(&payment, UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    upay_order_free(order);
    upay_client_free(client);
}

/* A client that is let go without a stop ends its actions as well, and lets its journal go. */
static void freed_without_a_stop(const char *url, const char *state_dir)
{
    upay_client *client = patient_client(url, state_dir);
    upay_order *order = new_order(client, NULL, NEVER_PAID);
    heard payment;

    heard_init(&payment, &of_client);
    CHECK_OK(upay_order_pay(order, on_event, &payment, on_drop));
    HEARD_UNTIL(&payment, payment.phase > 0);
    upay_client_free(client);
    CHECK_HEARD(&payment, UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    upay_order_free(order);
    client = new_client(url, state_dir);
    UNTIL(upay_client_start(client) == UPAY_OK);
    stop_and_free(client);
}

/* A watcher is let go once too: when another takes over, and at the end. */
static void watchers(const char *url)
{
    upay_client *client = new_client(url, "");
    upay_order *order;
    heard first, second, payment;

    heard_init(&first, &of_client);
    heard_init(&second, &of_client);
    heard_init(&payment, &of_client);
    CHECK_OK(upay_client_watch(client, on_event, &first, on_drop));
    CHECK_OK(upay_client_watch(client, on_event, &second, on_drop));
    HEARD_UNTIL(&first, first.drops == 1);
    CHECK_NUMBER(second.drops, 0);
    CHECK_OK(upay_client_start(client));
    order = new_order(client, NULL, NOBODY_KNOWS);
    CHECK_OK(upay_order_pay(order, on_event, &payment, on_drop));
    CHECK_HEARD(&payment, UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED);
    HEARD_UNTIL(&second, second.progress > 0);
    CHECK_NUMBER(second.action, UPAY_ACTION_WATCH);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    heard_over(&second);
    CHECK_NUMBER(second.drops, 1);
    CHECK_NUMBER(first.progress + first.finals, 0);
    upay_order_free(order);
    upay_client_free(client);
}

int main(int argc, char **argv)
{
    upay_client *client;

    CHECK(argc == 3);
    client = started_client(argv[1], argv[2]);
    pays(client, PAID_AT_ONCE, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    pays(client, INSUFFICIENT_FUND, UPAY_OUTCOME_FAILED, UPAY_E_REFUSED);
    pays(client, NEVER_PAID, UPAY_OUTCOME_FAILED, UPAY_E_EXPIRED);
    pays(client, NOBODY_KNOWS, UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED);
    stop_and_free(client);
    client = patient_client(argv[1], "");
    pays(client, PAID_AFTER_300_MS, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    pays(client, PAID_BUT_REPLY_LOST, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    cancelled_by_the_cashier(client);
    queries_and_cancels(client);
    order_freed(client);
    drop_alone(client);
    failing_calls(client);
    stop_and_free(client);
    not_sent();
    stopped(argv[1]);
    freed_without_a_stop(argv[1], argv[2]);
    watchers(argv[1]);
    return 0;
}
