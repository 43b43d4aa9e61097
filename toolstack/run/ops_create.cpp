// SPDX-License-Identifier: Apache-2.0
// What makes a domain: checks, the empty domain, its memory and kernel, its nodes.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/grants.hpp"
#include "toolstack/plan/images.hpp"
#include "toolstack/plan/nodes.hpp"
#include "toolstack/plan/size.hpp"
#include "toolstack/run/args.hpp"
#include "toolstack/run/creation.hpp"
#include "toolstack/run/inventory.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/spare_clearing.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/teardown.hpp"
#include "toolstack/run/traces.hpp"
#include "xenstore-schema/nodes.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

Status check_name(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto name, argument<std::string>(args, "name"));
    XVM_TRY_LET(const auto holder, name_holder(work.ports(), name));
    // A guest that is to start again has its name already.
    if (!holder || (holder->life == Life::stale && holder->info.id.uuid == work.uuid())) return {};
    const std::string text =
        "domain " + std::to_string(number(holder->info.id.domid)) + ", " + std::string(name_of(holder->life));
    return fail(Fault::busy, "domain '" + name + "'", "the name is taken (by " + text + ")",
                "choose another, or first: xvm destroy " + name);
}

/// A create's own promise, for as long as its plan runs.
struct Promise {
    std::shared_ptr<void> held;
};

/// Promised to this create, if anybody keeps promises; else looked at.
Status check_memory(Work& work, std::uint64_t memory_bytes, std::uint64_t free_bytes) {
    const auto too_little = [&](std::uint64_t available) {
        return fail(Fault::exhausted, work.object(),
                    "needs " + plan::size_text(memory_bytes) + " of memory, " +
                        std::to_string(available >> 20) + "MiB are free",
                    "destroy a guest, or lower 'memory'");
    };
    Reservations* const reservations = work.ports().reservations;
    if (reservations == nullptr) return free_bytes >= memory_bytes ? Status{} : too_little(free_bytes);
    const Uuid id = Uuid::random();
    const Status reserved =
        reservations->reserve(work.ports().domains, {id, work.object(), memory_bytes, {}, work.uuid(), 0},
                              Reservations::Kept::in_memory);
    if (reserved) work.facts<Promise>().held = held(*reservations, id);
    if (reserved || reserved.error().fault != Fault::exhausted) return reserved;
    // Guests go before what might become one.
    Shell_pool* const shells = work.ports().shells;
    if (shells != nullptr && shells->give_up(work.ports())) return check_memory(work, memory_bytes, 0);
    XVM_TRY_LET(const std::uint64_t available, reservations->available(work.ports().domains));
    return too_little(available);
}

Status check_host(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto type, argument<plan::Guest_type>(args, "type"));
    XVM_TRY_LET(const auto memory_bytes, argument<std::uint64_t>(args, "memory_bytes"));
    XVM_TRY_LET(const auto pins, argument<std::vector<unsigned>>(args, "pins"));
    XVM_TRY_LET(const auto host, work.ports().domains.host());
    const bool pv = type == plan::Guest_type::pv;
    const std::string_view needed = pv ? "xen-3.0-x86_64" : "hvm-3.0-x86_64";
    if (std::find(host.capabilities.begin(), host.capabilities.end(), needed) == host.capabilities.end())
        return fail(Fault::usage, work.object(),
                    "this host cannot run guests of type '" + std::string(name_of(type)) + "'",
                    pv ? "use type = \"pvh\""
                       : "switch VT-x or AMD-V on in the firmware, or use type = \"pv\"");
    for (const unsigned cpu : pins)
        if (cpu >= host.cpus)
            return fail(Fault::usage, work.object(), "cannot be pinned to processor " + std::to_string(cpu),
                        "the host has processors 0 to " + std::to_string(host.cpus - 1));
    return memory_bytes > 0 ? check_memory(work, memory_bytes, host.free_bytes) : Status{};
}

Result<Image> load(Ports& ports, const plan::Image_source& source, const std::string& what) {
    if (ports.images != nullptr) return ports.images->load(source, what);
    XVM_TRY_LET(auto content, plan::load_image(source, what));
    return Image(std::move(content));
}

/// A user knows a kernel by its file.
Error with_source(Error error, const Creation& made) {
    if (error.object == "kernel") error.object += ": " + made.kernel_source.text();
    if (error.object == "ramdisk") error.object += ": " + made.ramdisk_source.text();
    return error;
}

Status load_images(Work& work, const json::object& args) {
    auto& made = work.facts<Creation>();
    XVM_TRY_LET(made.kernel_source, argument<plan::Image_source>(args, "kernel"));
    XVM_TRY_LET(made.ramdisk_source, argument<plan::Image_source>(args, "ramdisk"));
    XVM_TRY_LET(auto command_line, argument<std::string>(args, "command_line"));
    XVM_TRY_LET(made.kernel, load(work.ports(), made.kernel_source, "kernel"));
    // Here too, not by the builder alone: a rehearsal comes no further.
    if (Status fit = port::check_image(port::Guest_type::pv, {made.kernel.bytes(), {}, {}, {}}); !fit)
        return tl::unexpected<Error>(with_source(std::move(fit.error()), made));
    const bool has_ramdisk = !made.ramdisk_source.path.empty();
    if (has_ramdisk) {
        XVM_TRY_LET(made.ramdisk, load(work.ports(), made.ramdisk_source, "ramdisk"));
    }
    if (made.kernel.identity() && (!has_ramdisk || made.ramdisk.identity()))
        made.recipe =
            Boot_recipe{made.kernel_source, made.ramdisk_source, *made.kernel.identity(),
                        made.ramdisk.identity().value_or(Image_identity{}), std::move(command_line)};
    return {};
}

Status create_domain(Work& work, const json::object& args) {
    auto& made = work.facts<Creation>();
    auto& shape = made.shape;
    XVM_TRY_LET(const auto type, argument<plan::Guest_type>(args, "type"));
    shape.type = type == plan::Guest_type::pv ? port::Guest_type::pv : port::Guest_type::pvh;
    shape.uuid = work.uuid();
    XVM_TRY_LET(shape.vcpus, argument<unsigned>(args, "vcpus"));
    XVM_TRY_LET(shape.memory_bytes, argument<std::uint64_t>(args, "memory_bytes"));
    XVM_TRY_LET(shape.memory_max_bytes, argument<std::uint64_t>(args, "memory_max_bytes"));
    shape.direct = args.contains("direct");
    port::Domains& domains = work.ports().domains;
    // Whether it may have devices is settled when it is made: no shell may.
    if (Shell_pool* const shells = work.ports().shells; shells != nullptr && !shape.direct) {
        XVM_TRY_LET(auto shell, shells->take(work.ports(), shape, made.recipe ? &*made.recipe : nullptr));
        if (shell) {
            work.set_domid(shell->id.domid);
            made.is_filled = shell->filled.has_value();
            if (made.is_filled) {
                made.built = shell->filled->built;
                made.nodes_ahead = std::move(shell->filled->nodes);
            }
            return {};
        }
    }
    XVM_TRY_LET(const Domid domid, domains.create(shape));
    work.set_domid(domid);
    return {};
}

Status destroy_domain(Work& work, const json::object&) {
    XVM_TRY_LET(const bool alive, work.alive());
    if (!alive) return {};
    // It may have been a shell, with nodes from its beginning: they are its while it has the number.
    XVM_TRY(remove_guest_traces(work));
    XVM_TRY(work.ports().domains.destroy(*work.known_domid()));
    work.ports().store.release(*work.known_domid());
    return end_domain(work.ports(), {*work.known_domid(), work.uuid()});
}

Status pin(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto pins, argument<std::vector<unsigned>>(args, "pins"));
    XVM_TRY_LET(const Domid domid, work.domid());
    for (unsigned vcpu = 0; vcpu < pins.size(); ++vcpu)
        XVM_TRY(work.ports().domains.pin(domid, vcpu, pins[vcpu]));
    return {};
}

Status write_private(Work& work, const json::object& args) {
    plan::Guest_config named;
    XVM_TRY_LET(named.name, argument<std::string>(args, "name"));
    XVM_TRY_LET(const Domain_id id, work.id());
    // A filled shell's number was looked at when it was filled.
    if (!work.facts<Creation>().is_filled) XVM_TRY(remove_stale_traces(work.ports().store, id));
    return put_nodes(work.ports().store, plan::private_nodes(named, id), id.domid);
}

Status remove_private(Work& work, const json::object&) {
    return remove_own_traces(work);
}

Status keep_guest(Work& work, const json::object& args) {
    XVM_TRY_LET(auto guest, argument<plan::Guest_config>(args, "guest"));
    XVM_TRY_LET(const Domain_id id, work.id());
    return work.ports().book.keep({id, std::move(guest), false});
}

Status forget_guest(Work& work, const json::object&) {
    work.ports().book.forget(work.uuid());
    return {};
}

Status build(Work& work, const json::object& args) {
    XVM_TRY_LET(auto command_line, argument<std::string>(args, "command_line"));
    XVM_TRY_LET(const Domid domid, work.domid());
    auto& made = work.facts<Creation>();
    if (made.is_filled) return {};
    XVM_TRY(spare_clearing(work.ports().domains, made.shape.type, command_line));
    port::Boot_image image{made.kernel.bytes(), made.ramdisk.bytes(), command_line, {}};
    if (Image_cache* const images = work.ports().images)
        image.unpacked = [&](std::span<const std::byte> kernel) {
            images->keep_unpacked(made.kernel_source, kernel);
        };
    auto built = work.ports().domains.build(domid, made.shape, image);
    if (!built) return tl::unexpected<Error>(with_source(std::move(built.error()), made));
    made.built = *built;
    made.kernel = {};
    made.ramdisk = {};
    if (Shell_pool* const shells = work.ports().shells; shells != nullptr && made.recipe)
        shells->learn(made.shape, *made.recipe);
    return {};
}

/// Before the guest runs: what it has beyond its boot memory, zeros in it.
Status fill_blocks(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto base, argument<std::uint64_t>(args, "base"));
    XVM_TRY_LET(const auto bytes, argument<std::uint64_t>(args, "bytes"));
    XVM_TRY_LET(const Domid domid, work.domid());
    const port::Frames frames{base / port::page_bytes, bytes / port::page_bytes};
    XVM_TRY(work.ports().domains.fill_frames(domid, frames));
    return work.ports().domains.clear_frames(domid, frames);
}

Status write_guest(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto guest, argument<plan::Guest_config>(args, "guest"));
    XVM_TRY_LET(const Domain_id id, work.id());
    const auto& made = work.facts<Creation>();
    plan::Nodes nodes = plan::guest_nodes(guest, facts_of(id, made.built));
    std::erase_if(nodes, [&](const plan::Node& node) {
        return std::any_of(made.nodes_ahead.begin(), made.nodes_ahead.end(), [&](const plan::Node& ahead) {
            return ahead.path == node.path && ahead.value == node.value;
        });
    });
    return put_nodes(work.ports().store, nodes, id.domid);
}

Status remove_guest(Work& work, const json::object&) {
    return remove_guest_traces(work);
}

Status introduce(Work& work, const json::object&) {
    XVM_TRY_LET(const Domid domid, work.domid());
    if (work.facts<Creation>().is_filled) return {};
    const port::Built_domain& built = work.facts<Creation>().built;
    return work.ports().store.introduce(domid, built.store_frame, built.store_port);
}

Status end_and_release(Work& work, const json::object&) {
    // The store tells others that a domain has died only while it knows it: a console daemon that was
    // told nothing would keep the domain's page, and so the domain. Hence death first.
    XVM_TRY_LET(const bool alive, work.alive());
    if (!alive) return {};
    const Status ended = work.ports().domains.destroy(*work.known_domid());
    work.ports().store.release(*work.known_domid());
    return ended;
}

} // namespace

std::span<const Op> create_ops() noexcept {
    static constexpr std::array<Op, 12> ops{{
        {"check-name", check_name, nullptr},
        {"check-host", check_host, nullptr},
        {"load-images", load_images, nullptr},
        {"create-domain", create_domain, destroy_domain},
        {"pin", pin, nullptr},
        {"write-private", write_private, remove_private},
        {"keep-guest", keep_guest, forget_guest},
        {"forget-guest", forget_guest, nullptr},
        {"build", build, nullptr},
        {"fill-blocks", fill_blocks, nullptr},
        {"write-guest", write_guest, remove_guest},
        {"introduce", introduce, end_and_release},
    }};
    return ops;
}

} // namespace xvm::run
