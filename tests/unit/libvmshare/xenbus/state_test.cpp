// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/xenbus/state.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <utility>
#include <vector>

using namespace xvm::xenbus;
using enum xvm::schema::Device_state;

namespace {

const std::vector<Device_state> all_states{unknown,   initialising, init_wait, initialised,
                                           connected, closing,      closed};
const std::span<const Transition> table = xvm::schema::xvbd::transitions;

std::optional<Device_state> target(Backend_step step) {
    switch (step) {
    case Backend_step::announce:
        return init_wait;
    case Backend_step::connect:
        return connected;
    case Backend_step::close:
        return closed;
    case Backend_step::wait:
    case Backend_step::forget:
        return std::nullopt;
    }
    return std::nullopt;
}

std::optional<Device_state> target(Frontend_step step) {
    switch (step) {
    case Frontend_step::offer:
        return initialised;
    case Frontend_step::start:
        return connected;
    case Frontend_step::leave:
        return closed;
    case Frontend_step::wait:
        return std::nullopt;
    }
    return std::nullopt;
}

struct Device {
    Device_state front = initialising;
    Device_state back = initialising;
    bool announced = false;
    bool front_moved = false; ///< in the last round
    bool back_moved = false;
};

void move_front(Device& device) {
    const auto to = target(frontend_step({device.front, device.back}));
    device.front_moved = to.has_value();
    if (to) device.front = *to;
}

void move_back(Device& device) {
    const Backend_step step = backend_step({device.back, device.front, device.announced});
    if (step == Backend_step::announce) device.announced = true;
    const auto to = target(step);
    device.back_moved = to.has_value();
    if (to) device.back = *to;
}

int rounds_until_rest(Device& device) {
    for (int round = 1; round <= 20; ++round) {
        move_back(device);
        move_front(device);
        if (!device.back_moved && !device.front_moved) return round;
    }
    return -1;
}

} // namespace

TEST_CASE("A state node's text is a state only when it is exactly one", "[xenbus]") {
    CHECK(parse_state(std::nullopt) == unknown);
    CHECK(parse_state("1") == initialising);
    CHECK(parse_state("6") == closed);
    for (const char* text :
         {"", "0", "7", "8", "-1", "+1", " 1", "1 ", "1\n", "0x1", "99999999999999999999", "banana"})
        CHECK(parse_state(text) == unknown);
}

TEST_CASE("Every step of the backend leads along a legal transition", "[xenbus]") {
    int steps = 0;
    for (const Device_state own : all_states)
        for (const Device_state peer : all_states)
            for (const bool announced : {false, true}) {
                const auto to = target(backend_step({own, peer, announced}));
                if (!to) continue;
                CAPTURE(name(own), name(peer), announced, name(*to));
                CHECK(is_legal(table, Side::backend, Party::backend, own, *to, peer));
                ++steps;
            }
    WARN("backend steps checked: " << steps);
    CHECK(steps > 10);
}

TEST_CASE("Every step of the front end leads along a legal transition", "[xenbus]") {
    int steps = 0;
    for (const Device_state own : all_states)
        for (const Device_state peer : all_states) {
            const auto to = target(frontend_step({own, peer}));
            if (!to) continue;
            CAPTURE(name(own), name(peer), name(*to));
            CHECK(is_legal(table, Side::frontend, Party::frontend, own, *to, peer));
            ++steps;
        }
    WARN("front end steps checked: " << steps);
    CHECK(steps > 5);
}

TEST_CASE("What the table does not have is not legal", "[xenbus]") {
    CHECK_FALSE(is_legal(table, Side::backend, Party::backend, init_wait, connected, initialising));
    CHECK_FALSE(is_legal(table, Side::backend, Party::frontend, init_wait, connected, initialised));
    CHECK_FALSE(is_legal(table, Side::frontend, Party::frontend, closed, connected, connected));
    CHECK_FALSE(is_legal({}, Side::backend, Party::backend, init_wait, connected, initialised));
}

TEST_CASE("Two sides that follow their steps meet connected, and stay there", "[xenbus]") {
    Device device;
    CHECK(rounds_until_rest(device) > 0);
    CHECK(device.front == connected);
    CHECK(device.back == connected);
}

TEST_CASE("A backend started anew at any moment is connected again", "[xenbus]") {
    for (int moment = 0; moment < 12; ++moment) {
        CAPTURE(moment);
        Device device;
        for (int turn = 0; turn < moment; ++turn)
            turn % 2 == 0 ? move_back(device) : move_front(device);
        device.announced = false;
        CHECK(rounds_until_rest(device) > 0);
        CHECK(device.front == connected);
        CHECK(device.back == connected);
    }
}

TEST_CASE("A device the toolstack closes at any moment ends closed on both sides", "[xenbus]") {
    for (int moment = 0; moment < 12; ++moment) {
        CAPTURE(moment);
        Device device;
        for (int turn = 0; turn < moment; ++turn)
            turn % 2 == 0 ? move_back(device) : move_front(device);
        device.back = closing;
        CHECK(rounds_until_rest(device) > 0);
        CHECK(device.back == closed);
        CHECK(device.front == closed);
    }
}

TEST_CASE("A backend started anew while the toolstack closes waits for no front end", "[xenbus]") {
    for (const Device_state front : all_states) {
        CAPTURE(name(front));
        CHECK(backend_step({closing, front, false}) == Backend_step::close);
    }
    // One that still serves does: the front end's last requests are answered.
    CHECK(backend_step({closing, connected, true}) == Backend_step::wait);
}

TEST_CASE("A guest that is gone at any moment leaves the backend closed", "[xenbus]") {
    for (int moment = 0; moment < 12; ++moment) {
        CAPTURE(moment);
        Device device;
        for (int turn = 0; turn < moment; ++turn)
            turn % 2 == 0 ? move_back(device) : move_front(device);
        device.front = unknown;
        CHECK(rounds_until_rest(device) > 0);
        CHECK(device.back == closed);
    }
}

TEST_CASE("A front end that writes any states in any order never makes the backend spin", "[xenbus]") {
    // Between two writes of the peer the backend takes at most three steps (announce, connect or close,
    // rest).
    for (const Device_state own : all_states)
        for (const Device_state peer : all_states)
            for (const bool announced : {false, true}) {
                Device device{peer, own, announced, false, false};
                int steps = 0;
                do
                    move_back(device);
                while (device.back_moved && ++steps < 10);
                CAPTURE(name(own), name(peer), announced);
                CHECK(steps <= 2);
            }
}
