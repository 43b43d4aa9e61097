// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/restart_guard.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::xvmd;
using Verdict = Restart_guard::Verdict;

namespace {

const Uuid web = *Uuid::parse("5f8e2b54-6c0e-4d0a-9a4b-2a8b7e1c9d00");

/// How many starts follow each other of a guest that lives so long each time.
unsigned starts_of(Restart_guard& guard, std::chrono::seconds life) {
    Restart_guard::Clock::time_point now{};
    for (unsigned starts = 0; starts < 100; ++starts) {
        if (guard.judge(web, Domid{static_cast<std::uint16_t>(starts)}, now) != Verdict::go) return starts;
        guard.started(web, now);
        now += life;
    }
    return 100;
}

} // namespace

TEST_CASE("A guest that ends as soon as it starts is started a few times, one that lives a while for ever") {
    Restart_guard guard;
    CHECK(starts_of(guard, std::chrono::seconds(1)) == Restart_guard::in_a_row_max);
    Restart_guard other;
    CHECK(starts_of(other, Restart_guard::short_life) == 100);
}

TEST_CASE("A guest that is kept is told once, and may be started anew when it is another domain's turn") {
    Restart_guard guard;
    const unsigned starts = starts_of(guard, std::chrono::seconds(0));
    const Domid left{static_cast<std::uint16_t>(starts)};
    CHECK(guard.judge(web, left, {}) == Verdict::stopped_before);
    CHECK(guard.judge(web, Domid{77}, {}) == Verdict::go);
}

TEST_CASE("Of guests that are gone nothing is kept") {
    Restart_guard guard;
    static_cast<void>(starts_of(guard, std::chrono::seconds(0)));
    guard.forget_but([](const Uuid&) { return false; });
    CHECK(guard.judge(web, Domid{5}, {}) == Verdict::go);
}
