// SPDX-License-Identifier: Apache-2.0
// libvmshare/port/events.hpp, sentence by sentence.
#include "tests/contract/sharing/fixture.hpp"

#include <set>

using namespace xvm;
using namespace xvm::test;

namespace {

/// Two joined ports; the one that was bound has had its first event taken.
struct Channel {
    Evtchn_port far;
    Evtchn_port near;
};

Channel join(Fixture& f) {
    const Evtchn_port far = value(f.far->events().alloc_unbound(f.near->domid()));
    const Evtchn_port near = value(f.near->events().bind_interdomain(f.far->domid(), far));
    REQUIRE(wait_port(f.near->events()) == near);
    done(f.near->events().unmask(near));
    return {far, near};
}

} // namespace

TEST_CASE_METHOD(Fixture, "An event reaches the peer, in both directions", "[contract][events]") {
    const Channel channel = join(*this);
    done(near->events().notify(channel.near));
    CHECK(wait_port(far->events()) == channel.far);
    done(far->events().notify(channel.far));
    CHECK(wait_port(near->events()) == channel.near);
}

TEST_CASE_METHOD(Fixture, "Notifications are a bit: sends to a pending port coalesce",
                 "[contract][events][R-9]") {
    const Channel counted = join(*this);
    const Channel marker = join(*this);
    for (int i = 0; i < 5; ++i)
        done(near->events().notify(counted.near));
    // Once for the first send; once more if its delivery masked the port before the last one.
    CHECK(wait_port(far->events()) == counted.far);
    done(far->events().unmask(counted.far));
    done(near->events().notify(marker.near));
    Evtchn_port seen = wait_port(far->events());
    if (seen == counted.far) {
        done(far->events().unmask(counted.far));
        seen = wait_port(far->events());
    }
    CHECK(seen == marker.far);
    CHECK_FALSE(value(far->events().next()));
}

TEST_CASE_METHOD(Fixture, "A taken port is masked until unmask, and what came meanwhile is not lost",
                 "[contract][events]") {
    const Channel masked = join(*this);
    const Channel marker = join(*this);
    done(near->events().notify(masked.near));
    REQUIRE(wait_port(far->events()) == masked.far);

    done(near->events().notify(masked.near));
    done(near->events().notify(masked.near));
    done(near->events().notify(marker.near));
    CHECK(wait_port(far->events()) == marker.far);
    CHECK_FALSE(value(far->events().next()));
    CHECK_FALSE(is_readable(far->events().fd()));

    done(far->events().unmask(masked.far));
    CHECK(wait_port(far->events()) == masked.far);
    done(far->events().unmask(masked.far));
    CHECK_FALSE(value(far->events().next())); // the two sends were one event
}

TEST_CASE_METHOD(Fixture, "next() answers at once, and nothing, where nothing is pending",
                 "[contract][events]") {
    CHECK_FALSE(value(near->events().next()));
    CHECK_FALSE(is_readable(near->events().fd()));
    const Channel channel = join(*this);
    CHECK_FALSE(value(near->events().next()));
    done(far->events().notify(channel.far));
    CHECK(becomes_readable(near->events().fd()));
    CHECK(value(near->events().next()) == channel.near);
    CHECK_FALSE(is_readable(near->events().fd()));
}

TEST_CASE_METHOD(Fixture, "Several pending ports are each reported once", "[contract][events]") {
    std::set<Evtchn_port> sent;
    for (int i = 0; i < 10; ++i) {
        const Channel channel = join(*this);
        done(near->events().notify(channel.near));
        sent.insert(channel.far);
    }
    std::set<Evtchn_port> seen;
    for (int i = 0; i < 10; ++i)
        seen.insert(wait_port(far->events()));
    CHECK(seen == sent);
    CHECK_FALSE(value(far->events().next()));
}

TEST_CASE_METHOD(Fixture, "A bound port is pending once at its start", "[contract][events]") {
    const Evtchn_port far_port = value(far->events().alloc_unbound(near->domid()));
    const Evtchn_port near_port = value(near->events().bind_interdomain(far->domid(), far_port));
    CHECK(wait_port(near->events()) == near_port);
    done(near->events().unmask(near_port));
    CHECK_FALSE(value(near->events().next()));
    CHECK_FALSE(value(far->events().next())); // the other end is not
}

TEST_CASE_METHOD(Fixture, "Only a port that is open for us can be bound", "[contract][events]") {
    CHECK(fault(near->events().bind_interdomain(Domid{31999}, Evtchn_port{1})) == Fault::not_found);
    CHECK(fault(near->events().bind_interdomain(far->domid(), Evtchn_port{1021})) == Fault::failed);

    const Evtchn_port other = value(far->events().alloc_unbound(Domid{31999}));
    CHECK(fault(near->events().bind_interdomain(far->domid(), other)) == Fault::failed);

    const Channel channel = join(*this);
    CHECK(fault(near->events().bind_interdomain(far->domid(), channel.far)) == Fault::failed);
}

TEST_CASE_METHOD(Fixture, "A closed port leaves the peer's unbound, and that may be bound again",
                 "[contract][events][R-13]") {
    const Channel channel = join(*this);
    near->events().close(channel.near);
    done(far->events().notify(channel.far)); // nobody there: no error
    CHECK_FALSE(near->events().notify(channel.near));

    const Evtchn_port again = value(near->events().bind_interdomain(far->domid(), channel.far));
    CHECK(wait_port(near->events()) == again);
    done(near->events().unmask(again));
    done(far->events().notify(channel.far));
    CHECK(wait_port(near->events()) == again);
    done(near->events().notify(again));
    CHECK(wait_port(far->events()) == channel.far);
}

TEST_CASE_METHOD(Fixture, "A process that ends closes its ports, and its successor binds again",
                 "[contract][events][R-13]") {
    const Channel channel = join(*this);
    near.reset();
    done(far->events().notify(channel.far));

    near = world->near();
    const Evtchn_port again = value(near->events().bind_interdomain(far->domid(), channel.far));
    CHECK(wait_port(near->events()) == again);
    done(near->events().notify(again));
    CHECK(wait_port(far->events()) == channel.far);
}

TEST_CASE_METHOD(Fixture, "The allocating process may end too: its port is gone, the peer's is unbound",
                 "[contract][events]") {
    const Channel channel = join(*this);
    far.reset();
    done(near->events().notify(channel.near));
    CHECK(fault(near->events().bind_interdomain(world->far()->domid(), channel.far)) == Fault::failed);

    far = world->far();
    const Evtchn_port again = value(far->events().bind_interdomain(near->domid(), channel.near));
    CHECK(wait_port(far->events()) == again);
    done(near->events().notify(channel.near));
    done(far->events().unmask(again));
    CHECK(wait_port(far->events()) == again);
}

TEST_CASE_METHOD(Fixture, "Closing is idempotent, and closes nobody else's port", "[contract][events]") {
    const Channel channel = join(*this);
    near->events().close(channel.near);
    near->events().close(channel.near);
    near->events().close(Evtchn_port{1020});
    const Channel other = join(*this);
    far->events().close(other.near == other.far ? Evtchn_port{1020} : other.near);
    done(near->events().notify(other.near));
    CHECK(wait_port(far->events()) == other.far);
}

TEST_CASE_METHOD(Fixture, "A closed port is not reported any more, pending or not", "[contract][events]") {
    const Channel gone = join(*this);
    const Channel marker = join(*this);
    done(near->events().notify(gone.near));
    CHECK(becomes_readable(far->events().fd()));
    far->events().close(gone.far);
    done(near->events().notify(marker.near));
    // Xen may have queued it for the process already; whoever closes a port ignores its number after that.
    Evtchn_port seen = wait_port(far->events());
    if (seen == gone.far) seen = wait_port(far->events());
    CHECK(seen == marker.far);
    CHECK_FALSE(value(far->events().next()));
}

TEST_CASE_METHOD(Fixture, "Evtchn closes its port exactly once", "[contract][events]") {
    const Channel channel = join(*this);
    {
        port::Evtchn owner(near->events(), channel.near);
        port::Evtchn moved(std::move(owner));
        CHECK_FALSE(owner); // NOLINT: moved from, and that is the point
        done(moved.notify());
    }
    CHECK(wait_port(far->events()) == channel.far);
    CHECK_FALSE(near->events().notify(channel.near));
}

TEST_CASE_METHOD(Fixture, "Without a free port left, alloc_unbound says exhausted", "[contract][events]") {
    XVM_SKIP_IF(world->lacks_small_limits());
    for (int i = 0; i < 100'000; ++i) {
        const auto port = near->events().alloc_unbound(far->domid());
        if (port) continue;
        CHECK(port.error().fault == Fault::exhausted);
        return;
    }
    FAIL("no limit found");
}
