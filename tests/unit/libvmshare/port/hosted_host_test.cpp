// SPDX-License-Identifier: Apache-2.0
// What the hosted machine adds to the contract: its ledger, and the deaths of processes and domains.
#include "libvmshare/port/hosted/process.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::port::hosted;
using port::Access;

namespace {

constexpr Domid guest{7};

struct Machine {
    std::shared_ptr<Host> host = Host::make();
    std::unique_ptr<Process> back;
    std::unique_ptr<Process> front;

    Machine() {
        REQUIRE(host->add_domain(guest));
        back = start_process(host, dom0).value();
        front = start_process(host, guest).value();
    }
    std::size_t count(const char* what) const { return host->dump().as_object().at(what).as_array().size(); }
};

/// A connection as a device makes it, held and dropped.
void connect_once(Machine& m) {
    const auto ring = m.front->granter().share(dom0, 4, Access::read_write).value();
    const auto front_port = m.front->events().alloc_unbound(dom0).value();
    {
        const auto map = m.back->grants().map(guest, ring.grefs, Access::read_write).value();
        const port::Evtchn back_port(m.back->events(),
                                     m.back->events().bind_interdomain(guest, front_port).value());
        REQUIRE(m.back->store().write("/local/domain/7/device", "x"));
        REQUIRE(back_port.notify());
    }
    m.front->events().close(front_port);
    REQUIRE(m.front->granter().end(ring.grefs));
    REQUIRE(m.back->store().remove("/local"));
}

} // namespace

TEST_CASE("A connection that is taken down in order leaves the ledger as it was", "[hosted]") {
    Machine m;
    const auto before = m.host->dump();
    for (int i = 0; i < 3; ++i)
        connect_once(m);
    CHECK(boost::json::serialize(m.host->dump()) == boost::json::serialize(before));
}

TEST_CASE("Each kind of thing left behind shows in the ledger", "[hosted]") {
    Machine m;
    const auto before = m.host->dump();
    SECTION("a grant") {
        REQUIRE(m.front->granter().share(dom0, 1, Access::read_only));
    }
    SECTION("a port") {
        REQUIRE(m.front->events().alloc_unbound(dom0));
    }
    SECTION("a node") {
        REQUIRE(m.back->store().write("/left", ""));
    }
    SECTION("a value") {
        REQUIRE(m.back->store().write("/", "changed"));
    }
    SECTION("a process") {
        const auto process = start_process(m.host, guest).value();
        CHECK(m.host->dump() != before);
        return;
    }
    SECTION("a domain") {
        REQUIRE(m.host->add_domain(Domid{9}));
    }
    CHECK(m.host->dump() != before);
}

TEST_CASE("A mapping left behind shows in the ledger, and its end is seen", "[hosted]") {
    Machine m;
    const auto ring = m.front->granter().share(dom0, 2, Access::read_write).value();
    const auto before = m.host->dump();
    {
        const auto map = m.back->grants().map(guest, ring.grefs, Access::read_write).value();
        CHECK(m.host->dump() != before);
        CHECK(m.count("mappings") == 1);
    }
    CHECK(m.host->dump() == before);
}

TEST_CASE("A domain destroyed while its pages are mapped is dying until the last mapping goes", "[hosted]") {
    Machine m;
    const auto ring = m.front->granter().share(dom0, 1, Access::read_write).value();
    ring.bytes[0] = std::byte{42};
    {
        const auto map = m.back->grants().map(guest, ring.grefs, Access::read_write).value();
        m.host->destroy_domain(guest);
        m.host->destroy_domain(guest);
        CHECK(m.count("domains") == 2);
        CHECK(m.host->add_domain(guest).error().fault == Fault::busy);
        CHECK(m.host->open(guest).error().fault == Fault::not_found);
        CHECK(map.bytes()[0] == std::byte{42}); // the pages stay with who maps them
        CHECK(m.back->grants().map(guest, ring.grefs, Access::read_only).error().fault == Fault::not_found);
    }
    CHECK(m.count("domains") == 1);
    CHECK(m.count("grants") == 0);
    CHECK(m.host->add_domain(guest));
}

TEST_CASE("A process of a destroyed domain gets only refusals, and can still be dropped", "[hosted]") {
    Machine m;
    const auto port = m.front->events().alloc_unbound(dom0).value();
    const auto bound = m.back->events().bind_interdomain(guest, port).value();
    m.host->destroy_domain(guest);
    CHECK(m.front->store().read("/").error().fault == Fault::unreachable);
    CHECK(m.front->store().begin().error().fault == Fault::unreachable);
    CHECK(m.front->store().next_event().error().fault == Fault::unreachable);
    CHECK(m.front->events().alloc_unbound(dom0).error().fault == Fault::unreachable);
    CHECK(m.front->granter().share(dom0, 1, Access::read_only).error().fault == Fault::unreachable);
    CHECK(m.back->events().notify(bound)); // the peer is gone: no error
    m.front.reset();
    m.back.reset();
    CHECK(m.count("processes") == 0);
    CHECK(m.count("ports") == 0);
}

TEST_CASE("A domain that was not introduced is not served by the store", "[hosted]") {
    Machine m;
    REQUIRE(m.host->add_unintroduced_domain(Domid{9}));
    const auto process = start_process(m.host, Domid{9}).value();
    CHECK(process->store().read("/").error().fault == Fault::unreachable);
    REQUIRE(m.back->store().introduce(Domid{9}, 1, Evtchn_port{1}));
    CHECK(process->store().read("/").error().fault == Fault::denied);
}
