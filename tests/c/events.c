/*
 * An event is a snapshot: a copy outlives the callback and the client, its text lives until it is freed, and what a
 * program may log of it holds no secret.
 */

#include "check.h"

/* The payer's account and number in every reply of the simulator begin like this. */
#define PAYER_LOGIN "138****"
#define PAYER_UID "okSzXt3uY4"

/* The first and the last event of a payment, kept by the callback. */
typedef struct kept {
    serial of_client;
    heard heard;
    upay_event *first, *last;
    const upay_event *lent;
    char message[512], client_sn[64];
} kept;

static void keep(const upay_event *event, void *user_data)
{
    kept *kept = user_data;
    upay_event *copy = NULL;

    CHECK_OK(upay_event_copy(event, &copy));
    CHECK(copy != event);
    CHECK(kept->lent != event && "every event has a handle of its own");
    kept->lent = event;
    if (kept->first == NULL) {
        kept->first = copy;
    } else {
        upay_event_free(kept->last);
        kept->last = copy;
    }
    CHECK_TEXT(upay_event_message(copy), upay_event_message(event));
    CHECK_TEXT(upay_event_json(copy), upay_event_json(event));
    snprintf(kept->message, sizeof kept->message, "%s", upay_event_message(event));
    snprintf(kept->client_sn, sizeof kept->client_sn, "%s", upay_event_get(event, "client_sn"));
    on_event(event, &kept->heard);
}

static void on_drop_of_kept(void *user_data)
{
    kept *kept = user_data;

    on_drop(&kept->heard);
}

static void a_copy_outlives_callback_and_client(const char *url, const char *state_dir)
{
    upay_client *client = patient_client(url, state_dir);
    upay_order *order = new_order(client, "kept", PAID_AFTER_300_MS);
    kept kept;
    upay_event *copy = NULL;
    const char *message, *client_sn, *json, *status;

    memset(&kept, 0, sizeof kept);
    CHECK(pthread_mutex_init(&kept.of_client, NULL) == 0);
    heard_init(&kept.heard, &kept.of_client);
    CHECK_OK(upay_order_pay(order, keep, &kept, on_drop_of_kept));
    CHECK_HEARD(&kept.heard, UPAY_OUTCOME_SUCCESS, UPAY_OK);

    /* What was lent is gone. */
    CHECK(upay_event_message(kept.lent) == NULL);
    CHECK_STATUS(upay_event_copy(kept.lent, &copy), UPAY_E_HANDLE);

    message = upay_event_message(kept.last);
    client_sn = upay_event_get(kept.last, "client_sn");
    json = upay_event_json(kept.last);
    status = upay_event_get(kept.last, "order_status");
    CHECK(upay_event_message(kept.last) == message && "asked again, it is the same text");
    upay_order_free(order);
    stop_and_free(client);

    CHECK_NUMBER(upay_event_action(kept.first), UPAY_ACTION_PAY);
    CHECK_NUMBER(upay_event_outcome(kept.first), UPAY_OUTCOME_PENDING);
    CHECK_NUMBER(upay_event_advice(kept.first), UPAY_ADVICE_WAIT);
    CHECK_TEXT(upay_event_get(kept.first, "phase"), "sending");
    CHECK(upay_event_get(kept.first, "order_status") == NULL);
    CHECK_EVENT(kept.last, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(upay_event_advice(kept.last), UPAY_ADVICE_DELIVER);
    CHECK_TEXT(message, kept.message);
    CHECK_TEXT(client_sn, "kept");
    CHECK_TEXT(status, "PAID");
    CHECK_TEXT(json, upay_event_json(kept.last));

    /* A copy of the copy has a life of its own. */
    CHECK_OK(upay_event_copy(kept.last, &copy));
    upay_event_free(kept.last);
    CHECK(upay_event_message(kept.last) == NULL);
    CHECK_TEXT(upay_event_message(copy), kept.message);
    upay_event_free(copy);
    upay_event_free(kept.first);
}

/* ------------------------------------------------------------------------------------------------------------ JSON */

static const char *after_value(const char *json);

static const char *after_blanks(const char *json)
{
    return json + strspn(json, " \t\r\n");
}

static const char *after_string(const char *json)
{
    CHECK(*json == '"');
    for (json++; *json != '"'; json++) {
        CHECK((unsigned char)*json >= ' ' && "control characters are escaped");
        if (*json == '\\') {
            json++;
            CHECK(*json != '\0' && strchr("\"\\/bfnrtu", *json) != NULL);
        }
    }
    return json + 1;
}

/* Members of an object or an array, up to and with the closing bracket. */
static const char *after_members(const char *json, char close)
{
    json = after_blanks(json + 1);
    if (*json == close) {
        return json + 1;
    }
    for (;;) {
        if (close == '}') {
            json = after_blanks(after_string(after_blanks(json)));
            CHECK(*json == ':');
            json++;
        }
        json = after_blanks(after_value(json));
        if (*json == close) {
            return json + 1;
        }
        CHECK(*json == ',');
        json++;
    }
}

static const char *after_value(const char *json)
{
    size_t length;

    json = after_blanks(json);
    switch (*json) {
    case '{':
        return after_members(json, '}');
    case '[':
        return after_members(json, ']');
    case '"':
        return after_string(json);
    default:
        length = strspn(json, "-+.0123456789eEtrufalsn");
        CHECK(length > 0);
        return json + length;
    }
}

static void check_json(const upay_event *event)
{
    const char *json = upay_event_json(event);

    CHECK(json != NULL && *json == '{');
    CHECK_TEXT(after_blanks(after_value(json)), "");
    CHECK_NUMBER(number_behind(json, "{", "action"), upay_event_action(event));
    CHECK_NUMBER(number_behind(json, "{", "outcome"), upay_event_outcome(event));
    CHECK_NUMBER(number_behind(json, "{", "status"), upay_event_status(event));
}

/* --------------------------------------------------------------------------------------------------------- secrets */

static int lines;

static void check_no_secret(const char *text)
{
    CHECK(strstr(text, TERMINAL_KEY) == NULL);
    CHECK(strstr(text, PAID_AFTER_300_MS) == NULL);
    CHECK(strstr(text, PAID_BUT_REPLY_LOST) == NULL);
    CHECK(strstr(text, INSUFFICIENT_FUND) == NULL);
    CHECK(strstr(text, PAYER_LOGIN) == NULL);
    CHECK(strstr(text, PAYER_UID) == NULL);
}

/* A signature is 32 hexadecimal digits in a row; the numbers of this program's orders are not. */
static void check_no_signature(const char *line)
{
    size_t length;

    for (; *line != '\0'; line += length == 0 ? 1 : length) {
        length = strspn(line, "0123456789abcdef");
        CHECK(length < 32);
    }
}

static void on_line(int32_t level, const char *line, void *user_data)
{
    (void)level;
    CHECK(user_data == &lines);
    check_no_secret(line);
    check_no_signature(line);
    __atomic_add_fetch(&lines, 1, __ATOMIC_RELAXED);
}

static void on_event_check(const upay_event *event, void *user_data)
{
    check_json(event);
    check_no_secret(upay_event_json(event));
    check_no_secret(upay_event_message(event));
    on_event(event, user_data);
}

/* The host itself may read the payer's account: it is blacked out where programs log. */
static void on_event_of_paid(const upay_event *event, void *user_data)
{
    const char *payer = upay_event_get(event, "payer_login");

    if (upay_event_outcome(event) == UPAY_OUTCOME_SUCCESS) {
        CHECK(payer != NULL && strstr(payer, PAYER_LOGIN) != NULL);
        CHECK(strstr(upay_event_json(event), "\"payer_login\"") != NULL);
        CHECK(strstr(upay_event_json(event), "\"subject\":\"Pizza \\\"4 \\\\ 5\\\"\"") != NULL);
    }
    CHECK(upay_event_get(event, "dynamic_id") == NULL);
    CHECK(upay_event_get(event, "terminal_key") == NULL);
    CHECK(upay_event_get(event, "no_such_key") == NULL);
    on_event_check(event, user_data);
}

static void no_secret_gets_out(const char *url, const char *state_dir)
{
    static const char *const barcodes[] = {PAID_AFTER_300_MS, PAID_BUT_REPLY_LOST, INSUFFICIENT_FUND};
    serial of_client = SERIAL;
    heard heard;
    upay_client *client = new_client(url, state_dir);
    upay_order *order;
    char client_sn[33], text[512];
    int n;

    CHECK_OK(upay_set_log(UPAY_LOG_DEBUG, on_line, &lines));
    CHECK_OK(upay_client_set(client, "pay_timeout_ms", "600000"));
    CHECK_OK(upay_client_start(client));
    for (n = 0; n < 3; n++) {
        snprintf(client_sn, sizeof client_sn, "secrets-%d", n);
        order = new_order(client, client_sn, barcodes[n]);
        CHECK_OK(upay_order_set(order, "subject", "Pizza \"4 \\ 5\""));
        heard_init(&heard, &of_client);
        CHECK_OK(upay_order_pay(order, on_event_of_paid, &heard, on_drop));
        HEARD_UNTIL(&heard, heard.drops == 1);
        heard_init(&heard, &of_client);
        CHECK_OK(upay_order_query(order, on_event_check, &heard, on_drop));
        HEARD_UNTIL(&heard, heard.drops == 1);
        upay_order_free(order);
    }
    CHECK(__atomic_load_n(&lines, __ATOMIC_RELAXED) > 0);

    /* Errors that a secret has caused do not repeat it. */
    order = new_order(client, "secrets", PAID_AT_ONCE);
    CHECK_STATUS(upay_order_set(order, "dynamic_id", PAID_AFTER_300_MS " " PAID_AFTER_300_MS), UPAY_E_VALUE);
    check_no_secret(upay_last_error());
    CHECK_STATUS(upay_client_get(client, "terminal_key", text, sizeof text, NULL), UPAY_E_KEY);
    check_no_secret(upay_last_error());
    upay_order_free(order);
    stop_and_free(client);
    CHECK_OK(upay_client_new(&client));
    CHECK_STATUS(upay_client_set(client, "terminal_key", TERMINAL_KEY " " TERMINAL_KEY), UPAY_E_VALUE);
    check_no_secret(upay_last_error());
    CHECK_STATUS(upay_client_set(client, "proxy", "http://till:" TERMINAL_KEY "@"), UPAY_E_VALUE);
    check_no_secret(upay_last_error());
    upay_client_free(client);
    CHECK_OK(upay_set_log(UPAY_LOG_OFF, NULL, NULL));
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    a_copy_outlives_callback_and_client(argv[1], argv[2]);
    no_secret_gets_out(argv[1], argv[2]);
    return 0;
}
