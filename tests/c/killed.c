/*
 * A till that is killed in the middle of a payment finds out at its next start how the payment ended, and never sends it
 * twice. The test runs this program once for each part, each in a process of its own.
 */

#include "check.h"

#define CLIENT_SN "killed"

/* Pays, and is killed once the payment has arrived: the customer is charged, and the reply is lost. */
static void pay(const char *url, const char *state_dir)
{
    upay_client *client = new_client(url, state_dir);
    upay_order *order;
    upay_event *event = NULL;

    /* It will not have asked before it is killed. */
    CHECK_OK(upay_client_set(client, "poll", "3600000"));
    CHECK_OK(upay_client_set(client, "pay_timeout_ms", "3600000"));
    CHECK_OK(upay_client_start(client));
    order = new_order(client, CLIENT_SN, PAID_BUT_REPLY_LOST);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    upay_order_wait(order, 3600000, &event);
    CHECK(!"it is killed before this ends");
}

/* Another process, while the first one is there. */
static void locked(const char *url, const char *state_dir)
{
    upay_client *client = new_client(url, state_dir);

    CHECK_STATUS(upay_client_start(client), UPAY_E_LOCKED);
    CHECK_LAST_ERROR("state_dir");
    CHECK_STATUS(upay_client_start(client), UPAY_E_LOCKED);
    /* The terminal is taken in that directory; a client that does without starts. */
    CHECK_OK(upay_client_set(client, "state_dir", ""));
    CHECK_OK(upay_client_start(client));
    stop_and_free(client);
}

static void on_event_of_killed(const upay_event *event, void *user_data)
{
    CHECK_NUMBER(upay_event_action(event), UPAY_ACTION_WATCH);
    CHECK_TEXT(upay_event_get(event, "client_sn"), CLIENT_SN);
    on_event(event, user_data);
}

static upay_client *watching_client(const char *url, const char *state_dir, heard *watcher)
{
    upay_client *client = new_client(url, state_dir);

    CHECK_OK(upay_client_watch(client, on_event_of_killed, watcher, on_drop));
    CHECK_OK(upay_client_start(client));
    return client;
}

static void never_twice(upay_client *client)
{
    upay_order *order = new_order(client, CLIENT_SN, PAID_AT_ONCE);

    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_DUPLICATE);
    upay_order_free(order);
}

/* The next start. */
static void resume(const char *url, const char *state_dir)
{
    serial of_client = SERIAL;
    heard watcher;
    upay_client *client;
    upay_order *order = NULL;
    uint32_t unfinished = 77;
    char text[32];

    heard_init(&watcher, &of_client);
    client = watching_client(url, state_dir, &watcher);
    never_twice(client);
    HEARD_UNTIL(&watcher, watcher.finals == 1);
    CHECK_NUMBER(watcher.outcome, UPAY_OUTCOME_SUCCESS);
    CHECK_NUMBER(watcher.status, UPAY_OK);
    CHECK_OK(upay_client_unfinished(client, &unfinished));
    CHECK_NUMBER(unfinished, 0);
    never_twice(client);
    CHECK_OK(upay_order_find(client, CLIENT_SN, &order));
    CHECK_OK(upay_order_get(order, "order_status", text, sizeof text, NULL));
    CHECK_TEXT(text, "PAID");
    CHECK_OK(upay_order_get(order, "total_amount", text, sizeof text, NULL));
    CHECK_TEXT(text, "1250");
    upay_order_free(order);
    stop_and_free(client);
    CHECK_NUMBER(watcher.finals, 1);
    CHECK_NUMBER(watcher.drops, 1);
}

/* And the one after it: what was told is not told again. */
static void again(const char *url, const char *state_dir)
{
    serial of_client = SERIAL;
    heard watcher;
    upay_client *client;
    uint32_t unfinished = 77;

    heard_init(&watcher, &of_client);
    client = watching_client(url, state_dir, &watcher);
    CHECK_OK(upay_client_unfinished(client, &unfinished));
    CHECK_NUMBER(unfinished, 0);
    never_twice(client);
    stop_and_free(client);
    CHECK_NUMBER(watcher.progress + watcher.finals, 0);
    CHECK_NUMBER(watcher.drops, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const char *url, const char *state_dir);
    } parts[] = {{"pay", pay}, {"locked", locked}, {"resume", resume}, {"again", again}};
    size_t n;

    CHECK(argc == 4);
    for (n = 0; n < sizeof parts / sizeof parts[0]; n++) {
        if (strcmp(argv[3], parts[n].name) == 0) {
            parts[n].run(argv[1], argv[2]);
            return 0;
        }
    }
    CHECK(!"there is such a part");
    return 1;
}
