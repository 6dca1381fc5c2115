/*
 * libupay for C++11 and newer: upay.h with constructors and destructors, exceptions, std::function and std::future.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * This header is all there is. A program links libupay as a C program does, and threads (-pthread) for the futures.
 * upay.h says what a setting, a field, an outcome or a number means. The names here are its names.
 *
 *
 * A PAYMENT, FROM START TO STOP
 *
 *     upay::client client;
 *     client.set("terminal_sn", "10298371039").set("terminal_key", key).set("state_dir", "/var/lib/till/upay");
 *     client.start();                                       once, when the till starts
 *
 *     upay::order order(client);                            for each sale; the library makes a unique number
 *     order.set("total_amount", 1250);                      12.50 yuan, in fen
 *     order.set("dynamic_id", scanned);                     the code that the customer shows
 *     order.set("subject", "Pizza");
 *     upay::event event = order.pay_async().get();          the verdict
 *     show(event.message());                                one sentence for the cashier
 *     if (event.outcome() == upay::outcome::success)        paid: hand over the goods
 *         ...
 *     client.stop(10000);                                   once, when the till ends
 *
 *
 * ERRORS
 *
 * A call that fails throws upay::error, with upay_last_error as its text. A payment that ends FAILED or UNKNOWN is a
 * normal result and throws nothing; the event's status() says why. A wait that times out (order::wait,
 * client::next_event) returns an empty event, which converts to false.
 *
 * AMOUNTS are whole fen: integers. A floating-point number does not compile.
 *
 * TEXT is std::string in the client's encoding. Text with a NUL inside is refused with status::argument.
 *
 *
 * CALLBACKS
 *
 * 1. They run on a thread of the library. Those of one client run one after the other and in order. They must return soon.
 * 2. A callback may call everything except client::stop and order::wait (status::reentrant). It must not wait for a future
 *    either: the event that completes the future would come on the same thread.
 * 3. The event is valid during the call only; a copy of it (upay::event kept = event) is yours.
 * 4. An exception never leaves a callback. The function given to upay::on_exception gets it; without one it is a line on
 *    stderr. The payment and its events go on.
 * 5. The std::function, with what it captured, is destroyed once, after its last call. If the call that takes it fails, it
 *    is destroyed at once and never called.
 *
 * OBJECTS are handles: client and order can be moved, event can also be copied. Several threads may use an object at the
 * same time. Move, assign and destroy it only while no other thread uses it. A moved-from object gives status::handle.
 */

#ifndef UPAY_HPP
#define UPAY_HPP

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "upay.h"

namespace upay {

/* ------------------------------------------------------------------------------------------------------- numbers */

/** UPAY_OK and UPAY_E_…: the result of a call or an action. */
enum class status : std::int32_t {
    ok = UPAY_OK,
    argument = UPAY_E_ARGUMENT,
    handle = UPAY_E_HANDLE,
    key = UPAY_E_KEY,
    value = UPAY_E_VALUE,
    state = UPAY_E_STATE,
    timeout = UPAY_E_TIMEOUT,
    reentrant = UPAY_E_REENTRANT,
    missing = UPAY_E_MISSING,
    duplicate = UPAY_E_DUPLICATE,
    not_found = UPAY_E_NOT_FOUND,
    locked = UPAY_E_LOCKED,
    storage = UPAY_E_STORAGE,
    forked = UPAY_E_FORKED,
    closed = UPAY_E_CLOSED,
    limit = UPAY_E_LIMIT,
    buffer = UPAY_E_BUFFER,
    resolve = UPAY_E_RESOLVE,
    connect = UPAY_E_CONNECT,
    tls = UPAY_E_TLS,
    proxy = UPAY_E_PROXY,
    interrupted = UPAY_E_INTERRUPTED,
    no_reply = UPAY_E_NO_REPLY,
    reply = UPAY_E_REPLY,
    gateway = UPAY_E_GATEWAY,
    unresolved = UPAY_E_UNRESOLVED,
    request = UPAY_E_REQUEST,
    sign = UPAY_E_SIGN,
    terminal = UPAY_E_TERMINAL,
    refused = UPAY_E_REFUSED,
    expired = UPAY_E_EXPIRED,
    cancelled = UPAY_E_CANCELLED,
    no_order = UPAY_E_NO_ORDER,
    panic = UPAY_E_PANIC
};

/** UPAY_OUTCOME_…: how an action ended, or that it goes on. */
enum class outcome : std::int32_t {
    pending = UPAY_OUTCOME_PENDING,
    success = UPAY_OUTCOME_SUCCESS,
    failed = UPAY_OUTCOME_FAILED,
    unknown = UPAY_OUTCOME_UNKNOWN
};

/** UPAY_ACTION_…: what an event is about. */
enum class action : std::int32_t {
    activate = UPAY_ACTION_ACTIVATE,
    checkin = UPAY_ACTION_CHECKIN,
    pay = UPAY_ACTION_PAY,
    precreate = UPAY_ACTION_PRECREATE,
    query = UPAY_ACTION_QUERY,
    refund = UPAY_ACTION_REFUND,
    cancel = UPAY_ACTION_CANCEL,
    call = UPAY_ACTION_CALL,
    read = UPAY_ACTION_READ,
    watch = UPAY_ACTION_WATCH
};

/** UPAY_ADVICE_…: what the cashier does next. */
enum class advice : std::int32_t {
    none = UPAY_ADVICE_NONE,
    deliver = UPAY_ADVICE_DELIVER,
    retry = UPAY_ADVICE_RETRY,
    wait = UPAY_ADVICE_WAIT,
    call_support = UPAY_ADVICE_CALL_SUPPORT,
    fix_request = UPAY_ADVICE_FIX_REQUEST,
    check_network = UPAY_ADVICE_CHECK_NETWORK,
    retry_same = UPAY_ADVICE_RETRY_SAME,
    by_hand = UPAY_ADVICE_BY_HAND,
    ask_customer = UPAY_ADVICE_ASK_CUSTOMER
};

/** UPAY_TABLE_…: the tables of the gateway's codes. */
enum class table : std::int32_t {
    result_code = UPAY_TABLE_RESULT_CODE,
    order_status = UPAY_TABLE_ORDER_STATUS,
    transaction_status = UPAY_TABLE_TRANSACTION_STATUS,
    request_error = UPAY_TABLE_REQUEST_ERROR,
    business_error = UPAY_TABLE_BUSINESS_ERROR,
    payway = UPAY_TABLE_PAYWAY,
    sub_payway = UPAY_TABLE_SUB_PAYWAY,
    charge_error = UPAY_TABLE_CHARGE_ERROR,
    charge_http = UPAY_TABLE_CHARGE_HTTP
};

/** UPAY_DIALECT_…: which gateway's reply is read. */
enum class dialect : std::int32_t { upay = UPAY_DIALECT_UPAY, charge = UPAY_DIALECT_CHARGE };

/** UPAY_LOG_…: how much is logged. */
enum class log_level : std::int32_t {
    off = UPAY_LOG_OFF,
    error = UPAY_LOG_ERROR,
    warn = UPAY_LOG_WARN,
    info = UPAY_LOG_INFO,
    debug = UPAY_LOG_DEBUG
};

/** UPAY_QR_…: the format of the picture. */
enum class qr_format : std::int32_t { svg = UPAY_QR_SVG, bmp = UPAY_QR_BMP };

/* -------------------------------------------------------------------------------------------------------- errors */

/** A call that failed. what() is upay_last_error: one line for a programmer, which never holds a secret. */
class error : public std::runtime_error {
public:
    error(upay::status why, const std::string &what) : std::runtime_error(what), why_(why) {}

    upay::status status() const noexcept { return why_; }

private:
    upay::status why_;
};

namespace detail {

/* Never destroyed: threads of the library may still use it while the program's statics are destroyed. */
struct shared_state {
    std::mutex mutex;
    std::shared_ptr<std::function<void(std::exception_ptr)>> on_exception;
    std::shared_ptr<std::function<void(log_level, const std::string &)>> on_log;
};

inline shared_state &shared()
{
    static shared_state &state = *new shared_state;
    return state;
}

template <class Function>
std::shared_ptr<Function> look_up(std::shared_ptr<Function> shared_state::*function)
{
    std::lock_guard<std::mutex> lock(shared().mutex);
    return shared().*function;
}

/* Sets a function (empty: none) and returns the previous one. */
template <class Function>
std::shared_ptr<Function> exchange(std::shared_ptr<Function> shared_state::*function, std::shared_ptr<Function> next)
{
    std::lock_guard<std::mutex> lock(shared().mutex);
    (shared().*function).swap(next);
    return next;
}

inline void complain(const std::exception_ptr &thrown) noexcept
{
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception &exception) {
        std::fprintf(stderr, "upay: an exception left a callback: %s\n", exception.what());
    } catch (...) {
        std::fprintf(stderr, "upay: an exception left a callback, and it is no std::exception\n");
    }
}

/* Call inside a catch clause: reports the exception that was caught. Throws nothing itself. */
inline void report() noexcept
{
    std::exception_ptr thrown = std::current_exception();
    try {
        if (std::shared_ptr<std::function<void(std::exception_ptr)>> handler = look_up(&shared_state::on_exception)) {
            (*handler)(thrown);
            return;
        }
    } catch (...) {
        complain(std::current_exception());
    }
    complain(thrown);
}

inline void check(upay_status why)
{
    if (why != UPAY_OK) {
        throw error(static_cast<status>(why), upay_last_error());
    }
}

/* A text for C. A C function would read only up to a NUL, so a NUL is refused. */
inline const char *c_text(const std::string &text)
{
    if (text.find('\0') != std::string::npos) {
        throw error(status::argument, "the text has a NUL inside");
    }
    return text.c_str();
}

inline std::string text_or_empty(const char *text)
{
    return text == nullptr ? std::string() : std::string(text);
}

/* The text that a C function writes into a buffer, of any length. */
template <class Read>
std::string read_text(Read read)
{
    std::string text(128, '\0');
    std::size_t length = 0;
    upay_status why;
    while ((why = read(&text[0], text.size(), &length)) == UPAY_E_BUFFER) {
        text.resize(length);
    }
    check(why);
    text.resize(length);
    return text;
}

inline std::int64_t whole_number(const std::string &key, const std::string &text)
{
    char *end = nullptr;
    errno = 0;
    const long long number = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || errno != 0) {
        throw error(status::value, key + " is no whole number: " + text);
    }
    return number;
}

/* What set() accepts as a number. bool and char are integers too, but passing one is always a mistake. */
template <class T>
struct is_number : std::integral_constant<bool, std::is_integral<T>::value && !std::is_same<T, bool>::value &&
                                                    !std::is_same<T, char>::value> {};

} // namespace detail

/**
 * Sets the function that gets exceptions which leave a callback. An empty function restores the default, a line on stderr.
 * It runs on the thread of that callback. An exception that it throws itself is a line on stderr.
 */
inline void on_exception(std::function<void(std::exception_ptr)> handler)
{
    std::shared_ptr<std::function<void(std::exception_ptr)>> next;
    if (handler) {
        next = std::make_shared<std::function<void(std::exception_ptr)>>(std::move(handler));
    }
    detail::exchange(&detail::shared_state::on_exception, std::move(next));
}

/* -------------------------------------------------------------------------------------------------------- events */

/**
 * What happened: an immutable snapshot. It is empty (false) when a wait timed out. An empty event has the outcome unknown
 * and empty texts.
 */
class event {
public:
    event() noexcept = default;

    /** Takes ownership of an event of the C API. */
    explicit event(upay_event *handle) noexcept : handle_(handle) {}

    /** upay_event_copy. Throws error: argument, limit. */
    event(const event &other)
    {
        if (other.handle_ != nullptr) {
            detail::check(upay_event_copy(other.handle_, &handle_));
        }
    }

    event(event &&other) noexcept : handle_(other.release()) {}

    event &operator=(event other) noexcept
    {
        std::swap(handle_, other.handle_);
        return *this;
    }

    ~event() { upay_event_free(handle_); }

    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /** The action that it is about; 0, which is no action, when it is empty. */
    upay::action action() const noexcept { return static_cast<upay::action>(upay_event_action(handle_)); }

    /** pending while the action goes on, and its end otherwise. */
    upay::outcome outcome() const noexcept { return static_cast<upay::outcome>(upay_event_outcome(handle_)); }

    /** Why. */
    upay::status status() const noexcept { return static_cast<upay::status>(upay_event_status(handle_)); }

    /** What the cashier does next. */
    upay::advice advice() const noexcept { return static_cast<upay::advice>(upay_event_advice(handle_)); }

    /** One sentence for the cashier. */
    std::string message() const { return detail::text_or_empty(upay_event_message(handle_)); }

    /** Whether the event has this field. */
    bool has(const std::string &key) const { return upay_event_get(handle_, detail::c_text(key)) != nullptr; }

    /** A field by its key; "" when it is absent. */
    std::string get(const std::string &key) const
    {
        return detail::text_or_empty(upay_event_get(handle_, detail::c_text(key)));
    }

    /** A field that is a whole number, such as an amount in fen. Throws error: not_found, value. */
    std::int64_t number(const std::string &key) const
    {
        if (!has(key)) {
            throw error(upay::status::not_found, "the event has no " + key);
        }
        return detail::whole_number(key, get(key));
    }

    /** All of it as one JSON object. */
    std::string json() const { return detail::text_or_empty(upay_event_json(handle_)); }

    /** For calls of the C API. This object keeps the ownership. */
    const upay_event *handle() const noexcept { return handle_; }

    /** Gives the ownership to the caller, who passes the event to upay_event_free. */
    upay_event *release() noexcept
    {
        upay_event *handle = handle_;
        handle_ = nullptr;
        return handle;
    }

private:
    upay_event *handle_ = nullptr;
};

/** Called for an event. */
typedef std::function<void(const event &)> event_fn;

namespace detail {

/* One C function for all callbacks; user_data points to the std::function. */
extern "C" inline void upay_hpp_event(const upay_event *lent, void *user_data)
{
    event view(const_cast<upay_event *>(lent));
    try {
        (*static_cast<event_fn *>(user_data))(view);
    } catch (...) {
        report();
    }
    view.release();
}

extern "C" inline void upay_hpp_drop(void *user_data)
{
    delete static_cast<event_fn *>(user_data);
}

extern "C" inline void upay_hpp_log(std::int32_t level, const char *line, void *)
{
    try {
        std::shared_ptr<std::function<void(log_level, const std::string &)>> log = look_up(&shared_state::on_log);
        if (log) {
            (*log)(static_cast<log_level>(level), line);
        }
    } catch (...) {
        report();
    }
}

/* Passes a function to a call that takes one. The library owns the function once the call has succeeded. */
template <class Object>
void hand_over(upay_status (*call)(Object *, upay_event_fn, void *, upay_drop_fn), Object *object, event_fn fn)
{
    if (!fn) {
        check(call(object, nullptr, nullptr, nullptr));
        return;
    }
    std::unique_ptr<event_fn> kept(new event_fn(std::move(fn)));
    check(call(object, upay_hpp_event, kept.get(), upay_hpp_drop));
    static_cast<void>(kept.release());
}

} // namespace detail

/* ------------------------------------------------------------------------------------------------------- clients */

/** How long a client's destructor waits for callbacks to return. */
constexpr std::uint32_t destructor_stop_ms = 10000;

/** One terminal of one merchant. Make one for each terminal, start it once, and keep it for as long as the till runs. */
class client {
public:
    /** Throws error: limit. */
    client() { detail::check(upay_client_new(&handle_)); }

    client(client &&other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }

    /** The client that was here before ends as in the destructor. */
    client &operator=(client &&other) noexcept
    {
        client taken(std::move(other));
        std::swap(handle_, taken.handle_);
        return *this;
    }

    client(const client &) = delete;
    client &operator=(const client &) = delete;

    /**
     * Stops and frees the client. Waits for destructor_stop_ms at most, and inside a callback not at all. After that the
     * client ends in the background, and a callback may still run for a moment. Call stop() to be sure.
     */
    ~client()
    {
        if (handle_ != nullptr) {
            // A destructor cannot report a timeout. upay_client_free continues the stop.
            static_cast<void>(upay_client_stop(handle_, destructor_stop_ms));
            upay_client_free(handle_);
        }
    }

    /** Sets a setting, before start. Throws error: key, value, argument, state, closed. */
    client &set(const std::string &key, const std::string &value)
    {
        detail::check(upay_client_set(handle_, detail::c_text(key), detail::c_text(value)));
        return *this;
    }

    template <class Number, typename std::enable_if<detail::is_number<Number>::value, int>::type = 0>
    client &set(const std::string &key, Number value)
    {
        return set(key, std::to_string(value));
    }

    /** Reads a setting; "" when it is not set. Throws error: key (also for a secret), closed. */
    std::string get(const std::string &key) const
    {
        const char *name = detail::c_text(key);
        return detail::read_text([this, name](char *buffer, std::size_t capacity, std::size_t *length) {
            return upay_client_get(handle_, name, buffer, capacity, length);
        });
    }

    /**
     * Activates a terminal with an activation code; before start, once per terminal. Blocks. Throws error: missing, value,
     * storage; not sent, in doubt, or refused, by the hundred of its status.
     */
    void activate(const std::string &code, std::uint32_t timeout_ms)
    {
        detail::check(upay_client_activate(handle_, detail::c_text(code), timeout_ms));
    }

    /**
     * Sets the watcher: the function that is told about orders that no call waits for. Before start. Without it, or with an
     * empty function, these events wait for next_event. The function is destroyed when the client ends.
     */
    void watch(event_fn fn) { detail::hand_over(upay_client_watch, handle_, std::move(fn)); }

    /** Opens the terminal's journal and continues what an earlier run left over. Throws error: see upay_client_start. */
    void start() { detail::check(upay_client_start(handle_)); }

    /**
     * Checks in now: the terminal gets a new key. The library checks in once a day by itself. Blocks. Throws error: missing,
     * state, storage; not sent, in doubt, or refused, by the hundred of its status.
     */
    void checkin(std::uint32_t timeout_ms) { detail::check(upay_client_checkin(handle_, timeout_ms)); }

    /**
     * Signs a JSON object, sends it to a path of the gateway that has no function here, and reads the reply. Blocks. Throws
     * error: value, state; not sent or in doubt, by the hundred of its status. A refusal is a reply and throws nothing.
     */
    event call(const std::string &path, const std::string &json, std::uint32_t timeout_ms)
    {
        upay_event *out = nullptr;
        detail::check(upay_client_call(handle_, detail::c_text(path), detail::c_text(json), timeout_ms, &out));
        return event(out);
    }

    /** The number of orders that have no final answer of the gateway yet. */
    std::uint32_t unfinished() const
    {
        std::uint32_t count = 0;
        detail::check(upay_client_unfinished(handle_, &count));
        return count;
    }

    /**
     * The oldest event that goes to no callback, for a window's timer; empty when there is none in time. Throws error: closed
     * (stopped, and all were taken), state, limit.
     */
    event next_event(std::uint32_t timeout_ms)
    {
        upay_event *out = nullptr;
        const upay_status why = upay_client_next_event(handle_, timeout_ms, &out);
        if (why != UPAY_E_TIMEOUT) {
            detail::check(why);
        }
        return event(out);
    }

    /**
     * Stops for good. Each action under way gets its one final event (unknown, closed); the next start continues it. Once
     * this has returned, no callback runs or will run. Throws error: timeout (a callback has not returned: stop again),
     * reentrant, state.
     */
    void stop(std::uint32_t timeout_ms) { detail::check(upay_client_stop(handle_, timeout_ms)); }

    /** For calls of the C API. This object keeps the ownership. */
    upay_client *handle() const noexcept { return handle_; }

private:
    upay_client *handle_ = nullptr;
};

/* -------------------------------------------------------------------------------------------------------- orders */

/**
 * One order. Its destructor cancels nothing: an action under way goes on, and its events still come.
 *
 * pay, precreate, query, refund and cancel return as soon as the action is recorded and under way. Each has two forms.
 * pay(fn) calls fn for every event, the final one last; without fn the events wait for client::next_event and order::wait.
 * pay_async(progress) returns the final event as a future, and calls progress, if there is one, for the events before it.
 * Destroying the future waits for nothing and cancels nothing.
 */
class order {
public:
    /** A new order, with a client_sn that the library makes. Throws error: limit, closed. */
    explicit order(client &owner) { detail::check(upay_order_new(owner.handle(), nullptr, &handle_)); }

    /** A new order, with your own client_sn. Throws error: value, limit, closed. */
    order(client &owner, const std::string &client_sn)
    {
        detail::check(upay_order_new(owner.handle(), detail::c_text(client_sn), &handle_));
    }

    /** An order that the journal knows. Throws error: not_found, value, storage, state, limit, closed. */
    static order find(client &owner, const std::string &client_sn)
    {
        upay_order *out = nullptr;
        detail::check(upay_order_find(owner.handle(), detail::c_text(client_sn), &out));
        return order(out);
    }

    order(order &&other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }

    order &operator=(order &&other) noexcept
    {
        order taken(std::move(other));
        std::swap(handle_, taken.handle_);
        return *this;
    }

    order(const order &) = delete;
    order &operator=(const order &) = delete;

    ~order() { upay_order_free(handle_); }

    /** Sets a field of the request; "" clears an optional one. Throws error: key, value, argument, closed. */
    order &set(const std::string &key, const std::string &value)
    {
        detail::check(upay_order_set(handle_, detail::c_text(key), detail::c_text(value)));
        return *this;
    }

    /** The same for whole numbers: an amount in fen. */
    template <class Number, typename std::enable_if<detail::is_number<Number>::value, int>::type = 0>
    order &set(const std::string &key, Number value)
    {
        return set(key, std::to_string(value));
    }

    /** A field that was set or, if it was not, the gateway's latest value of it. Throws error: not_found. */
    std::string get(const std::string &key) const
    {
        const char *name = detail::c_text(key);
        return detail::read_text([this, name](char *buffer, std::size_t capacity, std::size_t *length) {
            return upay_order_get(handle_, name, buffer, capacity, length);
        });
    }

    /** Takes a payment with the code that the customer shows. Throws error: see upay_order_pay. */
    void pay(event_fn fn = event_fn()) { act(upay_order_pay, std::move(fn)); }
    std::future<event> pay_async(event_fn progress = event_fn()) { return async(upay_order_pay, std::move(progress)); }

    /** Makes a code that the customer scans: "qr_code" of a pending event. Throws error: see upay_order_pay. */
    void precreate(event_fn fn = event_fn()) { act(upay_order_precreate, std::move(fn)); }
    std::future<event> precreate_async(event_fn progress) { return async(upay_order_precreate, std::move(progress)); }

    /** Queries the order's state once. Throws error: see upay_order_query. */
    void query(event_fn fn = event_fn()) { act(upay_order_query, std::move(fn)); }
    std::future<event> query_async() { return async(upay_order_query, event_fn()); }

    /** Refunds refund_amount under refund_request_no. Throws error: see upay_order_refund. */
    void refund(event_fn fn = event_fn()) { act(upay_order_refund, std::move(fn)); }
    std::future<event> refund_async(event_fn progress = event_fn())
    {
        return async(upay_order_refund, std::move(progress));
    }

    /** Cancels the order, also while its payment is under way. Throws error: see upay_order_cancel. */
    void cancel(event_fn fn = event_fn()) { act(upay_order_cancel, std::move(fn)); }
    std::future<event> cancel_async(event_fn progress = event_fn())
    {
        return async(upay_order_cancel, std::move(progress));
    }

    /**
     * The final event of the order's newest action; empty when it has not come in time, and then the action goes on. Throws
     * error: reentrant, state (no action was started), limit.
     */
    event wait(std::uint32_t timeout_ms)
    {
        upay_event *out = nullptr;
        const upay_status why = upay_order_wait(handle_, timeout_ms, &out);
        if (why != UPAY_E_TIMEOUT) {
            detail::check(why);
        }
        return event(out);
    }

    /** For calls of the C API. This object keeps the ownership. */
    upay_order *handle() const noexcept { return handle_; }

private:
    typedef upay_status (*call)(upay_order *, upay_event_fn, void *, upay_drop_fn);

    explicit order(upay_order *handle) noexcept : handle_(handle) {}

    void act(call begin, event_fn fn) { detail::hand_over(begin, handle_, std::move(fn)); }

    std::future<event> async(call begin, event_fn progress)
    {
        std::shared_ptr<std::promise<event>> promise = std::make_shared<std::promise<event>>();
        std::future<event> future = promise->get_future();
        act(begin, [promise, progress](const event &news) {
            if (news.outcome() != outcome::pending) {
                try {
                    event kept(news);
                    promise->set_value(std::move(kept));
                } catch (...) {
                    // The event could not be copied: the future throws the reason.
                    promise->set_exception(std::current_exception());
                }
            } else if (progress) {
                progress(news);
            }
        });
        return future;
    }

    upay_order *handle_ = nullptr;
};

/* ------------------------------------------------------------------------------ what can be used without a client */

/** The library's version, such as "0.1.0". */
inline std::string version()
{
    return upay_version();
}

/** The ABI version of the library: 1. */
inline std::uint32_t abi_version()
{
    return upay_abi_version();
}

/**
 * Sends the log of all clients to a function of yours; an empty function ends the log. The function runs on any thread. A
 * line that another thread is writing at that moment may still go to the previous function.
 */
inline void set_log(log_level level, std::function<void(log_level, const std::string &)> fn)
{
    std::shared_ptr<std::function<void(log_level, const std::string &)>> next, before;
    if (fn) {
        next = std::make_shared<std::function<void(log_level, const std::string &)>>(std::move(fn));
    }
    const upay_log_fn call = next ? detail::upay_hpp_log : nullptr;
    before = detail::exchange(&detail::shared_state::on_log, std::move(next));
    const upay_status why = upay_set_log(static_cast<std::int32_t>(level), call, nullptr);
    if (why != UPAY_OK) {
        detail::exchange(&detail::shared_state::on_log, std::move(before));
        detail::check(why);
    }
}

/** The codes of a table, in the table's order. */
inline std::vector<std::string> codes(table of)
{
    std::vector<std::string> all;
    while (const char *code = upay_code_at(static_cast<std::int32_t>(of), all.size())) {
        all.push_back(code);
    }
    return all;
}

/** What a code means, as UTF-8, in the language "zh" or "en"; "" when there is no such code or language. */
inline std::string code_text(table of, const std::string &code, const std::string &language)
{
    return detail::text_or_empty(
        upay_code_text(static_cast<std::int32_t>(of), detail::c_text(code), detail::c_text(language)));
}

/** The outcome that a code means for its action. */
inline outcome code_outcome(table of, const std::string &code)
{
    return static_cast<outcome>(upay_code_outcome(static_cast<std::int32_t>(of), detail::c_text(code)));
}

/** What to do about a code. */
inline advice code_advice(table of, const std::string &code)
{
    return static_cast<advice>(upay_code_advice(static_cast<std::int32_t>(of), detail::c_text(code)));
}

/** The gateway's signature of a request body: 32 hex digits. */
inline std::string sign(const std::string &body, const std::string &key)
{
    char out33[33];
    detail::check(upay_sign(body.data(), body.size(), detail::c_text(key), out33));
    return out33;
}

/** Judges a gateway's reply. Throws error: reply, gateway (in doubt: query), value, limit. */
inline event read_reply(dialect of, std::int32_t http_status, const std::string &body)
{
    upay_event *out = nullptr;
    detail::check(upay_read_reply(static_cast<std::int32_t>(of), http_status, body.data(), body.size(), &out));
    return event(out);
}

/**
 * Checks the signature of what was posted to an order's notify_url, and reads it. Throws error: sign (not from the
 * gateway: ignore it), reply, value, limit.
 */
inline event verify_notify(const std::string &body, const std::string &authorization, const std::string &public_key_pem)
{
    upay_event *out = nullptr;
    detail::check(upay_verify_notify(body.data(), body.size(), detail::c_text(authorization),
                                     detail::c_text(public_key_pem), &out));
    return event(out);
}

/** A text as a QR code: the bytes of a .bmp file, or one line of SVG. Throws error: value. */
inline std::string qr(const std::string &text, qr_format format, std::uint32_t module_px = 4,
                      std::uint32_t quiet_modules = 4)
{
    const char *content = detail::c_text(text);
    return detail::read_text([=](char *buffer, std::size_t capacity, std::size_t *length) {
        return upay_qr(content, static_cast<std::int32_t>(format), module_px, quiet_modules, buffer, capacity, length);
    });
}

} // namespace upay

#endif
