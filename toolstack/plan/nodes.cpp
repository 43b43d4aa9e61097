// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/nodes.hpp"

#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"
#include "xenstore-schema/states.hpp"

namespace xvm::plan {
namespace {

/// Bytes that xenconsoled keeps for a console nobody reads: what the stock toolstack grants.
constexpr std::string_view console_bytes = "1048576";

std::string kib(std::uint64_t bytes) {
    return std::to_string(bytes >> 10);
}

/// Nodes of one directory, the directory itself first.
class Directory {
  public:
    Directory(Nodes& nodes, std::string path, std::span<const schema::Permission> permissions)
        : nodes_(nodes), path_(std::move(path)) {
        nodes_.push_back({path_, {}, permissions});
    }
    void add(std::string_view node, std::string value) {
        nodes_.push_back({schema::path(path_, node), std::move(value), {}});
    }
    void add(std::string_view node, std::string value, std::span<const schema::Permission> permissions) {
        nodes_.push_back({schema::path(path_, node), std::move(value), permissions});
    }

  private:
    Nodes& nodes_;
    std::string path_;
};

std::string initial_state() {
    return schema::text_of(schema::Device_state::initialising);
}

void add_home(Nodes& nodes, const Guest_config& guest, const Guest_facts& facts) {
    namespace home = schema::domain::home;
    Directory at(nodes, home::dir(facts.id.domid), home::permissions);
    at.add(home::name, guest.name);
    at.add(home::vm, schema::domain::vm::dir(facts.id.uuid));
    at.add(home::domid, std::to_string(number(facts.id.domid)));
    for (std::uint32_t vcpu = 0; vcpu < guest.vcpus; ++vcpu)
        at.add(home::cpu_availability(vcpu), "online");

    // A PVH guest's balloon driver takes static-max for what it was given, and gives the difference back.
    const bool may_grow = guest.type == Guest_type::pv;
    at.add(home::memory_target, kib(guest.memory_bytes));
    at.add(home::memory_static_max, kib(may_grow ? guest.memory_max_bytes : guest.memory_bytes));
    at.add(home::memory_videoram, "0");

    at.add(home::store_port, std::to_string(number(facts.store_port)));
    at.add(home::store_ring_ref, std::to_string(facts.store_frame));

    at.add(home::console_backend_id, "0");
    at.add(home::console_type, "xenconsoled");
    at.add(home::console_output, "pty");
    at.add(home::console_limit, std::string(console_bytes));
    at.add(home::console_port, std::to_string(number(facts.console_port)));
    at.add(home::console_ring_ref, std::to_string(facts.console_frame));
    at.add(home::console_tty, {});

    at.add(home::control_shutdown, {}, home::control_shutdown_permissions);
    at.add(home::control_sysrq, {}, home::control_sysrq_permissions);
    at.add(home::control_feature_poweroff, {}, home::control_feature_poweroff_permissions);
    at.add(home::control_feature_reboot, {}, home::control_feature_reboot_permissions);
    at.add(home::control_feature_suspend, {}, home::control_feature_suspend_permissions);

    at.add(home::device, {});
    at.add(home::data, {}, home::data_permissions);
    at.add(home::drivers, {}, home::drivers_permissions);
    at.add(home::feature, {}, home::feature_permissions);
    at.add(home::attr, {}, home::attr_permissions);
    at.add(home::error, {}, home::error_permissions);
}

} // namespace

Nodes private_nodes(const Guest_config& guest, const Domain_id& id) {
    namespace own = schema::own::domain;
    Nodes nodes;
    Directory at(nodes, own::dir(id.domid), own::permissions);
    at.add(own::uuid, id.uuid.text());
    at.add(own::name, guest.name);
    return nodes;
}

Nodes guest_nodes(const Guest_config& guest, const Guest_facts& facts) {
    Nodes nodes;
    add_home(nodes, guest, facts);
    Directory vm(nodes, schema::domain::vm::dir(facts.id.uuid), schema::domain::vm::permissions);
    vm.add(schema::domain::vm::name, guest.name);
    vm.add(schema::domain::vm::uuid, facts.id.uuid.text());
    Directory libxl(nodes, schema::domain::libxl::dir(facts.id.domid), schema::domain::libxl::permissions);
    libxl.add(schema::domain::libxl::type, std::string(name_of(guest.type)));
    return nodes;
}

Nodes disk_nodes(const Disk_config& disk, Domid guest) {
    namespace config = schema::xvbd::config;
    namespace backend = schema::xvbd::backend;
    namespace frontend = schema::xvbd::frontend;
    const std::string mode = disk.writable ? "w" : "r";
    Nodes nodes;
    Directory own(nodes, config::dir(guest, disk.devid), config::permissions);
    own.add(config::kind, std::string(name_of(disk.kind)));
    own.add(config::path, disk.path);
    own.add(config::mode, mode);

    Directory back(nodes, backend::dir(guest, disk.devid), backend::permissions);
    back.add(backend::frontend, frontend::dir(guest, disk.devid));
    back.add(backend::frontend_id, std::to_string(number(guest)));
    back.add(backend::online, "1");
    back.add(backend::mode, mode);
    back.add(backend::dev, disk.dev);
    back.add(backend::state, initial_state());

    Directory front(nodes, frontend::dir(guest, disk.devid), frontend::permissions);
    front.add(frontend::backend, backend::dir(guest, disk.devid));
    front.add(frontend::backend_id, "0");
    front.add(frontend::dev, disk.dev);
    front.add(frontend::state, initial_state());
    return nodes;
}

std::vector<std::string> guest_trees(const Domain_id& id) {
    return {schema::domain::home::dir(id.domid), schema::domain::vm::dir(id.uuid),
            schema::domain::libxl::dir(id.domid)};
}

std::vector<std::string> disk_trees(Domid guest, std::uint32_t devid) {
    return {schema::xvbd::frontend::dir(guest, devid), schema::xvbd::backend::dir(guest, devid),
            schema::xvbd::config::dir(guest, devid)};
}

std::string backend_tree(Domid guest) {
    return schema::path(schema::xvbd::backend::root, std::to_string(number(guest)));
}

} // namespace xvm::plan
