// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/workers.hpp"

#include "tests/unit/toolstack/run/machine.hpp"

#include <future>

using namespace xvm;
using namespace xvm::xvmd;

namespace {

std::unique_ptr<Workers> start(std::size_t threads) {
    static const tests::Scratch scratch;
    static std::vector<Error> damaged;
    static const auto book = std::move(*run::Guest_book::open(scratch / "guests", damaged));
    const auto machine = Hosted_machine::make();
    auto workers = Workers::start(threads, [machine] { return machine->open(); },
                                  {[] { return Status{}; }, *book, nullptr, {}});
    REQUIRE(workers);
    return std::move(*workers);
}

} // namespace

TEST_CASE("Jobs of one key run one after the other, in order; another key does not wait for them") {
    const auto workers = start(3);
    std::promise<void> gate;
    const std::shared_future<void> open = gate.get_future().share();
    std::promise<void> other_ran;
    std::promise<std::vector<int>> finished;
    auto order = std::make_shared<std::vector<int>>();
    REQUIRE(workers->submit("web", [=](run::Ports&) {
        open.wait();
        order->push_back(1);
    }));
    REQUIRE(workers->submit("web", [=](run::Ports&) { order->push_back(2); }));
    REQUIRE(workers->submit("web", [=, &finished](run::Ports&) {
        order->push_back(3);
        finished.set_value(*order);
    }));
    REQUIRE(workers->submit("mail", [&](run::Ports&) { other_ran.set_value(); }));
    other_ran.get_future().wait(); // while "web" is held
    gate.set_value();
    CHECK(finished.get_future().get() == std::vector<int>{1, 2, 3});
}

TEST_CASE("The queue is bounded, and what waits at the end is dropped, not run") {
    auto workers = start(1);
    std::promise<void> gate;
    const std::shared_future<void> open = gate.get_future().share();
    std::promise<void> running;
    REQUIRE(workers->submit("", [&, open](run::Ports&) {
        running.set_value();
        open.wait();
    }));
    running.get_future().wait();
    auto ran = std::make_shared<std::atomic<int>>(0);
    for (std::size_t i = 0; i < Workers::queue_max; ++i)
        REQUIRE(workers->submit("", [ran](run::Ports&) { ++*ran; }));
    const Status refused = workers->submit("", [](run::Ports&) {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::exhausted);
    std::thread ending([&] { workers.reset(); });
    // The destructor takes the queue before it waits; the gate opens once the queue is empty of copies.
    while (ran.use_count() > 1)
        std::this_thread::yield();
    gate.set_value();
    ending.join();
    CHECK(*ran == 0);
}
