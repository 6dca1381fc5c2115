/*
 * libupay: mobile payments for cash registers through the Shouqianba UPay v2 gateway.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What is not in this file is not published. Made by cbindgen: change the library's sources instead.
 *
 *
 * A PAYMENT, FROM START TO STOP
 *
 *     upay_client *client;
 *     upay_order *order;
 *     upay_event *event;
 *
 *     upay_client_new(&client);
 *     upay_client_set(client, "terminal_sn", "10298371039");
 *     upay_client_set(client, "terminal_key", key);
 *     upay_client_set(client, "state_dir", "/var/lib/till/upay");
 *     upay_client_start(client);                            once, when the till starts
 *
 *     upay_order_new(client, NULL, &order);                 for each sale
 *     upay_order_set(order, "total_amount", "1250");        12.50 yuan, in fen
 *     upay_order_set(order, "dynamic_id", scanned);         the code that the customer shows
 *     upay_order_set(order, "subject", "Pizza");
 *     upay_order_pay(order, NULL, NULL, NULL);              returns at once; UPAY_OK: recorded, and under way
 *
 *     while (upay_client_next_event(client, 0, &event) != UPAY_OK)
 *         ...;                                              or from a window's timer
 *     show(upay_event_message(event));                      one sentence for the cashier
 *     if (upay_event_action(event) == UPAY_ACTION_PAY)      the outcome of a query or a cancel is no verdict on payment
 *         switch (upay_event_outcome(event)) {
 *         case UPAY_OUTCOME_PENDING:                        more events follow
 *         case UPAY_OUTCOME_SUCCESS:                        paid: hand over the goods
 *         case UPAY_OUTCOME_FAILED:                         not paid, and nothing is owed
 *         case UPAY_OUTCOME_UNKNOWN:                        nobody knows: hand over no goods
 *         }
 *     upay_event_free(event);
 *     upay_order_free(order);
 *
 *     upay_client_stop(client, 10000);                      once, when the till ends
 *     upay_client_free(client);
 *
 * Every upay_status is to be checked: it is left out here for the sake of the story.
 *
 *
 * THREADS
 *
 * 1. Every function may be called from every thread. Text that is passed in is copied; outputs are written only on
 *    success.
 * 2. Callbacks run on a thread of the library, never on the caller's stack and never under a lock. One client's are
 *    serial and in order. Anything may be called from inside but upay_client_stop and upay_order_wait
 *    (UPAY_E_REENTRANT).
 * 3. All functions and callbacks are cdecl, on 32-bit Windows too.
 * 4. In a child made by fork every call gives UPAY_E_FORKED, or NULL, where it gives no status. The library is not to be unloaded.
 *
 * SHUTTING DOWN
 *
 * 1. Take no more payments.
 * 2. upay_client_stop, from no callback. What is under way gets its one final event, and goes on at the next start.
 * 3. On UPAY_E_TIMEOUT a callback of yours has not returned: let it return, and stop again.
 * 4. After UPAY_OK no callback runs or will run: free what they used, then the orders, events and the client.
 *
 *
 * A CLIENT'S KEYS (upay_client_set, upay_client_get), with their defaults
 *
 *     api_domain             https://vsi-api.shouqianba.com   the gateway; http:// is for loopback addresses alone
 *     terminal_sn            needed                           1 to 32 visible ASCII characters; without it start takes the
 *                                       terminal that was activated last in this state_dir
 *     terminal_key           needed                           can be set, never read back; not needed once state_dir has one
 *     state_dir                         directory of the journal, private to the till's user; "" for tests alone: nothing
 *                                       survives the process
 *     operator               cashier    who takes the payment, unless the order says so; 1 to 32 characters
 *     encoding               utf-8      of all text in and out: utf-8, gbk, gb18030. A character that GBK lacks is handed
 *                                       out as "?"
 *     language               zh         of the sentences for the cashier: zh, en
 *     connect_timeout_ms     5000       name lookup, connection and TLS together; 1 to 60000
 *     reply_timeout_ms       15000      a query's or a cancel's reply; 1 to 120000
 *     pay_reply_timeout_ms   50000      a payment's: the gateway holds it while the customer types a password; 1 to 120000
 *     poll                   2000*15,5000         pauses between queries in ms, 1 to 86400000 each; the last repeats
 *     pay_timeout_ms         60000      from the end of the pay call until what was not paid is cancelled; 1 to 3600000
 *     precreate_timeout_ms   240000     the same after a precreate call; 1 to 3600000
 *     cancel_timeout_ms      30000      how long a cancel is repeated before the outcome is "unknown"; 1 to 3600000
 *     not_found_grace_ms     6000       between the two answers "no such order" that count; 1 to 600000
 *     watch                  30000,60000,300000   pauses between looks at an order without a final answer, in ms
 *     proxy                             http://host:port or http://user:password@host:port; never from the environment
 *     ca_file                           PEM file of certificates that are trusted beside the built-in ones
 *     in_flight_max          8          calls to the gateway at a time, and so worker threads; 2 to 256
 *     journal_days           90         how long an order that has ended is remembered, in days; 1 to 36500. Its client_sn is
 *                                       known not to be sent again for as long
 *     device_id                         this till, by a name that stays: 1 to 128 characters; for activation and check-in
 *     auto_checkin           on         on, off: check in once a day in Beijing, see upay_client_checkin; needs state_dir
 *                                       and device_id
 *     cancel_path            cancel     cancel, revoke: where a cancel goes to; revoke only if the gateway's owner says so
 *     vendor_sn, vendor_key, app_id     for upay_client_activate alone; vendor_key is never kept and never read back
 *
 * AN ORDER'S KEYS (upay_order_set, upay_order_get; 003 3.2.2). Amounts are whole fen.
 *
 *     total_amount    needed      1 to 10 digits, more than 0, no leading 0
 *     dynamic_id      needed      the customer's code: 1 to 32 bytes without white space; not for precreate
 *     subject         needed      1 to 64 characters
 *     operator                    1 to 32 characters
 *     sn                          the gateway's number of the order, 1 to 16 bytes: names an order that was made elsewhere,
 *                                 instead of client_sn or, where both are given, together with it; not for pay
 *     refund_request_no           for the next refund, or the one that a query asks about: 1 to 20 bytes without white
 *                                 space, never used for another
 *     refund_amount               for the next refund: as total_amount
 *     client_tsn                  for the next refund: 1 to 64 bytes without white space
 *     payway                      1 to 4 digits: which wallet; best left to the gateway, but precreate needs it
 *     sub_payway                  1 to 4 digits; precreate alone
 *     payer_uid                   1 to 64 bytes without white space; precreate alone
 *     description                 1 to 256 characters
 *     longitude, latitude         decimal degrees; both or neither
 *     device_id                   1 to 32 characters
 *     extended                    a JSON object: up to 24 keys of 64 bytes, values of 256 bytes
 *     goods_details               a JSON array of up to 32768 bytes
 *     reflect                     1 to 64 characters that the gateway gives back
 *     notify_url                  1 to 128 bytes
 *
 * AN EVENT'S KEYS (upay_event_get): the gateway's own fields of the order (sn, client_sn, trade_no, order_status, payway,
 * total_amount, net_amount, payer_login, finish_time, ...), and
 *
 *     result_code, error_code, error_message                  the reply: did the request satisfy the gateway
 *     biz_result_code, biz_error_code, biz_error_message      what became of the action
 *     phase             sending, querying, cancelling, done
 *     queries           how many queries were sent
 *     elapsed_ms        since the action began
 *     remaining_ms      until this phase's time is up
 *     refund_request_no which refund, where the event is about one
 *     message_zh, message_en    upay_event_message in Chinese and in English
 *
 * One of UPAY_ACTION_READ has the fields that were read, message_zh and message_en, and from upay_read_reply also
 * http_status.
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
/** An argument is NULL, or text that is not in the client's encoding. */
#define UPAY_E_ARGUMENT 1
/** The handle was freed, is of another type, or was never made by this library. */
#define UPAY_E_HANDLE 2
/** No such key. */
#define UPAY_E_KEY 3
/** The value breaks its field's rule; upay_last_error names the field and the rule. */
#define UPAY_E_VALUE 4
/** Not now: the object is in another state (a setting after start, a second action on an order that has one under way). */
#define UPAY_E_STATE 5
/** The wait ended; the work goes on. */
#define UPAY_E_TIMEOUT 6
/** Not from inside a callback. */
#define UPAY_E_REENTRANT 7
/** A setting or a field that this call needs was not set. */
#define UPAY_E_MISSING 8
/** This client_sn was sent before; it is never sent twice. */
#define UPAY_E_DUPLICATE 9
/** Not known here. */
#define UPAY_E_NOT_FOUND 10
/** Another client or process has this terminal's state. */
#define UPAY_E_LOCKED 11
/** The journal cannot be read or written; nothing was sent. */
#define UPAY_E_STORAGE 12
/** This process is a fork of the one that the library was used in; nothing works here. */
#define UPAY_E_FORKED 13
/** The client is stopped. */
#define UPAY_E_CLOSED 14
/** Too many at once; upay_last_error names the limit. */
#define UPAY_E_LIMIT 15
/** The buffer is too small; length says what is needed. */
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
/** In doubt: the time is up and nobody knows. */
#define UPAY_E_UNRESOLVED 204
/** Refused: the gateway cannot accept the request (400). */
#define UPAY_E_REQUEST 300
/** Refused: the signature is wrong; check terminal_sn and terminal_key, or public_key_pem. */
#define UPAY_E_SIGN 301
/** Refused: the gateway does not know or does not accept this terminal. */
#define UPAY_E_TERMINAL 302
/** Refused for a business reason; the event's biz_error_code says which. */
#define UPAY_E_REFUSED 303
/** Not paid in time, and cancelled. */
#define UPAY_E_EXPIRED 304
/** Cancelled. */
#define UPAY_E_CANCELLED 305
/** The gateway knows no such order. */
#define UPAY_E_NO_ORDER 306
/** A defect of this library was caught; what it hit is still in the journal. */
#define UPAY_E_PANIC 900
/** Under way. */
#define UPAY_OUTCOME_PENDING 0
/** A payment: paid. Any other action: done. */
#define UPAY_OUTCOME_SUCCESS 1
/** A payment: not paid and nothing is owed (not charged, or given back). Any other action: not done. */
#define UPAY_OUTCOME_FAILED 2
/** Nobody knows: hand over no goods. */
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
/** Read for the host, and nothing was sent: upay_read_reply, upay_verify_notify. */
#define UPAY_ACTION_READ 9
/** An order that no call waits for: left over from an earlier run, or watched until the gateway's answer is final. */
#define UPAY_ACTION_WATCH 10
/** Nothing to do. */
#define UPAY_ADVICE_NONE 0
/** Hand over the goods. */
#define UPAY_ADVICE_DELIVER 1
/** Try again with a new order. */
#define UPAY_ADVICE_RETRY 2
/** Wait; more events follow. */
#define UPAY_ADVICE_WAIT 3
/** Hand over no goods and call the gateway's support. */
#define UPAY_ADVICE_CALL_SUPPORT 4
/** The till's maker must look at the request or the settings. */
#define UPAY_ADVICE_FIX_REQUEST 5
/** Check this machine's network, then try again. */
#define UPAY_ADVICE_CHECK_NETWORK 6
/** Try again under the same number. */
#define UPAY_ADVICE_RETRY_SAME 7
/** Settle it by hand. */
#define UPAY_ADVICE_BY_HAND 8
/** Ask the customer for a fresh code or other means. */
#define UPAY_ADVICE_ASK_CUSTOMER 9
/** biz_response.result_code: what became of the action (000, 002, 003 4.2). */
#define UPAY_TABLE_RESULT_CODE 1
/** order_status: how the order stands (000, 002, 003 4.3). */
#define UPAY_TABLE_ORDER_STATUS 2
/** status: the order's newest step (000, 002, 003 4.4). For people; decide on order_status. */
#define UPAY_TABLE_TRANSACTION_STATUS 3
/** error_code: why the gateway did not carry the request out (002, 003 4.1). */
#define UPAY_TABLE_REQUEST_ERROR 4
/** biz_response.error_code: why the action failed (000, 002, 003 4.5). */
#define UPAY_TABLE_BUSINESS_ERROR 5
/** payway: whose wallet (002, 003 4.6). Names alone. */
#define UPAY_TABLE_PAYWAY 6
/** sub_payway: how the wallet was used (002, 003 4.7). Names alone. */
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
/** Log also what is odd or was mended. */
#define UPAY_LOG_WARN 2
/** Log also each action's start and end. */
#define UPAY_LOG_INFO 3
/** Log also each exchange with the gateway. */
#define UPAY_LOG_DEBUG 4
/** A picture as SVG 1.1: text. */
#define UPAY_QR_SVG 1
/** A picture as a Windows bitmap of 1 bit a pixel. */
#define UPAY_QR_BMP 2
/**
 * One terminal of one merchant: its settings, its orders and its journal. Make one for each terminal, start it once,
 * and keep it for as long as the till runs. May be used from every thread. A handle is checked at every call: NULL, a
 * freed one or one of another type gives UPAY_E_HANDLE.
 */
typedef struct upay_client upay_client;

/**
 * What happened: an immutable snapshot. May be read from every thread. All of its text lives as long as the event: in a
 * callback for the call, otherwise until upay_event_free.
 */
typedef struct upay_event upay_event;

/**
 * One order: what it asks for, and all that happens to it. Two handles of the same client_sn are the same order. May
 * be used from every thread. Checked at every call, as all handles are.
 */
typedef struct upay_order upay_order;

/**
 * What a call, or an action, came to. The hundreds tell what is known: 1-99 the caller's mistake (nothing was sent),
 * 100-199 not sent, 200-299 in doubt, 300-399 refused by the gateway, 900-999 a defect of this library.
 */
typedef int32_t upay_status;

/**
 * A line of the log: one of UPAY_LOG_ERROR to UPAY_LOG_DEBUG, and one line of UTF-8 of at most 1024 bytes that lives
 * as long as the call. No line holds a key, a signature, a barcode or a payer's account. Runs on any thread, also on
 * one that is inside a call of yours; what it logs itself by calling the library is not logged.
 */
typedef void (*upay_log_fn)(int32_t level, const char *line, void *user_data);

/**
 * What happened, on a thread of the library: never on the caller's stack, never under a lock, one client's calls one
 * after the other and in order. The event is lent for the call; upay_event_copy keeps it. Anything may be called from
 * inside but upay_client_stop and upay_order_wait. It must return soon: while it runs, the client's other events wait.
 */
typedef void (*upay_event_fn)(const upay_event *event, void *user_data);

/** The last call with this user_data, once, whatever happens: free here what user_data stands for. */
typedef void (*upay_drop_fn)(void *user_data);

/** The version of this header's contract: 1. It moves only when something that worked before would break. */
uint32_t upay_abi_version(void);

/** The library's version, such as "0.1.0". Lives for ever. */
const char *upay_version(void);

/**
 * What went wrong in this thread's last failed call: one line of plain ASCII for a programmer, which names the field
 * and the rule that was broken and never holds a secret. "" when no call has failed. Never NULL; lives until this
 * thread's next call.
 */
const char *upay_last_error(void);

/**
 * Sends the library's log, for all clients, to a function of yours from now on.
 *
 * level: the chattiest level that is wanted, UPAY_LOG_ERROR to UPAY_LOG_DEBUG; UPAY_LOG_OFF ends the log.
 * fn: NULL ends the log. A line that is just being written on another thread may still arrive after this call.
 * user_data: passed back to fn.
 * Errors: UPAY_E_VALUE.
 */
upay_status upay_set_log(int32_t level, upay_log_fn fn, void *user_data);

/**
 * The gateway's signature of a request body: MD5 over the bytes followed by the key, in lower-case hex (003 2.2). For
 * hosts that send requests of their own.
 *
 * body: the bytes exactly as they are sent; NULL only when length is 0.
 * key: the terminal's or the vendor's key, UTF-8.
 * out33: room for 33 bytes: 32 digits and a NUL.
 * Errors: UPAY_E_ARGUMENT.
 */
upay_status upay_sign(const void *body, size_t length, const char *key, char *out33);

/**
 * Makes a client with default settings. Nothing is sent and nothing is written until it is started.
 *
 * out: the client; yours, to be given to upay_client_free.
 * Errors: UPAY_E_ARGUMENT, UPAY_E_LIMIT.
 */
upay_status upay_client_new(upay_client **out);

/**
 * Sets one setting, by its key from the table at the top; only before start. Both texts are copied.
 *
 * value: in the client's encoding (set "encoding" first when it is not UTF-8). "" takes an optional setting back.
 * Errors: UPAY_E_KEY, UPAY_E_VALUE (upay_last_error names the rule), UPAY_E_ARGUMENT (NULL, or not in the client's
 * encoding), UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_client_set(upay_client *client, const char *key, const char *value);

/**
 * Reads one setting back; "" when it is not set. terminal_key and vendor_key can be set, never read: UPAY_E_KEY.
 *
 * buffer, capacity: where the text goes, with its NUL, and how many bytes fit there.
 * length: receives the text's bytes without the NUL; with UPAY_E_BUFFER the bytes that the buffer must have, the NUL
 * included. May be NULL.
 * Errors: UPAY_E_KEY, UPAY_E_BUFFER, UPAY_E_ARGUMENT, UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_client_get(upay_client *client, const char *key, char *buffer, size_t capacity, size_t *length);

/**
 * Says who hears of orders that no call waits for (UPAY_ACTION_WATCH): those that an earlier run left over, and those
 * whose verdict was not the gateway's last word. Only before start; without a watcher, or with fn NULL, these events
 * wait for upay_client_next_event.
 *
 * fn, user_data, drop: as for upay_order_pay; drop runs when the client ends, or when another watcher takes over.
 * Errors: UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE. A call that fails has taken nothing: drop is not run.
 */
upay_status upay_client_watch(upay_client *client, upay_event_fn fn, void *user_data, upay_drop_fn drop);

/**
 * Makes a terminal of this till with an activation code: single-use, and given out by the gateway's owner or your
 * service provider. Needs vendor_sn, vendor_key, app_id and device_id, and a state_dir, where the terminal's number and
 * keys are kept from then on; the code and vendor_key are not. terminal_sn can be read back afterwards. The next starts
 * need neither terminal_sn nor terminal_key: without them start takes the terminal that was activated last in this
 * state_dir. Only before start, and once per terminal; blocks, in a callback too.
 *
 * code: 1 to 64 bytes without white space, in the client's encoding.
 * timeout_ms: for all of it; 0: connect_timeout_ms and reply_timeout_ms alone.
 * Errors: UPAY_E_MISSING, UPAY_E_VALUE, UPAY_E_STATE (started), UPAY_E_STORAGE (before anything was sent, unless
 * upay_last_error says otherwise; start then tries to keep it once more), UPAY_E_LOCKED (another process activates here),
 * UPAY_E_CLOSED, UPAY_E_HANDLE; 100-199: not sent, try again; 200-299: in doubt, the code may be used up: try again, and
 * ask for a new code when that is refused; 300-399: the gateway refused.
 */
upay_status upay_client_activate(upay_client *client,
                                 const char *code,
                                 uint32_t timeout_ms);

/**
 * Starts the client: takes the terminal's journal, and goes on with what an earlier run left over.
 *
 * Errors: UPAY_E_MISSING (terminal_sn, terminal_key, and nothing was activated in state_dir), UPAY_E_VALUE (ca_file,
 * proxy), UPAY_E_LOCKED (another client or process has this terminal), UPAY_E_STORAGE (the journal is damaged, foreign or
 * unreadable; it is left as it is), UPAY_E_STATE (started), UPAY_E_CLOSED, UPAY_E_HANDLE. After an error the settings can
 * be mended and start called again.
 */
upay_status upay_client_start(upay_client *client);

/**
 * Checks the terminal in: the gateway gives it a new key, which is on disk before it is used; the one before stays valid.
 * A client with a state_dir and a device_id (its own setting, or the one that it was activated with) does so by itself,
 * once a day in Beijing, at start or before the day's first payment, unless "auto_checkin" is "off". Never while a
 * payment is under way; a payment that begins in the meantime waits for its end. One that is under way already is joined.
 * Blocks, in a callback too.
 *
 * timeout_ms: for all of it; 0: connect_timeout_ms and reply_timeout_ms alone.
 * Errors: UPAY_E_MISSING (device_id), UPAY_E_STATE (not started, or a payment is under way), UPAY_E_TIMEOUT (the one that
 * was joined goes on), UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE; 100-199: not sent; 200-299: in doubt, and the old key is valid still. Check in
 * again when the network is well: with a second reply lost in a row the gateway would forget the key that is here. 300-399:
 * the gateway refused.
 */
upay_status upay_client_checkin(upay_client *client,
                                uint32_t timeout_ms);

/**
 * Signs a request of your own making with the terminal's key and sends it once, or again under the key before when the
 * gateway refuses the signature: for what the gateway offers and this library does not know. Nothing of it is recorded, and
 * nothing is asked again. Blocks, in a callback too.
 *
 * path: such as "/upay/v2/deposit"; names of letters, digits, "-", "_" and ".". Payments, precreate, activation and
 * check-in have functions of their own and are refused here.
 * json: the body, a JSON object of at most 64 KiB, in the client's encoding; sent letter by letter in UTF-8.
 * timeout_ms: for all of it; 0: connect_timeout_ms and reply_timeout_ms alone.
 * out: the reply as an event of UPAY_ACTION_CALL, read as upay_read_reply reads it, but that a plain SUCCESS which speaks
 * of no order is one; yours, to be given to upay_event_free.
 * Errors: UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STATE (not started), UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE; 100-199:
 * not sent; 200-299: in doubt, no reply that can be read. A refusal of the gateway is a reply: UPAY_OK, and an event.
 */
upay_status upay_client_call(upay_client *client,
                             const char *path,
                             const char *json,
                             uint32_t timeout_ms,
                             upay_event **out);

/**
 * How many orders have no final answer of the gateway yet: under way, left over, or watched. 0: nothing is owed an
 * answer, and the till can be switched off without a worry.
 *
 * Errors: UPAY_E_ARGUMENT, UPAY_E_STATE (not started), UPAY_E_STORAGE, UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_client_unfinished(upay_client *client, uint32_t *count);

/**
 * Takes the oldest event that no callback hears: the pull form, for a window's timer. Each action keeps its newest
 * progress event and its final one; upay_event_get with "client_sn" tells the order.
 *
 * timeout_ms: how long to wait for one; 0 does not wait.
 * out: the event; yours, to be given to upay_event_free.
 * Errors: UPAY_E_TIMEOUT (none in time), UPAY_E_CLOSED (stopped, and all were taken), UPAY_E_STATE (not started),
 * UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
 */
upay_status upay_client_next_event(upay_client *client, uint32_t timeout_ms, upay_event **out);

/**
 * Stops the client for good. Calls that are held open are broken off; every action that is under way gets its one
 * final event (UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED) and goes on from the journal at the next start. Once this returns
 * UPAY_OK, no callback runs or will run, all threads of this client have ended, and its journal is free for another
 * process. May be called again; a client that was never started is closed as well.
 *
 * timeout_ms: how long to wait for callbacks to return and threads to end.
 * Errors: UPAY_E_TIMEOUT (the end goes on; call again), UPAY_E_REENTRANT (from inside a callback), UPAY_E_HANDLE.
 */
upay_status upay_client_stop(upay_client *client, uint32_t timeout_ms);

/**
 * Lets the client go. Never blocks: a client that was not stopped begins to stop, and callbacks may still run for a
 * moment. Orders and events of the client stay valid until they are freed. NULL is ignored.
 */
void upay_client_free(upay_client *client);

/**
 * Makes an order. Nothing is sent and nothing is written.
 *
 * client_sn: your number for it: 1 to 32 bytes of UTF-8 without white space, unique for your merchant for ever. NULL
 * makes a unique one; upay_order_get with "client_sn" reads it. One that was used before is fine for query and cancel.
 * out: the order; yours, to be given to upay_order_free.
 * Errors: UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_order_new(upay_client *client,
                           const char *client_sn,
                           upay_order **out);

/**
 * Finds an order that the journal knows: one that was paid or cancelled through this terminal's journal before, also
 * by an earlier run.
 *
 * out: the order; yours, to be given to upay_order_free.
 * Errors: UPAY_E_NOT_FOUND, UPAY_E_VALUE, UPAY_E_ARGUMENT, UPAY_E_STORAGE, UPAY_E_STATE (not started), UPAY_E_LIMIT,
 * UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_order_find(upay_client *client, const char *client_sn, upay_order **out);

/**
 * Sets one field of the request, by its key from the table at the top. The value is checked at once, against the
 * gateway's own rule; both texts are copied. "" takes an optional field back.
 *
 * Errors: UPAY_E_KEY, UPAY_E_VALUE (upay_last_error names field and rule), UPAY_E_ARGUMENT (NULL, or not in the
 * client's encoding), UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_order_set(upay_order *order, const char *key, const char *value);

/**
 * Reads a field that was set or, where none was, what the gateway said of it last ("sn", "order_status", …). "client_sn"
 * is always there.
 *
 * buffer, capacity, length: as for upay_client_get.
 * Errors: UPAY_E_NOT_FOUND (nothing is known of it), UPAY_E_BUFFER, UPAY_E_ARGUMENT, UPAY_E_HANDLE.
 */
upay_status upay_order_get(upay_order *order,
                           const char *key,
                           char *buffer,
                           size_t capacity,
                           size_t *length);

/**
 * Takes a payment with the code that the customer shows: total_amount (fen), dynamic_id (the scanned code) and subject
 * must be set; operator is the client's unless it is. Returns at once: UPAY_OK means that the order is in the journal,
 * on disk, and under way. Then PENDING events follow, on every change and on every answer, and exactly one final one:
 *
 * UPAY_OUTCOME_SUCCESS: paid. The gateway said so for this very order and amount.
 * UPAY_OUTCOME_FAILED: not paid, and nothing is owed. Its status says why: UPAY_E_REFUSED with the event's
 * biz_error_code, UPAY_E_EXPIRED (not paid within pay_timeout_ms, and cancelled), UPAY_E_CANCELLED, UPAY_E_NO_ORDER (it
 * never got there; watched from now on, and reversed should it arrive), UPAY_E_REQUEST, UPAY_E_SIGN, UPAY_E_TERMINAL, or
 * a status from 100 to 199: not sent.
 * UPAY_OUTCOME_UNKNOWN: nobody knows. Hand over no goods. The order is asked about in the background, and the watcher
 * hears how it ends; but an order that was paid and refunded in part since is left to a person (UPAY_E_UNRESOLVED with
 * order_status PARTIAL_REFUNDED).
 *
 * /pay is sent at most once for a client_sn, for as long as the journal remembers it (journal_days). After a status from
 * 100 to 199 the same order may be paid again.
 *
 * fn: called for every event; NULL for the pull form (upay_client_next_event, upay_order_wait).
 * user_data: passed back to fn and drop.
 * drop: called once after fn's last call; may be NULL.
 * Errors: UPAY_E_MISSING, UPAY_E_VALUE, UPAY_E_DUPLICATE (client_sn was sent before), UPAY_E_STORAGE, UPAY_E_LIMIT,
 * UPAY_E_STATE (not started), UPAY_E_CLOSED, UPAY_E_HANDLE. Then nothing was sent or recorded, there is no event, drop
 * is not run, and the order can be mended and paid.
 */
upay_status upay_order_pay(upay_order *order,
                           upay_event_fn fn,
                           void *user_data,
                           upay_drop_fn drop);

/**
 * Makes a code that the customer scans: total_amount, subject and payway (not 6, the QQ wallet) must be set. The QR
 * content comes as "qr_code" of a PENDING event as soon as it is there; show or print it. From there on as for
 * upay_order_pay, with precreate_timeout_ms in the place of pay_timeout_ms; the outcomes mean the same. When the reply
 * with the QR content is lost, the order is cancelled and the outcome is FAILED.
 *
 * fn, user_data, drop, errors: as for upay_order_pay.
 */
upay_status upay_order_precreate(upay_order *order,
                                 upay_event_fn fn,
                                 void *user_data,
                                 upay_drop_fn drop);

/**
 * Asks the gateway once how the order stands. SUCCESS: it answered with the order; read order_status. FAILED with
 * UPAY_E_NO_ORDER: it knows none. UNKNOWN: there was no usable answer. A query is information: it changes no verdict.
 *
 * fn, user_data, drop, errors: as for upay_order_pay, without UPAY_E_MISSING and UPAY_E_DUPLICATE.
 */
upay_status upay_order_query(upay_order *order, upay_event_fn fn, void *user_data, upay_drop_fn drop);

/**
 * Gives money back: refund_request_no (1 to 20 bytes) and refund_amount (fen) must be set; operator is the client's unless
 * it is. Any number of refunds, each under a number of its own, until nothing is left (003 3.3). In doubt the refund is
 * sent again under the same number, which moves the money once; the host may do so as well, with the same fields.
 * SUCCESS: given back. FAILED: nothing was given back by this refund; biz_error_code says why. UNKNOWN: not known within
 * cancel_timeout_ms; it goes on in the background, also after a restart, and the watcher hears how it ends, as
 * UPAY_ACTION_REFUND with refund_request_no.
 *
 * fn, user_data, drop: as for upay_order_pay.
 * Errors: UPAY_E_MISSING, UPAY_E_VALUE (also: the number was used with other fields), UPAY_E_STATE (this refund is under
 * way, or not started), UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED, UPAY_E_HANDLE.
 */
upay_status upay_order_refund(upay_order *order,
                              upay_event_fn fn,
                              void *user_data,
                              upay_drop_fn drop);

/**
 * Cancels the order: the full amount, on the same Beijing day (003 3.5). While its payment is under way, the cashier
 * gives up: the payment ends FAILED with UPAY_E_CANCELLED, or SUCCESS when the customer was faster and the gateway
 * refuses. A payment that has ended SUCCESS stands until you have heard so: a cancel before that ends FAILED with
 * UPAY_E_REFUSED, and one afterwards gives the money back. SUCCESS: nothing is owed. FAILED: UPAY_E_REFUSED (the payment stands) or UPAY_E_NO_ORDER. UNKNOWN: no answer
 * within cancel_timeout_ms; watched from now on. A lost answer is repeated. Cancelling by hand takes over what the library
 * would have done by itself for an order that was called FAILED: when the gateway refuses, the payment stands.
 *
 * fn, user_data, drop: as for upay_order_pay.
 * Errors: UPAY_E_STATE (a cancel of it is under way, or not started), UPAY_E_STORAGE, UPAY_E_LIMIT, UPAY_E_CLOSED,
 * UPAY_E_HANDLE.
 */
upay_status upay_order_cancel(upay_order *order,
                              upay_event_fn fn,
                              void *user_data,
                              upay_drop_fn drop);

/**
 * Waits for the final event of the order's newest action. What a wait hands out does not come again from
 * upay_client_next_event; a second wait gives it again.
 *
 * timeout_ms: how long to wait; 0 only looks.
 * out: the event; yours, to be given to upay_event_free.
 * Errors: UPAY_E_TIMEOUT (the action goes on), UPAY_E_REENTRANT (from inside a callback), UPAY_E_STATE (no action was
 * begun), UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
 */
upay_status upay_order_wait(upay_order *order, uint32_t timeout_ms, upay_event **out);

/** Lets the order go. Cancels nothing: what is under way goes on, and its events still come. NULL is ignored. */
void upay_order_free(upay_order *order);

/** Which action it is about, one of UPAY_ACTION_…; 0 for a handle that is not an event. */
int32_t upay_event_action(const upay_event *event);

/**
 * UPAY_OUTCOME_PENDING while the action goes on, and its end otherwise. UPAY_OUTCOME_UNKNOWN for a handle that is not an
 * event.
 */
int32_t upay_event_outcome(const upay_event *event);

/**
 * Why: UPAY_OK on success, and while all goes well. UPAY_E_HANDLE for a handle that is not an event, UPAY_E_FORKED in a
 * forked child.
 */
upay_status upay_event_status(const upay_event *event);

/** What the cashier does next, one of UPAY_ADVICE_…; 0 for a handle that is not an event. */
int32_t upay_event_advice(const upay_event *event);

/**
 * One sentence for the cashier, in the client's language and encoding. Lives as long as the event; NULL for a handle
 * that is not an event.
 */
const char *upay_event_message(const upay_event *event);

/**
 * A field by its key, in the client's encoding: the gateway's own names for the order's data ("sn", "order_status",
 * "trade_no", …), and those in the table at the top. A NUL in it is handed out as "?". NULL when absent. Lives as long as
 * the event.
 */
const char *upay_event_get(const upay_event *event,
                           const char *key);

/**
 * All of it as one JSON object, in the client's encoding, with the payer's account and keys blacked out as in the log.
 * action, outcome, status, advice and message are the event's own; what the gateway calls by one of these names ("status") is
 * read with upay_event_get. Lives as long as the event; NULL for a handle that is not an event.
 */
const char *upay_event_json(const upay_event *event);

/**
 * Keeps an event that was lent to a callback.
 *
 * out: the same event; yours, to be given to upay_event_free.
 * Errors: UPAY_E_ARGUMENT, UPAY_E_LIMIT, UPAY_E_HANDLE.
 */
upay_status upay_event_copy(const upay_event *event, upay_event **out);

/** Lets the event and all of its text go. NULL is ignored, and so is an event that is lent to a callback after the call. */
void upay_event_free(upay_event *event);

/**
 * The codes of a table, one after the other, for a host that lists or translates them. Usable without a client.
 *
 * table: one of UPAY_TABLE_…
 * index: from 0. Two spellings of one code are both there, each at an index of its own.
 * Returns ASCII that lives for ever; NULL past the end, or for an unknown table.
 */
const char *upay_code_at(int32_t table, size_t index);

/**
 * What a code means, in one line: a sentence for a cashier or a programmer; for UPAY_TABLE_PAYWAY and
 * UPAY_TABLE_SUB_PAYWAY a name. Usable without a client.
 *
 * table: one of UPAY_TABLE_…
 * code: as the gateway wrote it.
 * language: "zh" or "en".
 * Returns UTF-8 that lives for ever, whatever a client's encoding; NULL: no such table, code or language. The gateway
 * adds codes without notice: show one that is not here as it is, and count it as unknown.
 */
const char *upay_code_text(int32_t table, const char *code, const char *language);

/**
 * What a code says of the action that it answers, one of UPAY_OUTCOME_…; of an order's status: what it says of the
 * payment. Usable without a client.
 *
 * UPAY_OUTCOME_SUCCESS is "paid" for PAY_SUCCESS and for the order_status PAID, and "done" for every other code: a
 * cancel, a refund, a code to be scanned, a query that was answered. To judge a whole reply use upay_read_reply, which
 * holds all of its codes against each other. UPAY_OUTCOME_UNKNOWN for an unknown table or code, and for what has no
 * outcome (payway, sub_payway).
 */
int32_t upay_code_outcome(int32_t table,
                          const char *code);

/**
 * What to do about a code, one of UPAY_ADVICE_…. Usable without a client.
 *
 * UPAY_ADVICE_NONE for an unknown table or code: this library does not guess what a gateway means. upay_code_outcome is
 * UPAY_OUTCOME_UNKNOWN then, which says what counts: hand over no goods.
 */
int32_t upay_code_advice(int32_t table,
                         const char *code);

/**
 * What a gateway's reply amounts to, for hosts that send requests of their own. Nothing is sent and nothing is kept.
 * Usable without a client.
 *
 * The event's action is UPAY_ACTION_READ; its text is UTF-8, the message Chinese, with both languages under
 * "message_zh" and "message_en".
 *
 * UPAY_DIALECT_UPAY (003 2.3): the reply to pay, precreate, query, refund, cancel, activate or check-in.
 *
 * UPAY_OUTCOME_SUCCESS: paid (with UPAY_ADVICE_DELIVER), by PAY_SUCCESS or by a query's PAID, in a reply that names
 * client_sn and total_amount; or the cancel, refund, activation or check-in is done (with UPAY_ADVICE_NONE).
 * UPAY_OUTCOME_PENDING: under way, or not paid yet: query. So is PRECREATE_SUCCESS, until the customer has paid.
 * UPAY_OUTCOME_FAILED: by a query's order_status, the payment failed or was given back in full. By result_code 400, FAIL,
 * PAY_FAIL and the like, what was asked for was not done; as the answer to a query that says nothing of the payment.
 * UPAY_OUTCOME_UNKNOWN: nobody knows: hand over no goods, and query. An *_ERROR, result_code 500 (UPAY_E_GATEWAY), a code
 * that is in no table, an order given back in part, codes that contradict each other (UPAY_E_UNRESOLVED); a reply without
 * the number, the amount, the qr_code or the key that it should have (UPAY_E_REPLY); "no such order" (UPAY_E_NO_ORDER),
 * because a request may still arrive.
 *
 * The reply cannot know what was asked. Before the goods go, compare its client_sn, terminal_sn and total_amount with
 * the order's.
 *
 * UPAY_DIALECT_CHARGE (004): the charge gateway's envelope of code, message and data. The code of an error and its
 * message are the fields "error_code" and "error_message"; what stands in data are fields.
 *
 * UPAY_OUTCOME_SUCCESS: code is the number 0, and the HTTP status 200: the request was carried out. Whether a charge is
 * paid is said by the data: the advice is never UPAY_ADVICE_DELIVER.
 * UPAY_OUTCOME_FAILED: a code that refuses; without one of the table, a status of 400, 401, 402 (no code at all) or 403.
 * UPAY_OUTCOME_PENDING: a person has to act first.
 * UPAY_OUTCOME_UNKNOWN: all else, and every status from 500 (UPAY_E_GATEWAY).
 *
 * dialect: one of UPAY_DIALECT_…
 * http_status: the reply's, 100 to 599. The body counts more: a 400 of UPay may come with 200.
 * body: the bytes as they were received, up to 1 MiB; NULL only when length is 0.
 * out: the event; yours, to be given to upay_event_free.
 * Errors: UPAY_E_REPLY (no such reply: not JSON, a member that stands twice, no result_code or envelope, too long) and
 * UPAY_E_GATEWAY (the same with a status from 500): in doubt, so query; UPAY_E_VALUE (dialect, http_status),
 * UPAY_E_ARGUMENT, UPAY_E_LIMIT.
 */
upay_status upay_read_reply(int32_t dialect,
                            int32_t http_status,
                            const void *body,
                            size_t length,
                            upay_event **out);

/**
 * Reads what the gateway posts to an order's notify_url, for a host that receives it: checks the gateway's signature
 * (RSA PKCS #1 v1.5 with SHA-256) over the body, and makes an event of it, without a client. There is never an event
 * without a right signature.
 *
 * The event has UPAY_ACTION_READ, and as its fields the body's; text is UTF-8, and upay_event_message is Chinese
 * (message_en is there as well). Its outcome is the payment's, by order_status:
 *
 * UPAY_OUTCOME_SUCCESS: PAID.
 * UPAY_OUTCOME_FAILED with UPAY_E_CANCELLED: PAY_CANCELED, CANCELED, REFUNDED. Nothing is owed.
 * UPAY_OUTCOME_PENDING: CREATED, CANCEL_INPROGRESS, REFUND_INPROGRESS.
 * UPAY_OUTCOME_UNKNOWN with UPAY_E_UNRESOLVED: PARTIAL_REFUNDED, an error of the order, another status, or none.
 *
 * A right signature says who wrote it, not when: it may come twice, late, behind a newer one, or from somebody who has
 * kept it. Before goods are handed over compare client_sn and total_amount with the order's, take an order once, and ask
 * with upay_order_query when in doubt. The journal and the verdicts of a client know nothing of it.
 *
 * body, length: the request's body, byte for byte as it arrived, at most 1048576 bytes; NULL only when length is 0.
 * authorization: the value of its Authorization header: the signature in base64, or a terminal's number, a space and the
 * signature. The number is not signed and not looked at. White space around it does not count. Pass "" when the request
 * has no such header: UPAY_E_SIGN.
 * public_key_pem: the gateway's public key, an RSA key of 2048 to 8192 bits as PEM text: a block BEGIN PUBLIC KEY or
 * BEGIN RSA PUBLIC KEY. Take it from the gateway's owner by a way that you trust, never from the request.
 * out: the event; yours, to be given to upay_event_free.
 * Errors: UPAY_E_SIGN (not this key's signature of this body: answer as to a stranger), UPAY_E_REPLY (rightly signed, and
 * not a JSON object whose members stand once each), UPAY_E_VALUE (public_key_pem cannot be used, or body is too long), UPAY_E_ARGUMENT, UPAY_E_LIMIT.
 */
upay_status upay_verify_notify(const void *body,
                               size_t length,
                               const char *authorization,
                               const char *public_key_pem,
                               upay_event **out);

/**
 * Makes a picture of a text as a QR code, black on white, such as of the qr_code that a customer is to scan. Needs no
 * client. The code is square, of error correction level M or higher.
 *
 * UPAY_QR_BMP: a whole .bmp file of 1 bit a pixel, not compressed, bottom row first: the kind that LoadImage,
 * LoadPicture and TBitmap read from a file. For StretchDIBits, BITMAPINFO stands at byte 14 and the pixels at byte 62; in
 * them 1 is white.
 * UPAY_QR_SVG: one line of SVG 1.1 with a NUL at its end; for a page, or a printer driver that scales.
 *
 * text: 1 to 2331 bytes of UTF-8.
 * format: UPAY_QR_SVG or UPAY_QR_BMP.
 * module_px: the side of one small square in pixels, 1 to 32. Show and print the picture in its own size, or scaled by a
 * whole number: 3 or more for a screen, 4 for a receipt printer of 203 dpi.
 * quiet_modules: the white border, in small squares, 0 to 16. The standard asks for 4; less only where what is around
 * the picture is white.
 * buffer, capacity: where the picture goes, and how many bytes fit there.
 * length: receives the picture's bytes, those of an SVG without its NUL; with UPAY_E_BUFFER the bytes that the buffer
 * must have, the NUL of an SVG included. May be NULL. Ask with buffer NULL and capacity 0 first: a long text or large
 * squares make large pictures, up to 5.6 MB. The same arguments make the same picture.
 * Errors: UPAY_E_VALUE (upay_last_error names the argument and its range), UPAY_E_BUFFER, UPAY_E_ARGUMENT (text is NULL
 * or not UTF-8; buffer is NULL and capacity is not 0).
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
