/*
 * Stop may come while another thread is in the middle of a pay call: the call either fails with UPAY_E_CLOSED and has
 * taken nothing, or has its one final event and its one drop before stop returns.
 */

#include "check.h"

/* Each round stops a little later than the one before, so that stop meets the call at every place. */
#define ROUNDS 300
#define ROUND_US 20
#define ROUNDS_IN_A_SWEEP 100

typedef struct payment {
    upay_order *order;
    heard heard;
    upay_status status;
} payment;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int stopped;

static void before_the_stop_alone(void)
{
    pthread_mutex_lock(&mutex);
    CHECK(!stopped && "no callback runs after stop");
    pthread_mutex_unlock(&mutex);
}

/* A till that draws its window takes its time over each event, and stop waits for it. */
static void on_event_before_stop(const upay_event *event, void *user_data)
{
    const struct timespec drawing = {0, 2000000};

    before_the_stop_alone();
    on_event(event, user_data);
    nanosleep(&drawing, NULL);
    before_the_stop_alone();
}

static void on_drop_before_stop(void *user_data)
{
    before_the_stop_alone();
    on_drop(user_data);
}

static void *pay(void *argument)
{
    payment *payment = argument;

    payment->status = upay_order_pay(payment->order, on_event_before_stop, &payment->heard, on_drop_before_stop);
    return NULL;
}

static void spin_us(long long us)
{
    struct timespec from, now;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000LL + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

/* Returns whether the payment was taken. */
static int one_round(const char *url, const char *state_dir, long long us)
{
    upay_client *client = started_client(url, state_dir);
    serial of_client = SERIAL;
    payment payment;
    pthread_t paying;

    stopped = 0;
    payment.order = new_order(client, NULL, PAID_AT_ONCE);
    heard_init(&payment.heard, &of_client);
    paying = started_thread(pay, &payment);
    spin_us(us);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    pthread_mutex_lock(&mutex);
    stopped = 1;
    pthread_mutex_unlock(&mutex);
    join(paying);
    CHECK(payment.status == UPAY_OK || payment.status == UPAY_E_CLOSED);
    CHECK_NUMBER(payment.heard.finals, payment.status == UPAY_OK);
    CHECK_NUMBER(payment.heard.drops, payment.status == UPAY_OK);
    upay_order_free(payment.order);
    upay_client_free(client);
    return payment.status == UPAY_OK;
}

int main(int argc, char **argv)
{
    int round, taken = 0;

    CHECK(argc == 3);
    for (round = 0; round < ROUNDS; round++) {
        taken += one_round(argv[1], argv[2], (long long)ROUND_US * (round % ROUNDS_IN_A_SWEEP));
    }
    CHECK(taken > 0);
    return 0;
}
