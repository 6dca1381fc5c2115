/*
 * Bad input is refused at once, with the field's name in the last error. Nothing is sent, nothing is written down, and
 * the same order can be mended and paid.
 */

#include "check.h"

#define CHARACTERS_16 "披萨披萨披萨披萨披萨披萨披萨披萨"
#define CHARACTERS_64 CHARACTERS_16 CHARACTERS_16 CHARACTERS_16 CHARACTERS_16
#define DIGITS_32 "12345678901234567890123456789012"
/* Pizza in GBK, which is not UTF-8. */
#define GBK_PIZZA "\xC5\xFB\xC8\xF8"

static const struct bad_field {
    const char *key, *value;
    upay_status status;
} bad_fields[] = {
    {"total_amount", "", UPAY_E_VALUE},
    {"total_amount", "0", UPAY_E_VALUE},
    {"total_amount", "00", UPAY_E_VALUE},
    {"total_amount", "-1", UPAY_E_VALUE},
    {"total_amount", "+1", UPAY_E_VALUE},
    {"total_amount", "1.5", UPAY_E_VALUE},
    {"total_amount", "1,5", UPAY_E_VALUE},
    {"total_amount", "1e3", UPAY_E_VALUE},
    {"total_amount", "01", UPAY_E_VALUE},
    {"total_amount", " 1", UPAY_E_VALUE},
    {"total_amount", "1\n", UPAY_E_VALUE},
    {"total_amount", "12345678901", UPAY_E_VALUE},
    {"total_amount", "１２５０", UPAY_E_VALUE},
    {"total_amount", "twelve", UPAY_E_VALUE},
    {"dynamic_id", "", UPAY_E_VALUE},
    {"dynamic_id", DIGITS_32 "3", UPAY_E_VALUE},
    {"dynamic_id", "1308183419 21441147", UPAY_E_VALUE},
    {"dynamic_id", "130818341921441147\r", UPAY_E_VALUE},
    {"subject", "", UPAY_E_VALUE},
    {"subject", CHARACTERS_64 "饼", UPAY_E_VALUE},
    {"subject", "Piz\x07za", UPAY_E_VALUE},
    {"subject", GBK_PIZZA, UPAY_E_ARGUMENT},
    {"subject", "\xED\xA0\xBD\xED\xB8\x80", UPAY_E_ARGUMENT},
};

/* Fields that nobody needs: the order stays payable without them. */
static const struct bad_field bad_options[] = {
    {"operator", DIGITS_32 "3", UPAY_E_VALUE},
    {"operator", GBK_PIZZA, UPAY_E_ARGUMENT},
    {"payway", "weixin", UPAY_E_VALUE},
    {"payway", "12345", UPAY_E_VALUE},
    {"description", CHARACTERS_64 CHARACTERS_64 CHARACTERS_64 CHARACTERS_64 "饼", UPAY_E_VALUE},
    {"longitude", "180.1", UPAY_E_VALUE},
    {"longitude", "east", UPAY_E_VALUE},
    {"latitude", "-90.1", UPAY_E_VALUE},
    {"latitude", "nan", UPAY_E_VALUE},
    {"device_id", DIGITS_32 "3", UPAY_E_VALUE},
    {"extended", "[]", UPAY_E_VALUE},
    {"extended", "{", UPAY_E_VALUE},
    {"goods_details", "{}", UPAY_E_VALUE},
    {"goods_details", "[1,", UPAY_E_VALUE},
    {"reflect", CHARACTERS_64 "饼", UPAY_E_VALUE},
    {"notify_url", "http://127.0.0.1/a b", UPAY_E_VALUE},
    {"no_such_field", "1", UPAY_E_KEY},
    {"Total_Amount", "1", UPAY_E_KEY},
    {"client_sn", "another", UPAY_E_KEY},
    {"terminal_sn", "another", UPAY_E_KEY},
};

static const char *const bad_client_sns[] = {
    "", DIGITS_32 "3", "with white space", " ", "with\ttab", "with\x01" "control", "with\x7F" "delete", "全角　空格",
    "支付支付支付支付支付支",
};

static const struct bad_field bad_settings[] = {
    {"api_domain", "http://example.com", UPAY_E_VALUE},
    {"api_domain", "http://10.0.0.1", UPAY_E_VALUE},
    {"api_domain", "http://127.0.0.1.example.com", UPAY_E_VALUE},
    {"api_domain", "https://example.com/upay", UPAY_E_VALUE},
    {"api_domain", "example.com", UPAY_E_VALUE},
    {"api_domain", "", UPAY_E_VALUE},
    {"terminal_sn", DIGITS_32 "3", UPAY_E_VALUE},
    {"terminal_sn", "10298 371039", UPAY_E_VALUE},
    {"terminal_key", "secret key", UPAY_E_VALUE},
    {"terminal_key", "secret\r\nHost: x", UPAY_E_VALUE},
    {"operator", DIGITS_32 "3", UPAY_E_VALUE},
    {"operator", GBK_PIZZA, UPAY_E_ARGUMENT},
    {"encoding", "latin1", UPAY_E_VALUE},
    {"encoding", "", UPAY_E_VALUE},
    {"language", "fr", UPAY_E_VALUE},
    {"connect_timeout_ms", "0", UPAY_E_VALUE},
    {"connect_timeout_ms", "60001", UPAY_E_VALUE},
    {"reply_timeout_ms", "120001", UPAY_E_VALUE},
    {"pay_reply_timeout_ms", "-1", UPAY_E_VALUE},
    {"pay_timeout_ms", "3600001", UPAY_E_VALUE},
    {"pay_timeout_ms", "1.5", UPAY_E_VALUE},
    {"cancel_timeout_ms", "soon", UPAY_E_VALUE},
    {"not_found_grace_ms", "99999999999999999999", UPAY_E_VALUE},
    {"poll", "", UPAY_E_VALUE},
    {"poll", "0", UPAY_E_VALUE},
    {"poll", "777*", UPAY_E_VALUE},
    {"poll", "86400001", UPAY_E_VALUE},
    {"watch", "777;999", UPAY_E_VALUE},
    {"proxy", "127.0.0.1:3128", UPAY_E_VALUE},
    {"proxy", "https://127.0.0.1:3128", UPAY_E_VALUE},
    {"in_flight_max", "1", UPAY_E_VALUE},
    {"in_flight_max", "257", UPAY_E_VALUE},
    {"no_such_setting", "1", UPAY_E_KEY},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* The last error is for a programmer's log: one line of plain ASCII, and never the value itself. */
static void check_last_error_of(const struct bad_field *bad)
{
    const char *error = upay_last_error(), *c;

    int names_it = strstr(error, bad->key) != NULL, quotes_it = strlen(bad->value) > 3 && strstr(error, bad->value);

    if (!names_it || quotes_it) {
        fprintf(stderr, "\"%s\" = \"%s\": the last error is: %s\n", bad->key, bad->value, error);
    }
    CHECK(names_it && "the last error names the field");
    CHECK(!quotes_it && "the last error does not hold the value");
    for (c = error; *c != '\0'; c++) {
        CHECK(*c >= ' ' && *c <= '~');
    }
}

/* Nobody has heard of this order: not the gateway and not the journal. */
static void check_untouched(const char *url, upay_client *client, upay_order *order)
{
    char client_sn[64];
    upay_order *found = NULL;
    uint32_t unfinished = 77;

    CHECK_OK(upay_order_get(order, "client_sn", client_sn, sizeof client_sn, NULL));
    CHECK_NUMBER(ledger_number(url, client_sn, "pays"), -1);
    CHECK_STATUS(upay_order_find(client, client_sn, &found), UPAY_E_NOT_FOUND);
    CHECK(found == NULL);
    CHECK_OK(upay_client_unfinished(client, &unfinished));
    CHECK_NUMBER(unfinished, 0);
}

static void pay_and_free(upay_order *order)
{
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_order_free(order);
}

/* An order that has everything but this field. */
static upay_order *order_without(upay_client *client, const char *key)
{
    static const char *const fields[][2] = {
        {"total_amount", "1250"}, {"dynamic_id", PAID_AT_ONCE}, {"subject", CHARACTERS_64},
    };
    upay_order *order = NULL;
    size_t n;

    CHECK_OK(upay_order_new(client, NULL, &order));
    for (n = 0; n < COUNT(fields); n++) {
        if (strcmp(fields[n][0], key) != 0) {
            CHECK_OK(upay_order_set(order, fields[n][0], fields[n][1]));
        }
    }
    return order;
}

static void fields_of_an_order(const char *url, upay_client *client)
{
    size_t n;
    upay_order *order;

    for (n = 0; n < COUNT(bad_fields); n++) {
        const struct bad_field *bad = &bad_fields[n];

        order = order_without(client, bad->key);
        CHECK_STATUS(upay_order_set(order, bad->key, bad->value), bad->status);
        check_last_error_of(bad);
        CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_MISSING);
        CHECK_LAST_ERROR(bad->key);
        check_untouched(url, client, order);
        CHECK_OK(upay_order_set(order, "total_amount", "1250"));
        CHECK_OK(upay_order_set(order, "dynamic_id", PAID_AT_ONCE));
        CHECK_OK(upay_order_set(order, "subject", CHARACTERS_64));
        pay_and_free(order);
    }
    for (n = 0; n < COUNT(bad_options); n++) {
        order = order_without(client, "");
        CHECK_STATUS(upay_order_set(order, bad_options[n].key, bad_options[n].value), bad_options[n].status);
        check_last_error_of(&bad_options[n]);
        pay_and_free(order);
    }
}

/* A bad value does not take the good one's place. */
static void a_good_value_stays(upay_client *client)
{
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);
    char amount[16];

    CHECK_STATUS(upay_order_set(order, "total_amount", "0"), UPAY_E_VALUE);
    CHECK_OK(upay_order_get(order, "total_amount", amount, sizeof amount, NULL));
    CHECK_TEXT(amount, "1250");
    pay_and_free(order);
}

static void missing_fields(const char *url, upay_client *client)
{
    static const char *const needed[] = {"total_amount", "dynamic_id", "subject"};
    size_t n;

    for (n = 0; n < COUNT(needed); n++) {
        upay_order *order = order_without(client, needed[n]);

        CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_MISSING);
        CHECK_LAST_ERROR(needed[n]);
        check_untouched(url, client, order);
        CHECK_OK(upay_order_set(order, needed[n], n == 0 ? "1250" : n == 1 ? PAID_AT_ONCE : "Pizza"));
        pay_and_free(order);
    }
}

static void longitude_without_latitude(const char *url, upay_client *client)
{
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);

    CHECK_OK(upay_order_set(order, "longitude", "121.615459"));
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_VALUE);
    CHECK_LAST_ERROR("latitude");
    check_untouched(url, client, order);
    CHECK_OK(upay_order_set(order, "latitude", "31.20"));
    CHECK_OK(upay_order_set(order, "longitude", ""));
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_VALUE);
    CHECK_LAST_ERROR("longitude");
    check_untouched(url, client, order);
    CHECK_OK(upay_order_set(order, "longitude", "121.615459"));
    pay_and_free(order);
}

/* Text that never seems to end. */
static void much_too_long(upay_client *client)
{
    enum { LENGTH = 1000000 };
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);
    char *text = malloc(LENGTH + 1);

    CHECK(text != NULL);
    memset(text, '1', LENGTH);
    text[LENGTH] = '\0';
    CHECK_STATUS(upay_order_set(order, "subject", text), UPAY_E_VALUE);
    CHECK_STATUS(upay_order_set(order, text, "1"), UPAY_E_VALUE);
    free(text);
    pay_and_free(order);
}

static void numbers_of_an_order(upay_client *client)
{
    upay_order *order = NULL;
    size_t n;

    for (n = 0; n < COUNT(bad_client_sns); n++) {
        CHECK_STATUS(upay_order_new(client, bad_client_sns[n], &order), UPAY_E_VALUE);
        CHECK_LAST_ERROR("client_sn");
        CHECK_STATUS(upay_order_find(client, bad_client_sns[n], &order), UPAY_E_VALUE);
        CHECK_LAST_ERROR("client_sn");
        CHECK(order == NULL);
    }
    CHECK_STATUS(upay_order_new(client, GBK_PIZZA, &order), UPAY_E_ARGUMENT);
    CHECK_LAST_ERROR("client_sn");
    CHECK(order == NULL);
    order = new_order(client, DIGITS_32, PAID_AT_ONCE);
    pay_and_free(order);
    order = new_order(client, "支付支付支付支付支付", PAID_AT_ONCE);
    pay_and_free(order);
}

static void settings_of_a_client(upay_client *client)
{
    char before[256], behind[256];
    size_t n;

    for (n = 0; n < COUNT(bad_settings); n++) {
        const struct bad_field *bad = &bad_settings[n];
        int readable = upay_client_get(client, bad->key, before, sizeof before, NULL) == UPAY_OK;

        CHECK_STATUS(upay_client_set(client, bad->key, bad->value), bad->status);
        check_last_error_of(bad);
        if (readable) {
            CHECK_OK(upay_client_get(client, bad->key, behind, sizeof behind, NULL));
            CHECK_TEXT(behind, before);
        }
    }
}

/* A client that lacks what it needs can be mended and started. */
static void settings_that_start_needs(const char *url)
{
    static const char *const needed[][2] = {{"terminal_sn", TERMINAL_SN}, {"terminal_key", TERMINAL_KEY}};
    size_t n;

    for (n = 0; n < COUNT(needed); n++) {
        upay_client *client = new_client(url, "");

        CHECK_OK(upay_client_set(client, needed[n][0], ""));
        CHECK_STATUS(upay_client_start(client), UPAY_E_MISSING);
        CHECK_LAST_ERROR(needed[n][0]);
        CHECK_OK(upay_client_set(client, needed[n][0], needed[n][1]));
        CHECK_OK(upay_client_set(client, "ca_file", "/no/such/file.pem"));
        CHECK_STATUS(upay_client_start(client), UPAY_E_VALUE);
        CHECK_LAST_ERROR("ca_file");
        CHECK_OK(upay_client_set(client, "ca_file", ""));
        CHECK_OK(upay_client_start(client));
        stop_and_free(client);
    }
}

int main(int argc, char **argv)
{
    upay_client *client;

    CHECK(argc == 3);
    client = new_client(argv[1], argv[2]);
    settings_of_a_client(client);
    CHECK_OK(upay_client_start(client));
    fields_of_an_order(argv[1], client);
    a_good_value_stays(client);
    missing_fields(argv[1], client);
    longitude_without_latitude(argv[1], client);
    much_too_long(client);
    numbers_of_an_order(client);
    settings_that_start_needs(argv[1]);
    /* The simulator knows the gateway's rules for itself, and has found nothing to refuse. */
    CHECK_NUMBER(ledger_total(argv[1], "refused"), 0);
    stop_and_free(client);
    return 0;
}
