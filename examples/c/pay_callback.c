/*
 * Takes one payment with a callback. The callback runs on a thread of the library: it passes the result to the till's own
 * thread and returns. A second function, the watcher, is told about orders that no call waits for, such as those that a
 * power cut left open.
 *
 *   cc pay_callback.c -lupay -lpthread -o pay_callback
 *   ./pay_callback https://vsi-api.shouqianba.com TERMINAL_SN TERMINAL_KEY 1250 130818341921441147
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "upay.h"

static void check(upay_status status, const char *call)
{
    if (status != UPAY_OK) {
        fprintf(stderr, "%s: status %d: %s\n", call, (int)status, upay_last_error());
        exit(2);
    }
}
#define CHECK(call) check((call), #call)

/* One sale, from the scan to the verdict. The library frees it through sale_drop. */
struct sale {
    const char *what;
};

/* The till's own thread waits for these. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int verdict = UPAY_OUTCOME_PENDING;

static void sale_event(const upay_event *event, void *user_data)
{
    const struct sale *sale = user_data;

    /* The event and its text are valid during this call only; upay_event_copy makes a copy that stays. */
    printf("%s: %s\n", sale->what, upay_event_message(event));
    if (upay_event_outcome(event) == UPAY_OUTCOME_PENDING)
        return;
    pthread_mutex_lock(&lock);
    verdict = (int)upay_event_outcome(event);
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

/* Exactly once, after the last event. */
static void sale_drop(void *user_data)
{
    free(user_data);
}

static void watch_event(const upay_event *event, void *user_data)
{
    (void)user_data;
    printf("earlier order %s: %s\n", upay_event_get(event, "client_sn"), upay_event_message(event));
}

int main(int argc, char **argv)
{
    upay_client *client;
    upay_order *order;
    struct sale *sale;

    if (argc != 6) {
        fprintf(stderr, "usage: pay_callback API_DOMAIN TERMINAL_SN TERMINAL_KEY FEN BARCODE\n");
        return 2;
    }

    CHECK(upay_client_new(&client));
    CHECK(upay_client_set(client, "api_domain", argv[1]));
    CHECK(upay_client_set(client, "terminal_sn", argv[2]));
    CHECK(upay_client_set(client, "terminal_key", argv[3]));
    CHECK(upay_client_set(client, "state_dir", "upay-state"));
    CHECK(upay_client_set(client, "language", "en"));
    CHECK(upay_client_watch(client, watch_event, NULL, NULL));
    CHECK(upay_client_start(client));

    sale = malloc(sizeof *sale);
    if (sale == NULL)
        return 2;
    sale->what = "groceries";
    CHECK(upay_order_new(client, NULL, &order));
    CHECK(upay_order_set(order, "total_amount", argv[4]));
    CHECK(upay_order_set(order, "dynamic_id", argv[5]));
    CHECK(upay_order_set(order, "subject", "Groceries"));
    /* After success the library owns the sale. If the call fails, the sale is still ours. */
    CHECK(upay_order_pay(order, sale_event, sale, sale_drop));
    upay_order_free(order);

    pthread_mutex_lock(&lock);
    while (verdict == UPAY_OUTCOME_PENDING)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);

    CHECK(upay_client_stop(client, 10000));
    upay_client_free(client);
    switch (verdict) {
    case UPAY_OUTCOME_SUCCESS:
        printf("PAID: hand over the goods\n");
        return 0;
    case UPAY_OUTCOME_FAILED:
        printf("NOT PAID: nothing is owed\n");
        return 1;
    default:
        printf("NOBODY KNOWS: hand over no goods\n");
        return 1;
    }
}
