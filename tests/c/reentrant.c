/*
 * From inside a callback anything may be called but the two calls that would wait for it: upay_client_stop and
 * upay_order_wait say UPAY_E_REENTRANT.
 */

#include "check.h"

/* What the callbacks work with, and what they have done. */
typedef struct till {
    upay_client *client;
    upay_order *order;
    serial of_client;
    heard payment, second, query, cancel;
    int events, drops, lines;
    upay_event *kept;
} till;

static void refused_inside(upay_client *client, upay_order *order)
{
    upay_event *event = NULL;

    CHECK_STATUS(upay_client_stop(client, 0), UPAY_E_REENTRANT);
    CHECK_STATUS(upay_client_stop(client, PATIENCE_MS), UPAY_E_REENTRANT);
    CHECK_STATUS(upay_order_wait(order, 0, &event), UPAY_E_REENTRANT);
    CHECK_STATUS(upay_order_wait(order, PATIENCE_MS, &event), UPAY_E_REENTRANT);
    CHECK_LAST_ERROR("callback");
    CHECK(event == NULL);
}

static void allowed_inside(till *till)
{
    upay_client *another = NULL;
    upay_order *order = NULL;
    upay_event *event = NULL;
    char text[64], signature[33];
    uint32_t unfinished = 0;

    CHECK(upay_abi_version() == 1);
    CHECK(upay_version() != NULL);
    CHECK_OK(upay_sign("{}", 2, "key", signature));
    CHECK_OK(upay_client_get(till->client, "operator", text, sizeof text, NULL));
    CHECK_STATUS(upay_client_set(till->client, "operator", "somebody"), UPAY_E_STATE);
    CHECK_STATUS(upay_client_start(till->client), UPAY_E_STATE);
    CHECK_STATUS(upay_client_watch(till->client, never_event, NULL, never_drop), UPAY_E_STATE);
    CHECK_OK(upay_client_unfinished(till->client, &unfinished));
    CHECK_STATUS(upay_client_next_event(till->client, 0, &event), UPAY_E_TIMEOUT);
    CHECK_OK(upay_order_get(till->order, "client_sn", text, sizeof text, NULL));
    CHECK_TEXT(text, "reentrant");
    CHECK_OK(upay_order_set(till->order, "description", "set inside"));
    CHECK_OK(upay_order_find(till->client, "reentrant", &order));
    upay_order_free(order);

    /* Another client can be made, started and let go. */
    CHECK_OK(upay_client_new(&another));
    CHECK_OK(upay_client_set(another, "terminal_sn", TERMINAL_SN));
    CHECK_OK(upay_client_set(another, "terminal_key", TERMINAL_KEY));
    CHECK_OK(upay_client_start(another));
    upay_client_free(another);
}

/* The first event: a payment, a query and a cancel are begun inside. The last: the order and the event are let go. */
static void on_event_inside(const upay_event *event, void *user_data)
{
    till *till = user_data;
    upay_order *second;

    on_event(event, &till->payment);
    refused_inside(till->client, till->order);
    allowed_inside(till);
    if (till->events++ == 0) {
        CHECK_OK(upay_event_copy(event, &till->kept));
        second = new_order(till->client, NULL, PAID_AT_ONCE);
        CHECK_OK(upay_order_pay(second, on_event, &till->second, on_drop));
        CHECK_STATUS(upay_order_pay(till->order, never_event, NULL, never_drop), UPAY_E_DUPLICATE);
        upay_order_free(second);
        CHECK_OK(upay_order_query(till->order, on_event, &till->query, on_drop));
        CHECK_OK(upay_order_cancel(till->order, on_event, &till->cancel, on_drop));
    }
    if (upay_event_outcome(event) != UPAY_OUTCOME_PENDING) {
        upay_order_free(till->order);
        upay_event_free((upay_event *)event);
        upay_event_free((upay_event *)event);
    }
}

static void on_drop_inside(void *user_data)
{
    till *till = user_data;
    upay_order *order = NULL;

    CHECK_OK(upay_order_find(till->client, "reentrant", &order));
    refused_inside(till->client, order);
    upay_order_free(order);
    till->drops++;
    on_drop(&till->payment);
}

static void in_events_and_drops(const char *url, const char *state_dir)
{
    till till;
    upay_event *event = NULL;

    memset(&till, 0, sizeof till);
    CHECK(pthread_mutex_init(&till.of_client, NULL) == 0);
    heard_init(&till.payment, &till.of_client);
    heard_init(&till.second, &till.of_client);
    heard_init(&till.query, &till.of_client);
    heard_init(&till.cancel, &till.of_client);
    till.client = patient_client(url, state_dir);
    till.order = new_order(till.client, "reentrant", NEVER_PAID);
    CHECK_OK(upay_order_pay(till.order, on_event_inside, &till, on_drop_inside));

    CHECK_HEARD(&till.payment, UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED);
    CHECK_HEARD(&till.second, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_HEARD(&till.cancel, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    HEARD_UNTIL(&till.query, till.query.drops == 1);
    CHECK_NUMBER(till.query.finals, 1);
    CHECK_NUMBER(till.drops, 1);
    CHECK_NUMBER(upay_event_action(till.kept), UPAY_ACTION_PAY);
    upay_event_free(till.kept);

    /* Outside, the same calls work again. */
    CHECK_OK(upay_order_find(till.client, "reentrant", &till.order));
    CHECK_OK(upay_order_query(till.order, NULL, NULL, NULL));
    event = final_event(till.order);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_event_free(event);
    upay_order_free(till.order);
    stop_and_free(till.client);
}

/* A client that lets itself go from inside its own callback, once the customer is waited for. */
static void on_event_free_client(const upay_event *event, void *user_data)
{
    till *till = user_data;

    on_event(event, &till->payment);
    if (till->payment.phase > 0) {
        upay_client_free(till->client);
        CHECK_STATUS(upay_client_start(till->client), UPAY_E_HANDLE);
    }
}

static void on_drop_of_freed(void *user_data)
{
    till *till = user_data;

    on_drop(&till->payment);
}

static void frees_its_client(const char *url)
{
    till till;

    memset(&till, 0, sizeof till);
    CHECK(pthread_mutex_init(&till.of_client, NULL) == 0);
    heard_init(&till.payment, &till.of_client);
    till.client = patient_client(url, "");
    till.order = new_order(till.client, NULL, NEVER_PAID);
    CHECK_OK(upay_order_pay(till.order, on_event_free_client, &till, on_drop_of_freed));
    CHECK_HEARD(&till.payment, UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    upay_order_free(till.order);
}

/* A log function is a callback as well, on whatever thread it runs. */
static void on_line(int32_t level, const char *line, void *user_data)
{
    till *till = user_data;
    char text[64];
    uint32_t unfinished = 0;

    CHECK(level >= UPAY_LOG_ERROR && level <= UPAY_LOG_DEBUG);
    CHECK(line != NULL && strlen(line) <= 1024 && strchr(line, '\n') == NULL);
    refused_inside(till->client, till->order);
    CHECK_OK(upay_client_get(till->client, "operator", text, sizeof text, NULL));
    CHECK_OK(upay_order_get(till->order, "client_sn", text, sizeof text, NULL));
    CHECK_OK(upay_client_unfinished(till->client, &unfinished));
    pthread_mutex_lock(&till->payment.mutex);
    till->lines++;
    pthread_mutex_unlock(&till->payment.mutex);
}

static void in_log_lines(const char *url, const char *state_dir)
{
    till till;

    memset(&till, 0, sizeof till);
    CHECK(pthread_mutex_init(&till.of_client, NULL) == 0);
    heard_init(&till.payment, &till.of_client);
    till.client = patient_client(url, state_dir);
    till.order = new_order(till.client, NULL, PAID_AFTER_300_MS);
    CHECK_OK(upay_set_log(UPAY_LOG_DEBUG, on_line, &till));
    CHECK_OK(upay_order_pay(till.order, on_event, &till.payment, on_drop));
    CHECK_HEARD(&till.payment, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK(till.lines > 0);
    CHECK_OK(upay_set_log(UPAY_LOG_OFF, NULL, NULL));
    upay_order_free(till.order);
    stop_and_free(till.client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    in_events_and_drops(argv[1], argv[2]);
    frees_its_client(argv[1]);
    in_log_lines(argv[1], argv[2]);
    return 0;
}
