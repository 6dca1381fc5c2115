/*
 * Stop may come while another thread is in the middle of a pay call: the call either fails with UPAY_E_CLOSED and has
 * taken nothing, or has its one final event and its one drop before stop returns.
 */

#include "check.h"

/* In a sweep each round stops a little later than the one before: from well before the call to well behind it. */
#define ROUNDS_IN_A_SWEEP 100
#ifdef UNDER_VALGRIND
/* A round takes a third of a second there. */
#define ROUNDS ROUNDS_IN_A_SWEEP
#else
#define ROUNDS (3 * ROUNDS_IN_A_SWEEP)
#endif

typedef struct payment {
    upay_order *order;
    heard heard;
    upay_status status;
    long long call_at_us;
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

static long long now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void until_us(long long at_us)
{
    while (now_us() < at_us) {
        sched_yield();
    }
}

static void *pay(void *argument)
{
    payment *payment = argument;

    until_us(payment->call_at_us);
    payment->status = upay_order_pay(payment->order, on_event_before_stop, &payment->heard, on_drop_before_stop);
    return NULL;
}

/* How long a call takes that is left alone, with the start of its thread. */
static long long undisturbed_us(const char *url, const char *state_dir)
{
    upay_client *client = started_client(url, state_dir);
    serial of_client = SERIAL;
    payment payment;
    long long from_us = now_us(), us;

    payment.order = new_order(client, NULL, PAID_AT_ONCE);
    payment.call_at_us = from_us;
    heard_init(&payment.heard, &of_client);
    join(started_thread(pay, &payment));
    us = now_us() - from_us;
    CHECK_NUMBER(payment.status, UPAY_OK);
    CHECK_HEARD(&payment.heard, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_order_free(payment.order);
    stop_and_free(client);
    return us;
}

/* Stops so long behind the beginning of the call; a negative time is before it. Returns whether the payment was taken. */
static int one_round(const char *url, const char *state_dir, long long stop_after_us)
{
    upay_client *client = started_client(url, state_dir);
    serial of_client = SERIAL;
    payment payment;
    pthread_t paying;
    long long from_us;

    stopped = 0;
    payment.order = new_order(client, NULL, PAID_AT_ONCE);
    heard_init(&payment.heard, &of_client);
    from_us = now_us();
    payment.call_at_us = stop_after_us < 0 ? from_us - stop_after_us : from_us;
    paying = started_thread(pay, &payment);
    until_us(payment.call_at_us + stop_after_us);
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
    long long us;

    CHECK(argc == 3);
    /* The first call takes up to ten times as long as those behind it: under valgrind, whose translation it waits for. */
    undisturbed_us(argv[1], argv[2]);
    us = undisturbed_us(argv[1], argv[2]);
    for (round = 0; round < ROUNDS; round++) {
        int place = round % ROUNDS_IN_A_SWEEP;

        /* From once the call's time before it to twice that behind its beginning. */
        taken += one_round(argv[1], argv[2], us * (3 * place - ROUNDS_IN_A_SWEEP) / ROUNDS_IN_A_SWEEP);
    }
    CHECK(taken > 0 && taken < ROUNDS && "stop came before some calls, and behind others");
    return 0;
}
