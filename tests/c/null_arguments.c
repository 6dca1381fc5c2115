/* A pointer argument that is NULL is UPAY_E_ARGUMENT, unless the header gives it a meaning; no failure writes anything. */

#include "every_call.h"

#define BODY "{\"terminal_sn\":\"10298371039\"}"

static void of_the_library(void)
{
    char signature[33] = "as was";

    CHECK_STATUS(upay_client_new(NULL), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("out");
    CHECK_OK(upay_set_log(UPAY_LOG_DEBUG, NULL, NULL));
    CHECK_STATUS(upay_sign(NULL, 5, "key", signature), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("body");
    CHECK_STATUS(upay_sign(BODY, strlen(BODY), NULL, signature), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("key");
    CHECK_STATUS(upay_sign(BODY, strlen(BODY), "key", NULL), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("out33");
    CHECK_TEXT(signature, "as was");
    /* Nothing has no bytes, wherever it stands. */
    CHECK_OK(upay_sign(NULL, 0, "key", signature));
    CHECK_NUMBER(strlen(signature), 32);
}

static void of_a_picture(void)
{
    char buffer[8] = "as was";
    size_t length = 77;

    CHECK_STATUS(upay_qr(NULL, UPAY_QR_SVG, 4, 4, buffer, sizeof buffer, &length), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("text");
    CHECK_STATUS(upay_qr("text", UPAY_QR_SVG, 4, 4, NULL, 8, &length), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("buffer");
    CHECK_NUMBER(length, 77);
    CHECK_STATUS(upay_qr("text", UPAY_QR_SVG, 4, 4, buffer, sizeof buffer, NULL), UPAY_E_BUFFER);
    CHECK_STATUS(upay_qr("text", UPAY_QR_BMP, 4, 4, NULL, 0, NULL), UPAY_E_BUFFER);
    CHECK_TEXT(buffer, "as was");
}

static void of_a_notification(void)
{
    upay_event *event = UNTOUCHED;

    CHECK_STATUS(upay_verify_notify(NULL, 5, "signature", "key", &event), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("body");
    CHECK_STATUS(upay_verify_notify(BODY, strlen(BODY), NULL, "key", &event), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("authorization");
    CHECK_STATUS(upay_verify_notify(BODY, strlen(BODY), "signature", NULL, &event), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("public_key_pem");
    CHECK_STATUS(upay_verify_notify(BODY, strlen(BODY), "signature", "key", NULL), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("out");
    CHECK_STATUS(upay_verify_notify(BODY, strlen(BODY), "signature", "key", &event), UPAY_E_VALUE);
    CHECK_LAST_ERROR("public_key_pem");
    CHECK(event == UNTOUCHED);
}

static void of_codes(void)
{
    CHECK(upay_code_text(UPAY_TABLE_ORDER_STATUS, NULL, "zh") == NULL);
    CHECK(upay_code_text(UPAY_TABLE_ORDER_STATUS, "PAID", NULL) == NULL);
    CHECK(upay_code_text(UPAY_TABLE_ORDER_STATUS, "PAID", "zh") != NULL);
    CHECK_NUMBER(upay_code_outcome(UPAY_TABLE_ORDER_STATUS, NULL), UPAY_OUTCOME_UNKNOWN);
    CHECK_NUMBER(upay_code_outcome(UPAY_TABLE_ORDER_STATUS, "PAID"), UPAY_OUTCOME_SUCCESS);
    CHECK_NUMBER(upay_code_advice(UPAY_TABLE_ORDER_STATUS, NULL), UPAY_ADVICE_NONE);
    CHECK_NUMBER(upay_code_advice(UPAY_TABLE_ORDER_STATUS, "PAID"), UPAY_ADVICE_DELIVER);
}

static void of_a_reply(void)
{
    upay_event *event = UNTOUCHED;

    CHECK_STATUS(upay_read_reply(UPAY_DIALECT_UPAY, 200, NULL, 5, &event), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("body");
    CHECK_STATUS(upay_read_reply(UPAY_DIALECT_UPAY, 200, BODY, strlen(BODY), NULL), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("out");
    /* Nothing has no bytes, wherever it stands; and it is no reply. */
    CHECK_STATUS(upay_read_reply(UPAY_DIALECT_UPAY, 200, NULL, 0, &event), UPAY_E_REPLY);
    CHECK_STATUS(upay_read_reply(UPAY_DIALECT_CHARGE, 503, BODY, strlen(BODY), &event), UPAY_E_GATEWAY);
    CHECK(event == UNTOUCHED);
}

static void of_a_client(upay_client *client)
{
    char buffer[8] = "as was";
    size_t length = 77;
    upay_order *order = UNTOUCHED;

    CHECK_STATUS(upay_client_set(client, NULL, "somebody"), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("key");
    CHECK_STATUS(upay_client_set(client, "operator", NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_client_get(client, NULL, buffer, sizeof buffer, &length), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("key");
    CHECK_STATUS(upay_client_get(client, "operator", NULL, 8, &length), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("buffer");
    CHECK_STATUS(upay_client_unfinished(client, NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_client_next_event(client, 0, NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_client_next_event(client, 100000, NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_order_new(client, "null", NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_order_new(client, NULL, NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_order_find(client, "null", NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_order_find(client, NULL, &order), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("client_sn");
    CHECK_TEXT(buffer, "as was");
    CHECK_NUMBER(length, 77);
    CHECK(order == UNTOUCHED);
    CHECK_OK(upay_client_get(client, "operator", buffer, sizeof buffer, NULL));
    CHECK_TEXT(buffer, "cashier");
}

/* Other failures write as little. */
static void of_a_client_that_cannot(upay_client *client)
{
    char buffer[8] = "as was";
    size_t length = 77;
    uint32_t count = 77;
    upay_order *order = UNTOUCHED;
    upay_event *event = UNTOUCHED;

    CHECK_STATUS(upay_client_get(client, "no_such_key", buffer, sizeof buffer, &length), UPAY_E_KEY);
    CHECK_STATUS(upay_client_get(client, "terminal_key", buffer, sizeof buffer, &length), UPAY_E_KEY);
    CHECK_STATUS(upay_client_unfinished(client, &count), UPAY_E_STATE);
    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_STATE);
    CHECK_STATUS(upay_order_new(client, "with white space", &order), UPAY_E_VALUE);
    CHECK_STATUS(upay_order_find(client, "never-made", &order), UPAY_E_STATE);
    CHECK_OK(upay_client_start(client));
    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_TIMEOUT);
    CHECK_STATUS(upay_order_find(client, "never-made", &order), UPAY_E_NOT_FOUND);
    CHECK_TEXT(buffer, "as was");
    CHECK_NUMBER(length, 77);
    CHECK_NUMBER(count, 77);
    CHECK(order == UNTOUCHED);
    CHECK(event == UNTOUCHED);
}

static void of_an_order(upay_client *client)
{
    upay_order *order = new_order(client, "null", PAID_AT_ONCE);
    char buffer[8] = "as was";
    size_t length = 77;
    upay_event *event = UNTOUCHED;

    CHECK_STATUS(upay_order_set(order, NULL, "Pizza"), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("key");
    CHECK_STATUS(upay_order_set(order, "subject", NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_order_get(order, NULL, buffer, sizeof buffer, &length), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("key");
    CHECK_STATUS(upay_order_get(order, "subject", NULL, 8, &length), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_order_get(order, "trade_no", buffer, sizeof buffer, &length), UPAY_E_NOT_FOUND);
    CHECK_STATUS(upay_order_wait(order, 0, NULL), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_order_wait(order, 0, &event), UPAY_E_STATE);
    CHECK_TEXT(buffer, "as was");
    CHECK_NUMBER(length, 77);
    CHECK(event == UNTOUCHED);
    CHECK_OK(upay_order_get(order, "subject", buffer, sizeof buffer, NULL));
    CHECK_TEXT(buffer, "Pizza");

    /* No functions, no user_data: the pull form. */
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    CHECK_STATUS(upay_order_wait(order, PATIENCE_MS, NULL), UPAY_E_ARGUMENT);
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_OK(upay_order_query(order, NULL, NULL, NULL));
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_OK(upay_order_cancel(order, NULL, NULL, NULL));
    event = final_event(order);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);

    CHECK(upay_event_get(event, NULL) == NULL);
    CHECK_STATUS(upay_event_copy(event, NULL), UPAY_E_ARGUMENT);
    CHECK(upay_event_message(event) != NULL);
    upay_event_free(event);
    upay_order_free(order);
}

int main(int argc, char **argv)
{
    upay_client *client;

    CHECK(argc == 3);
    of_the_library();
    of_a_picture();
    of_a_notification();
    of_codes();
    of_a_reply();
    client = new_client(argv[1], argv[2]);
    of_a_client(client);
    CHECK_OK(upay_client_watch(client, NULL, NULL, NULL));
    of_a_client_that_cannot(client);
    of_a_client(client);
    of_an_order(client);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    upay_client_free(client);
    upay_client_free(NULL);
    upay_order_free(NULL);
    upay_event_free(NULL);
    return 0;
}
