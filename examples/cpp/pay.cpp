/*
 * Takes one payment and waits for its verdict as a std::future. A function that runs on a thread of the library prints the
 * progress; a till with a window would post it to the window.
 *
 *   c++ -std=c++11 pay.cpp -lupay -pthread -o pay
 *   ./pay https://vsi-api.shouqianba.com TERMINAL_SN TERMINAL_KEY 1250 130818341921441147
 */
#include <chrono>
#include <iostream>
#include <string>

#include "upay.hpp"

/* Sets and starts the client, once, when the till starts. */
static upay::client started(char **argv)
{
    upay::client client;
    client.set("api_domain", argv[1]).set("terminal_sn", argv[2]).set("terminal_key", argv[3]);
    client.set("state_dir", "upay-state").set("language", "en");
    // The watcher: orders that no call waits for, such as those that a power cut left open.
    client.watch([](const upay::event &event) {
        std::cout << "earlier order " << event.get("client_sn") << ": " << event.message() << std::endl;
    });
    client.start();
    return client;
}

/* One sale, from the scan to the verdict. */
static upay::event paid(upay::client &client, const std::string &fen, const std::string &barcode)
{
    upay::order order(client);
    order.set("total_amount", fen).set("dynamic_id", barcode).set("subject", "Groceries");
    std::future<upay::event> verdict = order.pay_async([](const upay::event &event) {
        std::cout << event.get("elapsed_ms") << " ms  " << event.message() << std::endl;
    });
    std::cout << "order " << order.get("client_sn") << " is under way" << std::endl;
    while (verdict.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
        // The till serves its window here.
    }
    return verdict.get();
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        std::cerr << "usage: pay API_DOMAIN TERMINAL_SN TERMINAL_KEY FEN BARCODE\n";
        return 2;
    }
    // A call that fails throws; a payment that fails is a normal result.
    try {
        upay::client client = started(argv);
        const upay::event event = paid(client, argv[4], argv[5]);
        std::cout << event.get("elapsed_ms") << " ms  " << event.message() << std::endl;
        client.stop(10000);
        switch (event.outcome()) {
        case upay::outcome::success:
            std::cout << "PAID: hand over the goods\n";
            return 0;
        case upay::outcome::failed:
            std::cout << "NOT PAID: nothing is owed\n";
            return 1;
        case upay::outcome::pending:
        case upay::outcome::unknown:
            break;
        }
        std::cout << "NOBODY KNOWS: hand over no goods\n";
        return 1;
    } catch (const upay::error &error) {
        std::cerr << "status " << static_cast<int>(error.status()) << ": " << error.what() << "\n";
        return 2;
    }
}
