// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/shell.hpp"

#include "toolstack/run/ports.hpp"
#include "toolstack/run/spare_clearing.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/traces.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace {

// "xvmshell", with the bits of a uuid of version 8: the rest is random. Uuid::random() gives version 4.
constexpr std::array<std::uint8_t, 8> mark{0x78, 0x76, 0x6d, 0x73, 0x68, 0x65, 0x8c, 0x6c};

Result<Image> load_same(Ports& ports, const plan::Image_source& source, const Image_identity& wanted,
                        const std::string& what) {
    if (source.path.empty()) return Image{};
    if (ports.images == nullptr) return fail(Fault::usage, what, "is not kept by anybody");
    XVM_TRY_LET(Image image, ports.images->load(source, what));
    if (image.identity() == wanted) return image;
    return fail(Fault::usage, what + ": " + source.text(), "has changed since a guest was made of it");
}

/// What the nodes of all guests of this shape have in common.
plan::Guest_config nameless(const port::Domain_shape& shape) {
    plan::Guest_config guest;
    guest.type = shape.type == port::Guest_type::pv ? plan::Guest_type::pv : plan::Guest_type::pvh;
    guest.vcpus = shape.vcpus;
    guest.memory_bytes = shape.memory_bytes;
    guest.memory_max_bytes = shape.memory_max_bytes;
    return guest;
}

} // namespace

Uuid shell_uuid() {
    Uuid uuid = Uuid::random();
    std::copy(mark.begin(), mark.end(), uuid.bytes.begin());
    return uuid;
}

bool is_shell(const Uuid& uuid) noexcept {
    return std::equal(mark.begin(), mark.end(), uuid.bytes.begin());
}

plan::Guest_facts facts_of(const Domain_id& id, const port::Built_domain& built) noexcept {
    return {id, built.store_frame, built.console_frame, built.store_port, built.console_port};
}

Result<Shell::Filling> fill_shell(Ports& ports, const Domain_id& id, const port::Domain_shape& shape,
                                  const Boot_recipe& recipe) {
    XVM_TRY_LET(const Image kernel, load_same(ports, recipe.kernel_source, recipe.kernel, "kernel"));
    XVM_TRY_LET(const Image ramdisk, load_same(ports, recipe.ramdisk_source, recipe.ramdisk, "ramdisk"));
    XVM_TRY(remove_stale_traces(ports.store, id));
    std::string command_line = recipe.command_line;
    XVM_TRY(spare_clearing(ports.domains, shape.type, command_line));
    const port::Boot_image image{kernel.bytes(), ramdisk.bytes(), command_line, {}};
    XVM_TRY_LET(const port::Built_domain built, ports.domains.build(id.domid, shape, image));
    plan::Nodes nodes = plan::shell_nodes(nameless(shape), facts_of(id, built));
    XVM_TRY(put_nodes(ports.store, nodes, id.domid));
    XVM_TRY(ports.store.introduce(id.domid, built.store_frame, built.store_port));
    return Shell::Filling{recipe, built, std::move(nodes)};
}

Status end_shell(Ports& ports, const Domain_id& id) {
    // Somebody may have ended it meanwhile, and its number be another's.
    const auto info = ports.domains.info(id.domid);
    if (!info && info.error().fault != Fault::not_found) return tl::unexpected<Error>(info.error());
    if (info && info->id != id) return {};
    // While nobody else has the number the nodes are its own.
    XVM_TRY(remove_trees(ports.store, plan::guest_trees(id)));
    if (info && !info->dying) XVM_TRY(ports.domains.destroy(id.domid));
    // Not before it is dead: see end-and-release.
    ports.store.release(id.domid);
    return {};
}

Status end_all_shells(Ports& ports) {
    XVM_TRY_LET(const auto infos, ports.domains.list());
    for (const port::Domain_info& info : infos)
        if (is_shell(info.id.uuid) && !info.dying) XVM_TRY(end_shell(ports, info.id));
    return {};
}

} // namespace xvm::run
