/* The promises of bindings/tests.txt in C++11, through upay.hpp. */

#include "bench.hpp"

#include <thread>

namespace {

const std::string CHINESE_SUBJECT = "\xE6\x8A\xAB\xE8\x90\xA8\xF0\x9F\x98\x80"; // 披萨😀

void make()
{
    upay::client client = new_till();
    CHECK(client.get("terminal_sn") == TERMINAL_SN);
    const std::string why = CHECK_THROWS(client.get("terminal_key"), upay::status::key);
    CHECK(why.find(TERMINAL_KEY) == std::string::npos);
    client.start();
    CHECK_THROWS(client.set("poll", 100), upay::status::state);
    client.stop(PATIENCE_MS);
    CHECK(upay::abi_version() == 1 && !upay::version().empty());
}

void pay_success()
{
    upay::client client = till();
    upay::order order = sale(client, PAID_AT_ONCE);
    const upay::event event = answer(order.pay_async());
    CHECK(event.outcome() == upay::outcome::success);
    CHECK(event.action() == upay::action::pay);
    CHECK(event.status() == upay::status::ok);
    CHECK(event.advice() == upay::advice::deliver);
    CHECK(event.number("total_amount") == 1250);
    CHECK(charged(order.get("client_sn")) == 1250);
}

void pay_failed()
{
    upay::client client = till();
    upay::order order = sale(client, INSUFFICIENT_FUND);
    const upay::event event = answer(order.pay_async());
    CHECK(event.outcome() == upay::outcome::failed);
    CHECK(event.status() == upay::status::refused);
    CHECK(event.get("biz_error_code") == "INSUFFICIENT_FUND");
    CHECK(charged(order.get("client_sn")) == 0);
}

void pay_unknown()
{
    upay::client client = till();
    const upay::event event = answer(sale(client, NOBODY_KNOWS).pay_async());
    CHECK(event.outcome() == upay::outcome::unknown);
    CHECK(event.status() == upay::status::unresolved);
    CHECK(event.advice() != upay::advice::deliver);
    CHECK(client.unfinished() == 1);
}

void progress_in_order()
{
    upay::client client = till();
    heard<upay::event> events;
    heard<bool> dropped;
    // Reports when the library destroys the function, after its last call.
    std::shared_ptr<void> at_the_end(nullptr, [&](void *) { dropped.say(true); });
    sale(client, PAID_AFTER_300_MS).pay([&events, at_the_end](const upay::event &event) { events.say(event); });
    at_the_end.reset();
    dropped.wait(1);
    const std::vector<std::string> phases = {"sending", "querying", "cancelling", "done"};
    const std::vector<upay::event> all = events.wait(1);
    std::size_t phase = 0;
    for (std::size_t n = 0; n < all.size(); n++) {
        const bool last = n + 1 == all.size();
        CHECK((all[n].outcome() != upay::outcome::pending) == last);
        while (phase < phases.size() && phases[phase] != all[n].get("phase")) {
            phase++;
        }
        CHECK(phase < phases.size());
    }
    CHECK(all.size() >= 3);
    CHECK(all.back().outcome() == upay::outcome::success);
}

void pull_form()
{
    upay::client client = till();
    upay::order order = sale(client, PAID_AFTER_300_MS);
    CHECK(!client.next_event(0));
    order.pay();
    CHECK(!order.wait(0));
    int progress = 0;
    upay::event event = client.next_event(PATIENCE_MS);
    while (event.outcome() == upay::outcome::pending) {
        CHECK(event.get("client_sn") == order.get("client_sn"));
        progress++;
        event = client.next_event(PATIENCE_MS);
    }
    CHECK(progress > 0);
    CHECK(event && event.outcome() == upay::outcome::success);
    CHECK(order.wait(PATIENCE_MS).outcome() == upay::outcome::success);
    CHECK(!client.next_event(0));
}

void cancel_from_another_thread()
{
    upay::client client = till();
    upay::order order = sale(client, NEVER_PAID);
    heard<std::string> phases;
    std::future<upay::event> payment =
        order.pay_async([&phases](const upay::event &event) { phases.say(event.get("phase")); });
    phases.wait_for("querying");
    std::future<upay::event> cancel;
    std::thread cashier([&] { cancel = order.cancel_async(); });
    cashier.join();
    const upay::event event = answer(std::move(payment));
    CHECK(event.outcome() == upay::outcome::failed);
    CHECK(event.status() == upay::status::cancelled);
    CHECK(answer(std::move(cancel)).outcome() == upay::outcome::success);
    CHECK(charged(order.get("client_sn")) == 0);
    client.stop(PATIENCE_MS);
}

void refund()
{
    upay::client client = till();
    upay::order order = sale(client, PAID_AT_ONCE);
    CHECK(answer(order.pay_async()).outcome() == upay::outcome::success);
    order.set("refund_request_no", "refund-1").set("refund_amount", 450);
    const upay::event event = answer(order.refund_async());
    CHECK(event.outcome() == upay::outcome::success);
    CHECK(event.action() == upay::action::refund);
    CHECK(event.get("refund_request_no") == "refund-1");
    CHECK(charged(order.get("client_sn")) == 800);
    CHECK(ledger_number("\"refund_request_no\":\"refund-1\"", "amount") == 450);
    const upay::event seen = answer(upay::order::find(client, order.get("client_sn")).query_async());
    CHECK(seen.outcome() == upay::outcome::success);
    CHECK(seen.get("order_status") == "PARTIAL_REFUNDED");
    CHECK(seen.number("net_amount") == 800);
}

void qr()
{
    upay::client client = till();
    upay::order order(client);
    order.set("total_amount", 1250).set("subject", "Pizza").set("payway", 3);
    heard<std::string> codes;
    std::future<upay::event> payment = order.precreate_async([&codes](const upay::event &event) {
        if (event.has("qr_code")) {
            codes.say(event.get("qr_code"));
        }
    });
    const std::string code = codes.wait(1).front();
    const std::string bmp = upay::qr(code, upay::qr_format::bmp);
    CHECK(bmp.compare(0, 2, "BM") == 0);
    // The size in the file's header.
    CHECK(bmp.size() == static_cast<unsigned char>(bmp[2]) + 256u * static_cast<unsigned char>(bmp[3]));
    const std::string svg = upay::qr(code, upay::qr_format::svg, 1, 0);
    CHECK(svg.compare(0, 4, "<svg") == 0 && svg.find('\0') == std::string::npos);
    ask("POST", "/wallet/pay", "{\"qr_code\":\"" + code + "\"}");
    CHECK(answer(std::move(payment)).outcome() == upay::outcome::success);
    CHECK(charged(order.get("client_sn")) == 1250);
    client.stop(PATIENCE_MS);
}

void pay_in(const char *language, const char *message)
{
    upay::client client = new_till();
    client.set("language", language);
    client.start();
    upay::order order = sale(client, PAID_AT_ONCE);
    order.set("subject", CHINESE_SUBJECT);
    const upay::event event = answer(order.pay_async());
    CHECK(event.message() == message);
    CHECK(event.get("subject") == CHINESE_SUBJECT);
    CHECK(event.json().find(CHINESE_SUBJECT) != std::string::npos);
    client.stop(PATIENCE_MS);
}

void chinese_text_both_ways()
{
    // 收款成功，请交货。
    pay_in("zh", "\xE6\x94\xB6\xE6\xAC\xBE\xE6\x88\x90\xE5\x8A\x9F\xEF\xBC\x8C\xE8\xAF\xB7\xE4\xBA\xA4\xE8\xB4\xA7"
                 "\xE3\x80\x82");
    pay_in("en", "Paid. Hand over the goods.");
}

void bad_input()
{
    upay::client client = till();
    upay::order order = sale(client, PAID_AT_ONCE);
    const std::string why = CHECK_THROWS(order.set("total_amount", "12.50"), upay::status::value);
    CHECK(why.find("total_amount") != std::string::npos && why.find("digits") != std::string::npos);
    CHECK_THROWS(order.set("no_such_key", 1), upay::status::key);
    CHECK_THROWS(order.set("subject", "\xFF"), upay::status::argument);
    CHECK_THROWS(order.set("subject", std::string("a\0b", 3)), upay::status::argument);
    CHECK_THROWS(order.get("trade_no"), upay::status::not_found);
}

void close_with_payments_under_way()
{
    {
        upay::client client = till();
        std::vector<std::future<upay::event>> payments;
        for (int n = 0; n < 8; n++) {
            payments.push_back(sale(client, NEVER_PAID).pay_async());
        }
        client.stop(PATIENCE_MS);
        for (std::future<upay::event> &payment : payments) {
            // No waiting is needed: after the stop each future is complete.
            CHECK(payment.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
            const upay::event event = payment.get();
            CHECK(event.outcome() == upay::outcome::unknown);
            CHECK(event.status() == upay::status::closed);
        }
    }
    upay::client next = till();
    CHECK(next.unfinished() == 8);
}

/* One thread: pays an order with an amount that no other order has. */
void pay_at_line(upay::client &client, int line)
{
    upay::order order = sale(client, line % 2 == 0 ? PAID_AT_ONCE : INSUFFICIENT_FUND);
    order.set("total_amount", 100 + line);
    const upay::event event = answer(order.pay_async());
    CHECK(event.get("client_sn") == order.get("client_sn"));
    CHECK(event.outcome() == (line % 2 == 0 ? upay::outcome::success : upay::outcome::failed));
    CHECK(line % 2 != 0 || event.number("total_amount") == 100 + line);
    CHECK(charged(order.get("client_sn")) == (line % 2 == 0 ? 100 + line : 0));
}

void threads_64()
{
    upay::client client = till();
    std::vector<std::thread> lines;
    heard<std::string> errors;
    for (int line = 0; line < 64; line++) {
        lines.emplace_back([&client, &errors, line] {
            try {
                pay_at_line(client, line);
                errors.say("");
            } catch (const std::exception &exception) {
                errors.say(exception.what());
            }
        });
    }
    for (std::thread &line : lines) {
        line.join();
    }
    for (const std::string &what : errors.wait(64)) {
        check(what.empty(), __FILE__, __LINE__, what);
    }
}

void use_after_close()
{
    upay::client client = till();
    upay::order order = sale(client, PAID_AT_ONCE);
    client.stop(PATIENCE_MS);
    CHECK_THROWS(upay::order(client), upay::status::closed);
    CHECK_THROWS(order.pay(), upay::status::closed);
    CHECK_THROWS(order.pay_async(), upay::status::closed);
    CHECK_THROWS(client.next_event(0), upay::status::closed);
    upay::client elsewhere = std::move(client);
    CHECK_THROWS(client.start(), upay::status::handle);
    elsewhere = upay::client();
    CHECK_THROWS(order.set("subject", "Pizza"), upay::status::closed);
    upay::order taken = std::move(order);
    CHECK_THROWS(order.pay(), upay::status::handle);
}

void let_go_without_close()
{
    std::future<upay::event> payment;
    upay::event kept;
    {
        upay::client client = till();
        kept = answer(sale(client, PAID_AT_ONCE).pay_async());
        payment = sale(client, NEVER_PAID).pay_async();
    }
    // The destructor has stopped the client: the payment has its final event, and the event outlives the client.
    CHECK(payment.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    CHECK(payment.get().status() == upay::status::closed);
    CHECK(kept.get("order_status") == "PAID");
    // The journal is free again. The objects below are left open when the process ends.
    static upay::client *client = new upay::client(till());
    static upay::order *order = new upay::order(sale(*client, NEVER_PAID));
    order->pay([kept](const upay::event &) {});
}

void activate_and_checkin()
{
    upay::client client = new_till();
    client.set("terminal_sn", "").set("terminal_key", "").set("app_id", "2026032600000001").set("device_id", "till-1");
    client.set("vendor_sn", "200000000000001").set("vendor_key", "simulator-vendor-key");
    CHECK_THROWS(client.activate("no-such-code", PATIENCE_MS), upay::status::request);
    client.activate("10000001", PATIENCE_MS);
    const std::string terminal_sn = client.get("terminal_sn");
    CHECK(!terminal_sn.empty() && terminal_sn != TERMINAL_SN);
    client.start();
    client.checkin(PATIENCE_MS);
    CHECK(ledger_number("{\"terminal_sn\":\"" + terminal_sn + "\"", "checkins") >= 1);
    CHECK(answer(sale(client, PAID_AT_ONCE).pay_async()).outcome() == upay::outcome::success);
}

void call()
{
    upay::client client = till();
    const upay::event echo = client.call("/echo/any/path", "{\"echo\":\"" + CHINESE_SUBJECT + "\"}", PATIENCE_MS);
    CHECK(echo.action() == upay::action::call);
    CHECK(echo.get("path") == "/echo/any/path");
    CHECK(echo.get("signer") == TERMINAL_SN);
    CHECK(echo.get("echo") == CHINESE_SUBJECT);

    // The reply of a path that the library knows is read as usual.
    upay::order order = sale(client, PAID_AT_ONCE);
    CHECK(answer(order.pay_async()).outcome() == upay::outcome::success);
    const upay::event query = client.call(
        "/upay/v2/query",
        std::string("{\"terminal_sn\":\"") + TERMINAL_SN + "\",\"client_sn\":\"" + order.get("client_sn") + "\"}",
        PATIENCE_MS);
    CHECK(query.outcome() == upay::outcome::success);
    CHECK(query.get("order_status") == "PAID");
    CHECK_THROWS(client.call("/upay/v2/pay", "{}", PATIENCE_MS), upay::status::value);
}

void tables()
{
    const upay::table table = upay::table::business_error;
    const std::vector<std::string> codes = upay::codes(table);
    CHECK(codes.size() > 10);
    for (const std::string &code : codes) {
        CHECK(!upay::code_text(table, code, "zh").empty() && !upay::code_text(table, code, "en").empty());
    }
    CHECK(upay::code_text(table, "INSUFFICIENT_FUND", "zh") != upay::code_text(table, "INSUFFICIENT_FUND", "en"));
    CHECK(upay::code_outcome(table, "INSUFFICIENT_FUND") == upay::outcome::failed);
    CHECK(upay::code_advice(table, "INSUFFICIENT_FUND") == upay::advice::ask_customer);
    CHECK(upay::code_text(table, "NO_SUCH_CODE", "en").empty());
    CHECK(upay::code_text(table, "INSUFFICIENT_FUND", "fr").empty());
    CHECK(upay::code_outcome(table, "NO_SUCH_CODE") == upay::outcome::unknown);
    CHECK(upay::code_advice(table, "NO_SUCH_CODE") == upay::advice::none);
}

void read_reply_and_sign()
{
    const upay::event paid = upay::read_reply(
        upay::dialect::upay, 200,
        "{\"result_code\":\"200\",\"biz_response\":{\"result_code\":\"PAY_SUCCESS\",\"data\":"
        "{\"sn\":\"7\",\"client_sn\":\"c\",\"total_amount\":\"1250\",\"order_status\":\"PAID\"}}}");
    CHECK(paid.action() == upay::action::read);
    CHECK(paid.outcome() == upay::outcome::success && paid.advice() == upay::advice::deliver);
    CHECK(paid.number("total_amount") == 1250);
    const upay::event charge =
        upay::read_reply(upay::dialect::charge, 200, "{\"code\":0,\"message\":\"ok\",\"data\":{\"id\":\"8\"}}");
    CHECK(charge.outcome() == upay::outcome::success && charge.get("id") == "8");
    CHECK_THROWS(upay::read_reply(upay::dialect::upay, 200, "<html>"), upay::status::reply);
    CHECK(upay::sign("{\"terminal_sn\":\"10298371039\",\"client_sn\":\"2023\",\"subject\":\"\xE6\x8A\xAB\xE8\x90\xA8\"}",
                     "68d499beda5f72116592f5c527465656") == "0dd2da3dd75614ae8f608a2868eaa432");
}

const promise promises[] = {
#include "promises.h"
};

/* The enum classes, each name next to the header's: finds a name that is missing or has another one's number. */
void print_constants()
{
#define CONSTANT(name, value) std::printf("UPAY_%s %d\n", #name, static_cast<int>(upay::value));
    CONSTANT(OK, status::ok)
    CONSTANT(E_ARGUMENT, status::argument)
    CONSTANT(E_HANDLE, status::handle)
    CONSTANT(E_KEY, status::key)
    CONSTANT(E_VALUE, status::value)
    CONSTANT(E_STATE, status::state)
    CONSTANT(E_TIMEOUT, status::timeout)
    CONSTANT(E_REENTRANT, status::reentrant)
    CONSTANT(E_MISSING, status::missing)
    CONSTANT(E_DUPLICATE, status::duplicate)
    CONSTANT(E_NOT_FOUND, status::not_found)
    CONSTANT(E_LOCKED, status::locked)
    CONSTANT(E_STORAGE, status::storage)
    CONSTANT(E_FORKED, status::forked)
    CONSTANT(E_CLOSED, status::closed)
    CONSTANT(E_LIMIT, status::limit)
    CONSTANT(E_BUFFER, status::buffer)
    CONSTANT(E_RESOLVE, status::resolve)
    CONSTANT(E_CONNECT, status::connect)
    CONSTANT(E_TLS, status::tls)
    CONSTANT(E_PROXY, status::proxy)
    CONSTANT(E_INTERRUPTED, status::interrupted)
    CONSTANT(E_NO_REPLY, status::no_reply)
    CONSTANT(E_REPLY, status::reply)
    CONSTANT(E_GATEWAY, status::gateway)
    CONSTANT(E_UNRESOLVED, status::unresolved)
    CONSTANT(E_REQUEST, status::request)
    CONSTANT(E_SIGN, status::sign)
    CONSTANT(E_TERMINAL, status::terminal)
    CONSTANT(E_REFUSED, status::refused)
    CONSTANT(E_EXPIRED, status::expired)
    CONSTANT(E_CANCELLED, status::cancelled)
    CONSTANT(E_NO_ORDER, status::no_order)
    CONSTANT(E_PANIC, status::panic)
    CONSTANT(OUTCOME_PENDING, outcome::pending)
    CONSTANT(OUTCOME_SUCCESS, outcome::success)
    CONSTANT(OUTCOME_FAILED, outcome::failed)
    CONSTANT(OUTCOME_UNKNOWN, outcome::unknown)
    CONSTANT(ACTION_ACTIVATE, action::activate)
    CONSTANT(ACTION_CHECKIN, action::checkin)
    CONSTANT(ACTION_PAY, action::pay)
    CONSTANT(ACTION_PRECREATE, action::precreate)
    CONSTANT(ACTION_QUERY, action::query)
    CONSTANT(ACTION_REFUND, action::refund)
    CONSTANT(ACTION_CANCEL, action::cancel)
    CONSTANT(ACTION_CALL, action::call)
    CONSTANT(ACTION_READ, action::read)
    CONSTANT(ACTION_WATCH, action::watch)
    CONSTANT(ADVICE_NONE, advice::none)
    CONSTANT(ADVICE_DELIVER, advice::deliver)
    CONSTANT(ADVICE_RETRY, advice::retry)
    CONSTANT(ADVICE_WAIT, advice::wait)
    CONSTANT(ADVICE_CALL_SUPPORT, advice::call_support)
    CONSTANT(ADVICE_FIX_REQUEST, advice::fix_request)
    CONSTANT(ADVICE_CHECK_NETWORK, advice::check_network)
    CONSTANT(ADVICE_RETRY_SAME, advice::retry_same)
    CONSTANT(ADVICE_BY_HAND, advice::by_hand)
    CONSTANT(ADVICE_ASK_CUSTOMER, advice::ask_customer)
    CONSTANT(TABLE_RESULT_CODE, table::result_code)
    CONSTANT(TABLE_ORDER_STATUS, table::order_status)
    CONSTANT(TABLE_TRANSACTION_STATUS, table::transaction_status)
    CONSTANT(TABLE_REQUEST_ERROR, table::request_error)
    CONSTANT(TABLE_BUSINESS_ERROR, table::business_error)
    CONSTANT(TABLE_PAYWAY, table::payway)
    CONSTANT(TABLE_SUB_PAYWAY, table::sub_payway)
    CONSTANT(TABLE_CHARGE_ERROR, table::charge_error)
    CONSTANT(TABLE_CHARGE_HTTP, table::charge_http)
    CONSTANT(DIALECT_UPAY, dialect::upay)
    CONSTANT(DIALECT_CHARGE, dialect::charge)
    CONSTANT(LOG_OFF, log_level::off)
    CONSTANT(LOG_ERROR, log_level::error)
    CONSTANT(LOG_WARN, log_level::warn)
    CONSTANT(LOG_INFO, log_level::info)
    CONSTANT(LOG_DEBUG, log_level::debug)
    CONSTANT(QR_SVG, qr_format::svg)
    CONSTANT(QR_BMP, qr_format::bmp)
}

} // namespace

int main(int argc, char **argv)
{
    if (argc > 1 && std::string(argv[1]) == "constants") {
        print_constants();
        return 0;
    }
    for (const promise &one : promises) {
        keep_one(&one, run);
    }
    return 0;
}
