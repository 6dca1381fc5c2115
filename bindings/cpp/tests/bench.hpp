/* What the C++ tests share: a till for the simulator, its ledger, and checks that throw. Only upay.hpp, no upay_…(). */

#ifndef BENCH_HPP
#define BENCH_HPP

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "upay.hpp"

#include "list.h"
#include "simulator.h"

/* How long a test waits for something that must come. */
static const std::uint32_t PATIENCE_MS = 120000;

/* -------------------------------------------------------------------------------------------------------- checking */

struct broken : std::runtime_error {
    explicit broken(const std::string &what) : std::runtime_error(what) {}
};

inline void check(bool kept, const char *file, int line, const std::string &what)
{
    if (!kept) {
        std::ostringstream text;
        text << file << ":" << line << ": broken: " << what;
        throw broken(text.str());
    }
}

#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)

/* Throws upay::error with this status, and nothing else. */
#define CHECK_THROWS(expression, why) check_throws([&] { (void)(expression); }, (why), __FILE__, __LINE__, #expression)

template <class Call>
std::string check_throws(Call call, upay::status why, const char *file, int line, const char *what)
{
    try {
        call();
    } catch (const upay::error &error) {
        check(error.status() == why, file, line, std::string(what) + " throws another error: " + error.what());
        return error.what();
    }
    check(false, file, line, std::string(what) + " throws nothing");
    return std::string();
}

/* Runs one promise in its process: an exception breaks it. */
inline void run(void (*keep)())
{
    try {
        keep();
    } catch (const std::exception &exception) {
        std::fprintf(stderr, "%s\n", exception.what());
        std::_Exit(1);
    }
}

/* --------------------------------------------------------------------------------------------------------- the till */

inline std::string from_environment(const char *name)
{
    const char *value = std::getenv(name);
    if (value == nullptr) {
        std::fprintf(stderr, "%s is not set\n", name);
        std::exit(2);
    }
    return value;
}

inline std::string gateway()
{
    return from_environment("UPAY_TEST_GATEWAY");
}

/* Each promise has its own process and its own journal. */
inline std::string state_dir()
{
    return from_environment("UPAY_TEST_DIR") + "/" + std::to_string(static_cast<long long>(getpid()));
}

/* Not started yet; with short pauses for tests, and a long payment timeout for slow customers. */
inline upay::client new_till()
{
    upay::client client;
    client.set("api_domain", gateway()).set("state_dir", state_dir()).set("language", "en");
    client.set("terminal_sn", TERMINAL_SN).set("terminal_key", TERMINAL_KEY);
    client.set("poll", 50).set("watch", 200).set("not_found_grace_ms", 200);
    client.set("pay_timeout_ms", 600000).set("cancel_timeout_ms", 3000);
    return client;
}

inline upay::client till()
{
    upay::client client = new_till();
    client.start();
    return client;
}

inline upay::order sale(upay::client &client, const char *barcode)
{
    upay::order order(client);
    order.set("total_amount", 1250).set("dynamic_id", barcode).set("subject", "Pizza");
    return order;
}

/* The result of a future that must be completed. */
inline upay::event answer(std::future<upay::event> future)
{
    CHECK(future.wait_for(std::chrono::milliseconds(PATIENCE_MS)) == std::future_status::ready);
    return future.get();
}

/* ---------------------------------------------------------------------------------------------------- the simulator */

inline std::string ask(const char *method, const std::string &path, const std::string &body)
{
    char *reply = http_ask(gateway().c_str(), method, path.c_str(), body.c_str());
    CHECK(reply != nullptr);
    std::string text(reply);
    std::free(reply);
    return text;
}

/* A number that follows a text in the ledger; -1 when there is none. */
inline long long ledger_number(const std::string &start, const std::string &key)
{
    return number_behind(ask("GET", "/ledger", "").c_str(), start.c_str(), key.c_str());
}

inline long long charged(const std::string &client_sn)
{
    return ledger_number("\"client_sn\":\"" + client_sn + "\"", "charged");
}

/* -------------------------------------------------------------------------------------------------------- callbacks */

/* Collects what callbacks say, and lets the test wait for it. */
template <class What>
class heard {
public:
    void say(const What &what)
    {
        std::lock_guard<std::mutex> lock(mutex_);
        all_.push_back(what);
        changed_.notify_all();
    }

    /* Waits until this many things were said, and returns them all. */
    std::vector<What> wait(std::size_t count)
    {
        return wait_until([count](const std::vector<What> &all) { return all.size() >= count; });
    }

    /* Waits until this was said, and returns all that was said. */
    std::vector<What> wait_for(const What &what)
    {
        return wait_until([&what](const std::vector<What> &all) {
            return std::find(all.begin(), all.end(), what) != all.end();
        });
    }

private:
    template <class Enough>
    std::vector<What> wait_until(Enough enough)
    {
        std::unique_lock<std::mutex> lock(mutex_);
        CHECK(changed_.wait_for(lock, std::chrono::milliseconds(PATIENCE_MS), [&] { return enough(all_); }));
        return all_;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<What> all_;
};

#endif
