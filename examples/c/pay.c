/*
 * Takes one payment by polling: no callbacks, no threads of your own. A till with a window calls on_timer() from its
 * timer; here a loop takes the window's place.
 *
 *   cc pay.c -lupay -o pay
 *   ./pay https://vsi-api.shouqianba.com TERMINAL_SN TERMINAL_KEY 1250 130818341921441147
 */
#ifndef _WIN32
#define _POSIX_C_SOURCE 199309L /* nanosleep, under -std=c99 too */
#endif
#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
#define pause_ms(ms) Sleep(ms)
#else
#include <time.h>
static void pause_ms(long ms)
{
    struct timespec time;
    time.tv_sec = ms / 1000;
    time.tv_nsec = ms % 1000 * 1000000;
    nanosleep(&time, NULL);
}
#endif

#include "upay.h"

/* Every call can fail; upay_last_error says why. */
static void check(upay_status status, const char *call)
{
    if (status != UPAY_OK) {
        fprintf(stderr, "%s: status %d: %s\n", call, (int)status, upay_last_error());
        exit(2);
    }
}
#define CHECK(call) check((call), #call)

/* Takes the events since the last tick. Returns the payment's outcome, or -1 while the payment goes on. */
static int on_timer(upay_client *client)
{
    upay_event *event;
    int outcome = -1;

    while (outcome < 0 && upay_client_next_event(client, 0, &event) == UPAY_OK) {
        printf("%6s ms  %s\n", upay_event_get(event, "elapsed_ms"), upay_event_message(event));
        if (upay_event_action(event) == UPAY_ACTION_PAY && upay_event_outcome(event) != UPAY_OUTCOME_PENDING)
            outcome = (int)upay_event_outcome(event);
        upay_event_free(event);
    }
    return outcome;
}

int main(int argc, char **argv)
{
    upay_client *client;
    upay_order *order;
    char client_sn[64];
    int outcome;

    if (argc != 6) {
        fprintf(stderr, "usage: pay API_DOMAIN TERMINAL_SN TERMINAL_KEY FEN BARCODE\n");
        return 2;
    }

    /* Once, when the till starts. */
    CHECK(upay_client_new(&client));
    CHECK(upay_client_set(client, "api_domain", argv[1]));
    CHECK(upay_client_set(client, "terminal_sn", argv[2]));
    CHECK(upay_client_set(client, "terminal_key", argv[3]));
    CHECK(upay_client_set(client, "state_dir", "upay-state"));
    CHECK(upay_client_set(client, "language", "en"));
    CHECK(upay_client_start(client));

    /* For each sale. */
    CHECK(upay_order_new(client, NULL, &order));
    CHECK(upay_order_set(order, "total_amount", argv[4]));
    CHECK(upay_order_set(order, "dynamic_id", argv[5]));
    CHECK(upay_order_set(order, "subject", "Groceries"));
    CHECK(upay_order_get(order, "client_sn", client_sn, sizeof client_sn, NULL));
    CHECK(upay_order_pay(order, NULL, NULL, NULL));
    printf("order %s is under way\n", client_sn);

    while ((outcome = on_timer(client)) < 0)
        pause_ms(100);

    switch (outcome) {
    case UPAY_OUTCOME_SUCCESS:
        printf("PAID: hand over the goods\n");
        break;
    case UPAY_OUTCOME_FAILED:
        printf("NOT PAID: nothing is owed\n");
        break;
    default:
        printf("NOBODY KNOWS: hand over no goods\n");
    }

    /* Once, when the till ends. */
    upay_order_free(order);
    CHECK(upay_client_stop(client, 10000));
    upay_client_free(client);
    return outcome == UPAY_OUTCOME_SUCCESS ? 0 : 1;
}
