/*
 * Each limit of the README's table that a host can run into says its name, takes nothing, and leaves the rest at work.
 */

#include "check.h"

#define ACTIONS_MAX 10000
#define HANDLES_MAX 65536
#define HANDLES_KEPT 1024
#define TEXT_BYTES_MAX 65536
#define BODY_BYTES 64000

static upay_order *orders[ACTIONS_MAX + 1];
static upay_client *clients[HANDLES_MAX];

static void actions(const char *url)
{
    upay_client *client = new_client(url, "");
    uint32_t unfinished;
    int n;

    /* Two at a time go out, and are held: the others wait for their turn. */
    CHECK_OK(upay_client_set(client, "in_flight_max", "2"));
    CHECK_OK(upay_client_start(client));
    for (n = 0; n < ACTIONS_MAX; n++) {
        orders[n] = new_order(client, NULL, HELD_FOR_30_S);
        CHECK_OK(upay_order_pay(orders[n], NULL, NULL, NULL));
    }
    orders[n] = new_order(client, NULL, PAID_AT_ONCE);
    CHECK_STATUS(upay_order_pay(orders[n], never_event, NULL, never_drop), UPAY_E_LIMIT);
    CHECK_LAST_ERROR("10000");
    CHECK_STATUS(upay_order_query(orders[0], never_event, NULL, never_drop), UPAY_E_LIMIT);
    CHECK_OK(upay_client_unfinished(client, &unfinished));
    CHECK_NUMBER(unfinished, ACTIONS_MAX);

    /* One that ends makes room for one. */
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    for (n = 0; n <= ACTIONS_MAX; n++) {
        if (n < ACTIONS_MAX) {
            CHECK_END(orders[n], UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
        }
        upay_order_free(orders[n]);
    }
    upay_client_free(client);
}

static void handles(void)
{
    upay_client *one_more;
    int n;

    for (n = 0; n < HANDLES_MAX - HANDLES_KEPT; n++) {
        CHECK_OK(upay_client_new(&clients[n]));
    }
    CHECK_STATUS(upay_client_new(&one_more), UPAY_E_LIMIT);
    CHECK_LAST_ERROR("client");
    upay_client_free(clients[0]);
    CHECK_OK(upay_client_new(&clients[0]));
    for (n = 0; n < HANDLES_MAX - HANDLES_KEPT; n++) {
        upay_client_free(clients[n]);
    }
}

static void texts(const char *url)
{
    upay_client *client = new_client(url, "");
    char *text = malloc(TEXT_BYTES_MAX + 2);
    upay_event *event;

    CHECK(text != NULL);
    memset(text, 'x', TEXT_BYTES_MAX + 1);
    text[TEXT_BYTES_MAX + 1] = '\0';
    CHECK_STATUS(upay_client_set(client, "operator", text), UPAY_E_VALUE);
    CHECK_LAST_ERROR("65536");
    text[TEXT_BYTES_MAX] = '\0';
    CHECK_STATUS(upay_client_set(client, "operator", text), UPAY_E_VALUE);
    CHECK_LAST_ERROR("operator: must be 1 to 32");
    text[4097] = '\0';
    CHECK_STATUS(upay_client_set(client, "ca_file", text), UPAY_E_VALUE);
    CHECK_LAST_ERROR("4096");
    text[4096] = '\0';
    CHECK_OK(upay_client_set(client, "ca_file", text));
    CHECK_OK(upay_client_set(client, "ca_file", ""));

    /* A large body goes out whole; the simulator takes 64 KiB, the head included. */
    CHECK_OK(upay_client_start(client));
    memset(text, ' ', TEXT_BYTES_MAX);
    memcpy(text, "{\"echo\":\"e\"", 11);
    text[BODY_BYTES - 1] = '}';
    text[BODY_BYTES] = '\0';
    CHECK_OK(upay_client_call(client, "/echo/largest", text, PATIENCE_MS, &event));
    CHECK_TEXT(upay_event_get(event, "bytes"), "64000");
    upay_event_free(event);
    free(text);
    stop_and_free(client);
}

int main(int count, char **arguments)
{
    CHECK(count >= 3);
    actions(arguments[1]);
    handles();
    texts(arguments[1]);
    return 0;
}
