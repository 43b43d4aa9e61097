// SPDX-License-Identifier: Apache-2.0
// [S-5] [S-7] Guests' channels at the desk: found, answered, let go of; hostile ones cost nobody else
// anything.
#include "daemons/xvm-guestd/desk.hpp"
#include "libvmshare/abi/channel_grants.h"
#include "libvmshare/channel/end.hpp"
#include "libvmshare/port/hosted/process.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <random>

using namespace xvm;
using namespace xvm::guestd;
namespace json = boost::json;

namespace {

constexpr const char* sound = R"({"schema":"xvm.guest_request/1","verb":"show","target":"web"})";

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

/// A guest with xvm-guest in it.
struct Asker {
    Domid domid;
    std::unique_ptr<port::hosted::Process> process;
    port::Granter::Shared region;
    port::Granter::Shared table;
    port::Evtchn port;
    std::optional<channel::End> end;

    Asker(const std::shared_ptr<port::hosted::Host>& host, Domid id) : domid(id) {
        REQUIRE(host->add_domain(id));
        process = std::move(*port::hosted::start_process(host, id));
        region = *process->granter().share(dom0, XVM_CHANNEL_PAGES, port::Access::read_write);
        table = *process->granter().share(dom0, 1, port::Access::read_only);
        auto& grants = *reinterpret_cast<xvm_channel_grants*>(table.bytes.data());
        grants = {XVM_CHANNEL_GRANTS_MAGIC, XVM_CHANNEL_PAGES, 0, {}, 0};
        for (std::size_t i = 0; i < region.grefs.size(); ++i)
            grants.gref[i] = number(region.grefs[i]);
        port = port::Evtchn(process->events(), *process->events().alloc_unbound(dom0));
    }

    [[nodiscard]] std::string node() const {
        return "/local/domain/" + std::to_string(number(domid)) + "/" XVM_GUEST_NODE;
    }
    [[nodiscard]] std::string offer() const {
        return "1 " + std::to_string(number(port.port())) + " " + std::to_string(number(table.grefs[0]));
    }
    void attach() {
        auto attached = channel::End::attach(region.bytes);
        REQUIRE(attached);
        end.emplace(std::move(*attached));
    }
    void send(const std::string& payload, std::uint64_t id = 1) {
        channel::Message request;
        request.id = id;
        request.payload = payload;
        REQUIRE(end->put(request));
        if (end->turn().notify) REQUIRE(port.notify());
    }
};

struct World {
    std::shared_ptr<port::hosted::Host> host = port::hosted::Host::make();
    std::unique_ptr<port::hosted::Process> ours = std::move(*port::hosted::start_process(host, dom0));
    xvmd::Channel_ports ports{std::make_unique<Grants_of>(ours->grants()),
                              std::make_unique<Events_of>(ours->events())};
    boost::asio::io_context context{1};
    std::atomic<int> calls = 0;
    Ways ways;
    Rules rules = *Rules::parse("[[allow]]\nguest = \"panel\"\nverbs = [\"show\"]\ntargets = [\"web\"]\n",
                                "guests.toml");
    std::optional<Desk> desk;

    World() {
        ways.name_of = [](Domid domid) -> Result<std::string> {
            return std::string(domid == Domid{7} ? "panel" : "stranger");
        };
        ways.call = [this](const Guest_verb&, const std::string& target) {
            ++calls;
            return tl::expected<json::value, api::Failure>(json::value{{"name", target}});
        };
    }
    void open() {
        for (const char* name : {"7", "8"}) // as a create does, before the domain is introduced
            REQUIRE(ours->store().make(std::string("/local/domain/") + name));
        desk.emplace(context, ours->store(), ports, ways, rules);
        REQUIRE(desk->start());
    }
    void offer(const Asker& asker, const std::string& text) {
        REQUIRE(ours->store().write(asker.node(), text));
        run();
    }
    void run() {
        context.restart();
        context.run_for(std::chrono::milliseconds(20));
        desk->look(); // however slow this machine is
    }
    /// The next answer, as its exit code.
    std::int64_t answer(Asker& asker) {
        for (int i = 0; i < 500; ++i) {
            run();
            for (const channel::Message& message : asker.end->turn().got)
                return json::parse(message.payload).at("exit_code").as_int64();
        }
        return -1;
    }
};

} // namespace

TEST_CASE("[S-5] A guest that offers a channel is answered over it, as often as it asks") {
    World world;
    Asker panel(world.host, Domid{7});
    world.open();
    world.offer(panel, panel.offer());
    REQUIRE(world.desk->channels() == 1);
    panel.attach();
    for (int i = 1; i <= 3; ++i) {
        panel.send(sound);
        CHECK(world.answer(panel) == 0);
        CHECK(world.calls == i);
    }
}

TEST_CASE("[S-7] A guest without a rule is told so, and xvmd is asked nothing") {
    World world;
    Asker stranger(world.host, Domid{8});
    world.open();
    world.offer(stranger, stranger.offer());
    stranger.attach();
    stranger.send(sound);
    CHECK(world.answer(stranger) == static_cast<int>(Fault::denied));
    CHECK(world.calls == 0);
}

TEST_CASE("[S-13] What a guest granted is let go of when it takes its offer back") {
    World world;
    Asker panel(world.host, Domid{7});
    world.open();
    const auto before = world.host->dump();
    world.offer(panel, panel.offer());
    REQUIRE(world.desk->channels() == 1);
    REQUIRE(world.ours->store().remove(panel.node()));
    world.run();
    CHECK(world.desk->channels() == 0);
    CHECK(world.host->dump().at("mappings") == before.at("mappings"));
}

TEST_CASE("[S-7] Offers that are none open nothing, and a sound one is still taken") {
    World world;
    Asker panel(world.host, Domid{7});
    world.open();
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same each time
    for (int i = 0; i < 200; ++i) {
        std::string text = panel.offer();
        text[random() % text.size()] = static_cast<char>(random() % 256);
        if (text == panel.offer()) continue;
        REQUIRE(world.ours->store().write(panel.node(), text));
        world.desk->look();
    }
    world.offer(panel, panel.offer());
    CHECK(world.desk->channels() == 1);
}

TEST_CASE("[S-7] A guest that writes anything anywhere into its channel harms nobody") {
    World world;
    Asker panel(world.host, Domid{7});
    Asker hostile(world.host, Domid{8});
    world.open();
    world.offer(panel, panel.offer());
    panel.attach();
    std::mt19937 random(8); // NOLINT(cert-msc51-cpp): the same each time
    for (int round = 0; round < 60; ++round) {
        REQUIRE(world.ours->store().write(hostile.node(), hostile.offer()));
        world.desk->look();
        auto* words = reinterpret_cast<std::uint64_t*>(hostile.region.bytes.data());
        const std::size_t count = hostile.region.bytes.size() / sizeof(std::uint64_t);
        for (int i = 0; i < 200; ++i) {
            const std::size_t at = random() % 4 == 0 ? random() % count : random() % 600;
            words[at] = random() % 2 == 0 ? random() % 70000 : (std::uint64_t{random()} << 32) | random();
        }
        static_cast<void>(hostile.port.notify());
        world.desk->look();
        REQUIRE(world.ours->store().remove(hostile.node()));
        world.desk->look();
    }
    CHECK(world.calls == 0);
    panel.send(sound);
    CHECK(world.answer(panel) == 0);
}

TEST_CASE(
    "[S-7] A guest that asks a thousand times at once is answered within bounds, and others are served") {
    World world;
    Asker panel(world.host, Domid{7});
    Asker hostile(world.host, Domid{8});
    world.open();
    world.offer(panel, panel.offer());
    world.offer(hostile, hostile.offer());
    CHECK(world.desk->channels() == 2);
    panel.attach();
    hostile.attach();
    for (std::uint64_t id = 1; id <= 1000; ++id)
        hostile.send(sound, id);
    panel.send(sound);
    CHECK(world.answer(panel) == 0);
    CHECK(world.calls == 1);
}
