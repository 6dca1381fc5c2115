/* A handle of one type is refused wherever another type is meant, alive or freed, and lives on unharmed. */

#include "every_call.h"

static void every_wrong_call(upay_client *client, upay_order *order, upay_event *event)
{
    every_client_call((upay_client *)order, UPAY_E_HANDLE);
    every_client_call((upay_client *)event, UPAY_E_HANDLE);
    every_order_call((upay_order *)client, UPAY_E_HANDLE);
    every_order_call((upay_order *)event, UPAY_E_HANDLE);
    every_event_call((upay_event *)client, UPAY_E_HANDLE);
    every_event_call((upay_event *)order, UPAY_E_HANDLE);
}

/* A lent event is an event too. */
static void on_lent(const upay_event *event, void *user_data)
{
    every_client_call((upay_client *)event, UPAY_E_HANDLE);
    every_order_call((upay_order *)event, UPAY_E_HANDLE);
    on_event(event, user_data);
}

int main(int argc, char **argv)
{
    upay_client *client;
    upay_order *order;
    upay_event *event;
    serial of_client = SERIAL;
    heard payment;

    CHECK(argc == 3);
    client = started_client(argv[1], argv[2]);
    order = new_order(client, "wrong-type", PAID_AT_ONCE);
    heard_init(&payment, &of_client);
    CHECK_OK(upay_order_pay(order, on_lent, &payment, on_drop));
    event = final_event(order);
    CHECK_HEARD(&payment, UPAY_OUTCOME_SUCCESS, UPAY_OK);

    every_wrong_call(client, order, event);

    /* All three still are what they were. */
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_DUPLICATE);
    CHECK_STATUS(upay_client_start(client), UPAY_E_STATE);

    upay_event_free(event);
    upay_order_free(order);
    stop_and_free(client);
    every_wrong_call(client, order, event);
    return 0;
}
