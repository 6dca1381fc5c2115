/*
 * A till that does one thing and ends, to be killed anywhere in between. The test looks at what is left: it runs this
 * program once for each step that there is to die at.
 */

#include "check.h"

static const char *argument;

/* The simulator's vendor, and what else an activation needs. */
static void activate(upay_client *client)
{
    CHECK_OK(upay_client_set(client, "vendor_sn", "200000000000001"));
    CHECK_OK(upay_client_set(client, "vendor_key", "simulator-vendor-key"));
    CHECK_OK(upay_client_set(client, "app_id", "1"));
    CHECK_OK(upay_client_set(client, "device_id", "till"));
    CHECK_OK(upay_client_activate(client, argument, PATIENCE_MS));
}

static void check_in(upay_client *client)
{
    CHECK_OK(upay_client_set(client, "terminal_sn", argument));
    CHECK_OK(upay_client_set(client, "device_id", "till"));
    CHECK_OK(upay_client_set(client, "auto_checkin", "off"));
    CHECK_OK(upay_client_start(client));
    CHECK_OK(upay_client_checkin(client, PATIENCE_MS));
}

static void wait_for_success(upay_order *order)
{
    upay_event *event = NULL;

    CHECK_OK(upay_order_wait(order, PATIENCE_MS, &event));
    CHECK_NUMBER(upay_event_outcome(event), UPAY_OUTCOME_SUCCESS);
    upay_event_free(event);
    upay_order_free(order);
}

static void pay(upay_client *client)
{
    upay_order *order;

    CHECK_OK(upay_client_start(client));
    order = new_order(client, argument, PAID_BUT_REPLY_LOST);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    wait_for_success(order);
}

static void refund(upay_client *client)
{
    upay_order *order;

    CHECK_OK(upay_client_start(client));
    CHECK_OK(upay_order_new(client, argument, &order));
    CHECK_OK(upay_order_set(order, "refund_request_no", "one"));
    CHECK_OK(upay_order_set(order, "refund_amount", "250"));
    CHECK_OK(upay_order_refund(order, NULL, NULL, NULL));
    wait_for_success(order);
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*run)(upay_client *client);
        int is_terminal;
    } parts[] = {{"activate", activate, 0}, {"checkin", check_in, 1}, {"pay", pay, 1}, {"refund", refund, 1}};
    upay_client *client;
    size_t part;

    CHECK(count == 5);
    argument = arguments[4];
    for (part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        if (strcmp(parts[part].name, arguments[3]) == 0) {
            client = new_client(arguments[1], arguments[2]);
            if (!parts[part].is_terminal) {
                CHECK_OK(upay_client_set(client, "terminal_sn", ""));
                CHECK_OK(upay_client_set(client, "terminal_key", ""));
            }
            parts[part].run(client);
            stop_and_free(client);
            return 0;
        }
    }
    return 2;
}
