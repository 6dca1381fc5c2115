/*
 * A till that does one thing and ends, to be killed anywhere in between. The test looks at what is left: it runs this
 * program once for each step that there is to die at.
 */

#include "check.h"

#define AT_A_TIME 4

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

/* A till that was just stopped here may be held locked for an instant: by a program that the test starts beside it, between
 * its fork and its beginning. */
static void start(upay_client *client)
{
    upay_status status;

    UNTIL((status = upay_client_start(client)) != UPAY_E_LOCKED);
    CHECK_STATUS(status, UPAY_OK);
}

static void check_in(upay_client *client)
{
    CHECK_OK(upay_client_set(client, "terminal_sn", argument));
    CHECK_OK(upay_client_set(client, "device_id", "till"));
    CHECK_OK(upay_client_set(client, "auto_checkin", "off"));
    start(client);
    CHECK_OK(upay_client_checkin(client, PATIENCE_MS));
}

/* Again and again, as a till does whose disk is full. */
static void check_in_somehow(upay_client *client)
{
    upay_status status;
    int n;

    CHECK_OK(upay_client_set(client, "terminal_sn", argument));
    CHECK_OK(upay_client_set(client, "device_id", "till"));
    CHECK_OK(upay_client_set(client, "auto_checkin", "off"));
    if (upay_client_start(client) != UPAY_OK) {
        return;
    }
    for (n = 0; n < 3; n++) {
        status = upay_client_checkin(client, PATIENCE_MS);
        CHECK(status == UPAY_OK || status == UPAY_E_STORAGE);
        fprintf(stderr, "checked in: %d\n", (int)status);
    }
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

    start(client);
    order = new_order(client, argument, PAID_BUT_REPLY_LOST);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    wait_for_success(order);
}

static void refund(upay_client *client)
{
    upay_order *order;

    start(client);
    CHECK_OK(upay_order_new(client, argument, &order));
    CHECK_OK(upay_order_set(order, "refund_request_no", "one"));
    CHECK_OK(upay_order_set(order, "refund_amount", "250"));
    CHECK_OK(upay_order_refund(order, NULL, NULL, NULL));
    wait_for_success(order);
}

/* Says what it heard, so that the test can hold it against the ledger. */
static void tell(const char *client_sn, int32_t outcome)
{
    fprintf(stderr, "told %s %d\n", client_sn, (int)outcome);
}

/* Which of the sales under way have ended: said by the callback, which has told of it. What a wait hands out counts as told
 * before anybody has written it down. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int ended[AT_A_TIME];

static void set_ended(int *sale, int has_ended)
{
    pthread_mutex_lock(&mutex);
    *sale = has_ended;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void wait_for_end(const int *sale)
{
    pthread_mutex_lock(&mutex);
    WAIT_UNTIL(&changed, &mutex, *sale);
    pthread_mutex_unlock(&mutex);
}

static void told(const upay_event *event, void *user_data)
{
    int32_t outcome = upay_event_outcome(event);

    if (upay_event_action(event) == UPAY_ACTION_CANCEL) {
        /* A cancel that is done says the same as a payment that is not. */
        outcome = outcome == UPAY_OUTCOME_SUCCESS ? UPAY_OUTCOME_FAILED : UPAY_OUTCOME_PENDING;
    }
    if (outcome != UPAY_OUTCOME_PENDING && upay_event_action(event) != UPAY_ACTION_REFUND) {
        tell(upay_event_get(event, "client_sn"), outcome);
        if (user_data != NULL) {
            set_ended(user_data, 1);
        }
    }
}

/* On a disk that may be full: a clear error, or a verdict. */
static void pay_somehow(upay_client *client)
{
    upay_order *order;
    upay_status status;

    UNTIL((status = upay_client_start(client)) != UPAY_E_LOCKED);
    if (status != UPAY_OK) {
        CHECK_NUMBER(status, UPAY_E_STORAGE);
        return;
    }
    order = new_order(client, argument, PAID_AT_ONCE);
    status = upay_order_pay(order, told, NULL, NULL);
    if (status == UPAY_OK) {
        upay_event *event = final_event(order);
        upay_event_free(event);
    } else {
        CHECK_NUMBER(status, UPAY_E_STORAGE);
        tell(argument, -1);
    }
    upay_order_free(order);
}

/* A busy day: sale after sale, with customers of every kind, until it is killed. */
static void sell(upay_client *client)
{
    /* All but those of which the gateway itself never knows how they ended. */
    static const char *const stories[] = {
        "00", "01", "02", "03", "05", "10", "11", "12", "16", "17", "22", "25", "30", "31", "32", "33", "34", "35",
        "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "49", "50", "54", "55", "57", "60", "62", "63",
    };
    char client_sn[32], barcode[32];
    upay_order *orders[AT_A_TIME] = {NULL};
    unsigned sale, seed = (unsigned)atoi(argument);

    CHECK_OK(upay_client_set(client, "in_flight_max", "64"));
    CHECK_OK(upay_client_set(client, "reply_timeout_ms", "500"));
    CHECK_OK(upay_client_set(client, "pay_reply_timeout_ms", "500"));
    CHECK_OK(upay_client_watch(client, told, NULL, NULL));
    start(client);
    for (sale = 0; sale < 200; sale++) {
        upay_order **order = &orders[sale % AT_A_TIME];

        if (*order != NULL) {
            wait_for_end(&ended[sale % AT_A_TIME]);
            upay_order_free(*order);
        }
        set_ended(&ended[sale % AT_A_TIME], 0);
        snprintf(client_sn, sizeof client_sn, "day-%s-%u", argument, sale);
        snprintf(barcode, sizeof barcode, "1399%s000100000000",
                 stories[(seed * 31 + sale * 7) % (sizeof stories / sizeof stories[0])]);
        *order = new_order(client, client_sn, barcode);
        CHECK_OK(upay_order_pay(*order, told, &ended[sale % AT_A_TIME], NULL));
        if ((seed + sale) % 5 == 0) {
            /* The cashier gives up; it may be too late. */
            CHECK_OK(upay_order_cancel(*order, told, NULL, NULL));
        }
    }
    for (sale = 0; sale < AT_A_TIME; sale++) {
        wait_for_end(&ended[sale]);
        upay_order_free(orders[sale]);
    }
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*run)(upay_client *client);
        int is_terminal;
    } parts[] = {{"activate", activate, 0}, {"checkin", check_in, 1}, {"pay", pay, 1}, {"refund", refund, 1},
                 {"pay_somehow", pay_somehow, 1}, {"sell", sell, 1}, {"checkin_somehow", check_in_somehow, 1}};
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
