/* The promises of bindings/tests.txt in C: only upay.h, with the checks and helpers of tests/c. */

#include "check.h"
#include "list.h"

#define LINES 64
#define CHINESE_SUBJECT "\xE6\x8A\xAB\xE8\x90\xA8\xF0\x9F\x98\x80" /* 披萨😀 */

static const char *gateway, *directory;
static char state_dir[4096];

/* --------------------------------------------------------------------------------------------------- small helpers */

static upay_client *till(void)
{
    return patient_client(gateway, state_dir);
}

static void pay_in_pull_form(upay_order *order)
{
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
}

static void client_sn_of(upay_order *order, char client_sn[64])
{
    CHECK_OK(upay_order_get(order, "client_sn", client_sn, 64, NULL));
}

static long long charged(upay_order *order)
{
    char client_sn[64];

    client_sn_of(order, client_sn);
    return ledger_number(gateway, client_sn, "charged");
}

/* Takes events until one has the field. */
static upay_event *event_with(upay_client *client, const char *key)
{
    upay_event *event = NULL;

    for (;;) {
        CHECK_OK(upay_client_next_event(client, PATIENCE_MS, &event));
        CHECK_NUMBER(upay_event_outcome(event), UPAY_OUTCOME_PENDING);
        if (upay_event_get(event, key) != NULL) {
            return event;
        }
        upay_event_free(event);
    }
}

/* ---------------------------------------------------------------------------------------------------- the promises */

static void make(void)
{
    upay_client *client = new_client(gateway, state_dir);
    char text[64];
    size_t length = 0;

    CHECK_OK(upay_client_get(client, "terminal_sn", text, sizeof text, &length));
    CHECK_TEXT(text, TERMINAL_SN);
    CHECK_NUMBER(length, strlen(TERMINAL_SN));
    CHECK_STATUS(upay_client_get(client, "terminal_key", text, sizeof text, NULL), UPAY_E_KEY);
    CHECK(strstr(upay_last_error(), TERMINAL_KEY) == NULL);
    CHECK_OK(upay_client_start(client));
    CHECK_STATUS(upay_client_set(client, "poll", "100"), UPAY_E_STATE);
    stop_and_free(client);
    CHECK_NUMBER(upay_abi_version(), 1);
}

static void pay_success(void)
{
    upay_client *client = till();
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);
    upay_event *event;

    pay_in_pull_form(order);
    event = final_event(order);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_PAY);
    CHECK_NUMBER(upay_event_advice(event), UPAY_ADVICE_DELIVER);
    CHECK_TEXT(upay_event_get(event, "total_amount"), "1250");
    CHECK_NUMBER(charged(order), 1250);
    upay_event_free(event);
    upay_order_free(order);
    stop_and_free(client);
}

static void pay_failed(void)
{
    upay_client *client = till();
    upay_order *order = new_order(client, NULL, INSUFFICIENT_FUND);
    upay_event *event;

    pay_in_pull_form(order);
    event = final_event(order);
    CHECK_EVENT(event, UPAY_OUTCOME_FAILED, UPAY_E_REFUSED);
    CHECK_TEXT(upay_event_get(event, "biz_error_code"), "INSUFFICIENT_FUND");
    CHECK_NUMBER(charged(order), 0);
    upay_event_free(event);
    upay_order_free(order);
    stop_and_free(client);
}

static void pay_unknown(void)
{
    upay_client *client = till();
    upay_order *order = new_order(client, NULL, NOBODY_KNOWS);
    upay_event *event;
    uint32_t unfinished = 0;

    pay_in_pull_form(order);
    event = final_event(order);
    CHECK_EVENT(event, UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED);
    CHECK(upay_event_advice(event) != UPAY_ADVICE_DELIVER);
    CHECK_OK(upay_client_unfinished(client, &unfinished));
    CHECK_NUMBER(unfinished, 1);
    upay_event_free(event);
    upay_order_free(order);
    stop_and_free(client);
}

/* on_event and on_drop check the order of the phases, that nothing follows the final event, and that drop comes once. */
static void progress_in_order(void)
{
    static serial serial = SERIAL;
    static heard heard;
    upay_client *client = till();
    upay_order *order = new_order(client, NULL, PAID_AFTER_300_MS);

    heard_init(&heard, &serial);
    CHECK_OK(upay_order_pay(order, on_event, &heard, on_drop));
    CHECK_HEARD(&heard, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK(heard.progress >= 2);
    stop_and_free(client);
    heard_over(&heard);
    upay_order_free(order);
}

static void pull_form(void)
{
    upay_client *client = till();
    upay_order *order = new_order(client, "pull", PAID_AFTER_300_MS);
    upay_event *event = NULL;
    int32_t outcome = UPAY_OUTCOME_PENDING;
    int progress = 0;

    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_TIMEOUT);
    pay_in_pull_form(order);
    while (outcome == UPAY_OUTCOME_PENDING) {
        CHECK_OK(upay_client_next_event(client, PATIENCE_MS, &event));
        CHECK_TEXT(upay_event_get(event, "client_sn"), "pull");
        outcome = upay_event_outcome(event);
        progress += outcome == UPAY_OUTCOME_PENDING;
        upay_event_free(event);
    }
    CHECK_NUMBER(outcome, UPAY_OUTCOME_SUCCESS);
    CHECK(progress > 0);
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_TIMEOUT);
    upay_order_free(order);
    stop_and_free(client);
}

static void *cancel(void *order)
{
    CHECK_OK(upay_order_cancel(order, NULL, NULL, NULL));
    return NULL;
}

static void cancel_from_another_thread(void)
{
    static serial serial = SERIAL;
    static heard heard;
    upay_client *client = till();
    upay_order *order = new_order(client, NULL, NEVER_PAID);

    heard_init(&heard, &serial);
    CHECK_OK(upay_order_pay(order, on_event, &heard, on_drop));
    HEARD_UNTIL(&heard, heard.phase == 1);
    join(started_thread(cancel, order));
    CHECK_HEARD(&heard, UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED);
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(charged(order), 0);
    stop_and_free(client);
    upay_order_free(order);
}

static void refund(void)
{
    upay_client *client = till();
    upay_order *order = new_order(client, "refunded", PAID_AT_ONCE);
    upay_event *event;

    pay_in_pull_form(order);
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_OK(upay_order_set(order, "refund_request_no", "refund-1"));
    CHECK_OK(upay_order_set(order, "refund_amount", "450"));
    CHECK_OK(upay_order_refund(order, NULL, NULL, NULL));
    event = final_event(order);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_REFUND);
    CHECK_TEXT(upay_event_get(event, "refund_request_no"), "refund-1");
    upay_event_free(event);
    CHECK_NUMBER(charged(order), 800);
    CHECK_NUMBER(ledger_count(gateway, "\"refund_request_no\":\"refund-1\""), 1);
    upay_order_free(order);
    stop_and_free(client);
}

static void qr(void)
{
    upay_client *client = till();
    upay_order *order = NULL;
    upay_event *event;
    char scan[512], *reply;
    char picture[65536];
    size_t length = 0, needed = 0;

    CHECK_OK(upay_order_new(client, NULL, &order));
    CHECK_OK(upay_order_set(order, "total_amount", "1250"));
    CHECK_OK(upay_order_set(order, "subject", "Pizza"));
    CHECK_OK(upay_order_set(order, "payway", "3"));
    CHECK_OK(upay_order_precreate(order, NULL, NULL, NULL));
    event = event_with(client, "qr_code");
    snprintf(scan, sizeof scan, "{\"qr_code\":\"%s\"}", upay_event_get(event, "qr_code"));
    CHECK_STATUS(upay_qr(upay_event_get(event, "qr_code"), UPAY_QR_BMP, 4, 4, NULL, 0, &needed), UPAY_E_BUFFER);
    CHECK(needed <= sizeof picture);
    CHECK_OK(upay_qr(upay_event_get(event, "qr_code"), UPAY_QR_BMP, 4, 4, picture, sizeof picture, &length));
    CHECK_NUMBER(length, needed);
    CHECK(memcmp(picture, "BM", 2) == 0);
    CHECK_OK(upay_qr(upay_event_get(event, "qr_code"), UPAY_QR_SVG, 4, 4, picture, sizeof picture, &length));
    CHECK(memcmp(picture, "<svg", 4) == 0 && strlen(picture) == length);
    upay_event_free(event);
    reply = http_ask(gateway, "POST", "/wallet/pay", scan);
    CHECK(reply != NULL);
    free(reply);
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(charged(order), 1250);
    upay_order_free(order);
    stop_and_free(client);
}

/* One payment whose message is in this language; the subject goes both ways. */
static void pay_in(const char *language, const char *message)
{
    upay_client *client = new_client(gateway, state_dir);
    upay_order *order;
    upay_event *event;

    CHECK_OK(upay_client_set(client, "language", language));
    CHECK_OK(upay_client_start(client));
    order = new_order(client, NULL, PAID_AT_ONCE);
    CHECK_OK(upay_order_set(order, "subject", CHINESE_SUBJECT));
    pay_in_pull_form(order);
    event = final_event(order);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_TEXT(upay_event_message(event), message);
    CHECK_TEXT(upay_event_get(event, "subject"), CHINESE_SUBJECT);
    upay_event_free(event);
    upay_order_free(order);
    stop_and_free(client);
}

static void chinese_text_both_ways(void)
{
    /* 收款成功，请交货。 */
    pay_in("zh", "\xE6\x94\xB6\xE6\xAC\xBE\xE6\x88\x90\xE5\x8A\x9F\xEF\xBC\x8C\xE8\xAF\xB7\xE4\xBA\xA4\xE8\xB4\xA7"
                 "\xE3\x80\x82");
    pay_in("en", "Paid. Hand over the goods.");
}

static void bad_input(void)
{
    upay_client *client = till();
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);

    CHECK_STATUS(upay_order_set(order, "total_amount", "12.50"), UPAY_E_VALUE);
    CHECK_LAST_ERROR("total_amount");
    CHECK_LAST_ERROR("digits");
    CHECK_STATUS(upay_order_set(order, "no_such_key", "1"), UPAY_E_KEY);
    CHECK_STATUS(upay_order_set(order, "subject", "\xFF"), UPAY_E_ARGUMENT);
    CHECK_STATUS(upay_order_set(order, NULL, NULL), UPAY_E_ARGUMENT);
    upay_order_free(order);
    stop_and_free(client);
}

static void close_with_payments_under_way(void)
{
    static serial serial = SERIAL;
    static heard heard[8];
    upay_client *client = till();
    upay_order *order;
    uint32_t unfinished = 0;
    int n;

    for (n = 0; n < 8; n++) {
        heard_init(&heard[n], &serial);
        order = new_order(client, NULL, NEVER_PAID);
        CHECK_OK(upay_order_pay(order, on_event, &heard[n], on_drop));
        upay_order_free(order);
    }
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    for (n = 0; n < 8; n++) {
        heard_over(&heard[n]);
        CHECK_HEARD(&heard[n], UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    }
    upay_client_free(client);
    client = till();
    CHECK_OK(upay_client_unfinished(client, &unfinished));
    CHECK_NUMBER(unfinished, 8);
    stop_and_free(client);
}

/* One thread: pays an order with an amount that no other order has. */
typedef struct line {
    upay_client *client;
    int number;
} line;

static void *pay_at_line(void *argument)
{
    const line *line = argument;
    char client_sn[33], total_amount[16];
    upay_order *order;
    upay_event *event;

    snprintf(client_sn, sizeof client_sn, "line-%d", line->number);
    snprintf(total_amount, sizeof total_amount, "%d", 100 + line->number);
    order = new_order(line->client, client_sn, line->number % 2 == 0 ? PAID_AT_ONCE : INSUFFICIENT_FUND);
    CHECK_OK(upay_order_set(order, "total_amount", total_amount));
    pay_in_pull_form(order);
    event = final_event(order);
    CHECK_TEXT(upay_event_get(event, "client_sn"), client_sn);
    if (line->number % 2 == 0) {
        CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
        CHECK_TEXT(upay_event_get(event, "total_amount"), total_amount);
    } else {
        CHECK_EVENT(event, UPAY_OUTCOME_FAILED, UPAY_E_REFUSED);
    }
    upay_event_free(event);
    upay_order_free(order);
    return NULL;
}

static void threads_64(void)
{
    upay_client *client = till();
    pthread_t threads[LINES];
    line lines[LINES];
    int n;

    for (n = 0; n < LINES; n++) {
        lines[n].client = client;
        lines[n].number = n;
        threads[n] = started_thread(pay_at_line, &lines[n]);
    }
    for (n = 0; n < LINES; n++) {
        join(threads[n]);
    }
    CHECK_NUMBER(ledger_number(gateway, "line-62", "charged"), 162);
    CHECK_NUMBER(ledger_number(gateway, "line-63", "charged"), 0);
    stop_and_free(client);
}

static void use_after_close(void)
{
    upay_client *client = till();
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE), *another = NULL;
    upay_event *event = NULL;

    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    CHECK_STATUS(upay_order_new(client, NULL, &another), UPAY_E_CLOSED);
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_CLOSED);
    CHECK_STATUS(upay_client_next_event(client, 0, &event), UPAY_E_CLOSED);
    upay_client_free(client);
    CHECK_STATUS(upay_client_start(client), UPAY_E_HANDLE);
    CHECK_STATUS(upay_order_set(order, "subject", "Pizza"), UPAY_E_CLOSED);
    upay_order_free(order);
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_HANDLE);
    upay_order_free(order);
    upay_client_free(client);
}

/* A client that is freed without a stop ends by itself, and its journal is free again. What is not freed ends with main. */
static void let_go_without_close(void)
{
    static serial serial = SERIAL;
    static heard heard;
    upay_client *client = till(), *next;
    upay_order *order = new_order(client, NULL, NEVER_PAID);

    heard_init(&heard, &serial);
    CHECK_OK(upay_order_pay(order, on_event, &heard, on_drop));
    upay_client_free(client);
    CHECK_HEARD(&heard, UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    upay_order_free(order);
    next = new_client(gateway, state_dir);
    UNTIL(upay_client_start(next) == UPAY_OK);
    order = new_order(next, NULL, NEVER_PAID);
    pay_in_pull_form(order);
}

static void activate_and_checkin(void)
{
    upay_client *client = new_client(gateway, state_dir);
    upay_order *order;
    char terminal_sn[64], start[128], *ledger;

    CHECK_OK(upay_client_set(client, "terminal_sn", ""));
    CHECK_OK(upay_client_set(client, "terminal_key", ""));
    CHECK_OK(upay_client_set(client, "vendor_sn", "200000000000001"));
    CHECK_OK(upay_client_set(client, "vendor_key", "simulator-vendor-key"));
    CHECK_OK(upay_client_set(client, "app_id", "2026032600000001"));
    CHECK_OK(upay_client_set(client, "device_id", "till-1"));
    CHECK_OK(upay_client_activate(client, "10000001", PATIENCE_MS));
    CHECK_OK(upay_client_get(client, "terminal_sn", terminal_sn, sizeof terminal_sn, NULL));
    CHECK(strlen(terminal_sn) > 0 && strcmp(terminal_sn, TERMINAL_SN) != 0);
    CHECK_OK(upay_client_start(client));
    CHECK_OK(upay_client_checkin(client, PATIENCE_MS));
    snprintf(start, sizeof start, "{\"terminal_sn\":\"%s\"", terminal_sn);
    ledger = http_get(gateway, "/ledger");
    CHECK(number_behind(ledger, start, "checkins") >= 1);
    free(ledger);
    order = new_order(client, NULL, PAID_AT_ONCE);
    pay_in_pull_form(order);
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_order_free(order);
    stop_and_free(client);
}

static void call(void)
{
    static const char query[] = "{\"terminal_sn\":\"" TERMINAL_SN "\",\"client_sn\":\"called\"}";
    upay_client *client = till();
    upay_order *order = new_order(client, "called", PAID_AT_ONCE);
    upay_event *event = NULL;

    CHECK_OK(upay_client_call(client, "/echo/any/path", "{\"echo\":\"" CHINESE_SUBJECT "\"}", PATIENCE_MS, &event));
    CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_CALL);
    CHECK_TEXT(upay_event_get(event, "path"), "/echo/any/path");
    CHECK_TEXT(upay_event_get(event, "signer"), TERMINAL_SN);
    CHECK_TEXT(upay_event_get(event, "echo"), CHINESE_SUBJECT);
    upay_event_free(event);

    /* The reply of a path that the library knows is read as usual. */
    pay_in_pull_form(order);
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_OK(upay_client_call(client, "/upay/v2/query", query, PATIENCE_MS, &event));
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_TEXT(upay_event_get(event, "order_status"), "PAID");
    upay_event_free(event);
    upay_order_free(order);
    stop_and_free(client);
}

static void tables(void)
{
    const char *code = "INSUFFICIENT_FUND";
    size_t count = 0;
    int found = 0;

    for (; upay_code_at(UPAY_TABLE_BUSINESS_ERROR, count) != NULL; count++) {
        found += strcmp(upay_code_at(UPAY_TABLE_BUSINESS_ERROR, count), code) == 0;
    }
    CHECK(count > 10);
    CHECK_NUMBER(found, 1);
    CHECK(upay_code_text(UPAY_TABLE_BUSINESS_ERROR, code, "zh") != NULL);
    CHECK(upay_code_text(UPAY_TABLE_BUSINESS_ERROR, code, "en") != NULL);
    CHECK(strcmp(upay_code_text(UPAY_TABLE_BUSINESS_ERROR, code, "zh"),
                 upay_code_text(UPAY_TABLE_BUSINESS_ERROR, code, "en")) != 0);
    CHECK_NUMBER(upay_code_outcome(UPAY_TABLE_BUSINESS_ERROR, code), UPAY_OUTCOME_FAILED);
    CHECK_NUMBER(upay_code_advice(UPAY_TABLE_BUSINESS_ERROR, code), UPAY_ADVICE_ASK_CUSTOMER);
    CHECK(upay_code_text(UPAY_TABLE_BUSINESS_ERROR, "NO_SUCH_CODE", "en") == NULL);
    CHECK(upay_code_text(UPAY_TABLE_BUSINESS_ERROR, code, "fr") == NULL);
    CHECK_NUMBER(upay_code_outcome(UPAY_TABLE_BUSINESS_ERROR, "NO_SUCH_CODE"), UPAY_OUTCOME_UNKNOWN);
    CHECK_NUMBER(upay_code_advice(UPAY_TABLE_BUSINESS_ERROR, "NO_SUCH_CODE"), UPAY_ADVICE_NONE);
}

static upay_event *reply_read(int32_t dialect, const char *body)
{
    upay_event *event = NULL;

    CHECK_OK(upay_read_reply(dialect, 200, body, strlen(body), &event));
    CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_READ);
    return event;
}

static void read_reply_and_sign(void)
{
    static const char paid[] = "{\"result_code\":\"200\",\"biz_response\":{\"result_code\":\"PAY_SUCCESS\",\"data\":"
                               "{\"sn\":\"7\",\"client_sn\":\"c\",\"total_amount\":\"1250\",\"order_status\":\"PAID\"}}}";
    static const char body[] = "{\"terminal_sn\":\"10298371039\",\"client_sn\":\"2023\",\"subject\":"
                               "\"\xE6\x8A\xAB\xE8\x90\xA8\"}";
    char signature[33];
    upay_event *event = reply_read(UPAY_DIALECT_UPAY, paid);

    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(upay_event_advice(event), UPAY_ADVICE_DELIVER);
    CHECK_TEXT(upay_event_get(event, "client_sn"), "c");
    upay_event_free(event);
    event = reply_read(UPAY_DIALECT_CHARGE, "{\"code\":0,\"message\":\"ok\",\"data\":{\"id\":\"8\"}}");
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_TEXT(upay_event_get(event, "id"), "8");
    upay_event_free(event);
    CHECK_STATUS(upay_read_reply(UPAY_DIALECT_UPAY, 200, "<html>", 6, &event), UPAY_E_REPLY);
    CHECK_OK(upay_sign(body, strlen(body), "68d499beda5f72116592f5c527465656", signature));
    CHECK_TEXT(signature, "0dd2da3dd75614ae8f608a2868eaa432");
}

static const promise promises[] = {
#include "promises.h"
};

/* Each promise has a process of its own, and a journal. */
static void run(void (*keep)(void))
{
    snprintf(state_dir, sizeof state_dir, "%s/%ld", directory, (long)getpid());
    keep();
}

/* C has the header's numbers by including it. The test writes constants.h with the names only, without the values. */
static void print_constants(void)
{
#define CONSTANT(name) printf("%s %ld\n", #name, (long)(name));
#include "constants.h"
}

int main(int argc, char **argv)
{
    size_t n;

    if (argc > 1 && strcmp(argv[1], "constants") == 0) {
        print_constants();
        return 0;
    }
    gateway = getenv("UPAY_TEST_GATEWAY");
    directory = getenv("UPAY_TEST_DIR");
    if (gateway == NULL || directory == NULL) {
        fprintf(stderr, "UPAY_TEST_GATEWAY and UPAY_TEST_DIR are not set\n");
        return 2;
    }
    for (n = 0; n < sizeof promises / sizeof promises[0]; n++) {
        keep_one(&promises[n], run);
    }
    return 0;
}
