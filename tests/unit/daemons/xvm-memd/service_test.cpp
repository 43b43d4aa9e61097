// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/service.hpp"
#include "tests/unit/daemons/xvm-memd/answers.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <catch2/catch.hpp>
#include <mutex>

using namespace xvm;
using namespace xvm::memd;
using namespace xvm::memd::test;

namespace {

/// xvmd as a double: what it shows, and what it was asked to move.
struct Xvmd {
    boost::json::value shown = memory({});
    Outcome outcome = 0;
    std::mutex mutex;
    std::vector<balance::Move> asked;
    std::atomic<int> looks{0};

    Service::Ways ways() {
        return {[this]() -> tl::expected<boost::json::value, api::Failure> {
                    ++looks;
                    return shown;
                },
                [this](const balance::Move& move) {
                    const std::lock_guard lock(mutex);
                    asked.push_back(move);
                    return outcome;
                },
                [] { return balance::Millis(0); }};
    }
};

/// One look, and what it leads to.
int run_once(Xvmd& xvmd, bool dry_run = false) {
    boost::asio::io_context context;
    auto guard = boost::asio::make_work_guard(context);
    Service service(context, xvmd.ways(), {true, dry_run}, [&] { context.stop(); });
    service.look();
    context.run();
    return service.code();
}

} // namespace

TEST_CASE("who lacks memory gets what another does not use", "[memd]") {
    Xvmd xvmd;
    xvmd.shown = memory({saying(domain(uuid_a, 512), 400), saying(domain(uuid_b, 256), 0, 30'00)});
    CHECK(run_once(xvmd) == 0);
    REQUIRE(xvmd.asked.size() == 1);
    CHECK(xvmd.asked[0].from->text() == uuid_a);
    CHECK(xvmd.asked[0].to->text() == uuid_b);
    CHECK(xvmd.asked[0].bytes == 32 * mib);
}

TEST_CASE("a dry run moves nothing", "[memd]") {
    Xvmd xvmd;
    xvmd.shown = memory({saying(domain(uuid_a, 512), 400), saying(domain(uuid_b, 256), 0, 30'00)});
    CHECK(run_once(xvmd, true) == 0);
    CHECK(xvmd.asked.empty());
}

TEST_CASE("an answer that is none is a failure of a single look", "[memd]") {
    Xvmd xvmd;
    xvmd.shown = boost::json::object{{"schema", "xvm.error/1"}};
    CHECK(run_once(xvmd) == static_cast<int>(Fault::failed));
}

TEST_CASE("who does not give what it is asked for is not asked again at once", "[memd]") {
    Xvmd xvmd;
    xvmd.shown = memory({saying(domain(uuid_a, 512), 400), saying(domain(uuid_b, 256), 0, 30'00)});
    boost::asio::io_context context;
    auto guard = boost::asio::make_work_guard(context);
    Service service(context, xvmd.ways(), {}, [] {});
    service.look();
    while (xvmd.looks < 2) // the second is after the move has ended
        context.run_one();
    CHECK(xvmd.asked.size() == 1);
    service.look();
    CHECK(xvmd.asked.size() == 1);
    service.stop();
}

TEST_CASE("nothing but a report makes it look at guests that are well", "[memd]") {
    Xvmd xvmd;
    xvmd.shown = memory({saying(domain(uuid_a, 512), 100), domain(uuid_b, 256)});
    boost::asio::io_context context;
    Service service(context, xvmd.ways(), {}, [] {});
    service.look();
    service.look(); // the same as before
    context.run();  // returns: no timer is left
    CHECK(xvmd.looks == 2);
    service.look_soon();
    service.look_soon(); // one look for both
    context.restart();
    context.run();
    CHECK(xvmd.looks == 3);
    service.stop();
}

TEST_CASE("of one guest there is one move at a time", "[memd]") {
    boost::asio::io_context context;
    auto guard = boost::asio::make_work_guard(context);
    std::mutex held;
    held.lock();
    int done = 0;
    {
        Mover mover(
            context,
            [&](const balance::Move& move) -> Outcome {
                const std::lock_guard wait(held);
                return move.bytes;
            },
            [&](const balance::Move& move, const Outcome& outcome) {
                CHECK(outcome == move.bytes);
                ++done;
            });
        balance::Move first, second;
        first.from = Uuid::parse(uuid_a);
        first.bytes = second.bytes = mib;
        second.to = first.from;
        CHECK(mover.begin(first));
        CHECK_FALSE(mover.begin(second));
        held.unlock();
        while (done == 0)
            context.run_one();
        CHECK(mover.begin(second));
        while (done == 1)
            context.run_one();
    }
    CHECK(done == 2);
}
