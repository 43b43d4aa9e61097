// SPDX-License-Identifier: Apache-2.0
// A world, a process on each side, and ways to wait that hold for worlds where things take a moment.
#pragma once

#include "tests/contract/sharing/world.hpp"

#include <catch2/catch.hpp>
#include <poll.h>

/// Leaves the test, with the reason in the output, where the world cannot show it.
#define XVM_SKIP_IF(reason)                                                                                  \
    do {                                                                                                     \
        if (const std::string xvm_why = (reason); !xvm_why.empty()) {                                        \
            WARN("skipped: " << xvm_why);                                                                    \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

namespace xvm::test {

template <class T>
[[nodiscard]] T value(Result<T> result) {
    if (!result) FAIL(result.error().line());
    return std::move(*result);
}

inline void done(const Status& status) {
    if (!status) FAIL(status.error().line());
    SUCCEED();
}

template <class T>
[[nodiscard]] Fault fault(const Result<T>& result) {
    if (result) FAIL("went well, but a refusal was expected");
    return result.error().fault;
}

/// Whether the descriptor is, or becomes within ten seconds, readable.
[[nodiscard]] inline bool becomes_readable(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, 10'000) == 1;
}

[[nodiscard]] inline bool is_readable(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
}

/// The next pending port; a failure when none comes.
[[nodiscard]] inline Evtchn_port wait_port(port::Events& events) {
    for (int tries = 0; tries < 100 && becomes_readable(events.fd()); ++tries)
        if (const auto port = value(events.next())) return *port;
    FAIL("no event came");
    return {};
}

[[nodiscard]] inline port::Watch_event wait_event(port::Store& store) {
    for (int tries = 0; tries < 100 && becomes_readable(store.fd()); ++tries)
        if (auto event = value(store.next_event())) return std::move(*event);
    FAIL("no watch event came");
    return {};
}

struct Fixture {
    std::unique_ptr<World> world = make_world();
    std::unique_ptr<Actor> near = world->near();
    std::unique_ptr<Actor> far = world->far();
    std::string dir = world->directory();

    Fixture() { done(near->store().remove(dir)); }
    ~Fixture() {
        if (near) static_cast<void>(near->store().remove(dir));
    }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
};

} // namespace xvm::test
