/*
 * The promises of what upay.hpp adds to the C API: exceptions, moves, functions and futures. The protocol is that of
 * bindings/tests.txt.
 */

#include "bench.hpp"

#include <fstream>
#include <iterator>
#include <thread>

namespace {

struct till_defect : std::runtime_error {
    till_defect() : std::runtime_error("a defect of the till") {}
};

/* For a function to capture: says "gone" when its last copy is destroyed. */
std::shared_ptr<void> witness(heard<std::string> &goes)
{
    return std::shared_ptr<void>(nullptr, [&goes](void *) { goes.say("gone"); });
}

void an_exception_in_a_callback_is_reported_and_the_payment_goes_on()
{
    heard<std::string> reported;
    upay::on_exception([&reported](std::exception_ptr thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (const till_defect &defect) {
            reported.say(defect.what());
        }
    });
    upay::client client = till();
    upay::order order = sale(client, PAID_AFTER_300_MS);
    order.pay([](const upay::event &) { throw till_defect(); });
    CHECK(order.wait(PATIENCE_MS).outcome() == upay::outcome::success);
    // Every event came although the callback threw: progress, and the final event.
    CHECK(reported.wait(3).front() == "a defect of the till");
    // An exception from the progress function does not affect the future.
    CHECK(answer(sale(client, PAID_AFTER_300_MS).pay_async([](const upay::event &) { throw 42; })).outcome() ==
          upay::outcome::success);
    client.stop(PATIENCE_MS);
    upay::on_exception(nullptr);
}

/* Without a handler an exception is a line on stderr, and so is one that the handler throws. */
void an_exception_without_a_handler_is_a_line_on_stderr()
{
    const std::string path = state_dir() + ".stderr";
    const int before = dup(STDERR_FILENO);
    CHECK(std::freopen(path.c_str(), "w", stderr) != nullptr);
    upay::client client = till();
    upay::order order = sale(client, PAID_AT_ONCE);
    order.pay([](const upay::event &) { throw till_defect(); });
    order.wait(PATIENCE_MS);
    client.stop(PATIENCE_MS);
    upay::on_exception([](std::exception_ptr) { throw std::runtime_error("a defect of the handler"); });
    client = till();
    order = sale(client, PAID_AT_ONCE);
    order.pay([](const upay::event &) { throw 42; });
    order.wait(PATIENCE_MS);
    client.stop(PATIENCE_MS);
    std::fflush(stderr);
    dup2(before, STDERR_FILENO);
    std::ifstream file(path);
    const std::string said((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    CHECK(said.find("an exception left a callback: a defect of the till\n") != std::string::npos);
    CHECK(said.find("an exception left a callback: a defect of the handler\n") != std::string::npos);
    CHECK(said.find("it is no std::exception\n") != std::string::npos);
}

void a_function_is_destroyed_once_after_its_last_call()
{
    upay::client client = till();
    heard<std::string> all;
    std::shared_ptr<void> captured = witness(all);
    sale(client, PAID_AFTER_300_MS).pay([&all, captured](const upay::event &event) { all.say(event.get("phase")); });
    captured.reset();
    client.stop(PATIENCE_MS);
    std::vector<std::string> said = all.wait(1);
    CHECK(said.back() == "gone");
    CHECK(std::count(said.begin(), said.end(), "gone") == 1);
}

void a_function_of_a_call_that_fails_is_destroyed_and_never_called()
{
    upay::client client = till();
    upay::order order(client);
    heard<std::string> all;
    std::shared_ptr<void> captured = witness(all);
    CHECK_THROWS(order.pay([&all, captured](const upay::event &) { all.say("called"); }), upay::status::missing);
    captured.reset();
    CHECK(all.wait(1) == std::vector<std::string>(1, "gone"));
    client.stop(PATIENCE_MS);
    CHECK(all.wait(1).size() == 1);
}

void a_future_that_nobody_keeps_waits_for_nothing()
{
    upay::client client = till();
    upay::order order = sale(client, PAID_AFTER_300_MS);
    static_cast<void>(order.pay_async());
    CHECK(order.get("client_sn").size() > 0);
    CHECK(order.wait(PATIENCE_MS).outcome() == upay::outcome::success);
}

void a_callbacks_event_can_be_kept_by_a_copy()
{
    upay::event kept;
    {
        upay::client client = till();
        heard<bool> ended;
        sale(client, PAID_AT_ONCE).pay([&kept, &ended](const upay::event &event) {
            kept = event;
            if (event.outcome() != upay::outcome::pending) {
                ended.say(true);
            }
        });
        ended.wait(1);
        client.stop(PATIENCE_MS);
    }
    const upay::event again = kept;
    kept = upay::event();
    CHECK(!kept && kept.message().empty() && kept.outcome() == upay::outcome::unknown && !kept.has("sn"));
    CHECK(again && again.get("order_status") == "PAID");
    CHECK_THROWS(again.number("subject"), upay::status::value);
    CHECK_THROWS(again.number("no_such_key"), upay::status::not_found);
}

/* The client is destroyed inside its own callback: the destructor waits for nothing. */
void a_client_may_be_destroyed_by_its_own_callback()
{
    heard<std::string> said;
    std::unique_ptr<upay::client> client(new upay::client(till()));
    upay::order order = sale(*client, PAID_AT_ONCE);
    order.pay([&](const upay::event &event) {
        if (client && event.outcome() != upay::outcome::pending) {
            said.say(CHECK_THROWS(client->stop(1), upay::status::reentrant));
            CHECK_THROWS(order.wait(1), upay::status::reentrant);
            client.reset();
            said.say("destroyed");
        }
    });
    CHECK(said.wait(2).back() == "destroyed");
}

/* A callback does not return: the destructor stops waiting after its limit, and the library ends the client later. */
void a_destructor_waits_for_its_limit_at_most()
{
    std::promise<void> entered, leave;
    std::shared_future<void> allowed = leave.get_future().share();
    const std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
    {
        upay::client client = till();
        sale(client, PAID_AT_ONCE).pay([&entered, allowed](const upay::event &event) {
            if (event.outcome() != upay::outcome::pending) {
                entered.set_value();
                allowed.wait();
            }
        });
        entered.get_future().wait();
    }
    const std::chrono::steady_clock::duration waited = std::chrono::steady_clock::now() - begun;
    CHECK(waited >= std::chrono::milliseconds(upay::destructor_stop_ms));
    CHECK(waited < std::chrono::milliseconds(upay::destructor_stop_ms + PATIENCE_MS));
    leave.set_value();
}

void the_watcher_hears_of_what_an_earlier_run_left()
{
    std::string client_sn;
    {
        upay::client client = till();
        upay::order order = sale(client, PAID_AFTER_300_MS);
        client_sn = order.get("client_sn");
        heard<std::string> phases;
        order.pay([&phases](const upay::event &event) { phases.say(event.get("phase")); });
        // Before that, the request may not have arrived, and then no order would be left over.
        phases.wait_for("querying");
        client.stop(PATIENCE_MS);
    }
    heard<std::string> watched;
    upay::client next = new_till();
    next.watch([&watched](const upay::event &event) {
        if (event.outcome() == upay::outcome::success && event.action() == upay::action::watch) {
            watched.say(event.get("client_sn"));
        }
    });
    next.start();
    CHECK(watched.wait(1).front() == client_sn);
    next.stop(PATIENCE_MS);
}

void pay_once()
{
    upay::client client = till();
    CHECK(answer(sale(client, PAID_AT_ONCE).pay_async()).outcome() == upay::outcome::success);
    client.stop(PATIENCE_MS);
}

void the_log_goes_to_a_function_and_can_be_taken_back()
{
    heard<std::string> lines;
    upay::set_log(upay::log_level::info, [&lines](upay::log_level level, const std::string &line) {
        lines.say(level <= upay::log_level::info ? line : "too chatty");
        throw till_defect();
    });
    heard<std::string> reported;
    upay::on_exception([&reported](std::exception_ptr) { reported.say("reported"); });
    pay_once();
    const std::size_t said = lines.wait(1).size();
    CHECK(reported.wait(said).size() == said);
    CHECK_THROWS(upay::set_log(static_cast<upay::log_level>(99), nullptr), upay::status::value);
    upay::set_log(upay::log_level::off, nullptr);
    pay_once();
    CHECK(lines.wait(said).size() == said);
}

std::string file(const std::string &name)
{
    std::ifstream from(from_environment("UPAY_TEST_NOTIFY") + "/" + name, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(from)), std::istreambuf_iterator<char>());
}

void a_notification_is_read_behind_its_signature()
{
    const std::string body = file("paid.json"), signature = file("paid.signature"), key = file("public_key.pem");
    const upay::event event = upay::verify_notify(body, signature, key);
    CHECK(event.action() == upay::action::read && event.outcome() == upay::outcome::success);
    CHECK(event.number("total_amount") > 0);
    CHECK_THROWS(upay::verify_notify(body + " ", signature, key), upay::status::sign);
    CHECK_THROWS(upay::verify_notify(body, "", key), upay::status::sign);
}

/* What must not compile. */
template <class Object, class Value>
auto can_set(Object &object, Value value) -> decltype(object.set("total_amount", value), std::true_type());
template <class Object>
std::false_type can_set(Object &object, ...);

void slips_do_not_compile()
{
    static_assert(decltype(can_set(std::declval<upay::order &>(), 1250))::value, "fen");
    static_assert(decltype(can_set(std::declval<upay::order &>(), std::int64_t(1250)))::value, "fen");
    static_assert(!decltype(can_set(std::declval<upay::order &>(), 12.5))::value, "yuan");
    static_assert(!decltype(can_set(std::declval<upay::order &>(), 'x'))::value, "a letter");
    static_assert(!decltype(can_set(std::declval<upay::order &>(), true))::value, "a truth");
    static_assert(!std::is_copy_constructible<upay::client>::value && !std::is_copy_assignable<upay::client>::value, "");
    static_assert(!std::is_copy_constructible<upay::order>::value && !std::is_copy_assignable<upay::order>::value, "");
    static_assert(std::is_nothrow_move_constructible<upay::client>::value, "");
    static_assert(std::is_nothrow_move_constructible<upay::order>::value, "");
    static_assert(std::is_nothrow_move_constructible<upay::event>::value, "");
    static_assert(std::is_nothrow_destructible<upay::client>::value, "");
    static_assert(!std::is_convertible<upay::outcome, int>::value, "an outcome is no number");
}

const promise promises[] = {
    PROMISE(an_exception_in_a_callback_is_reported_and_the_payment_goes_on)
    PROMISE(an_exception_without_a_handler_is_a_line_on_stderr)
    PROMISE(a_function_is_destroyed_once_after_its_last_call)
    PROMISE(a_function_of_a_call_that_fails_is_destroyed_and_never_called)
    PROMISE(a_future_that_nobody_keeps_waits_for_nothing)
    PROMISE(a_callbacks_event_can_be_kept_by_a_copy)
    PROMISE(a_client_may_be_destroyed_by_its_own_callback)
    PROMISE(a_destructor_waits_for_its_limit_at_most)
    PROMISE(the_watcher_hears_of_what_an_earlier_run_left)
    PROMISE(the_log_goes_to_a_function_and_can_be_taken_back)
    PROMISE(a_notification_is_read_behind_its_signature)
    PROMISE(slips_do_not_compile)
};

} // namespace

int main()
{
    for (const promise &one : promises) {
        keep_one(&one, run);
    }
    return 0;
}
