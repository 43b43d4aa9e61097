// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/xenbus/session.hpp"

#include "libvmshare/port/hosted/process.hpp"
#include "tests/unit/toolstack/run/passing_store.hpp"
#include "xenstore-schema/nodes.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::xenbus;
using xvm::port::Store_access;
using xvm::port::Store_permission;
using enum xvm::schema::Device_state;

namespace {

constexpr Domid guest{7};
const Ring_offer offer{"xvm-blk-1", 4, 1};

struct Bench {
    std::shared_ptr<port::hosted::Host> host = port::hosted::Host::make();
    std::unique_ptr<port::hosted::Process> dom0_process;
    std::unique_ptr<port::hosted::Process> guest_process;
    Device_paths back{schema::xvbd::backend::dir(guest, 0), schema::xvbd::frontend::dir(guest, 0)};
    Device_paths front{back.peer, back.own};

    Bench() {
        REQUIRE(host->add_domain(guest));
        dom0_process = port::hosted::start_process(host, dom0).value();
        guest_process = port::hosted::start_process(host, guest).value();
        const Store_permission guest_owns[]{{guest, Store_access::none}, {dom0, Store_access::read}};
        const Store_permission guest_reads[]{{dom0, Store_access::none}, {guest, Store_access::read}};
        port::Store& store = dom0_process->store();
        REQUIRE(store.write(front.own + "/state", "1"));
        REQUIRE(store.set_permissions(front.own, guest_owns));
        REQUIRE(store.set_permissions(front.own + "/state", guest_owns));
        REQUIRE(store.make(back.own));
        REQUIRE(store.set_permissions(back.own, guest_reads));
        REQUIRE(store.write(back.own + "/state", "1"));
    }
    Session backend() { return {dom0_process->store(), schema::xvbd::transitions, Side::backend, back}; }
    Session frontend() { return {guest_process->store(), schema::xvbd::transitions, Side::frontend, front}; }
};

/// Somebody removes the device just before one of its nodes is written.
class Removing_store final : public tests::Passing_store {
  public:
    Removing_store(port::Store& below, std::string device)
        : Passing_store(below), device_(std::move(device)) {}
    Status write(const std::string& path, std::string_view value, port::Txn txn) override {
        if (!std::exchange(removed_, true)) REQUIRE(store_.remove(device_, port::Txn::none));
        return Passing_store::write(path, value, txn);
    }

  private:
    std::string device_;
    bool removed_ = false;
};

} // namespace

TEST_CASE("Backend and front end come together over the store", "[xenbus]") {
    Bench bench;
    Session back = bench.backend();
    Session front = bench.frontend();

    REQUIRE(back.go(init_wait, nodes_of(offer)));
    const auto offered = parse_offer(front.read_peer(offer_node_names()).value(), offer.protocol);
    REQUIRE(offered);
    CHECK(*offered == offer);

    const Peer_ring ring{{Gref{8}, Gref{9}}, Evtchn_port{3}, 1};
    REQUIRE(front.go(initialised, nodes_of(ring, offer.protocol)));
    const auto seen = parse_peer_ring(back.read_peer(ring_node_names(offer.pages_max)).value(), offer);
    REQUIRE(seen);
    CHECK(*seen == ring);

    const std::vector<Node_value> size{{"sectors", "8"}, {"sector-bytes", "512"}};
    REQUIRE(back.go(connected, size));
    REQUIRE(front.go(connected));
    const auto states = back.states().value();
    CHECK(states.own == connected);
    CHECK(states.peer == connected);
}

TEST_CASE("A state that the table does not allow is not written", "[xenbus]") {
    Bench bench;
    Session back = bench.backend();
    const Node_value node{"sectors", "8"};
    const Status refused = back.go(connected, std::span(&node, 1));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::busy);
    CHECK(refused.error().cause == "cannot go from initialising to connected while the peer is initialising");
    CHECK_FALSE(bench.dom0_process->store().read(bench.back.own + "/sectors"));
    CHECK(back.states()->own == initialising);
}

TEST_CASE("A device whose directory is gone is not made again", "[xenbus]") {
    Bench bench;
    Session back = bench.backend();
    REQUIRE(bench.dom0_process->store().remove(bench.back.own));
    CHECK(back.go(init_wait).error().fault == Fault::not_found);
    CHECK(back.states()->own == unknown);
    CHECK(bench.dom0_process->store().read(bench.back.own).error().fault == Fault::not_found);
}

TEST_CASE("A device that is removed while its nodes are written leaves none of them", "[xenbus]") {
    Bench bench;
    Removing_store store(bench.dom0_process->store(), bench.back.own);
    Session back{store, schema::xvbd::transitions, Side::backend, bench.back};
    CHECK(back.go(init_wait, nodes_of(offer)).error().fault == Fault::not_found);
    const std::string all = bench.back.own.substr(0, bench.back.own.rfind('/'));
    CHECK(store.read(bench.back.own, port::Txn::none).error().fault == Fault::not_found);
    CHECK(store.read(all, port::Txn::none).error().fault == Fault::not_found);
}

TEST_CASE("A refusal says why in the backend's directory", "[xenbus]") {
    Bench bench;
    Session back = bench.backend();
    REQUIRE(back.refuse("ring-pages: not a power of two from 1 to 4"));
    CHECK(back.states()->own == closing);
    CHECK(bench.dom0_process->store().read(bench.back.own + "/error").value() ==
          "ring-pages: not a power of two from 1 to 4");
}

TEST_CASE("A guest that writes nonsense as its state counts as gone", "[xenbus]") {
    Bench bench;
    REQUIRE(bench.guest_process->store().write(bench.front.own + "/state", "4; rm -rf /"));
    CHECK(bench.backend().states()->peer == unknown);
    REQUIRE(bench.backend().go(closed));
}
