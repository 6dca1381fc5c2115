/* Every handle can be freed twice and used after it was freed: a status says so, and nothing crashes. */

#include "every_call.h"

/* More than any table keeps of freed places before it gives one out again. */
#define HANDLES 5000

static void free_everything(upay_client *client, upay_order *order, upay_event *event)
{
    upay_event_free(event);
    upay_event_free(event);
    every_event_call(event, UPAY_E_HANDLE);
    upay_order_free(order);
    upay_order_free(order);
    every_order_call(order, UPAY_E_HANDLE);
    upay_client_free(client);
    upay_client_free(client);
    every_client_call(client, UPAY_E_HANDLE);
}

/* A handle that was freed does not come to life again when its place is given to another. */
static void many_after_one(const char *url)
{
    upay_client *client = started_client(url, "");
    upay_client *freed_client = NULL, *other_client;
    upay_order *paid = new_order(client, NULL, PAID_AT_ONCE);
    upay_order *freed_order = new_order(client, NULL, PAID_AT_ONCE), *other_order;
    upay_event *event, *freed_event = NULL, *other_event;
    int n;

    CHECK_OK(upay_client_new(&freed_client));
    upay_client_free(freed_client);
    upay_order_free(freed_order);
    CHECK_OK(upay_order_pay(paid, NULL, NULL, NULL));
    event = final_event(paid);
    CHECK_OK(upay_event_copy(event, &freed_event));
    upay_event_free(freed_event);
    for (n = 0; n < HANDLES; n++) {
        CHECK_OK(upay_client_new(&other_client));
        CHECK_OK(upay_order_new(client, NULL, &other_order));
        CHECK_OK(upay_event_copy(event, &other_event));
        CHECK(other_client != freed_client);
        CHECK(other_order != freed_order);
        CHECK(other_event != freed_event);
        upay_client_free(other_client);
        upay_order_free(other_order);
        upay_event_free(other_event);
    }
    every_client_call(freed_client, UPAY_E_HANDLE);
    every_order_call(freed_order, UPAY_E_HANDLE);
    every_event_call(freed_event, UPAY_E_HANDLE);

    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    free_everything(client, paid, event);
}

/* Two handles of one order: each lets go for itself. */
static void two_handles_of_one_order(upay_client *client)
{
    upay_order *one = new_order(client, "double-free-2", PAID_AT_ONCE), *other = NULL;
    char subject[16];

    CHECK_OK(upay_order_new(client, "double-free-2", &other));
    CHECK(one != other);
    upay_order_free(one);
    upay_order_free(one);
    CHECK_OK(upay_order_get(other, "subject", subject, sizeof subject, NULL));
    CHECK_TEXT(subject, "Pizza");
    upay_order_free(other);
    every_order_call(other, UPAY_E_HANDLE);
}

static void *free_one_of_each(void *handles)
{
    void **all = handles;

    upay_event_free(all[0]);
    upay_order_free(all[1]);
    upay_client_free(all[2]);
    return NULL;
}

/* Only one of them can be the one that frees it. */
static void freed_by_many_threads(const char *url)
{
    upay_client *client = started_client(url, "");
    upay_order *order = new_order(client, NULL, PAID_AT_ONCE);
    void *handles[3];
    pthread_t freeing[8];
    int n;

    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    handles[0] = final_event(order);
    handles[1] = order;
    handles[2] = client;
    for (n = 0; n < 8; n++) {
        freeing[n] = started_thread(free_one_of_each, handles);
    }
    for (n = 0; n < 8; n++) {
        join(freeing[n]);
    }
    free_everything(client, order, handles[0]);
}

int main(int argc, char **argv)
{
    upay_client *client = NULL;
    upay_order *order = NULL;
    upay_event *event;
    char client_sn[40];

    CHECK(argc == 3);

    /* One that was never started. */
    CHECK_OK(upay_client_new(&client));
    CHECK_OK(upay_order_new(client, NULL, &order));
    free_everything(client, order, NULL);

    /* Orders and events outlive their client, and can be read until they are freed themselves. */
    client = started_client(argv[1], argv[2]);
    two_handles_of_one_order(client);
    order = new_order(client, "double-free", PAID_AT_ONCE);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    event = final_event(order);
    CHECK_OK(upay_client_stop(client, PATIENCE_MS));
    upay_client_free(client);
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_TEXT(upay_event_get(event, "client_sn"), "double-free");
    CHECK_OK(upay_order_get(order, "client_sn", client_sn, sizeof client_sn, NULL));
    CHECK_TEXT(client_sn, "double-free");
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), UPAY_E_CLOSED);
    free_everything(client, order, event);

    /* One that is freed while it runs, with a payment under way. */
    client = started_client(argv[1], "");
    order = new_order(client, NULL, HELD_FOR_30_S);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    free_everything(client, order, NULL);

    many_after_one(argv[1]);
    freed_by_many_threads(argv[1]);
    return 0;
}
