/*
 * libupay: mobile payments for cash registers through the Shouqianba UPay v2 gateway.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * This file is the whole interface: what is not in it is not published. Numbers such as 003 3.2.2
 * name a document of the gateway and its section. The file is made by cbindgen: to change it,
 * change the library's sources.
 *
 *
 * A PAYMENT, FROM START TO STOP
 *
 *     #include <stdio.h>
 *     #include <stdlib.h>
 *     #include "upay.h"
 *
 *     static void check(upay_status status)
 *     {
 *         if (status != UPAY_OK) {
 *             fprintf(stderr, "%d: %s\n", (int)status, upay_last_error());
 *             exit(1);
 *         }
 *     }
 *
 *     int main(void)
 *     {
 *         upay_client *client;
 *         upay_order *order;
 *         upay_event *event;
 *         int32_t outcome = UPAY_OUTCOME_PENDING;
 *
 *         // Once, when the till starts.
 *         check(upay_client_new(&client));
 *         check(upay_client_set(client, "terminal_sn", "10298371039"));
 *         check(upay_client_set(client, "terminal_key", "the terminal's key"));
 *         check(upay_client_set(client, "state_dir", "/var/lib/till/upay"));
 *         check(upay_client_start(client));
 *
 *         // For each sale: 12.50 yuan, in fen, and the code that the customer shows.
 *         check(upay_order_new(client, NULL, &order));
 *         check(upay_order_set(order, "total_amount", "1250"));
 *         check(upay_order_set(order, "dynamic_id", "130818341921441147"));
 *         check(upay_order_set(order, "subject", "Pizza"));
 *         check(upay_order_pay(order, NULL, NULL, NULL));   // recorded, and under way
 *
 *         // A till with a window does this in a timer, with a timeout of 0.
 *         while (outcome == UPAY_OUTCOME_PENDING) {
 *             check(upay_client_next_event(client, 120000, &event));
 *             puts(upay_event_message(event));              // one sentence for the cashier
 *             // The outcome of another action is no verdict on the payment.
 *             if (upay_event_action(event) == UPAY_ACTION_PAY)
 *                 outcome = upay_event_outcome(event);
 *             upay_event_free(event);
 *         }
 *         if (outcome == UPAY_OUTCOME_SUCCESS)
 *             puts("Paid: hand over the goods.");
 *         else if (outcome == UPAY_OUTCOME_FAILED)
 *             puts("Not paid, and nothing is owed.");
 *         else
 *             puts("Nobody knows: hand over no goods.");
 *         upay_order_free(order);
 *
 *         // Once, when the till ends.
 *         check(upay_client_stop(client, 10000));
 *         upay_client_free(client);
 *         return 0;
 *     }
 *
 *
 * RULES FOR EVERY FUNCTION
 *
 * 1. Check every upay_status. upay_last_error describes this thread's last failed call.
 * 2. Outputs are written only on success. The one exception is length with UPAY_E_BUFFER.
 * 3. Text that is passed in ends with a NUL and is copied. Text that is handed out belongs to the
 *    library: do not free it. Its function says how long it lives.
 * 4. Every handle is checked in every call. For NULL, a freed handle or one of another type the
 *    status is UPAY_E_HANDLE. A function without a status returns the value that it names for
 *    this case. A _free function does nothing then.
 * 5. What a function hands out through out is yours until you give it to its _free function.
 * 6. Every function with a status can also return UPAY_E_PANIC or UPAY_E_FORKED.
 *
 *
 * THREADS
 *
 * 1. Every function may be called from every thread.
 * 2. Callbacks run on a thread of the library, never on the caller's stack and never under a
 *    lock. One client's callbacks run one after the other, in order.
 * 3. A callback may call every function except upay_client_stop and upay_order_wait, which return
 *    UPAY_E_REENTRANT there.
 * 4. After fork(), every call in the child returns UPAY_E_FORKED. A function without a status
 *    returns there what it returns for a handle that is not valid.
 * 5. The library must not be unloaded, because its threads may still run.
 * 6. All functions and callbacks are cdecl, on 32-bit Windows too.
 *
 *
 * SHUTTING DOWN
 *
 * 1. Take no more payments.
 * 2. Call upay_client_stop, and not inside a callback. Every action that is under way gets its
 *    one final event, and the next start resumes it.
 * 3. After UPAY_E_TIMEOUT a callback of yours has not returned. Let it return, and stop again.
 * 4. After UPAY_OK no callback runs or will run. Free what they used, then the orders, the events
 *    and the client.
 *
 *
 * A CLIENT'S KEYS (upay_client_set, upay_client_get): key, default, meaning
 *
 *     api_domain             https://vsi-api.shouqianba.com
 *                            The gateway. http:// is for loopback addresses alone.
 *     terminal_sn            needed
 *                            1 to 32 visible ASCII characters. Without it start takes the terminal
 *                            that was activated last in this state_dir.
 *     terminal_key           needed
 *                            Can be set, never read. Not needed once state_dir has one.
 *     state_dir              needed
 *                            Directory of the journal, private to the till's user. Set to "" there
 *                            is no journal, and nothing survives the process: for tests alone.
 *                            Never delete it: a check-in replaces the key that you were given, and
 *                            only this directory has the new one. Without it the terminal may have
 *                            to be activated again.
 *     operator               cashier
 *                            Who takes the payment, unless the order says so. 1 to 32 characters.
 *     encoding               utf-8
 *                            The encoding of all text in and out: utf-8, gbk, gb18030. A character
 *                            that GBK lacks is handed out as "?".
 *     language               zh
 *                            The language of the sentences for the cashier: zh, en.
 *     connect_timeout_ms     5000
 *                            For name lookup, connection and TLS together. 1 to 60000.
 *     reply_timeout_ms       15000
 *                            For the reply to every call except pay. 1 to 120000.
 *     pay_reply_timeout_ms   50000
 *                            For the reply to pay, which the gateway holds back while the customer
 *                            types a password. 1 to 120000.
 *     poll                   2000*15,5000
 *                            The pauses between queries in ms, 1 to 86400000 each. The last one
 *                            repeats.
 *     pay_timeout_ms         60000
 *                            From the end of the pay call. What is not paid then is cancelled.
 *                            1 to 3600000.
 *     precreate_timeout_ms   240000
 *                            The same after a precreate call. 1 to 3600000.
 *     cancel_timeout_ms      30000
 *                            How long a cancel or refund is repeated before its outcome is
 *                            UPAY_OUTCOME_UNKNOWN. 1 to 3600000.
 *     not_found_grace_ms     6000
 *                            An order counts as unknown to the gateway after two answers "no such
 *                            order" that are this far apart. 1 to 600000.
 *     watch                  30000,60000,300000
 *                            The pauses between queries of a watched order in ms, as for poll.
 *     proxy                  none
 *                            http://host:port or http://user:password@host:port. The environment's
 *                            proxy is never used.
 *     ca_file                none
 *                            File of PEM certificates that are trusted beside the built-in ones.
 *     in_flight_max          8
 *                            How many calls to the gateway may be in flight, and so the number of
 *                            worker threads. 2 to 256.
 *     journal_days           90
 *                            How many days an ended order is remembered. For so long its client_sn
 *                            is known not to be sent again. 1 to 36500.
 *     device_id              none
 *                            A name of this till that stays the same, for activation and check-in.
 *                            1 to 128 characters.
 *     auto_checkin           on
 *                            on, off: check in once a day in Beijing, see upay_client_checkin.
 *                            Needs state_dir and device_id. After a reply that is lost the library
 *                            waits for the next day: a second lost reply would end the key in use.
 *                            After the first check-in terminal_key alone is no key any more: keep
 *                            state_dir.
 *     cancel_path            cancel
 *                            cancel, revoke: the path of a cancel. Use revoke only if the
 *                            gateway's owner says so.
 *     vendor_sn, vendor_key, app_id
 *                            none
 *                            For upay_client_activate alone. vendor_key is never kept and cannot
 *                            be read.
 *
 *
 * AN ORDER'S KEYS (upay_order_set, upay_order_get; 003 3.2.2). Amounts are whole fen.
 *
 *     total_amount         Needed. 1 to 10 digits, more than 0, no leading 0.
 *     dynamic_id           Needed, but not for precreate. The code that the customer shows: 1 to
 *                          32 bytes without white space.
 *     subject              Needed. 1 to 64 characters.
 *     operator             1 to 32 characters.
 *     sn                   The gateway's number of the order, 1 to 16 bytes. It identifies an
 *                          order that was made elsewhere, instead of client_sn or together with
 *                          it. Not for pay.
 *     refund_request_no    For the next refund, or the refund that a query asks about. 1 to 20
 *                          bytes without white space. Never use it for another refund.
 *     refund_amount        For the next refund, as total_amount.
 *     client_tsn           For the next refund. 1 to 64 bytes without white space.
 *     payway               Which wallet: 1 to 4 digits. Needed for precreate. Otherwise best left
 *                          to the gateway.
 *     sub_payway           For precreate alone. 1 to 4 digits.
 *     payer_uid            For precreate alone. 1 to 64 bytes without white space.
 *     description          1 to 256 characters.
 *     longitude, latitude  Decimal degrees. Both or neither.
 *     device_id            1 to 32 characters.
 *     extended             A JSON object of up to 24 keys of 64 bytes, with values of 256 bytes.
 *     goods_details        A JSON array of up to 32768 bytes.
 *     reflect              1 to 64 characters, which the gateway sends back.
 *     notify_url           1 to 128 bytes.
 *
 *
 * AN EVENT'S KEYS (upay_event_get): the gateway's own fields of the order (sn, client_sn,
 * trade_no, order_status, payway, total_amount, net_amount, payer_login, finish_time and so on),
 * and
 *
 *     result_code, error_code, error_message
 *                          The reply: whether the gateway accepted the request.
 *     biz_result_code, biz_error_code, biz_error_message
 *                          The result of the action.
 *     phase                sending, querying, cancelling, done.
 *     queries              How many queries were sent.
 *     elapsed_ms           The time since the action began.
 *     remaining_ms         The time until this phase ends.
 *     tried                For a person who has to act: what was tried, and what was answered.
 *     refund_request_no    The refund that the event is about, if it is about one.
 *     message_zh, message_en
 *                          upay_event_message in Chinese and in English.
 *
 * An event of UPAY_ACTION_READ has the fields that were read, message_zh and message_en. From
 * upay_read_reply it also has http_status.
 */

#ifndef UPAY_H
#define UPAY_H

#include <stddef.h>
#if defined(_MSC_VER) && _MSC_VER < 1600
typedef __int32 int32_t;
typedef unsigned __int32 uint32_t;
#else
#include <stdint.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif


/** Done. */
#define UPAY_OK 0
/** An argument is NULL, or a text that is not in the client's encoding. */
#define UPAY_E_ARGUMENT 1
/** The handle was freed, is of another type, or was never made by this library. */
#define UPAY_E_HANDLE 2
/** No such key. */
#define UPAY_E_KEY 3
/** The value breaks the rule of its field. upay_last_error names the field and the rule. */
#define UPAY_E_VALUE 4
/** Not in this state: a setting after start, or a second action while one is under way. */
#define UPAY_E_STATE 5
/** The wait has ended. The work goes on. */
#define UPAY_E_TIMEOUT 6
/** This function must not be called inside a callback. */
#define UPAY_E_REENTRANT 7
/** A setting or a field that this call needs is not set. */
#define UPAY_E_MISSING 8
/** This client_sn was sent before. It is never sent twice. */
#define UPAY_E_DUPLICATE 9
/** The library knows no such order, or nothing of this field. */
#define UPAY_E_NOT_FOUND 10
/** Another client or process uses this terminal's journal. */
#define UPAY_E_LOCKED 11
/** The journal cannot be read or written. Nothing was sent. */
#define UPAY_E_STORAGE 12
/** This process is a forked child of the process that uses the library. No call works in it. */
#define UPAY_E_FORKED 13
/** The client is stopped. */
#define UPAY_E_CLOSED 14
/** Too many at once. upay_last_error names the limit. */
#define UPAY_E_LIMIT 15
/** The buffer is too small. length says how many bytes it must have. */
#define UPAY_E_BUFFER 16
/** Not sent: the gateway's host name has no address. */
#define UPAY_E_RESOLVE 100
/** Not sent: no connection to the gateway. */
#define UPAY_E_CONNECT 101
/** Not sent: TLS could not be agreed on, or the certificate is not trusted. */
#define UPAY_E_TLS 102
/** Not sent: the proxy refused or failed. */
#define UPAY_E_PROXY 103
/** In doubt: the connection broke after the request may have left. */
#define UPAY_E_INTERRUPTED 200
/** In doubt: no reply in time. */
#define UPAY_E_NO_REPLY 201
/** In doubt: the reply is unreadable, or is for another order. */
#define UPAY_E_REPLY 202
/** In doubt: the gateway reports a failure of its own (500). */
#define UPAY_E_GATEWAY 203
/** In doubt: the time is up, and the outcome is still not known. */
#define UPAY_E_UNRESOLVED 204
/** Refused: the gateway cannot accept the request (400). */
#define UPAY_E_REQUEST 300
/** Refused: the signature is wrong. Check terminal_sn and terminal_key, or public_key_pem. */
#define UPAY_E_SIGN 301
/** Refused: the gateway does not know or does not accept this terminal. */
#define UPAY_E_TERMINAL 302
/** Refused for a business reason: see the event's biz_error_code. */
#define UPAY_E_REFUSED 303
/** Not paid in time, and cancelled. */
#define UPAY_E_EXPIRED 304
/** Cancelled or given back. */
#define UPAY_E_CANCELLED 305
/** The gateway knows no such order. */
#define UPAY_E_NO_ORDER 306
/** A defect of this library was caught. The payment that it interrupted is still in the journal. */
#define UPAY_E_PANIC 900

/** The action is under way. */
#define UPAY_OUTCOME_PENDING 0
/** A payment: paid. Any other action: done. */
#define UPAY_OUTCOME_SUCCESS 1
/**
 * A payment: not paid, and nothing is owed (not charged, or given back). Any other action: not
 * done.
 */
#define UPAY_OUTCOME_FAILED 2
/** The outcome is not known: hand over no goods. */
#define UPAY_OUTCOME_UNKNOWN 3

/** upay_client_activate. */
#define UPAY_ACTION_ACTIVATE 1
/** upay_client_checkin, and the check-in that the library does by itself. */
#define UPAY_ACTION_CHECKIN 2
/** upay_order_pay. */
#define UPAY_ACTION_PAY 3
/** upay_order_precreate. */
#define UPAY_ACTION_PRECREATE 4
/** upay_order_query. */
#define UPAY_ACTION_QUERY 5
/** upay_order_refund. */
#define UPAY_ACTION_REFUND 6
/** upay_order_cancel. */
#define UPAY_ACTION_CANCEL 7
/** upay_client_call. */
#define UPAY_ACTION_CALL 8
/** Read for the host, without sending anything: upay_read_reply, upay_verify_notify. */
#define UPAY_ACTION_READ 9
/**
 * An order that no call waits for: left over from an earlier run, or watched because the
 * gateway's answer was not final.
 */
#define UPAY_ACTION_WATCH 10

/** Nothing to do. */
#define UPAY_ADVICE_NONE 0
/** Hand over the goods. */
#define UPAY_ADVICE_DELIVER 1
/** Try again with a new order. */
#define UPAY_ADVICE_RETRY 2
/** Wait: more events follow. */
#define UPAY_ADVICE_WAIT 3
/** Hand over no goods and call the gateway's support. */
#define UPAY_ADVICE_CALL_SUPPORT 4
/** The till's maker must look at the request or the settings. */
#define UPAY_ADVICE_FIX_REQUEST 5
/** Check this machine's network, then try again. */
#define UPAY_ADVICE_CHECK_NETWORK 6
/** Try again under the same number. */
#define UPAY_ADVICE_RETRY_SAME 7
/** A person has to settle it. */
#define UPAY_ADVICE_BY_HAND 8
/** Ask the customer for a fresh code or other means. */
#define UPAY_ADVICE_ASK_CUSTOMER 9

/** biz_response.result_code: the result of the action (000, 002, 003 4.2). */
#define UPAY_TABLE_RESULT_CODE 1
/** order_status: the state of the order (000, 002, 003 4.3). */
#define UPAY_TABLE_ORDER_STATUS 2
/** status: the newest transaction (000, 002, 003 4.4). To decide, use order_status. */
#define UPAY_TABLE_TRANSACTION_STATUS 3
/** error_code: why the gateway did not carry the request out (002, 003 4.1). */
#define UPAY_TABLE_REQUEST_ERROR 4
/** biz_response.error_code: why the action failed (000, 002, 003 4.5). */
#define UPAY_TABLE_BUSINESS_ERROR 5
/** payway: the wallet (002, 003 4.6). Names only. */
#define UPAY_TABLE_PAYWAY 6
/** sub_payway: how the wallet was used (002, 003 4.7). Names only. */
#define UPAY_TABLE_SUB_PAYWAY 7
/** The charge gateway's codes (004). */
#define UPAY_TABLE_CHARGE_ERROR 8
/** The charge gateway's HTTP statuses (004). */
#define UPAY_TABLE_CHARGE_HTTP 9

/** The UPay gateway's replies: result_code, biz_response, data (003 2.3). */
#define UPAY_DIALECT_UPAY 1
/** The charge gateway's replies: code, message, data (004). */
#define UPAY_DIALECT_CHARGE 2

/** Log nothing. */
#define UPAY_LOG_OFF 0
/** Log what went wrong and needs a person. */
#define UPAY_LOG_ERROR 1
/** Log also what is unusual or was repaired. */
#define UPAY_LOG_WARN 2
/** Log also the start and the end of each action. */
#define UPAY_LOG_INFO 3
/** Log also each exchange with the gateway. */
#define UPAY_LOG_DEBUG 4

/** A picture as SVG 1.1, which is text. */
#define UPAY_QR_SVG 1
/** A picture as a Windows bitmap of 1 bit a pixel. */
#define UPAY_QR_BMP 2

/**
 * One terminal of one merchant: its settings, its orders and its journal. Make one client for
 * each terminal, start it once, and keep it for as long as the till runs.
 *
 * Threads: may be used from every thread.
 */
typedef struct upay_client upay_client;

/**
 * What happened: an immutable snapshot. Its text lives as long as the event: in a callback for the
 * call, otherwise until upay_event_free.
 *
 * Threads: may be read from every thread.
 */
typedef struct upay_event upay_event;

/**
 * One order: the fields of its requests, and the actions on it. Two handles with the same
 * client_sn are the same order.
 *
 * Threads: may be used from every thread.
 */
typedef struct upay_order upay_order;

/**
 * The status of a call or of an action. Its range tells what is known:
 *
 *   0         UPAY_OK
 *   1-99      The caller's mistake, or the state of this machine. This call sent nothing.
 *   100-199   Not sent.
 *   200-299   In doubt: the request may have been carried out.
 *   300-399   The gateway refused.
 *   900-999   A defect of this library.
 */
typedef int32_t upay_status;

/**
 * Receives one line of the log.
 *
 * level: one of UPAY_LOG_ERROR to UPAY_LOG_DEBUG.
 * line: one line of UTF-8 of at most 1024 bytes. It lives as long as the call. It contains no key,
 *   signature, barcode or payer's account.
 * user_data: as passed to upay_set_log.
 * Threads: runs on any thread, also on one of yours that is inside a call of this library. What the
 *   function itself makes the library log is dropped.
 */
typedef void (*upay_log_fn)(int32_t level, const char *line, void *user_data);

/**
 * Receives an event.
 *
 * event: lent for the call. upay_event_copy keeps it.
 * user_data: as passed to the function that took this callback.
 * Threads: runs on a thread of the library, never on the caller's stack and never under a lock. One
 *   client's callbacks run one after the other, in order. A callback may call every function except
 *   upay_client_stop and upay_order_wait. It must return soon: meanwhile the client's other events
 *   wait.
 */
typedef void (*upay_event_fn)(const upay_event *event, void *user_data);

/**
 * The last call with this user_data: exactly once after a call that returned UPAY_OK, whatever
 * happens, and never after an error. Free user_data here.
 */
typedef void (*upay_drop_fn)(void *user_data);

/**
 * Returns the version of this interface: 1. It changes only when something that worked before
 * would break.
 */
uint32_t upay_abi_version(void);

/** Returns the library's version, such as "0.1.0". The text lives for ever. */
const char *upay_version(void);

/**
 * Returns what went wrong in this thread's last failed call: one line of ASCII for a programmer.
 * It names the field and the rule that was broken, and contains no secret.
 *
 * It is "" if no call has failed, and never NULL. It lives until this thread's next call.
 */
const char *upay_last_error(void);

/**
 * Sends the log of all clients to a function of yours from now on.
 *
 * level: the most detailed level that you want, UPAY_LOG_ERROR to UPAY_LOG_DEBUG. UPAY_LOG_OFF ends
 *   the log.
 * fn: receives the lines. NULL ends the log.
 * user_data: passed to fn.
 * Errors: UPAY_E_VALUE (level).
 * Threads: a line that another thread is just writing may still reach the earlier function after
 *   this call has returned.
 */
upay_status upay_set_log(int32_t level, upay_log_fn fn, void *user_data);

/**
 * Makes the gateway's signature of a request body: MD5 over the bytes followed by the key, in
 * lower-case hex (003 2.2). For hosts that send requests of their own. Needs no client.
 *
 * body, length: the bytes exactly as they are sent. body may be NULL only if length is 0.
 * key: the terminal's or the vendor's key, in UTF-8.
 * out33: receives 33 bytes: 32 digits and a NUL.
 * Errors: UPAY_E_ARGUMENT.
 */
upay_status upay_sign(const void *body, size_t length, const char *key, char *out33);

/**
 * Makes a client with default settings. Nothing is sent or written until it is started.
 *
 * out: receives the client. Give it to upay_client_free.
 * Errors: UPAY_E_ARGUMENT, UPAY_E_LIMIT.
 */
upay_status upay_client_new(upay_client **out);

/**
 * Sets one setting, by its key from the table at the top. Only before start.
 *
 * key: the setting. Copied.
 * value: in the client's encoding. Copied. "" clears an optional setting. If the encoding is not
 *   UTF-8, set "encoding" first.
 * Errors: UPAY_E_KEY, UPAY_E_VALUE (upay_last_error names the rule), UPAY_E_ARGUMENT (NULL, or not
 *   in the client's encoding), UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_client_set(upay_client *client, const char *key, const char *value);

/**
 * Reads one setting: "" if it is not set. terminal_key and vendor_key cannot be read: UPAY_E_KEY.
 *
 * key: the setting.
 * buffer, capacity: receives the text with its NUL, at most capacity bytes.
 * length: receives the number of the text's bytes without the NUL. With UPAY_E_BUFFER it receives
 *   the number of bytes that the buffer must have, the NUL included. May be NULL.
 * Errors: UPAY_E_KEY, UPAY_E_BUFFER, UPAY_E_ARGUMENT, UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_client_get(upay_client *client,
                            const char *key,
                            char *buffer,
                            size_t capacity,
                            size_t *length);

/**
 * Sets the watcher: the function for events of orders that no call waits for (UPAY_ACTION_WATCH).
 * These are orders that an earlier run left over, and orders whose verdict was not the gateway's
 * last word. Only before start.
 *
 * Without a watcher, or with fn NULL, these events wait for upay_client_next_event.
 *
 * fn, user_data: as for upay_order_pay.
 * drop: as for upay_order_pay. It runs when the client ends, or when another watcher is set.
 * Errors: UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE. After an error drop is not run:
 *   user_data is still yours.
 */
upay_status upay_client_watch(upay_client *client,
                              upay_event_fn fn,
                              void *user_data,
                              upay_drop_fn drop);

/**
 * Makes a terminal of this till with an activation code. Only before start, and once for each
 * terminal. Needs vendor_sn, vendor_key, app_id, device_id and a state_dir.
 *
 * The gateway's owner or your service provider gives out the code. It can be used once.
 *
 * The terminal's number and keys are kept in state_dir from then on, but not the code and the
 * vendor_key. terminal_sn can be read afterwards. Later starts need neither terminal_sn nor
 * terminal_key: without them start takes the terminal that was activated last in this state_dir.
 *
 * code: 1 to 64 bytes without white space, in the client's encoding.
 * timeout_ms: the limit for the whole call. 0: only connect_timeout_ms and reply_timeout_ms hold.
 * Errors: UPAY_E_MISSING, UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STATE (started), UPAY_E_CLOSED,
 *   UPAY_E_HANDLE, and
 *     UPAY_E_STORAGE   Nothing was sent, unless upay_last_error says otherwise. If it does, start
 *                      tries to save the terminal once more.
 *     UPAY_E_LOCKED    Another process activates in this state_dir.
 *     100-199          Not sent: try again.
 *     200-299          In doubt: the code may be used up. Try again. If that is refused, ask for a
 *                      new code.
 *     300-399          The gateway refused.
 * Threads: blocks, in a callback too.
 */
upay_status upay_client_activate(upay_client *client, const char *code, uint32_t timeout_ms);

/**
 * Starts the client: takes the terminal's journal, and resumes what an earlier run left over.
 * After an error the settings can be corrected and start called again.
 *
 * Errors: UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE, and
 *     UPAY_E_MISSING   terminal_sn or terminal_key is not set, and nothing was activated in
 *                      state_dir.
 *     UPAY_E_VALUE     ca_file or proxy cannot be used.
 *     UPAY_E_LOCKED    Another client or process uses this terminal's journal.
 *     UPAY_E_STORAGE   The journal is damaged, foreign or unreadable. It is left as it is.
 */
upay_status upay_client_start(upay_client *client);

/**
 * Checks the terminal in: the gateway gives it a new key. The new key is on disk before it is
 * used, and the earlier key stays valid.
 *
 * A client with a state_dir and a device_id checks in by itself, unless "auto_checkin" is "off":
 * once a day in Beijing, at start or before the day's first payment. The device_id may be its own
 * setting or the one that it was activated with.
 *
 * A check-in never runs while a payment is under way, and a payment that begins during a check-in
 * waits for its end. If a check-in is under way already, this call joins it.
 *
 * timeout_ms: the limit for the whole call. 0: only connect_timeout_ms and reply_timeout_ms hold.
 * Errors: UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE, and
 *     UPAY_E_MISSING   device_id is not set.
 *     UPAY_E_STATE     The client is not started, or a payment is under way.
 *     UPAY_E_TIMEOUT   The check-in that this call joined goes on.
 *     100-199          Not sent.
 *     200-299          In doubt, and the old key is still valid. Check in again when the network
 *                      works. After two lost replies in a row the gateway would forget this
 *                      terminal's key.
 *     300-399          The gateway refused.
 * Threads: blocks, in a callback too.
 */
upay_status upay_client_checkin(upay_client *client, uint32_t timeout_ms);

/**
 * Signs a request of your own with the terminal's key and sends it. For what the gateway offers
 * and this library does not know. Nothing of it is recorded, and nothing is queried afterwards.
 *
 * The request is sent once. If the gateway refuses the signature, it is sent again under the
 * terminal's earlier key. Any other refusal of the gateway is a reply: UPAY_OK and an event.
 *
 * path: such as "/upay/v2/deposit". Its names consist of letters, digits, "-", "_" and ".". The
 *   paths of payments, precreate, activation and check-in are refused: they have functions.
 * json: the body, a JSON object of at most 64 KiB, in the client's encoding. It is sent character
 *   by character, in UTF-8.
 * timeout_ms: the limit for the whole call. 0: only connect_timeout_ms and reply_timeout_ms hold.
 * out: receives the reply as an event of UPAY_ACTION_CALL. Give it to upay_event_free. It is read
 *   as by upay_read_reply, except that a SUCCESS that names no order is success.
 * Errors: UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STATE (not started), UPAY_E_LIMIT, UPAY_E_CLOSED,
 *   UPAY_E_HANDLE, and
 *     100-199   Not sent.
 *     200-299   In doubt: there is no reply that can be read.
 * Threads: blocks, in a callback too.
 */
upay_status upay_client_call(upay_client *client,
                             const char *path,
                             const char *json,
                             uint32_t timeout_ms,
                             upay_event **out);

/**
 * Counts the orders without a final answer of the gateway: under way, left over or watched. With 0
 * no order waits for an answer, and the till can safely be switched off.
 *
 * count: receives the number.
 * Errors: UPAY_E_ARGUMENT, UPAY_E_STATE (not started), UPAY_E_STORAGE, UPAY_E_CLOSED,
 *   UPAY_E_HANDLE.
 */
upay_status upay_client_unfinished(upay_client *client, uint32_t *count);

/**
 * Takes the oldest event that no callback receives: polling, for example from a window's timer.
 * Each action keeps its newest progress event and its final event. upay_event_get with "client_sn"
 * tells the order.
 *
 * Up to 20000 unread events are kept. Beyond that the oldest progress is dropped first, and then
 * the oldest final event, which the next start tells again.
 *
 * timeout_ms: how long to wait for an event. 0 does not wait.
 * out: receives the event. Give it to upay_event_free.
 * Errors: UPAY_E_TIMEOUT (no event in time), UPAY_E_CLOSED (stopped, and all events are taken),
 *   UPAY_E_STATE (not started), UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
 */
upay_status upay_client_next_event(upay_client *client, uint32_t timeout_ms, upay_event **out);

/**
 * Stops the client for good. Calls that the gateway holds open are broken off. Every action that
 * is under way gets its one final event (UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED), and the next start
 * resumes it from the journal.
 *
 * After UPAY_OK no callback runs or will run, all threads of this client have ended, and its
 * journal is free for another process. stop may be called again. A client that was never started
 * is closed as well.
 *
 * timeout_ms: how long to wait until callbacks have returned and threads have ended.
 * Errors: UPAY_E_TIMEOUT (the stop goes on: call again), UPAY_E_REENTRANT (inside a callback),
 *   UPAY_E_HANDLE.
 * Threads: blocks. Not inside a callback.
 */
upay_status upay_client_stop(upay_client *client, uint32_t timeout_ms);

/**
 * Frees the client. If it was not stopped, it begins to stop, and callbacks may still run for a
 * moment. Orders and events of the client stay valid until they are freed. NULL is ignored.
 *
 * Threads: never blocks.
 */
void upay_client_free(upay_client *client);

/**
 * Makes an order. Nothing is sent or written.
 *
 * client_sn: your number for the order: 1 to 32 bytes of UTF-8 without white space, unique for your
 *   merchant for ever. With NULL the library makes a unique one, which upay_order_get reads. A
 *   number that was used before is accepted, for query, refund and cancel.
 * out: receives the order. Give it to upay_order_free.
 * Errors: UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_order_new(upay_client *client, const char *client_sn, upay_order **out);

/**
 * Finds an order that this terminal's journal knows: one that was paid or cancelled through it
 * before, also by an earlier run.
 *
 * client_sn: the order's number.
 * out: receives the order. Give it to upay_order_free.
 * Errors: UPAY_E_NOT_FOUND, UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STORAGE, UPAY_E_STATE (not
 *   started), UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_order_find(upay_client *client, const char *client_sn, upay_order **out);

/**
 * Sets one field of the order, by its key from the table at the top. The value is checked at once
 * against the gateway's rule.
 *
 * key: the field. Copied.
 * value: in the client's encoding. Copied. "" clears an optional field.
 * Errors: UPAY_E_KEY, UPAY_E_VALUE (upay_last_error names the field and the rule), UPAY_E_ARGUMENT
 *   (NULL, or not in the client's encoding), UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_order_set(upay_order *order, const char *key, const char *value);

/**
 * Reads one field: the value that was set or, if none was, what the gateway said of it last ("sn",
 * "order_status" and so on). "client_sn" is always there.
 *
 * key: the field.
 * buffer, capacity, length: as for upay_client_get.
 * Errors: UPAY_E_NOT_FOUND (nothing is known of it), UPAY_E_BUFFER, UPAY_E_ARGUMENT, UPAY_E_HANDLE.
 */
upay_status upay_order_get(upay_order *order,
                           const char *key,
                           char *buffer,
                           size_t capacity,
                           size_t *length);

/**
 * Takes a payment with the code that the customer shows. Set total_amount (fen), dynamic_id (the
 * scanned code) and subject before. Without an operator of its own the order has the client's.
 *
 * UPAY_OK means: the order is recorded on disk, and the payment is under way. The call does not
 * wait for it. PENDING events follow, on every change and on every answer of the gateway, and then
 * exactly one final event:
 *
 *   UPAY_OUTCOME_SUCCESS   Paid. The gateway said so for this very order and amount.
 *   UPAY_OUTCOME_FAILED    Not paid, and nothing is owed. The event's status says why:
 *                          UPAY_E_REFUSED (see biz_error_code), UPAY_E_EXPIRED (not paid within
 *                          pay_timeout_ms, and cancelled), UPAY_E_CANCELLED, UPAY_E_NO_ORDER,
 *                          UPAY_E_REQUEST, UPAY_E_SIGN, UPAY_E_TERMINAL, or 100-199 (not sent).
 *   UPAY_OUTCOME_UNKNOWN   Nobody knows whether it is paid. Hand over no goods.
 *
 * After UPAY_E_NO_ORDER the request has not arrived at the gateway. The library watches the order
 * and reverses it if it arrives late: by a cancel, then by a refund. If the gateway refuses both,
 * or ten minutes pass, the watcher gets a PENDING event with UPAY_E_REFUSED and the advice
 * UPAY_ADVICE_BY_HAND. Its field "tried" says what was tried. A person then gives the money back.
 *
 * A cancel that left may be carried out up to ten minutes later. So an order that is paid while a
 * cancel of it has no clear answer ends UNKNOWN, and the watcher gets the result after that time.
 *
 * After UPAY_OUTCOME_UNKNOWN the library goes on asking in the background, and the watcher gets
 * the result. There is one exception: an order that was paid and then refunded in part is left to
 * a person (UPAY_E_UNRESOLVED with order_status PARTIAL_REFUNDED).
 *
 * /pay is sent at most once for one client_sn, for as long as the journal remembers it
 * (journal_days). After a status of 100-199 the same order may be paid again.
 *
 * fn: called for every event. NULL: poll with upay_client_next_event or upay_order_wait.
 * user_data: passed to fn and drop.
 * drop: called once, after fn's last call. May be NULL.
 * Errors: UPAY_E_MISSING, UPAY_E_VALUE, UPAY_E_DUPLICATE (client_sn was sent before),
 *   UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_STATE (not started), UPAY_E_CLOSED, UPAY_E_HANDLE. After
 *   an error nothing was sent or recorded, no event comes, drop is not run, and the order can be
 *   corrected and paid.
 * Threads: does not wait for the network. fn and drop run on a thread of the library.
 */
upay_status upay_order_pay(upay_order *order, upay_event_fn fn, void *user_data, upay_drop_fn drop);

/**
 * Makes a code that the customer scans. Set total_amount, subject and payway (not 6, the QQ
 * wallet) before.
 *
 * A PENDING event has the content of the QR code as "qr_code", as soon as the gateway has made it:
 * show it or print it (upay_qr). From then on everything is as for upay_order_pay, and the
 * outcomes mean the same, but precreate_timeout_ms is the time limit.
 *
 * If the reply with the code is lost, the order is cancelled and the outcome is FAILED.
 *
 * fn, user_data, drop: as for upay_order_pay.
 * Errors: as for upay_order_pay.
 * Threads: as for upay_order_pay.
 */
upay_status upay_order_precreate(upay_order *order,
                                 upay_event_fn fn,
                                 void *user_data,
                                 upay_drop_fn drop);

/**
 * Asks the gateway once for the state of the order. A query is information: it changes no verdict.
 *
 *   UPAY_OUTCOME_SUCCESS   The gateway knows the order: read order_status.
 *   UPAY_OUTCOME_FAILED    The gateway knows no such order (UPAY_E_NO_ORDER).
 *   UPAY_OUTCOME_UNKNOWN   There was no usable answer.
 *
 * fn, user_data, drop: as for upay_order_pay.
 * Errors: as for upay_order_pay, without UPAY_E_MISSING and UPAY_E_DUPLICATE.
 * Threads: as for upay_order_pay.
 */
upay_status upay_order_query(upay_order *order,
                             upay_event_fn fn,
                             void *user_data,
                             upay_drop_fn drop);

/**
 * Refunds the order, in part or in full (003 3.3). Set refund_request_no (1 to 20 bytes) and
 * refund_amount (fen) before. Without an operator of its own the order has the client's.
 *
 * There may be any number of refunds, each under a number of its own, until nothing is left. In
 * doubt the library sends the refund again under the same number, which moves the money once. The
 * host may do so too, with the same fields.
 *
 *   UPAY_OUTCOME_SUCCESS   Given back.
 *   UPAY_OUTCOME_FAILED    This refund gave nothing back. See biz_error_code.
 *   UPAY_OUTCOME_UNKNOWN   Not known within cancel_timeout_ms. The library goes on asking in the
 *                          background, also after a restart. The watcher gets the result, as
 *                          UPAY_ACTION_REFUND with refund_request_no.
 *
 * fn, user_data, drop: as for upay_order_pay.
 * Errors: UPAY_E_MISSING, UPAY_E_VALUE (also: this number was used with other fields), UPAY_E_STATE
 *   (not started, or this refund is under way), UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED,
 *   UPAY_E_HANDLE.
 * Threads: as for upay_order_pay.
 */
upay_status upay_order_refund(upay_order *order,
                              upay_event_fn fn,
                              void *user_data,
                              upay_drop_fn drop);

/**
 * Cancels the order: the full amount, on the same Beijing day (003 3.5). A cancel whose answer is
 * lost is repeated.
 *
 * While the payment is under way, a cancel means that the cashier gives up. The payment then ends
 * FAILED with UPAY_E_CANCELLED, or SUCCESS if the customer was faster and the gateway refuses.
 *
 * After the payment has ended SUCCESS, it counts whether you have received that event. Before that
 * the cancel ends FAILED with UPAY_E_REFUSED, and afterwards it gives the money back.
 *
 * An order that ended FAILED may still be watched, to be reversed if it arrives late. A cancel of
 * yours that the gateway refuses takes nothing away from that: the library goes on reversing it.
 *
 * An order that was made without a number of yours, and was never sent, has nothing to cancel:
 * UPAY_E_MISSING. Set "sn" to cancel an order by the gateway's number.
 *
 *   UPAY_OUTCOME_SUCCESS   Nothing is owed.
 *   UPAY_OUTCOME_FAILED    UPAY_E_REFUSED: the payment stands. UPAY_E_NO_ORDER: the gateway knows
 *                          no such order.
 *   UPAY_OUTCOME_UNKNOWN   No answer within cancel_timeout_ms. The order is watched from now on.
 *
 * fn, user_data, drop: as for upay_order_pay.
 * Errors: UPAY_E_MISSING, UPAY_E_STATE (not started, or a cancel of it is under way),
 *   UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
 * Threads: as for upay_order_pay.
 */
upay_status upay_order_cancel(upay_order *order,
                              upay_event_fn fn,
                              void *user_data,
                              upay_drop_fn drop);

/**
 * Waits for the final event of the order's newest action. An event that a wait hands out does not
 * come again from upay_client_next_event. A second wait hands it out again.
 *
 * timeout_ms: how long to wait. 0 does not wait.
 * out: receives the event. Give it to upay_event_free.
 * Errors: UPAY_E_TIMEOUT (the action goes on), UPAY_E_REENTRANT (inside a callback), UPAY_E_STATE
 *   (no action was begun), UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
 * Threads: blocks. Not inside a callback.
 */
upay_status upay_order_wait(upay_order *order, uint32_t timeout_ms, upay_event **out);

/**
 * Frees the handle. It cancels nothing: what is under way goes on, and its events still come. NULL
 * is ignored.
 */
void upay_order_free(upay_order *order);

/** Returns the event's action, one of UPAY_ACTION_*. 0 if the handle is not an event. */
int32_t upay_event_action(const upay_event *event);

/**
 * Returns UPAY_OUTCOME_PENDING while the action goes on, and its outcome in the final event.
 * UPAY_OUTCOME_UNKNOWN if the handle is not an event.
 */
int32_t upay_event_outcome(const upay_event *event);

/**
 * Returns the reason of the outcome: UPAY_OK on success, and while all goes well. UPAY_E_HANDLE if
 * the handle is not an event, UPAY_E_FORKED in a forked child.
 */
upay_status upay_event_status(const upay_event *event);

/** Returns what the cashier does next, one of UPAY_ADVICE_*. 0 if the handle is not an event. */
int32_t upay_event_advice(const upay_event *event);

/**
 * Returns one sentence for the cashier, in the client's language and encoding. It lives as long as
 * the event. NULL if the handle is not an event.
 */
const char *upay_event_message(const upay_event *event);

/**
 * Returns one field, in the client's encoding. It lives as long as the event. NULL if the event
 * does not have the field. A NUL in the value is handed out as "?".
 *
 * key: one of the gateway's own names for the order's data ("sn", "order_status", "trade_no" and so
 *   on), or one from the table at the top.
 */
const char *upay_event_get(const upay_event *event, const char *key);

/**
 * Returns the whole event as one JSON object, in the client's encoding. The payer's account and
 * keys are blacked out, as in the log. It lives as long as the event. NULL if the handle is not an
 * event.
 *
 * action, outcome, status, advice and message are the event's own. A field of the gateway with one
 * of these names ("status") is only in upay_event_get.
 */
const char *upay_event_json(const upay_event *event);

/**
 * Keeps an event that was lent to a callback.
 *
 * out: receives the same event. Give it to upay_event_free.
 * Errors: UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
 */
upay_status upay_event_copy(const upay_event *event, upay_event **out);

/**
 * Frees the event and all of its text. NULL is ignored. An event that was lent to a callback is
 * ignored too, once the callback has returned.
 */
void upay_event_free(upay_event *event);

/**
 * Returns the codes of a table one by one, for a host that lists or translates them. ASCII that
 * lives for ever. NULL past the end, and for an unknown table. Needs no client.
 *
 * table: one of UPAY_TABLE_*.
 * index: from 0. Two spellings of one code have two indexes.
 */
const char *upay_code_at(int32_t table, size_t index);

/**
 * Returns what a code means: one sentence for a cashier or a programmer, and a name for
 * UPAY_TABLE_PAYWAY and UPAY_TABLE_SUB_PAYWAY. UTF-8, whatever a client's encoding, that lives for
 * ever. NULL if there is no such table, code or language. Needs no client.
 *
 * The gateway adds codes without notice. Show a code that has no text as it is, and count it as
 * unknown.
 *
 * table: one of UPAY_TABLE_*.
 * code: as the gateway wrote it.
 * language: "zh" or "en".
 */
const char *upay_code_text(int32_t table, const char *code, const char *language);

/**
 * Returns what a code says of the action that it answers, one of UPAY_OUTCOME_*. For an order's
 * status: what it says of the payment. Needs no client.
 *
 * UPAY_OUTCOME_SUCCESS means "paid" for PAY_SUCCESS and for the order_status PAID. For every other
 * code it means "done": a cancel, a refund, a code that is ready to be scanned, a query that was
 * answered. UPAY_OUTCOME_UNKNOWN also stands for an unknown table or code, and for names (payway,
 * sub_payway).
 *
 * To judge a whole reply use upay_read_reply, which compares all of its codes.
 *
 * table: one of UPAY_TABLE_*.
 * code: as the gateway wrote it.
 */
int32_t upay_code_outcome(int32_t table, const char *code);

/**
 * Returns what to do about a code, one of UPAY_ADVICE_*. Needs no client.
 *
 * UPAY_ADVICE_NONE for an unknown table or code: this library does not guess what the gateway
 * means. upay_code_outcome is UPAY_OUTCOME_UNKNOWN then: hand over no goods.
 *
 * table: one of UPAY_TABLE_*.
 * code: as the gateway wrote it.
 */
int32_t upay_code_advice(int32_t table, const char *code);

/**
 * Tells what a gateway's reply means, for hosts that send requests of their own. Nothing is sent
 * or recorded. Needs no client.
 *
 * The event has UPAY_ACTION_READ. Its text is UTF-8 and its message is Chinese. The fields
 * "message_zh" and "message_en" have the message in both languages.
 *
 * The reply does not tell what was asked. Before you hand over goods, compare its client_sn,
 * terminal_sn and total_amount with the order's.
 *
 * UPAY_DIALECT_UPAY (003 2.3): the reply to pay, precreate, query, refund, cancel, activate or
 * check-in.
 *
 *   UPAY_OUTCOME_SUCCESS   Paid, with UPAY_ADVICE_DELIVER: PAY_SUCCESS, or a query's PAID, in a
 *                          reply that has client_sn and total_amount. Or done, with
 *                          UPAY_ADVICE_NONE: the cancel, refund, activation or check-in.
 *   UPAY_OUTCOME_PENDING   Under way, or not paid yet: query. PRECREATE_SUCCESS is among these,
 *                          until the customer has paid.
 *   UPAY_OUTCOME_FAILED    The payment failed or was given back in full: order_status in a query's
 *                          reply. Or the request was not carried out: result_code 400, FAIL,
 *                          PAY_FAIL and the like. In a query's reply these say nothing of the
 *                          payment.
 *   UPAY_OUTCOME_UNKNOWN   Nobody knows: hand over no goods, and query.
 *     UPAY_E_GATEWAY       result_code 500.
 *     UPAY_E_REPLY         The number, the amount, the qr_code or the key is missing.
 *     UPAY_E_NO_ORDER      "No such order": a request may still arrive.
 *     UPAY_E_UNRESOLVED    An *_ERROR, a code that is in no table, an order that was given back in
 *                          part, or codes that contradict each other.
 *
 * UPAY_DIALECT_CHARGE (004): the charge gateway's envelope of code, message and data. An error's
 * code and message are the fields "error_code" and "error_message". The members of data are
 * fields.
 *
 *   UPAY_OUTCOME_SUCCESS   The request was carried out: code is the number 0, and the HTTP status
 *                          is 200. The data say whether a charge is paid, so the advice is never
 *                          UPAY_ADVICE_DELIVER.
 *   UPAY_OUTCOME_PENDING   A person has to act first.
 *   UPAY_OUTCOME_FAILED    A code that refuses. Or, without a code of the table, an HTTP status of
 *                          400, 401, 402 (only without any code) or 403.
 *   UPAY_OUTCOME_UNKNOWN   All else, and every HTTP status from 500 (UPAY_E_GATEWAY).
 *
 * dialect: one of UPAY_DIALECT_*.
 * http_status: the reply's, 100 to 599. The body counts more: a 400 of UPay may come with 200.
 * body, length: the bytes as they were received, up to 1 MiB. body may be NULL only if length is 0.
 * out: receives the event. Give it to upay_event_free.
 * Errors: UPAY_E_VALUE (dialect, http_status), UPAY_E_ARGUMENT, UPAY_E_LIMIT, and
 *     UPAY_E_REPLY     In doubt, so query: this is no such reply. It is not JSON, has a duplicate
 *                      member, no result_code or no envelope, or is too long.
 *     UPAY_E_GATEWAY   The same, with an HTTP status from 500.
 */
upay_status upay_read_reply(int32_t dialect,
                            int32_t http_status,
                            const void *body,
                            size_t length,
                            upay_event **out);

/**
 * Reads a notification, which the gateway posts to an order's notify_url: checks the gateway's
 * signature over the body (RSA PKCS #1 v1.5 with SHA-256), and makes an event of it. There is no
 * event without a valid signature. Needs no client.
 *
 * The event has UPAY_ACTION_READ and the body's fields. Its text is UTF-8 and its message is
 * Chinese ("message_en" is there as well). Its outcome is the payment's, by order_status:
 *
 *   UPAY_OUTCOME_SUCCESS   PAID.
 *   UPAY_OUTCOME_FAILED    PAY_CANCELED, CANCELED, REFUNDED: nothing is owed (UPAY_E_CANCELLED).
 *   UPAY_OUTCOME_PENDING   CREATED, CANCEL_INPROGRESS, REFUND_INPROGRESS.
 *   UPAY_OUTCOME_UNKNOWN   PARTIAL_REFUNDED, an error of the order, another status, or none
 *                          (UPAY_E_UNRESOLVED).
 *
 * A valid signature says who wrote the notification, not when. It may come twice, late, after a
 * newer one, or from somebody who has kept it. Before you hand over goods, compare client_sn and
 * total_amount with the order's, and accept an order once. In doubt use upay_order_query.
 *
 * A client's journal and verdicts do not know of the notification.
 *
 * body, length: the request's body, byte for byte as it arrived, at most 1048576 bytes. body may be
 *   NULL only if length is 0.
 * authorization: the value of the request's Authorization header. It is the signature in base64, or
 *   a terminal's number, a space and the signature. The number is not signed and is ignored, and so
 *   is white space around the value. "" if the request has no such header: UPAY_E_SIGN.
 * public_key_pem: the gateway's public key, an RSA key of 2048 to 8192 bits, as PEM text with a
 *   block BEGIN PUBLIC KEY or BEGIN RSA PUBLIC KEY. Get it from the gateway's owner in a way that
 *   you trust, never from the request.
 * out: receives the event. Give it to upay_event_free.
 * Errors: UPAY_E_ARGUMENT, UPAY_E_LIMIT, and
 *     UPAY_E_SIGN    This is not this key's signature of this body: answer as to a stranger.
 *     UPAY_E_REPLY   The signature is valid, and the body is not a JSON object without duplicate
 *                    members.
 *     UPAY_E_VALUE   public_key_pem cannot be used, or the body is too long.
 */
upay_status upay_verify_notify(const void *body,
                               size_t length,
                               const char *authorization,
                               const char *public_key_pem,
                               upay_event **out);

/**
 * Makes a picture of a text as a QR code, black on white: for example of the qr_code that a
 * customer scans. The code is square and has error correction level M or higher. The same
 * arguments make the same picture. Needs no client.
 *
 *   UPAY_QR_BMP   A whole .bmp file of 1 bit a pixel, not compressed, bottom row first, as
 *                 LoadImage, LoadPicture and TBitmap read it. For StretchDIBits: BITMAPINFO is at
 *                 byte 14 and the pixels are at byte 62, where 1 is white.
 *   UPAY_QR_SVG   One line of SVG 1.1 with a NUL at its end: for a web page, or a printer driver
 *                 that scales.
 *
 * To learn the size, call it with buffer NULL and capacity 0 first. A long text or large modules
 * make large pictures, up to 5.6 MB.
 *
 * text: 1 to 2331 bytes of UTF-8.
 * format: UPAY_QR_SVG or UPAY_QR_BMP.
 * module_px: the side of one module (small square) in pixels, 1 to 32. Use 3 or more for a screen
 *   and 4 for a receipt printer of 203 dpi. Show and print the picture in its own size, or scaled
 *   by a whole number.
 * quiet_modules: the width of the white border in modules, 0 to 16. The standard asks for 4. Use
 *   less only if the surroundings are white.
 * buffer, capacity: receives the picture, at most capacity bytes.
 * length: receives the number of the picture's bytes, without the NUL of an SVG. With UPAY_E_BUFFER
 *   it receives the number of bytes that the buffer must have, the NUL of an SVG included. May be
 *   NULL.
 * Errors: UPAY_E_VALUE (upay_last_error names the argument and its range), UPAY_E_BUFFER,
 *   UPAY_E_ARGUMENT (text is NULL or not UTF-8, or buffer is NULL and capacity is not 0).
 */
upay_status upay_qr(const char *text,
                    int32_t format,
                    uint32_t module_px,
                    uint32_t quiet_modules,
                    void *buffer,
                    size_t capacity,
                    size_t *length);

#ifdef __cplusplus
}
#endif

#endif
