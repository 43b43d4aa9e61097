// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/nodes.hpp"

#include "libvmshare/abi/memory.h"
#include "toolstack/plan/blocks.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"
#include "xenstore-schema/states.hpp"
#include "xenstore-schema/words.hpp"

#include <algorithm>

namespace xvm::plan {
namespace {

/// Bytes that xenconsoled keeps for a console nobody reads: what the stock toolstack grants.
constexpr std::string_view console_bytes = "1048576";

std::string kib(std::uint64_t bytes) {
    return std::to_string(bytes >> 10);
}

/// Nodes of one directory. The directory itself comes first where its permissions are not its parent's; else
/// its first node makes it. A change of permissions is the dearest request (docs/performance.md).
class Directory {
  public:
    Directory(Nodes& nodes, std::string path, std::span<const schema::Permission> permissions)
        : Directory(nodes, std::move(path)) {
        nodes_.push_back({path_, {}, permissions, false});
    }
    Directory(Nodes& nodes, std::string path) : nodes_(nodes), path_(std::move(path)) {}

    void add(std::string_view node, std::string value, std::span<const schema::Permission> permissions = {}) {
        nodes_.push_back({schema::path(path_, node), std::move(value), permissions, false});
    }
    /// What says that the rest is there.
    void add_last(std::string_view node, std::string value) {
        nodes_.push_back({schema::path(path_, node), std::move(value), {}, true});
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
    // Blocks are not the balloon driver's: of them it knows nothing.
    const Blocks blocks = blocks_of(guest);
    at.add(home::memory_target, kib(blocks.boot_bytes));
    at.add(home::memory_static_max, kib(may_grow ? guest.memory_max_bytes : blocks.boot_bytes));

    at.add(home::console_limit, std::string(console_bytes));
    at.add(home::console_port, std::to_string(number(facts.console_port)));
    at.add(home::console_ring_ref, std::to_string(facts.console_frame));

    at.add(home::control, {}, home::control_permissions);
    at.add(home::control_shutdown, {});
    at.add(home::data, {}, home::data_permissions);
}

/// Where blocks of memory have their place; only guests of that engine have it.
void add_slots(Nodes& nodes, const Guest_config& guest, Domid domid) {
    if (guest.memory_engine != Memory_engine::block) return;
    namespace host = schema::xvmem::host;
    const Blocks blocks = blocks_of(guest);
    Directory at(nodes, host::dir(domid)); // with the home's permissions
    at.add(host::version, std::to_string(XVM_MEM_VERSION));
    at.add(host::base, std::to_string(blocks.base));
    at.add(host::slot_bytes, std::to_string(block_bytes));
    at.add(host::slots, std::to_string(blocks.slots));
    for (unsigned slot = 0; slot < blocks.filled; ++slot)
        at.add(host::slot(slot), XVM_MEM_ASSIGNED " 0");
}

} // namespace

Nodes private_nodes(const Guest_config& guest, const Domain_id& id) {
    namespace own = schema::own::domain;
    Nodes nodes;
    Directory at(nodes, own::dir(id.domid)); // private from its root on
    at.add(own::uuid, id.uuid.text());
    at.add(own::name, guest.name);
    return nodes;
}

Nodes guest_nodes(const Guest_config& guest, const Guest_facts& facts) {
    Nodes nodes;
    add_home(nodes, guest, facts);
    add_slots(nodes, guest, facts.id.domid);
    Directory vm(nodes, schema::domain::vm::dir(facts.id.uuid));
    vm.add(schema::domain::vm::name, guest.name);
    Directory libxl(nodes, schema::domain::libxl::dir(facts.id.domid));
    libxl.add(schema::domain::libxl::type, std::string(name_of(guest.type)));
    return nodes;
}

Nodes shell_nodes(const Guest_config& guest, const Guest_facts& facts) {
    namespace home = schema::domain::home;
    Guest_config nameless = guest;
    nameless.name = schema::shell_name;
    Nodes nodes = guest_nodes(nameless, facts);
    const std::string dir = home::dir(facts.id.domid);
    const auto is_later = [&](const Node& node) {
        return node.path == schema::path(dir, home::vm) ||
               node.path.starts_with(schema::domain::vm::dir(facts.id.uuid));
    };
    nodes.erase(std::remove_if(nodes.begin(), nodes.end(), is_later), nodes.end());
    return nodes;
}

Nodes disk_nodes(const Disk_config& disk, Domid guest) {
    namespace config = schema::xvbd::config;
    namespace backend = schema::xvbd::backend;
    namespace frontend = schema::xvbd::frontend;
    const std::string mode = disk.writable ? "w" : "r";
    Nodes nodes;
    Directory own(nodes, config::dir(guest, disk.devid));
    own.add(config::kind, std::string(name_of(disk.kind)));
    own.add(config::path, disk.path);
    own.add(config::mode, mode);

    Directory back(nodes, backend::dir(guest, disk.devid), backend::permissions);
    back.add(backend::frontend, frontend::dir(guest, disk.devid));
    back.add(backend::frontend_id, std::to_string(number(guest)));
    back.add(backend::online, "1");
    back.add(backend::mode, mode);
    back.add(backend::dev, disk.dev);

    Directory front(nodes, frontend::dir(guest, disk.devid), frontend::permissions);
    front.add(frontend::backend, backend::dir(guest, disk.devid));
    front.add(frontend::backend_id, "0");
    front.add(frontend::dev, disk.dev);
    // Either side looks at nothing before it sees a state.
    front.add_last(frontend::state, initial_state());
    back.add(backend::state, initial_state());
    return nodes;
}

std::vector<std::string> guest_trees(const Domain_id& id) {
    return {schema::domain::home::dir(id.domid), schema::domain::vm::dir(id.uuid),
            schema::domain::libxl::dir(id.domid)};
}

namespace {

/// Where the stock toolstack looks for a device that it is to list.
std::string xl_dir(std::string_view device_class, std::uint32_t devid, Domid guest) {
    namespace libxl = schema::domain::libxl;
    return schema::path(schema::path(libxl::dir(guest), libxl::device), device_class) + "/" +
           std::to_string(devid);
}

} // namespace

Nodes kernel_disk_nodes(const Disk_config& disk, const Physical_device& device, Domid guest) {
    namespace config = schema::vbd::config;
    namespace backend = schema::vbd::backend;
    namespace frontend = schema::vbd::frontend;
    const std::string mode = disk.writable ? "w" : "r";
    Nodes nodes;
    Directory own(nodes, config::dir(guest, disk.devid), config::permissions);
    own.add(config::path, disk.path);
    own.add(config::mode, mode);
    if (!device.loop.empty()) own.add(config::loop, device.loop);

    Directory back(nodes, backend::dir(guest, disk.devid), backend::permissions);
    back.add(backend::frontend, frontend::dir(guest, disk.devid));
    back.add(backend::frontend_id, std::to_string(number(guest)));
    back.add(backend::online, "1");
    back.add(backend::removable, "0");
    back.add(backend::bootable, "1");
    back.add(backend::dev, disk.dev);
    back.add(backend::type, "phy");
    back.add(backend::device_type, "disk");
    back.add(backend::mode, mode);
    back.add(backend::physical_device, device.hex);
    back.add(backend::discard_enable, "1");
    back.add(backend::state, initial_state());

    Directory front(nodes, frontend::dir(guest, disk.devid), frontend::permissions);
    front.add(frontend::backend, backend::dir(guest, disk.devid));
    front.add(frontend::backend_id, "0");
    front.add(frontend::virtual_device, std::to_string(disk.devid));
    front.add(frontend::device_type, "disk");
    front.add(frontend::state, initial_state());

    // What it asks for of a disk, in its words.
    Directory listed(nodes, xl_dir(name_of(Device_class::vbd), disk.devid, guest));
    listed.add(frontend::backend, backend::dir(guest, disk.devid));
    listed.add(backend::frontend, frontend::dir(guest, disk.devid));
    listed.add(backend::dev, disk.dev);
    listed.add(backend::type, "phy");
    listed.add(backend::device_type, "disk");
    listed.add(backend::mode, mode);
    listed.add(backend::removable, "0");
    return nodes;
}

Nodes net_nodes(const Net_config& net, Domid guest) {
    namespace config = schema::vif::config;
    namespace backend = schema::vif::backend;
    namespace frontend = schema::vif::frontend;
    const std::string handle = std::to_string(net.devid);
    Nodes nodes;
    Directory own(nodes, config::dir(guest, net.devid), config::permissions);
    own.add(config::bridge, net.bridge);

    Directory back(nodes, backend::dir(guest, net.devid), backend::permissions);
    back.add(backend::frontend, frontend::dir(guest, net.devid));
    back.add(backend::frontend_id, std::to_string(number(guest)));
    back.add(backend::online, "1");
    back.add(backend::handle, handle);
    back.add(backend::mac, net.mac);
    back.add(backend::type, "vif");
    back.add(backend::script, "/bin/true");
    back.add(backend::hotplug_status, {});
    back.add(backend::state, initial_state());

    Directory front(nodes, frontend::dir(guest, net.devid), frontend::permissions);
    front.add(frontend::backend, backend::dir(guest, net.devid));
    front.add(frontend::backend_id, "0");
    front.add(frontend::handle, handle);
    front.add(frontend::mac, net.mac);
    front.add(frontend::state, initial_state());

    Directory listed(nodes, xl_dir(name_of(Device_class::vif), net.devid, guest));
    listed.add(frontend::backend, backend::dir(guest, net.devid));
    listed.add(backend::frontend, frontend::dir(guest, net.devid));
    listed.add(backend::handle, handle);
    listed.add(backend::mac, net.mac);
    listed.add(config::bridge, net.bridge);
    return nodes;
}

std::vector<std::string> backend_trees(Domid guest) {
    std::vector<std::string> trees;
    for (const Device_class device_class : all_device_classes)
        trees.push_back(backend_tree(device_class, guest));
    return trees;
}

std::vector<std::string> device_trees(const Device_ref& device, Domid guest) {
    std::vector<std::string> trees{frontend_dir(device, guest), backend_dir(device, guest),
                                   config_dir(device, guest)};
    if (device.device_class != Device_class::xvbd) {
        trees.push_back(kernel_error_dir(device, guest));
        trees.push_back(xl_dir(name_of(device.device_class), device.devid, guest));
    }
    return trees;
}

} // namespace xvm::plan
