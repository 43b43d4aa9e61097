// SPDX-License-Identifier: Apache-2.0
// Devices come to a running guest and leave it: by its leave, by force, and with every call failing once.
#include "libvmshare/port/faulty/decorators.hpp"
#include "libvmshare/port/faulty/devices.hpp"
#include "tests/unit/toolstack/run/driver_double.hpp"
#include "tests/unit/toolstack/run/machine.hpp"
#include "toolstack/plan/config_json.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/plan_device.hpp"
#include "toolstack/run/device_list.hpp"

using namespace xvm;
using namespace xvm::tests;
using namespace std::chrono_literals;

namespace {

const plan::Attach_options soon{true, 60ms};

/// A guest that runs, with one disk, and drivers for all that may come.
class Device_machine {
  public:
    Device_machine() : drivers(machine_.store(), machine_.domains(), machine_.hosted().network()) {
        plan::Guest_config config = machine_.guest();
        config.disks.pop_back();
        const auto made = perform(plan::plan_create(config, Uuid::random(), false));
        REQUIRE(made);
        id = *made;
        drivers.play();
        machine_.write_file("new.img", std::string(8192, 0));
        before = ledger();
    }

    [[nodiscard]] run::Ports ports() {
        run::Ports ports = machine_.ports();
        return {ports.domains, drivers,       ports.block_backend,          {30ms, 30ms},
                ports.book,    ports.journal, &machine_.hosted().network(), &machine_.hosted().loops()};
    }
    Result<Domain_id> perform(const plan::Plan& plan) {
        auto all = ports();
        return run::perform(all, plan, {}, id.uuid == Uuid{} ? std::optional<Domid>{} : id.domid);
    }
    /// With calls that fail by `faults`: of this guest, or of one that is to be made.
    Result<Domain_id> perform(const plan::Plan& plan, port::faulty::Plan& faults) {
        return perform(plan, faults, id.domid);
    }
    Result<Domain_id> perform(const plan::Plan& plan, port::faulty::Plan& faults,
                              std::optional<Domid> domid) {
        auto sound = ports();
        port::faulty::Faulty_domains domains(sound.domains, faults);
        port::faulty::Faulty_store store(sound.store, faults);
        port::faulty::Faulty_network network(*sound.network, faults);
        port::faulty::Faulty_loops loops(*sound.loops, faults);
        run::Ports all{domains,  store, sound.block_backend, sound.patience, sound.book, sound.journal,
                       &network, &loops};
        return run::perform(all, plan, {}, domid);
    }
    [[nodiscard]] plan::Guest_ref guest() const { return {"web", id}; }
    [[nodiscard]] plan::Disk_config disk(plan::Disk_backend backend) const {
        return {"xvdc", 51744, plan::Disk_kind::raw, machine_.path("new.img"), true, backend};
    }
    [[nodiscard]] static plan::Net_config net() { return {0, plan::made_up_mac("web", 0), "br0"}; }
    /// All that the guest has and is known to have.
    std::string ledger() {
        drivers.play();
        return machine_.ledger() + "\n" +
               boost::json::serialize(plan::to_object(machine_.book().by_uuid(id.uuid)->guest));
    }
    std::string at(const std::string& path) { return machine_.store().read(path).value_or("none"); }
    [[nodiscard]] std::string back(const std::string& device) const {
        const auto slash = device.find('/');
        return "/local/domain/0/backend/" + device.substr(0, slash) + "/" + std::to_string(number(id.domid)) +
               device.substr(slash);
    }
    [[nodiscard]] std::string front(const std::string& device) const {
        return "/local/domain/" + std::to_string(number(id.domid)) + "/device/" + device;
    }
    /// Where the stock toolstack looks for it.
    [[nodiscard]] std::string listed(const std::string& device) const {
        return "/libxl/" + std::to_string(number(id.domid)) + "/device/" + device;
    }
    Machine& machine() { return machine_; }

  private:
    Machine machine_;

  public:
    Driver_double drivers;
    Domain_id id{};
    std::string before; ///< the ledger without what comes
};

struct Case {
    std::string device;
    std::string name;
    plan::Device_ref ref;
};
const Case ours{"xvbd/51744", "disk xvdc", {plan::Device_class::xvbd, 51744}};
const Case stock{"vbd/51744", "disk xvdc", {plan::Device_class::vbd, 51744}};
const Case vif{"vif/0", "net 0", {plan::Device_class::vif, 0}};

plan::Plan attach(Device_machine& m, const Case& c) {
    if (c.ref.device_class == plan::Device_class::vif) return plan_attach_net(m.guest(), m.net(), soon);
    const bool by_xvm = c.ref.device_class == plan::Device_class::xvbd;
    return plan_attach_disk(m.guest(), m.disk(by_xvm ? plan::Disk_backend::xvm : plan::Disk_backend::blkback),
                            soon);
}

plan::Plan detach(Device_machine& m, const Case& c, bool force = false) {
    return plan_detach(m.guest(), c.ref, c.name, {force, 60ms});
}

} // namespace

TEST_CASE("A device comes to a guest that runs and leaves it, and nothing is different", "[device]") {
    const Case c = GENERATE(ours, stock, vif);
    CAPTURE(c.device);
    Device_machine m;
    REQUIRE(m.perform(attach(m, c)));
    CHECK(m.at(m.back(c.device) + "/state") == "4");
    CHECK(m.at(m.front(c.device) + "/state") == "4");
    const bool by_xvm = c.ref.device_class == plan::Device_class::xvbd; // xl knows no such device
    CHECK(m.at(m.listed(c.device) + "/backend") == (by_xvm ? "none" : m.back(c.device)));
    CHECK(m.ledger() != m.before);
    const auto again = m.perform(attach(m, c));
    REQUIRE_FALSE(again);
    CHECK(again.error().fault == Fault::busy);
    REQUIRE(m.perform(detach(m, c)));
    CHECK(m.ledger() == m.before);
    const auto none = m.perform(detach(m, c));
    REQUIRE_FALSE(none);
    CHECK(none.error().fault == Fault::not_found);
}

TEST_CASE("A guest that has no driver, or gives up, gets nothing, and nothing stays", "[device]") {
    const Case c = GENERATE(ours, stock, vif);
    const auto guest = GENERATE(Driver_double::Guest::ignores, Driver_double::Guest::gives_up);
    CAPTURE(c.device);
    Device_machine m;
    m.drivers.guest = guest;
    const auto done = m.perform(attach(m, c));
    REQUIRE_FALSE(done);
    const bool ignores = guest == Driver_double::Guest::ignores;
    CHECK(done.error().fault == (ignores ? Fault::timeout : Fault::failed));
    CHECK(done.error().object == c.name);
    m.drivers.guest = Driver_double::Guest::takes;
    CHECK(m.ledger() == m.before);
}

TEST_CASE("A paused guest gets its device when it runs again", "[device]") {
    const Case c = GENERATE(ours, stock, vif);
    CAPTURE(c.device);
    Device_machine m;
    REQUIRE(m.machine().domains().pause(m.id.domid));
    CHECK(m.perform(attach(m, c)));
    // And it can be taken back before the guest has seen it.
    CHECK(m.perform(detach(m, c)));
    REQUIRE(m.machine().domains().unpause(m.id.domid));
    CHECK(m.ledger() == m.before);
}

TEST_CASE("A disk in use stays usable, and goes by force", "[device]") {
    Device_machine m;
    REQUIRE(m.perform(attach(m, ours)));
    const std::string attached = m.ledger();
    m.drivers.guest = Driver_double::Guest::busy;
    const auto refused = m.perform(detach(m, ours));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::busy);
    CHECK(refused.error().line().find("is using it") != std::string::npos);
    CHECK(m.at(m.back(ours.device) + "/online") == "1");
    CHECK(m.ledger() == attached);
    CHECK(m.perform(detach(m, ours, true)));
    CHECK(m.ledger() == m.before);
}

TEST_CASE("A guest that does not answer keeps its device until force is used", "[device]") {
    const Case c = GENERATE(ours, stock, vif);
    CAPTURE(c.device);
    Device_machine m;
    REQUIRE(m.perform(attach(m, c)));
    const std::string attached = m.ledger();
    m.drivers.guest = Driver_double::Guest::ignores;
    const auto refused = m.perform(detach(m, c));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::timeout);
    CHECK(m.ledger() == attached);
    CHECK(m.perform(detach(m, c, true)));
    m.drivers.guest = Driver_double::Guest::takes;
    CHECK(m.ledger() == m.before);
}

TEST_CASE("Without its backend a device is refused with the way to have it", "[device]") {
    Device_machine m;
    m.drivers.kernel_has_drivers = false;
    const auto net = m.perform(attach(m, vif));
    REQUIRE_FALSE(net);
    CHECK(net.error().remedy == "load its driver: modprobe xen-netback");
    const auto disk = m.perform(attach(m, stock));
    REQUIRE_FALSE(disk);
    CHECK(disk.error().remedy == "load its driver: modprobe xen-blkback");
    CHECK(m.ledger() == m.before);
}

TEST_CASE("What is wrong with an interface is said before anything is done", "[device]") {
    Device_machine m;
    plan::Net_config net = m.net();
    net.bridge = "br7";
    const auto bridge = m.perform(plan_attach_net(m.guest(), net, soon));
    REQUIRE_FALSE(bridge);
    CHECK(bridge.error().line() ==
          "net 0: bridge 'br7': there is none of that name; make it: ip link add br7 "
          "type bridge, ip link set br7 up");
    REQUIRE(m.perform(attach(m, vif)));
    net = m.net();
    net.devid = 1;
    const auto mac = m.perform(plan_attach_net(m.guest(), net, soon));
    REQUIRE_FALSE(mac);
    CHECK(mac.error().fault == Fault::busy);
    REQUIRE(m.perform(detach(m, vif)));
    CHECK(m.ledger() == m.before);
}

TEST_CASE("A disk grows with its file, and an undone resize leaves the file as it was", "[device]") {
    Device_machine m;
    REQUIRE(m.perform(attach(m, ours)));
    const plan::Disk_config disk = m.disk(plan::Disk_backend::xvm);
    REQUIRE(m.perform(plan_resize_disk(m.guest(), disk, 8192, 16384)));
    CHECK(std::filesystem::file_size(disk.path) == 16384);
    CHECK(m.at(m.back(ours.device) + "/sectors") == "32");
    const auto stale = m.perform(plan_resize_disk(m.guest(), disk, 8192, 32768));
    REQUIRE_FALSE(stale);
    CHECK(stale.error().fault == Fault::busy);
    CHECK(std::filesystem::file_size(disk.path) == 16384);
    m.drivers.blkd_runs = false;
    const auto silent = m.perform(plan_resize_disk(m.guest(), disk, 16384, 32768));
    REQUIRE_FALSE(silent);
    CHECK(silent.error().fault == Fault::timeout);
    CHECK(std::filesystem::file_size(disk.path) == 16384);
}

TEST_CASE("An attach in which any one call fails leaves the guest as it was, or with the device",
          "[device][sweep]") {
    const Case c = GENERATE(ours, stock, vif);
    CAPTURE(c.device);
    Device_machine m;
    int failed = 0;
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        INFO("call " << faults.calls() + 1);
        if (m.perform(attach(m, c), faults))
            REQUIRE(m.perform(detach(m, c)));
        else
            ++failed;
        CHECK(m.ledger() == m.before);
    });
    CHECK(calls > 15);
    CHECK(failed > 10);
}

TEST_CASE("A detach in which any one call fails leaves the guest with the device or without it",
          "[device][sweep]") {
    const Case c = GENERATE(ours, stock, vif);
    CAPTURE(c.device);
    Device_machine m;
    const std::string without = m.ledger();
    REQUIRE(m.perform(attach(m, c)));
    const std::string with = m.ledger();
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        INFO("call " << faults.calls() + 1);
        const bool done = m.perform(detach(m, c), faults).has_value();
        const std::string after = m.ledger();
        CHECK((after == without || (!done && after == with)));
        if (after != with) REQUIRE(m.perform(attach(m, c)));
        REQUIRE(m.ledger() == with);
    });
    CHECK(calls > 10);
}

TEST_CASE("A guest with devices of every kind is made and ended without a trace", "[device]") {
    Device_machine m;
    plan::Guest_config config = m.machine().guest("all");
    config.disks[0].backend = plan::Disk_backend::blkback;
    config.nets = {{0, plan::made_up_mac("all", 0), "br0"}, {1, plan::made_up_mac("all", 1), "br0"}};
    auto ports = m.ports();
    const auto made = run::perform(ports, plan::plan_create(config, Uuid::random(), false));
    REQUIRE(made);
    const auto nets = run::nets_of(ports, made->domid);
    REQUIRE(nets);
    REQUIRE(nets->size() == 2);
    CHECK(nets->at(1).mac == config.nets[1].mac);
    CHECK(nets->at(1).info->bridge == "br0");
    const auto devices = run::devices_of(ports, made->domid);
    REQUIRE(devices);
    CHECK(devices->size() == 4);
    CHECK(m.machine().hosted().loops().labels().size() == 1);
    REQUIRE(run::perform(ports, plan::plan_destroy({"all", *made}), {}, made->domid));
    CHECK(m.ledger() == m.before);

    // And when any one call fails.
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        INFO("call " << faults.calls() + 1);
        if (const auto created = m.perform(plan::plan_create(config, Uuid::random(), false), faults, {}))
            REQUIRE(run::perform(ports, plan::plan_destroy({"all", *created}), {}, created->domid));
        CHECK(m.ledger() == m.before);
    });
    CHECK(calls > 60);
}
