// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/faulty/decorators.hpp"

#include "libvmshare/base/scope_guard.hpp"
#include "libvmshare/port/hosted/process.hpp"
#include "libvmshare/xenbus/session.hpp"
#include "xenstore-schema/nodes.hpp"

#include <array>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::port;
using namespace xvm::port::faulty;

namespace {

constexpr Domid guest{7};

struct Machine {
    std::shared_ptr<hosted::Host> host = hosted::Host::make();
    std::unique_ptr<hosted::Process> back;
    std::unique_ptr<hosted::Process> front;
    Machine() {
        REQUIRE(host->add_domain(guest));
        back = hosted::start_process(host, dom0).value();
        front = hosted::start_process(host, guest).value();
    }
    std::string dump() const { return boost::json::serialize(host->dump()); }
};

} // namespace

TEST_CASE("The call with the planned number fails, and does not reach the port", "[faulty]") {
    Machine m;
    Plan plan;
    plan.fail_at(2, Fault::denied);
    Faulty_store store(m.back->store(), plan);
    CHECK(store.write("/a", "1", Txn::none));
    const Status second = store.write("/a", "2", Txn::none);
    REQUIRE_FALSE(second);
    CHECK(second.error().fault == Fault::denied);
    CHECK(second.error().line() == "store.write: fails by plan, call 2");
    CHECK(store.read("/a", Txn::none).value() == "1");
    CHECK(plan.calls() == 3);
    CHECK(plan.record() == std::vector<std::string>{"store.write", "store.write!", "store.read"});
}

TEST_CASE("A plan fails one call, all from one on, or all of a name", "[faulty]") {
    Machine m;
    Plan plan;
    Faulty_events events(m.back->events(), plan);
    SECTION("from one on") {
        plan.fail_from(2);
        CHECK(events.alloc_unbound(guest));
        CHECK_FALSE(events.alloc_unbound(guest));
        CHECK_FALSE(events.next());
    }
    SECTION("of a name") {
        plan.fail_each("events.notify", Fault::exhausted);
        const auto port = events.alloc_unbound(guest);
        REQUIRE(port);
        CHECK(events.notify(*port).error().fault == Fault::exhausted);
        CHECK(events.notify(*port).error().fault == Fault::exhausted);
        CHECK(events.unmask(*port));
        events.close(*port);
        CHECK(plan.record().back() == "events.close");
        CHECK(plan.calls() == 4);
    }
}

TEST_CASE("An action runs before its call: the world changes under the caller", "[faulty]") {
    Machine m;
    Plan plan;
    Faulty_store store(m.back->store(), plan);
    REQUIRE(store.write("/a", "old", Txn::none));
    plan.before(4, [&] { REQUIRE(m.front->store().read("/").error().fault == Fault::denied); });
    plan.before(4, [&] { REQUIRE(m.back->store().write("/a", "theirs")); });
    const auto txn = store.begin().value();
    REQUIRE(store.write("/a", "mine", txn));
    CHECK(store.commit(txn).error().fault == Fault::busy);
    CHECK(store.read("/a", Txn::none).value() == "theirs");
}

TEST_CASE("A commit that fails by plan leaves no transaction open below", "[faulty]") {
    Machine m;
    Plan plan;
    plan.fail_each("store.commit", Fault::busy);
    Faulty_store store(m.front->store(), plan);
    for (int i = 0; i < 100; ++i) { // a guest has 10 at once
        const auto txn = store.begin();
        REQUIRE(txn);
        CHECK(store.commit(*txn).error().fault == Fault::busy);
    }
}

TEST_CASE("One element of a copy fails by plan, the others are copied", "[faulty]") {
    Machine m;
    const auto page = m.front->granter().share(dom0, 1, Access::read_write).value();
    page.bytes[1] = std::byte{9};
    Plan plan;
    plan.fail_at(2); // 1: the call; 2, 3: its elements
    Faulty_grants grants(m.back->grants(), plan);
    std::array<std::byte, 4> a{}, b{};
    std::array elements{Grant_copy{page.grefs[0], 0, 4, a.data()}, Grant_copy{page.grefs[0], 0, 4, b.data()}};
    REQUIRE(grants.copy(guest, elements));
    CHECK_FALSE(elements[0].ok);
    CHECK(elements[1].ok);
    CHECK(a[1] == std::byte{0});
    CHECK(b[1] == std::byte{9});
}

namespace {

/// Makes a connection as a backend does; with `careless`, forgets what it has when a step fails.
Status connect(Events& events, Grants& grants, Store& store, std::span<const Gref> grefs, Evtchn_port peer,
               bool careless) {
    XVM_TRY(store.write("/half", "", Txn::none));
    Scope_guard undo([&] {
        if (!careless) static_cast<void>(store.remove("/half", Txn::none));
    });
    XVM_TRY_LET(const Grant_map map, grants.map(guest, grefs, Access::read_write));
    XVM_TRY_LET(const Evtchn_port port, events.bind_interdomain(guest, peer));
    const Evtchn owner(events, port);
    return owner.notify();
}

unsigned sweep_connection(bool careless, unsigned& leaks) {
    Machine m;
    const auto ring = m.front->granter().share(dom0, 2, Access::read_write).value();
    const auto port = m.front->events().alloc_unbound(dom0).value();
    const std::string before = m.dump();
    return sweep(Fault::exhausted, [&](Plan& plan) {
        // The removal is the caller's last word: it is tried below even when the plan refuses all else.
        Faulty_events events(m.back->events(), plan);
        Faulty_grants grants(m.back->grants(), plan);
        Faulty_store store(m.back->store(), plan);
        const Status done = connect(events, grants, store, ring.grefs, port, careless);
        const bool last = plan.record().back() == "store.remove!";
        if (!done) CHECK(done.error().fault == Fault::exhausted);
        if (m.dump() != before && !last) ++leaks;
        REQUIRE(m.back->store().remove("/half"));
    });
}

} // namespace

TEST_CASE("A sweep fails every host call once, and its twin that cleans nothing up is caught", "[faulty]") {
    unsigned leaks = 0;
    CHECK(sweep_connection(false, leaks) == 5); // write, map, bind, notify, remove
    CHECK(leaks == 0);
    static_cast<void>(sweep_connection(true, leaks));
    CHECK(leaks > 0);
}

TEST_CASE("Whichever store call fails, a device's state stays, and the next attempt makes it whole",
          "[faulty][xenbus]") {
    using namespace xvm::xenbus;
    using enum xvm::schema::Device_state;
    const std::vector<Node_value> nodes = nodes_of(Ring_offer{"xvm-blk-1", 16, 1});
    const Device_paths paths{schema::xvbd::backend::dir(guest, 0), schema::xvbd::frontend::dir(guest, 0)};
    const auto prepare = [&](Store& store) {
        REQUIRE(store.write(paths.own + "/state", "1"));
        REQUIRE(store.write(paths.peer + "/state", "1"));
    };
    const auto go = [&](Store& store) {
        return Session(store, schema::xvbd::transitions, Side::backend, paths).go(init_wait, nodes);
    };
    Machine undisturbed;
    prepare(undisturbed.back->store());
    REQUIRE(go(undisturbed.back->store()));
    const unsigned swept = sweep(Fault::unreachable, [&](Plan& plan) {
        Machine m;
        prepare(m.back->store());
        Faulty_store store(m.back->store(), plan);
        const Status moved = go(store);
        if (moved) return;
        CHECK(moved.error().fault == Fault::unreachable);
        // The state is what tells the peer to read the others: without it, they are read by nobody.
        CHECK(m.back->store().read(paths.own + "/state") == "1");
        REQUIRE(go(m.back->store()));
        CHECK(m.dump() == undisturbed.dump());
    });
    CHECK(swept == 2 + 3 + 1 + 2 + 1 + 1); // both states, three nodes; begin, both states, the state, commit
}
