// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/create.hpp"

#include "toolstack/plan/images.hpp"
#include "toolstack/plan/nodes.hpp"
#include "toolstack/plan/size.hpp"
#include "toolstack/run/inventory.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/teardown.hpp"
#include "toolstack/run/wait.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

#include <algorithm>
#include <optional>

namespace xvm::run {
namespace {

using plan::Step;
using plan::Step_kind;

/// What the steps have made so far.
class Creation final : public Executor {
  public:
    Creation(Ports& ports, const plan::Plan& plan) : ports_(ports), plan_(plan), guest_(plan.guest) {
        shape_.uuid = Uuid::random();
        shape_.type = guest_.type == plan::Guest_type::pv ? port::Guest_type::pv : port::Guest_type::pvh;
        shape_.vcpus = guest_.vcpus;
        shape_.memory_bytes = guest_.memory_bytes;
        shape_.memory_max_bytes = guest_.memory_max_bytes;
    }

    Status apply(const Step& step) override { return in_users_words(dispatch(step)); }
    Status undo(const Step& step) override;

    [[nodiscard]] Domain_id id() const { return {domid_.value(), shape_.uuid}; }

  private:
    Status dispatch(const Step& step);
    Status check_name();
    Status check_host();
    Status check_disks();
    Status load_images();
    Status create();
    Status pin();
    Status write_private();
    Status build();
    Status write_guest();
    Status introduce();
    Status add_disk(const plan::Disk_config& disk);
    Status await_disk(const plan::Disk_config& disk);

    [[nodiscard]] std::string object() const { return "domain '" + guest_.name + "'"; }
    /// A user knows the guest by its name, not by a number that is about to be gone, and its parts by
    /// their files.
    [[nodiscard]] Status in_users_words(Status status) const {
        if (status) return status;
        std::string& named = status.error().object;
        if (domid_ && named == "domain " + std::to_string(number(*domid_))) named = object();
        if (named == "kernel") named += ": " + guest_.kernel.text();
        if (named == "ramdisk") named += ": " + guest_.ramdisk.text();
        return status;
    }
    [[nodiscard]] Status remove_disk(const plan::Disk_config& disk);

    Ports& ports_;
    const plan::Plan& plan_;
    const plan::Guest_config& guest_;
    port::Domain_shape shape_;
    std::vector<std::byte> kernel_;
    std::vector<std::byte> ramdisk_;
    std::optional<Domid> domid_;
    port::Built_domain built_;
};

Status Creation::dispatch(const Step& step) {
    switch (step.kind) {
    case Step_kind::check_name:
        return check_name();
    case Step_kind::check_host:
        return check_host();
    case Step_kind::check_disks:
        return check_disks();
    case Step_kind::load_images:
        return load_images();
    case Step_kind::create_domain:
        return create();
    case Step_kind::pin:
        return pin();
    case Step_kind::write_private:
        return write_private();
    case Step_kind::build:
        return build();
    case Step_kind::write_guest:
        return write_guest();
    case Step_kind::introduce:
        return introduce();
    case Step_kind::add_disk:
        return add_disk(guest_.disks.at(step.disk));
    case Step_kind::await_disk:
        return await_disk(guest_.disks.at(step.disk));
    case Step_kind::unpause:
        return ports_.domains.unpause(*domid_);
    }
    return fail(Fault::failed, step.name, "no such step");
}

Status Creation::undo(const Step& step) {
    if (!domid_) return {};
    switch (step.kind) {
    case Step_kind::create_domain:
        return end_domain(ports_, id());
    case Step_kind::write_private:
        return remove_trees(ports_.store, {schema::own::domain::dir(*domid_)});
    case Step_kind::write_guest:
        return remove_trees(ports_.store, plan::guest_trees(id()));
    case Step_kind::introduce: {
        // The store tells others that a domain has died only while it knows it: a console daemon that was
        // told nothing would keep the domain's page, and so the domain. Hence death first.
        const Status ended = ports_.domains.destroy(*domid_);
        ports_.store.release(*domid_);
        return ended;
    }
    case Step_kind::add_disk:
        return remove_disk(guest_.disks.at(step.disk));
    default:
        return {};
    }
}

Status Creation::check_name() {
    XVM_TRY_LET(const auto entries, list_domains(ports_));
    for (const Domain_entry& entry : entries) {
        if (entry.name != guest_.name) continue;
        const std::string holder =
            "domain " + std::to_string(number(entry.info.id.domid)) + ", " + std::string(name_of(entry.life));
        return fail(Fault::busy, object(), "the name is taken (by " + holder + ")",
                    "choose another, or first: xvm destroy " + guest_.name);
    }
    return {};
}

Status Creation::check_host() {
    XVM_TRY_LET(const auto host, ports_.domains.host());
    const bool pv = guest_.type == plan::Guest_type::pv;
    const std::string_view needed = pv ? "xen-3.0-x86_64" : "hvm-3.0-x86_64";
    if (std::find(host.capabilities.begin(), host.capabilities.end(), needed) == host.capabilities.end())
        return fail(Fault::usage, object(),
                    "this host cannot run guests of type '" + std::string(name_of(guest_.type)) + "'",
                    pv ? "use type = \"pvh\""
                       : "switch VT-x or AMD-V on in the firmware, or use type = \"pv\"");
    for (const unsigned cpu : guest_.pins)
        if (cpu >= host.cpus)
            return fail(Fault::usage, object(), "cannot be pinned to processor " + std::to_string(cpu),
                        "the host has processors 0 to " + std::to_string(host.cpus - 1));
    if (host.free_bytes < guest_.memory_bytes)
        return fail(Fault::exhausted, object(),
                    "needs " + plan::size_text(guest_.memory_bytes) + " of memory, " +
                        std::to_string(host.free_bytes >> 20) + "MiB are free",
                    "destroy a guest, or lower 'memory'");
    return {};
}

Status Creation::check_disks() {
    XVM_TRY(ports_.block_backend());
    XVM_TRY_LET(const auto entries, list_domains(ports_));
    for (const plan::Disk_config& disk : guest_.disks) {
        for (const Domain_entry& entry : entries)
            for (const Disk_entry& other : entry.disks)
                if (entry.life != Life::stale && other.path == disk.path &&
                    (disk.writable || other.mode == "w"))
                    return fail(Fault::busy, "disk " + disk.dev + ": " + disk.path,
                                "is disk " + other.dev + " of domain '" + entry.name + "' already",
                                "a file that is written serves one guest only: give each its own");
        XVM_TRY(plan::check_disk(disk));
    }
    return {};
}

Status Creation::load_images() {
    XVM_TRY_LET(kernel_, plan::load_image(guest_.kernel, "kernel"));
    if (guest_.ramdisk.path.empty()) return {};
    XVM_TRY_LET(ramdisk_, plan::load_image(guest_.ramdisk, "ramdisk"));
    return {};
}

Status Creation::create() {
    XVM_TRY_LET(domid_, ports_.domains.create(shape_));
    return {};
}

Status Creation::pin() {
    for (unsigned vcpu = 0; vcpu < guest_.pins.size(); ++vcpu)
        XVM_TRY(ports_.domains.pin(*domid_, vcpu, guest_.pins[vcpu]));
    return {};
}

Status Creation::write_private() {
    // The number may have been another domain's before, whose end nobody cleaned up after.
    std::vector<std::string> stale = plan::guest_trees(id());
    stale.push_back(schema::own::domain::dir(*domid_));
    stale.push_back(plan::backend_tree(*domid_));
    return write_nodes(ports_.store, plan::private_nodes(guest_, id()), *domid_, stale);
}

Status Creation::build() {
    const port::Boot_image image{kernel_, ramdisk_, guest_.command_line};
    XVM_TRY_LET(built_, ports_.domains.build(*domid_, shape_, image));
    kernel_ = {};
    ramdisk_ = {};
    return {};
}

Status Creation::write_guest() {
    const plan::Guest_facts facts{id(), built_.store_frame, built_.console_frame, built_.store_port,
                                  built_.console_port};
    return write_nodes(ports_.store, plan::guest_nodes(guest_, facts), *domid_);
}

Status Creation::introduce() {
    return ports_.store.introduce(*domid_, built_.store_frame, built_.store_port);
}

Status Creation::add_disk(const plan::Disk_config& disk) {
    return write_nodes(ports_.store, plan::disk_nodes(disk, *domid_), *domid_);
}

Status Creation::await_disk(const plan::Disk_config& disk) {
    namespace backend = schema::xvbd::backend;
    const std::string dir = backend::dir(*domid_, disk.devid);
    const std::string offered = schema::text_of(schema::Device_state::init_wait);
    std::string refusal;
    const auto answered = [&]() -> Result<bool> {
        XVM_TRY_LET(const auto error, read_if_there(ports_.store, schema::path(dir, backend::error)));
        refusal = error.value_or("");
        if (!refusal.empty()) return true;
        XVM_TRY_LET(const auto state, read_if_there(ports_.store, schema::path(dir, backend::state)));
        return state == offered;
    };
    XVM_TRY_LET(const bool in_time, wait_until(ports_.store, dir, ports_.patience.backend, answered));
    const std::string what = "disk " + disk.dev;
    if (!refusal.empty()) return fail(Fault::failed, what, "refused by xvm-blkd: " + refusal, {});
    if (in_time) return {};
    return fail(Fault::timeout, what, "xvm-blkd did not offer it in time",
                "see its log: journalctl -u xvm-blkd");
}

Status Creation::remove_disk(const plan::Disk_config& disk) {
    const std::uint32_t devid = disk.devid;
    XVM_TRY(close_disks(ports_, *domid_, std::span(&devid, 1)));
    const Status closed = await_closed(ports_, *domid_, std::span(&devid, 1));
    // A backend that does not let go is told by its directory's end.
    XVM_TRY(remove_disk_trees(ports_.store, *domid_, devid));
    return closed;
}

} // namespace

Result<Domain_id> create_domain(Ports& ports, const plan::Plan& plan, const Hooks& hooks) {
    Creation creation(ports, plan);
    XVM_TRY(run_steps(plan.steps, creation, hooks));
    return creation.id();
}

} // namespace xvm::run
