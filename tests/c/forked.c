/*
 * In a child made by fork every call says UPAY_E_FORKED and none of them hangs, whatever the parent's threads were
 * doing; the parent goes on as if nothing had happened.
 */

#include "every_call.h"

#include <sys/wait.h>

#define FORKS 50
#define BUSY_THREADS 4
/* A child that hangs is ended by the system's alarm clock, and has failed. */
#define CHILD_S 60

static upay_client *client;
static upay_order *order;
static upay_event *event;
static int done;

/* Holds the library's locks now and then, for the child to inherit. */
static void *keep_the_library_busy(void *argument)
{
    upay_order *another;
    upay_event *copy = NULL;
    upay_client *unstarted;
    char text[64];

    while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
        another = new_order(client, NULL, PAID_AT_ONCE);
        CHECK_OK(upay_order_get(another, "subject", text, sizeof text, NULL));
        CHECK_OK(upay_event_copy(event, &copy));
        CHECK_OK(upay_client_new(&unstarted));
        CHECK_STATUS(upay_client_unfinished(unstarted, NULL), UPAY_E_ARGUMENT);
        upay_client_free(unstarted);
        upay_event_free(copy);
        upay_order_free(another);
    }
    return argument;
}

static void in_the_child(void)
{
    upay_client *another = UNTOUCHED;
    upay_event *notified = UNTOUCHED, *read = UNTOUCHED;
    char signature[33] = "as was", picture[8] = "as was";

    every_client_call(client, UPAY_E_FORKED);
    every_order_call(order, UPAY_E_FORKED);
    every_event_call(event, UPAY_E_FORKED);
    every_client_call(NULL, UPAY_E_FORKED);
    every_order_call(NULL, UPAY_E_FORKED);
    CHECK_STATUS(upay_client_new(&another), UPAY_E_FORKED);
    CHECK(another == UNTOUCHED);
    CHECK_STATUS(upay_set_log(UPAY_LOG_OFF, NULL, NULL), UPAY_E_FORKED);
    CHECK_STATUS(upay_sign("{}", 2, "key", signature), UPAY_E_FORKED);
    CHECK_STATUS(upay_verify_notify("{}", 2, "signature", "key", &notified), UPAY_E_FORKED);
    CHECK_STATUS(upay_qr("text", UPAY_QR_SVG, 4, 4, picture, sizeof picture, NULL), UPAY_E_FORKED);
    CHECK_STATUS(upay_read_reply(UPAY_DIALECT_UPAY, 200, "{}", 2, &read), UPAY_E_FORKED);
    CHECK(read == UNTOUCHED);
    CHECK(upay_code_at(UPAY_TABLE_ORDER_STATUS, 0) == NULL);
    CHECK(upay_code_text(UPAY_TABLE_ORDER_STATUS, "PAID", "zh") == NULL);
    CHECK_NUMBER(upay_code_outcome(UPAY_TABLE_ORDER_STATUS, "PAID"), UPAY_OUTCOME_UNKNOWN);
    CHECK_NUMBER(upay_code_advice(UPAY_TABLE_ORDER_STATUS, "PAID"), UPAY_ADVICE_NONE);
    CHECK_TEXT(signature, "as was");
    CHECK_TEXT(picture, "as was");
    CHECK(notified == UNTOUCHED);
    CHECK_LAST_ERROR("fork");
    CHECK_NUMBER(upay_abi_version(), 1);
    CHECK(upay_version() != NULL);
}

static void fork_and_wait(void (*run)(void))
{
    pid_t child = fork();
    int status = 0;

    CHECK(child >= 0);
    if (child == 0) {
        alarm(CHILD_S);
        run();
        _Exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(!WIFSIGNALED(status) && "no call hangs in a forked child");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A program that forks before it has used the library may use it in the child. */
static void in_a_child_of_a_stranger(void)
{
    upay_client *another = NULL;

    CHECK_OK(upay_client_new(&another));
    CHECK_OK(upay_client_set(another, "operator", "somebody"));
    upay_client_free(another);
}

int main(int argc, char **argv)
{
    upay_order *another;
    upay_event *end;
    pthread_t busy[BUSY_THREADS];
    int n;

    CHECK(argc == 3);
    fork_and_wait(in_a_child_of_a_stranger);

    client = patient_client(argv[1], argv[2]);
    order = new_order(client, "forked", PAID_AT_ONCE);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    event = final_event(order);
    another = new_order(client, "under-way", NEVER_PAID);
    CHECK_OK(upay_order_pay(another, NULL, NULL, NULL));

    for (n = 0; n < BUSY_THREADS; n++) {
        busy[n] = started_thread(keep_the_library_busy, NULL);
    }
    for (n = 0; n < FORKS; n++) {
        fork_and_wait(in_the_child);
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    for (n = 0; n < BUSY_THREADS; n++) {
        join(busy[n]);
    }

    /* The children have sent nothing and taken nothing away. */
    CHECK_EVENT(event, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_event_free(event);
    upay_order_free(order);
    CHECK_OK(upay_order_cancel(another, NULL, NULL, NULL));
    end = final_event(another);
    CHECK_EVENT(end, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    upay_event_free(end);
    upay_order_free(another);
    order = new_order(client, NULL, PAID_AT_ONCE);
    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    CHECK_END(order, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    CHECK_NUMBER(ledger_number(argv[1], "forked", "pays"), 1);
    upay_order_free(order);
    stop_and_free(client);
    return 0;
}
