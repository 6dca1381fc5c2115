/*
 * One client is shared by 32 threads: every verdict is right, whichever way it is asked for, and of many threads that
 * pay one number at a time exactly one pays it.
 */

#include "check.h"

#define THREADS 32
#define ORDERS 20
#define RACES 10

/* How a thread hears of an order. */
enum form { BY_CALLBACK, BY_WAIT, BY_NEXT_EVENT, FORMS };

/* How it must end. */
static const struct story {
    const char *barcode;
    int32_t outcome;
    upay_status status;
} stories[] = {
    {PAID_AT_ONCE, UPAY_OUTCOME_SUCCESS, UPAY_OK},
    {INSUFFICIENT_FUND, UPAY_OUTCOME_FAILED, UPAY_E_REFUSED},
    {PAID_AFTER_300_MS, UPAY_OUTCOME_SUCCESS, UPAY_OK},
    {PAID_BUT_REPLY_LOST, UPAY_OUTCOME_SUCCESS, UPAY_OK},
};
#define STORIES (sizeof stories / sizeof stories[0])

static upay_client *client;
static serial of_client = SERIAL;
/* What callbacks have heard. */
static heard heards[THREADS][ORDERS];
/* What upay_client_next_event has handed out, to whichever thread. */
static struct {
    int finals;
    int32_t outcome;
    upay_status status;
} taken[THREADS][ORDERS];
static pthread_mutex_t taken_mutex = PTHREAD_MUTEX_INITIALIZER;

static const struct story *story_of(int thread, int order)
{
    return &stories[(size_t)(thread + order / FORMS) % STORIES];
}

static enum form form_of(int order)
{
    return (enum form)(order % FORMS);
}

/* Notes what was handed out; another thread may have paid that order. */
static void take(const upay_event *event)
{
    int thread, order;

    if (upay_event_outcome(event) == UPAY_OUTCOME_PENDING) {
        return;
    }
    CHECK(sscanf(upay_event_get(event, "client_sn"), "shared-%d-%d", &thread, &order) == 2);
    CHECK(form_of(order) != BY_CALLBACK);
    pthread_mutex_lock(&taken_mutex);
    taken[thread][order].finals++;
    taken[thread][order].outcome = upay_event_outcome(event);
    taken[thread][order].status = upay_event_status(event);
    pthread_mutex_unlock(&taken_mutex);
}

static int is_taken(int thread, int order)
{
    int finals;

    pthread_mutex_lock(&taken_mutex);
    finals = taken[thread][order].finals;
    pthread_mutex_unlock(&taken_mutex);
    return finals > 0;
}

/* Other threads take this one's events, and this one takes theirs. */
static void take_until_taken(int thread, int order)
{
    upay_event *event = NULL;
    upay_status status;
    long long until_ms = now_ms() + PATIENCE_MS;

    while (!is_taken(thread, order)) {
        CHECK(now_ms() < until_ms);
        status = upay_client_next_event(client, 50, &event);
        if (status == UPAY_OK) {
            take(event);
            upay_event_free(event);
        } else {
            CHECK_NUMBER(status, UPAY_E_TIMEOUT);
        }
    }
}

static void *pay_twenty(void *argument)
{
    int thread = *(int *)argument, n;
    upay_order *orders[ORDERS];
    char client_sn[33];

    for (n = 0; n < ORDERS; n++) {
        heard *heard = &heards[thread][n];
        int heeds = form_of(n) == BY_CALLBACK;

        snprintf(client_sn, sizeof client_sn, "shared-%d-%d", thread, n);
        orders[n] = new_order(client, client_sn, story_of(thread, n)->barcode);
        heard_init(heard, &of_client);
        CHECK_OK(upay_order_pay(orders[n], heeds ? on_event : NULL, heard, heeds ? on_drop : NULL));
    }
    for (n = 0; n < ORDERS; n++) {
        const struct story *story = story_of(thread, n);

        switch (form_of(n)) {
        case BY_CALLBACK:
            CHECK_HEARD(&heards[thread][n], story->outcome, story->status);
            break;
        case BY_WAIT:
            CHECK_END(orders[n], story->outcome, story->status);
            break;
        default:
            take_until_taken(thread, n);
            CHECK_NUMBER(taken[thread][n].outcome, story->outcome);
            CHECK_NUMBER(taken[thread][n].status, story->status);
            break;
        }
        upay_order_free(orders[n]);
    }
    return NULL;
}

static void pay_many(const char *url)
{
    pthread_t paying[THREADS];
    int numbers[THREADS], n, order;
    char client_sn[33];

    for (n = 0; n < THREADS; n++) {
        numbers[n] = n;
        paying[n] = started_thread(pay_twenty, &numbers[n]);
    }
    for (n = 0; n < THREADS; n++) {
        join(paying[n]);
    }
    for (n = 0; n < THREADS; n++) {
        for (order = 0; order < ORDERS; order++) {
            CHECK(taken[n][order].finals <= 1);
            CHECK(taken[n][order].finals == 1 || form_of(order) != BY_NEXT_EVENT);
        }
    }
    CHECK_NUMBER(ledger_count(url, "\"client_sn\":\"shared-"), THREADS * ORDERS);
    CHECK_NUMBER(ledger_count(url, "\"pays\":1,"), THREADS * ORDERS);
    snprintf(client_sn, sizeof client_sn, "shared-%d-%d", THREADS - 1, ORDERS - 1);
    CHECK_NUMBER(ledger_number(url, client_sn, "pays"), 1);
}

/* A race of all threads for one number. */
typedef struct race {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int ready, go, paid, duplicates;
    const char *client_sn;
} race;

static void *pay_the_same(void *argument)
{
    race *race = argument;
    upay_order *order = new_order(client, race->client_sn, PAID_AT_ONCE);
    upay_status status;

    pthread_mutex_lock(&race->mutex);
    race->ready++;
    pthread_cond_broadcast(&race->changed);
    WAIT_UNTIL(&race->changed, &race->mutex, race->go);
    pthread_mutex_unlock(&race->mutex);

    status = upay_order_pay(order, NULL, NULL, NULL);

    pthread_mutex_lock(&race->mutex);
    CHECK(status == UPAY_OK || status == UPAY_E_DUPLICATE);
    race->paid += status == UPAY_OK;
    race->duplicates += status == UPAY_E_DUPLICATE;
    pthread_mutex_unlock(&race->mutex);
    upay_order_free(order);
    return NULL;
}

static void race_for_one(const char *url, int number)
{
    race race = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, NULL};
    pthread_t paying[THREADS];
    upay_order *order = NULL;
    char client_sn[33];
    int n;

    snprintf(client_sn, sizeof client_sn, "race-%d", number);
    race.client_sn = client_sn;
    for (n = 0; n < THREADS; n++) {
        paying[n] = started_thread(pay_the_same, &race);
    }
    pthread_mutex_lock(&race.mutex);
    WAIT_UNTIL(&race.changed, &race.mutex, race.ready == THREADS);
    race.go = 1;
    pthread_cond_broadcast(&race.changed);
    pthread_mutex_unlock(&race.mutex);
    for (n = 0; n < THREADS; n++) {
        join(paying[n]);
    }
    CHECK_NUMBER(race.paid, 1);
    CHECK_NUMBER(race.duplicates, THREADS - 1);
    CHECK_OK(upay_order_find(client, client_sn, &order));
    UNTIL(ledger_number(url, client_sn, "pays") == 1);
    upay_order_free(order);
    order = new_order(client, client_sn, PAID_AT_ONCE);
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_DUPLICATE);
    upay_order_free(order);
}

int main(int argc, char **argv)
{
    int n;

    CHECK(argc == 3);
    client = patient_client(argv[1], argv[2]);
    pay_many(argv[1]);
    for (n = 0; n < RACES; n++) {
        race_for_one(argv[1], n);
    }
    stop_and_free(client);
    for (n = 0; n < RACES; n++) {
        char client_sn[33];

        snprintf(client_sn, sizeof client_sn, "race-%d", n);
        CHECK_NUMBER(ledger_number(argv[1], client_sn, "pays"), 1);
    }
    return 0;
}
