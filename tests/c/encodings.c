/*
 * A till that writes GBK or GB18030 hands text in and gets text out in it; what is for programmers stays plain ASCII. The
 * cashier's sentences are Chinese or English.
 */

#include "check.h"

/* The same words in each encoding. */
typedef struct words {
    const char *encoding;
    const char *pizza, *paid, *insufficient_fund;
    /* Not text in this encoding. */
    const char *broken;
} words;

static const words all[] = {
    {"utf-8", "\xE6\x8A\xAB\xE8\x90\xA8", "\xE6\x94\xB6\xE6\xAC\xBE\xE6\x88\x90\xE5\x8A\x9F",
     "\xE8\xB4\xA6\xE6\x88\xB7\xE9\x87\x91\xE9\xA2\x9D\xE4\xB8\x8D\xE8\xB6\xB3", "\xC5\xFB\xC8\xF8"},
    {"gbk", "\xC5\xFB\xC8\xF8", "\xCA\xD5\xBF\xEE\xB3\xC9\xB9\xA6", "\xD5\xCB\xBB\xA7\xBD\xF0\xB6\xEE\xB2\xBB\xD7\xE3",
     "\xC5\xFB\xC8"},
    {"gb18030", "\xC5\xFB\xC8\xF8", "\xCA\xD5\xBF\xEE\xB3\xC9\xB9\xA6",
     "\xD5\xCB\xBB\xA7\xBD\xF0\xB6\xEE\xB2\xBB\xD7\xE3", "\xFF\xFF"},
};
#define ENCODINGS (sizeof all / sizeof all[0])

#define UTF8_EMOJI "\xF0\x9F\x98\x80"
#define GB18030_EMOJI "\x94\x39\xFC\x36"

static upay_client *client_in(const char *url, const char *encoding, const char *language)
{
    upay_client *client = new_client(url, "");

    CHECK_OK(upay_client_set(client, "encoding", encoding));
    CHECK_OK(upay_client_set(client, "language", language));
    CHECK_OK(upay_client_start(client));
    return client;
}

static int is_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            return 0;
        }
    }
    return 1;
}

/* The end of a payment for this subject, to be freed. */
static upay_event *paid(upay_client *client, const char *client_sn, const char *subject, const char *barcode)
{
    upay_order *order = new_order(client, client_sn, barcode);
    upay_event *event;

    CHECK_OK(upay_order_set(order, "subject", subject));
    CHECK_OK(upay_order_set(order, "description", subject));
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    event = final_event(order);
    upay_order_free(order);
    return event;
}

static void in_and_out(const char *url, const words *words)
{
    upay_client *client = client_in(url, words->encoding, "zh");
    upay_event *event;
    upay_order *order = NULL;
    char client_sn[33], text[64];
    size_t length = 0;

    snprintf(client_sn, sizeof client_sn, "%s-%s", words->pizza, words->encoding);
    event = paid(client, client_sn, words->pizza, PAID_AT_ONCE);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK(strstr(upay_event_message(event), words->paid) != NULL);
    CHECK_TEXT(upay_event_get(event, "client_sn"), client_sn);
    CHECK_TEXT(upay_event_get(event, "subject"), words->pizza);
    CHECK(strstr(upay_event_json(event), words->pizza) != NULL);
    CHECK(strstr(upay_event_json(event), words->paid) != NULL);
    upay_event_free(event);

    CHECK_OK(upay_order_find(client, client_sn, &order));
    CHECK_OK(upay_order_get(order, "client_sn", text, sizeof text, &length));
    CHECK_TEXT(text, client_sn);
    CHECK_NUMBER(length, strlen(client_sn));
    CHECK_STATUS(upay_order_get(order, "client_sn", text, length, &length), UPAY_E_BUFFER);
    CHECK_NUMBER(length, strlen(client_sn) + 1);

    CHECK_STATUS(upay_order_set(order, "subject", words->broken), UPAY_E_ARGUMENT);
    CHECK(is_ascii(upay_last_error()));
    CHECK_STATUS(upay_order_set(order, words->pizza, "1"), UPAY_E_KEY);
    CHECK(is_ascii(upay_last_error()));
    CHECK_STATUS(upay_order_get(order, words->pizza, text, sizeof text, NULL), UPAY_E_NOT_FOUND);
    CHECK(is_ascii(upay_last_error()));
    upay_order_free(order);

    /* The gateway's own words too. */
    event = paid(client, NULL, words->pizza, INSUFFICIENT_FUND);
    CHECK_EVENT(event, UPAY_OUTCOME_FAILED, UPAY_E_REFUSED);
    CHECK_TEXT(upay_event_get(event, "biz_error_message"), words->insufficient_fund);
    CHECK_TEXT(upay_event_get(event, "biz_error_code"), "INSUFFICIENT_FUND");
    CHECK(!is_ascii(upay_event_message(event)));
    upay_event_free(event);
    stop_and_free(client);
}

/* A setting is handed out in the encoding that is set when it is asked for. */
static void settings(void)
{
    upay_client *client = NULL;
    char text[64];
    size_t n;

    CHECK_OK(upay_client_new(&client));
    CHECK_OK(upay_client_set(client, "operator", all[0].pizza));
    for (n = 0; n < ENCODINGS; n++) {
        CHECK_OK(upay_client_set(client, "encoding", all[n].encoding));
        CHECK_OK(upay_client_get(client, "operator", text, sizeof text, NULL));
        CHECK_TEXT(text, all[n].pizza);
        CHECK_STATUS(upay_client_set(client, "operator", all[n].broken), UPAY_E_ARGUMENT);
        CHECK(is_ascii(upay_last_error()));
        CHECK_OK(upay_client_set(client, "operator", all[n].pizza));
    }
    upay_client_free(client);
}

static upay_event *asked(upay_client *client, const char *client_sn)
{
    upay_order *order = NULL;
    upay_event *event;

    CHECK_OK(upay_order_new(client, client_sn, &order));
    CHECK_OK(upay_order_query(order, NULL, NULL, NULL));
    event = final_event(order);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_order_free(order);
    return event;
}

/* GB18030 has every character; what GBK lacks becomes "?", but JSON has a way to write it. */
static void characters_that_gbk_lacks(const char *url)
{
    upay_client *utf8 = client_in(url, "utf-8", "zh"), *gbk = client_in(url, "gbk", "zh");
    upay_client *gb18030 = client_in(url, "gb18030", "zh");
    upay_order *order = NULL;
    upay_event *event = paid(gb18030, "emoji", "\xC5\xFB\xC8\xF8" GB18030_EMOJI, PAID_AT_ONCE);

    CHECK_TEXT(upay_event_get(event, "subject"), "\xC5\xFB\xC8\xF8" GB18030_EMOJI);
    CHECK(strstr(upay_event_json(event), "\xC5\xFB\xC8\xF8" GB18030_EMOJI) != NULL);
    upay_event_free(event);

    event = asked(utf8, "emoji");
    CHECK_TEXT(upay_event_get(event, "subject"), "\xE6\x8A\xAB\xE8\x90\xA8" UTF8_EMOJI);
    upay_event_free(event);

    event = asked(gbk, "emoji");
    CHECK_TEXT(upay_event_get(event, "subject"), "\xC5\xFB\xC8\xF8?");
    CHECK(strstr(upay_event_json(event), "\xC5\xFB\xC8\xF8\\ud83d\\ude00") != NULL);
    upay_event_free(event);

    CHECK_OK(upay_order_new(gbk, NULL, &order));
    CHECK_STATUS(upay_order_set(order, "subject", GB18030_EMOJI), UPAY_E_ARGUMENT);
    upay_order_free(order);
    stop_and_free(utf8);
    stop_and_free(gbk);
    stop_and_free(gb18030);
}

/* A width in characters counts the same in every encoding. */
static void widths(void)
{
    upay_client *client = NULL;
    upay_order *order = NULL;
    char subject[65 * 4 + 1];
    size_t n, characters;

    for (n = 0; n < ENCODINGS; n++) {
        CHECK_OK(upay_client_new(&client));
        CHECK_OK(upay_client_set(client, "encoding", all[n].encoding));
        CHECK_OK(upay_order_new(client, NULL, &order));
        subject[0] = '\0';
        for (characters = 0; characters < 64; characters += 2) {
            strcat(subject, all[n].pizza);
        }
        CHECK_OK(upay_order_set(order, "subject", subject));
        strcat(subject, "!");
        CHECK_STATUS(upay_order_set(order, "subject", subject), UPAY_E_VALUE);
        CHECK_LAST_ERROR("subject");
        upay_order_free(order);
        upay_client_free(client);
    }
}

static void languages(const char *url)
{
    size_t n;

    for (n = 0; n < ENCODINGS; n++) {
        upay_client *client = client_in(url, all[n].encoding, "en");
        upay_event *event = paid(client, NULL, all[n].pizza, PAID_AT_ONCE);

        CHECK(is_ascii(upay_event_message(event)));
        CHECK(strlen(upay_event_message(event)) > 0);
        CHECK_TEXT(upay_event_get(event, "subject"), all[n].pizza);
        upay_event_free(event);
        stop_and_free(client);
    }
}

int main(int argc, char **argv)
{
    size_t n;

    CHECK(argc == 3);
    for (n = 0; n < ENCODINGS; n++) {
        in_and_out(argv[1], &all[n]);
    }
    settings();
    characters_that_gbk_lacks(argv[1]);
    widths();
    languages(argv[1]);
    return 0;
}
