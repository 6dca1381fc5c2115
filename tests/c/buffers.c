/*
 * upay_client_get and upay_order_get write into the host's buffer: all of it with its NUL, or nothing and the number of
 * bytes that are needed; never a byte beyond the buffer.
 */

#include "check.h"

#define ROOM 256
#define FILL '\x5A'

/* Either of the two functions, on a client or an order. */
typedef upay_status (*getter)(void *handle, const char *key, char *buffer, size_t capacity, size_t *length);

static upay_status of_client(void *handle, const char *key, char *buffer, size_t capacity, size_t *length)
{
    return upay_client_get(handle, key, buffer, capacity, length);
}

static upay_status of_order(void *handle, const char *key, char *buffer, size_t capacity, size_t *length)
{
    return upay_order_get(handle, key, buffer, capacity, length);
}

static void check_filled(const char *from, const char *to)
{
    for (; from < to; from++) {
        CHECK(*from == FILL && "nothing is written beyond the buffer, and nothing on failure");
    }
}

/* Asks for one text with every capacity there is. */
static void every_capacity(getter get, void *handle, const char *key, const char *wanted)
{
    char room[ROOM], *exact;
    size_t needed = strlen(wanted) + 1, capacity, length;

    for (capacity = 0; capacity + 1 < ROOM; capacity++) {
        memset(room, FILL, sizeof room);
        length = 12345;
        if (capacity < needed) {
            CHECK_STATUS(get(handle, key, room, capacity, &length), UPAY_E_BUFFER);
            CHECK_NUMBER(length, needed);
            check_filled(room, room + sizeof room);
            CHECK_STATUS(get(handle, key, room, capacity, NULL), UPAY_E_BUFFER);
            check_filled(room, room + sizeof room);
        } else {
            CHECK_OK(get(handle, key, room, capacity, &length));
            CHECK_NUMBER(length, needed - 1);
            CHECK_TEXT(room, wanted);
            check_filled(room + needed, room + sizeof room);
            CHECK_OK(get(handle, key, room, capacity, NULL));
        }
    }
    /* A buffer of exactly that size on the heap, where a memory checker watches its end. */
    exact = malloc(needed);
    CHECK(exact != NULL);
    CHECK_OK(get(handle, key, exact, needed, &length));
    CHECK_TEXT(exact, wanted);
    free(exact);
    /* How much is needed, asked without a buffer. */
    length = 12345;
    CHECK_STATUS(get(handle, key, NULL, 0, &length), UPAY_E_BUFFER);
    CHECK_NUMBER(length, needed);
    CHECK_STATUS(get(handle, key, NULL, 0, NULL), UPAY_E_BUFFER);
    length = 12345;
    CHECK_STATUS(get(handle, key, NULL, needed, &length), UPAY_E_ARGUMENT);
    CHECK_NUMBER(length, 12345);
}

static void failures(getter get, void *handle, const char *key, upay_status status)
{
    char room[ROOM];
    size_t length = 12345;

    memset(room, FILL, sizeof room);
    CHECK_STATUS(get(handle, key, room, sizeof room, &length), status);
    CHECK_NUMBER(length, 12345);
    check_filled(room, room + sizeof room);
}

int main(int argc, char **argv)
{
    upay_client *client;
    upay_order *order;
    char client_sn[33];

    CHECK(argc == 3);
    client = new_client(argv[1], argv[2]);
    every_capacity(of_client, client, "api_domain", argv[1]);
    every_capacity(of_client, client, "terminal_sn", TERMINAL_SN);
    every_capacity(of_client, client, "poll", "50");
    every_capacity(of_client, client, "proxy", "");
    failures(of_client, client, "terminal_key", UPAY_E_KEY);
    failures(of_client, client, "vendor_key", UPAY_E_KEY);
    failures(of_client, client, "no_such_setting", UPAY_E_KEY);
    CHECK_OK(upay_client_start(client));
    every_capacity(of_client, client, "terminal_sn", TERMINAL_SN);
    failures(of_client, client, "terminal_key", UPAY_E_KEY);

    order = new_order(client, "buffers", PAID_AT_ONCE);
    CHECK_OK(upay_order_set(order, "subject", "披萨 \"大\""));
    every_capacity(of_order, order, "client_sn", "buffers");
    every_capacity(of_order, order, "total_amount", "1250");
    every_capacity(of_order, order, "subject", "披萨 \"大\"");
    failures(of_order, order, "order_status", UPAY_E_NOT_FOUND);
    failures(of_order, order, "no_such_field", UPAY_E_NOT_FOUND);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    every_capacity(of_order, order, "order_status", "PAID");
    every_capacity(of_order, order, "subject", "披萨 \"大\"");
    upay_order_free(order);

    /* A number that the library makes is as long as a number may be, and no two are alike. */
    order = new_order(client, NULL, PAID_AT_ONCE);
    CHECK_OK(upay_order_get(order, "client_sn", client_sn, sizeof client_sn, NULL));
    every_capacity(of_order, order, "client_sn", client_sn);
    upay_order_free(order);
    stop_and_free(client);
    return 0;
}
