// SPDX-License-Identifier: Apache-2.0
// [S-8] The channel to a service domain: what the domain says of it is believed only as far as it can be so.
#include "daemons/xvmd/service_channel.hpp"
#include "libvmshare/abi/channel_grants.h"
#include "libvmshare/port/hosted/process.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::xvmd;

namespace {

constexpr Domid service{7};

/// A service domain, and dom0, on a machine without a hypervisor.
struct World {
    std::shared_ptr<port::hosted::Host> host = port::hosted::Host::make();
    std::unique_ptr<port::hosted::Process> ours;
    std::unique_ptr<port::hosted::Process> theirs;
    port::Granter::Shared region;
    port::Granter::Shared table;
    port::Evtchn port;

    World() {
        REQUIRE(host->add_domain(service));
        ours = std::move(*port::hosted::start_process(host, dom0));
        theirs = std::move(*port::hosted::start_process(host, service));
        region = *theirs->granter().share(dom0, XVM_CHANNEL_PAGES, port::Access::read_write);
        table = *theirs->granter().share(dom0, 1, port::Access::read_only);
        grants() = {XVM_CHANNEL_GRANTS_MAGIC, XVM_CHANNEL_PAGES, 0, {}, 0};
        for (std::size_t i = 0; i < region.grefs.size(); ++i)
            grants().gref[i] = number(region.grefs[i]);
        port = port::Evtchn(theirs->events(), *theirs->events().alloc_unbound(dom0));
    }

    xvm_channel_grants& grants() const { return *reinterpret_cast<xvm_channel_grants*>(table.bytes.data()); }
    Channel_offer offer() const { return {port.port(), table.grefs[0]}; }
};

/// What a process of dom0 has of Xen's devices, by reference.
class Grants_of final : public port::Grants {
  public:
    explicit Grants_of(port::Grants& of) : of_(of) {}
    Result<port::Grant_map> map(Domid owner, std::span<const Gref> grefs, port::Access access) override {
        return of_.map(owner, grefs, access);
    }
    Status copy(Domid owner, std::span<port::Grant_copy> elements) override {
        return of_.copy(owner, elements);
    }

  private:
    port::Grants& of_;
};

class Events_of final : public port::Events {
  public:
    explicit Events_of(port::Events& of) : of_(of) {}
    Result<Evtchn_port> alloc_unbound(Domid remote) override { return of_.alloc_unbound(remote); }
    Result<Evtchn_port> bind_interdomain(Domid remote, Evtchn_port port) override {
        return of_.bind_interdomain(remote, port);
    }
    Status notify(Evtchn_port port) override { return of_.notify(port); }
    Result<std::optional<Evtchn_port>> next() override { return of_.next(); }
    Status unmask(Evtchn_port port) override { return of_.unmask(port); }
    void close(Evtchn_port port) noexcept override { of_.close(port); }
    int fd() const noexcept override { return of_.fd(); }

  private:
    port::Events& of_;
};

Channel_ports ports_of(World& world) {
    return {std::make_unique<Grants_of>(world.ours->grants()),
            std::make_unique<Events_of>(world.ours->events())};
}

} // namespace

TEST_CASE("[S-8] Only a version, a port and a reference in decimal are an offer of a channel") {
    CHECK(parse_channel_offer("1 12 345") == Channel_offer{Evtchn_port{12}, Gref{345}});
    for (const char* none : {"", "1", "1 ", "1 12", "1 12 ", "1 0 345", "1 131072 345", "2 12 345",
                             "1 12 345 ", "1 12 345 6", "1 -12 345", "1 12 -345", "1  12 345", "1 0x12 345",
                             "1 12 4294967296", "1 99999999999999999999 1"}) {
        CAPTURE(none);
        CHECK(!parse_channel_offer(none));
    }
}

TEST_CASE("[S-8] A message goes each way over memory that the service domain granted") {
    World world;
    Channel_ports ports = ports_of(world);
    auto channel = Service_channel::open(ports, service, world.offer());
    REQUIRE(channel);
    // The domain was told: now there is a channel.
    REQUIRE(*world.theirs->events().next() == world.port.port());
    auto other = channel::End::attach(world.region.bytes);
    REQUIRE(other);
    channel::Message down;
    down.id = 5;
    down.payload = "a question";
    REQUIRE(channel->end().put(down));
    CHECK(channel->end().turn().notify);
    const auto got = other->turn().got;
    REQUIRE(got.size() == 1);
    CHECK(got[0] == down);
    channel::Message up;
    up.kind = channel::Kind::answer;
    up.id = 5;
    up.payload = "an answer";
    REQUIRE(other->put(up));
    CHECK(other->turn().notify);
    const auto back = channel->end().turn().got;
    REQUIRE(back.size() == 1);
    CHECK(back[0] == up);
}

TEST_CASE("[S-8] What the page of grants says wrongly is refused, and nothing stays mapped or bound") {
    World world;
    Channel_ports ports = ports_of(world);
    const auto before = world.host->dump();
    SECTION("another magic") {
        world.grants().magic = 1;
    }
    SECTION("another number of pages") {
        world.grants().pages = 1;
    }
    SECTION("a reserve that is not zero") {
        world.grants().reserved = 1;
    }
    SECTION("a grant twice") {
        world.grants().gref[1] = world.grants().gref[0];
    }
    SECTION("a reference that nobody granted") {
        world.grants().gref[3] = 4000000000;
    }
    const auto channel = Service_channel::open(ports, service, world.offer());
    REQUIRE(!channel);
    CHECK(channel.error().fault == Fault::failed);
    CHECK(world.host->dump() == before);
}

TEST_CASE("[S-8] An offer of a page or a port that is not dom0's is refused, and nothing stays") {
    World world;
    Channel_ports ports = ports_of(world);
    const auto before = world.host->dump();
    Channel_offer offer = world.offer();
    SECTION("a page") {
        offer.table = Gref{4000000000};
    }
    SECTION("a port") {
        offer.port = Evtchn_port{100000};
    }
    CHECK(!Service_channel::open(ports, service, offer));
    CHECK(world.host->dump() == before);
}

TEST_CASE("[S-13] With the channel its mapping and its port go") {
    World world;
    Channel_ports ports = ports_of(world);
    const auto before = world.host->dump();
    {
        const auto channel = Service_channel::open(ports, service, world.offer());
        REQUIRE(channel);
        CHECK(world.host->dump() != before);
    }
    CHECK(world.host->dump().at("mappings") == before.at("mappings"));
    CHECK(world.host->dump().at("grants") == before.at("grants"));
}
