/*
 * Every function of upay.h that takes a handle, called with one that must not work. The other arguments are good ones,
 * so that the handle alone decides. Nothing may be written, taken or called.
 */

#ifndef EVERY_CALL_H
#define EVERY_CALL_H

#include "check.h"

/* Outputs hold this before the call and must hold it behind. */
static char untouched;
#define UNTOUCHED ((void *)&untouched)

static inline void every_client_call(upay_client *client, upay_status wanted)
{
    char buffer[8] = "as was";
    size_t length = 77;
    uint32_t count = 77;
    upay_order *order = UNTOUCHED;
    upay_event *event = UNTOUCHED;

    CHECK_STATUS(upay_client_set(client, "operator", "somebody"), wanted);
    CHECK_STATUS(upay_client_get(client, "operator", buffer, sizeof buffer, &length), wanted);
    CHECK_STATUS(upay_client_watch(client, never_event, NULL, never_drop), wanted);
    CHECK_STATUS(upay_client_activate(client, "10000001", 100000), wanted);
    CHECK_STATUS(upay_client_start(client), wanted);
    CHECK_STATUS(upay_client_checkin(client, 100000), wanted);
    CHECK_STATUS(upay_client_call(client, "/echo/nobody", "{}", 100000, &event), wanted);
    CHECK_STATUS(upay_client_unfinished(client, &count), wanted);
    CHECK_STATUS(upay_client_next_event(client, 0, &event), wanted);
    CHECK_STATUS(upay_client_next_event(client, 100000, &event), wanted);
    CHECK_STATUS(upay_order_new(client, "never-made", &order), wanted);
    CHECK_STATUS(upay_order_new(client, NULL, &order), wanted);
    CHECK_STATUS(upay_order_find(client, "never-made", &order), wanted);
    CHECK_STATUS(upay_client_stop(client, 100000), wanted);
    upay_client_free(client);

    CHECK_TEXT(buffer, "as was");
    CHECK_NUMBER(length, 77);
    CHECK_NUMBER(count, 77);
    CHECK(order == UNTOUCHED);
    CHECK(event == UNTOUCHED);
}

static inline void every_order_call(upay_order *order, upay_status wanted)
{
    char buffer[8] = "as was";
    size_t length = 77;
    upay_event *event = UNTOUCHED;

    CHECK_STATUS(upay_order_set(order, "subject", "Pizza"), wanted);
    CHECK_STATUS(upay_order_get(order, "client_sn", buffer, sizeof buffer, &length), wanted);
    CHECK_STATUS(upay_order_pay(order, never_event, NULL, never_drop), wanted);
    CHECK_STATUS(upay_order_pay(order, NULL, NULL, never_drop), wanted);
    CHECK_STATUS(upay_order_precreate(order, never_event, NULL, never_drop), wanted);
    CHECK_STATUS(upay_order_refund(order, never_event, NULL, never_drop), wanted);
    CHECK_STATUS(upay_order_query(order, never_event, NULL, never_drop), wanted);
    CHECK_STATUS(upay_order_cancel(order, never_event, NULL, never_drop), wanted);
    CHECK_STATUS(upay_order_wait(order, 0, &event), wanted);
    CHECK_STATUS(upay_order_wait(order, 100000, &event), wanted);
    upay_order_free(order);

    CHECK_TEXT(buffer, "as was");
    CHECK_NUMBER(length, 77);
    CHECK(event == UNTOUCHED);
}

/* What an event says that is none. */
static inline void every_event_call(upay_event *event, upay_status wanted)
{
    upay_event *copy = UNTOUCHED;

    CHECK_NUMBER(upay_event_action(event), 0);
    CHECK_NUMBER(upay_event_outcome(event), UPAY_OUTCOME_UNKNOWN);
    CHECK(upay_event_status(event) == UPAY_E_HANDLE || upay_event_status(event) == wanted);
    CHECK_NUMBER(upay_event_advice(event), UPAY_ADVICE_NONE);
    CHECK(upay_event_message(event) == NULL);
    CHECK(upay_event_get(event, "client_sn") == NULL);
    CHECK(upay_event_json(event) == NULL);
    CHECK_STATUS(upay_event_copy(event, &copy), wanted);
    CHECK(copy == UNTOUCHED);
    upay_event_free(event);
}

#endif
