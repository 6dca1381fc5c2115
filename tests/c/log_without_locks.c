/*
 * A log function may call the library from inside whatever line it gets, also from those that the library writes when its
 * own queues are full: no line is written under a lock.
 */

#include "check.h"

/* More than the library keeps of progress for a host that takes no events. */
#define WAITING 12000
/* More than it keeps for a host that never asks: each query leaves a progress event and its end. */
#define UNREAD 24000
/* Actions that are under way at a time stay well below what a client takes. */
#define UNDER_WAY 1000

static upay_client *client;
static upay_order *order;

/* Calls that take the library's own locks. A line about the order cancels it. */
static void on_line(int32_t level, const char *line, void *user_data)
{
    upay_event *event = NULL;
    uint32_t unfinished;
    char text[64];

    (void)level;
    (void)user_data;
    if (upay_client_next_event(client, 0, &event) == UPAY_OK) {
        upay_event_free(event);
    }
    upay_client_unfinished(client, &unfinished);
    upay_order_get(order, "client_sn", text, sizeof text, NULL);
    if (strstr(line, "no-events") != NULL) {
        upay_order_cancel(order, NULL, NULL, NULL);
    }
}

/* The till's window hangs: no event is taken while it does. */
static pthread_mutex_t window_hangs = PTHREAD_MUTEX_INITIALIZER;

static void on_event_of_hanging_window(const upay_event *event, void *user_data)
{
    (void)event;
    (void)user_data;
    pthread_mutex_lock(&window_hangs);
    pthread_mutex_unlock(&window_hangs);
}

static void query_many(int many, upay_event_fn fn)
{
    upay_order *other;
    int n;

    for (n = 0; n < many; n++) {
        other = new_order(client, NULL, PAID_AT_ONCE);
        CHECK_OK(upay_order_query(other, fn, NULL, NULL));
        /* Now and then one is waited for, so that never too many are under way. */
        if (n % UNDER_WAY == UNDER_WAY - 1) {
            CHECK_END(other, UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER);
        }
        upay_order_free(other);
    }
}

/* The order is asked about again and again, or cancelled; a line that is written under its lock would end that. */
static void for_a_host_that_takes_no_events(const char *url)
{
    long long queries;

    client = patient_client(url, "");
    order = new_order(client, "no-events", NEVER_PAID);
    pthread_mutex_lock(&window_hangs);
    CHECK_OK(upay_order_pay(order, on_event_of_hanging_window, NULL, NULL));
    query_many(WAITING / 2, on_event_of_hanging_window);
    CHECK_OK(upay_set_log(UPAY_LOG_WARN, on_line, NULL));
    queries = ledger_number(url, "no-events", "queries");
    UNTIL(ledger_number(url, "no-events", "queries") > queries + 5 || ledger_number(url, "no-events", "cancels") > 0);
    pthread_mutex_unlock(&window_hangs);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    CHECK_OK(upay_set_log(UPAY_LOG_OFF, NULL, NULL));
    upay_order_free(order);
    upay_client_free(client);
}

static void for_a_host_that_never_asks(const char *url)
{
    upay_event *event = NULL;
    int events = 0;

    client = patient_client(url, "");
    order = new_order(client, "never-asks", PAID_AT_ONCE);
    CHECK_OK(upay_set_log(UPAY_LOG_WARN, on_line, NULL));
    query_many(UNREAD / 2, NULL);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    CHECK_OK(upay_set_log(UPAY_LOG_OFF, NULL, NULL));
    while (upay_client_next_event(client, 0, &event) == UPAY_OK) {
        upay_event_free(event);
        events++;
    }
    CHECK(events > 0 && events < UNREAD);
    upay_order_free(order);
    upay_client_free(client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    for_a_host_that_takes_no_events(argv[1]);
    for_a_host_that_never_asks(argv[1]);
    return 0;
}
