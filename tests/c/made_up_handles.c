/* A handle is checked and never followed: what this library did not make is refused by every function. */

#include "every_call.h"

#define RANDOM_HANDLES 1000

static void every_call(uintptr_t made_up)
{
    every_client_call((upay_client *)made_up, UPAY_E_HANDLE);
    every_order_call((upay_order *)made_up, UPAY_E_HANDLE);
    every_event_call((upay_event *)made_up, UPAY_E_HANDLE);
}

/* Differs from a real handle of the same type in one bit, or stands beside it. */
#define EVERY_CALL_NEAR(every_call_of_type, type, real)                                                               \
    do {                                                                                                              \
        uintptr_t handle = (uintptr_t)(real);                                                                         \
        unsigned bit;                                                                                                 \
        for (bit = 0; bit < 8 * sizeof handle; bit++) {                                                               \
            every_call_of_type((type)(handle ^ ((uintptr_t)1 << bit)), UPAY_E_HANDLE);                                \
        }                                                                                                             \
        every_call_of_type((type)(handle + 8), UPAY_E_HANDLE);                                                        \
        every_call_of_type((type)(handle - 8), UPAY_E_HANDLE);                                                        \
        every_call_of_type((type)(~handle), UPAY_E_HANDLE);                                                           \
    } while (0)

int main(int argc, char **argv)
{
    static const uintptr_t made_up[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 4096, UINTPTR_MAX, UINTPTR_MAX - 1};
    static int with_static_storage;
    upay_client *client, *freed_client = NULL;
    upay_order *order, *freed_order;
    upay_event *event, *freed_event = NULL;
    int local = 0;
    void *heap = malloc(64);
    uintptr_t freed_heap = (uintptr_t)heap;
    uint64_t random = 88172645463325252u;
    char client_sn[40];
    size_t n;

    CHECK(argc == 3);
    client = started_client(argv[1], argv[2]);
    order = new_order(client, "made-up", PAID_AT_ONCE);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    event = final_event(order);

    for (n = 0; n < sizeof made_up / sizeof made_up[0]; n++) {
        every_call(made_up[n]);
    }
    every_call((uintptr_t)&local);
    every_call((uintptr_t)&with_static_storage);
    every_call((uintptr_t)argv);
    every_call((uintptr_t)heap);
    free(heap);
    every_call(freed_heap);
    for (n = 0; n < RANDOM_HANDLES; n++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        every_call((uintptr_t)random);
    }

    CHECK_OK(upay_client_new(&freed_client));
    upay_client_free(freed_client);
    freed_order = new_order(client, NULL, PAID_AT_ONCE);
    upay_order_free(freed_order);
    CHECK_OK(upay_event_copy(event, &freed_event));
    upay_event_free(freed_event);
    every_call((uintptr_t)freed_client);
    every_call((uintptr_t)freed_order);
    every_call((uintptr_t)freed_event);

    EVERY_CALL_NEAR(every_client_call, upay_client *, client);
    EVERY_CALL_NEAR(every_order_call, upay_order *, order);
    EVERY_CALL_NEAR(every_event_call, upay_event *, event);

    /* None of it has touched the real ones. */
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_OK(upay_order_get(order, "client_sn", client_sn, sizeof client_sn, NULL));
    CHECK_TEXT(client_sn, "made-up");
    CHECK_STATUS(upay_client_start(client), UPAY_E_STATE);
    CHECK_NUMBER(ledger_number(argv[1], "never-made", "pays"), -1);
    upay_event_free(event);
    upay_order_free(order);
    stop_and_free(client);
    return 0;
}
