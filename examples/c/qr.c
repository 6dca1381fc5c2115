/*
 * Shows a code that the customer scans, and afterwards gives a part of the money back.
 *
 *   cc qr.c -lupay -o qr
 *   ./qr https://vsi-api.shouqianba.com TERMINAL_SN TERMINAL_KEY FEN PAYWAY REFUND_FEN
 *
 * The code is drawn into code.bmp and its text is printed; a till needs only one of them. PAYWAY is the wallet: 2 Alipay,
 * 3 WeChat.
 */
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

/* A complete Windows bitmap: squares of 4 pixels, a border of 4 squares. */
static void draw(const char *text)
{
    size_t length = 0;
    char *picture;
    FILE *file;

    upay_qr(text, UPAY_QR_BMP, 4, 4, NULL, 0, &length);
    picture = malloc(length);
    if (picture == NULL)
        exit(2);
    CHECK(upay_qr(text, UPAY_QR_BMP, 4, 4, picture, length, NULL));
    file = fopen("code.bmp", "wb");
    if (file == NULL || fwrite(picture, 1, length, file) != length || fclose(file) != 0)
        exit(2);
    free(picture);
    printf("scan this: %s\n", text);
    fflush(stdout);
}

/* Shows each event, and returns the outcome of the final one. A window's timer would pass 0 and call again later. */
static int outcome_of(upay_client *client)
{
    upay_event *event;
    int drawn = 0;
    int outcome = UPAY_OUTCOME_PENDING;

    do {
        if (upay_client_next_event(client, 60000, &event) != UPAY_OK)
            continue;
        printf("%s\n", upay_event_message(event));
        outcome = (int)upay_event_outcome(event);
        if (outcome == UPAY_OUTCOME_PENDING && !drawn && upay_event_get(event, "qr_code") != NULL) {
            draw(upay_event_get(event, "qr_code"));
            drawn = 1;
        }
        upay_event_free(event);
    } while (outcome == UPAY_OUTCOME_PENDING);
    return outcome;
}

int main(int argc, char **argv)
{
    upay_client *client;
    upay_order *order;
    int outcome;

    if (argc != 7) {
        fprintf(stderr, "usage: qr API_DOMAIN TERMINAL_SN TERMINAL_KEY FEN PAYWAY REFUND_FEN\n");
        return 2;
    }

    CHECK(upay_client_new(&client));
    CHECK(upay_client_set(client, "api_domain", argv[1]));
    CHECK(upay_client_set(client, "terminal_sn", argv[2]));
    CHECK(upay_client_set(client, "terminal_key", argv[3]));
    CHECK(upay_client_set(client, "state_dir", "upay-state"));
    CHECK(upay_client_set(client, "language", "en"));
    CHECK(upay_client_start(client));

    CHECK(upay_order_new(client, NULL, &order));
    CHECK(upay_order_set(order, "total_amount", argv[4]));
    CHECK(upay_order_set(order, "subject", "Groceries"));
    CHECK(upay_order_set(order, "payway", argv[5]));
    CHECK(upay_order_precreate(order, NULL, NULL, NULL));
    outcome = outcome_of(client);

    if (outcome == UPAY_OUTCOME_SUCCESS) {
        /* The same number again is the same refund. If the result is in doubt, repeat it under this number. */
        CHECK(upay_order_set(order, "refund_request_no", "1"));
        CHECK(upay_order_set(order, "refund_amount", argv[6]));
        CHECK(upay_order_refund(order, NULL, NULL, NULL));
        outcome = outcome_of(client);
        printf(outcome == UPAY_OUTCOME_SUCCESS ? "PAID, AND A PART GIVEN BACK\n" : "PAID, AND NOT GIVEN BACK\n");
    } else {
        printf(outcome == UPAY_OUTCOME_FAILED ? "NOT PAID: nothing is owed\n" : "NOBODY KNOWS: hand over no goods\n");
    }

    upay_order_free(order);
    CHECK(upay_client_stop(client, 10000));
    upay_client_free(client);
    return outcome == UPAY_OUTCOME_SUCCESS ? 0 : 1;
}
