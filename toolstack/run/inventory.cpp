// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/inventory.hpp"

#include "libvmshare/base/number.hpp"
#include "libvmshare/base/suggest.hpp"
#include "toolstack/run/store_trees.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace {

namespace own = schema::own::domain;
namespace home = schema::domain::home;

/// A node's text, empty if it is not there.
Result<std::string> text_at(port::Store& store, const std::string& dir, std::string_view node) {
    XVM_TRY_LET(auto value, read_if_there(store, schema::path(dir, node)));
    return value.value_or("");
}

Result<schema::Device_state> state_at(port::Store& store, const std::string& dir, std::string_view node) {
    XVM_TRY_LET(const std::string text, text_at(store, dir, node));
    return schema::state_of(text);
}

Life life_of(const port::Domain_info& info) {
    // Xen's SHUTDOWN_poweroff, _reboot, _suspend; all the others are a guest that broke down.
    constexpr std::array reasons{Life::powered_off, Life::reboot, Life::suspended};
    if (info.dying) return Life::dying;
    if (info.shut_down)
        return info.shutdown_reason < reasons.size() ? reasons[info.shutdown_reason] : Life::crashed;
    return info.paused ? Life::paused : Life::running;
}

Result<Disk_entry> disk_entry(port::Store& store, Domid domid, std::uint32_t devid) {
    namespace config = schema::xvbd::config;
    namespace backend = schema::xvbd::backend;
    const std::string own_dir = config::dir(domid, devid);
    const std::string back_dir = backend::dir(domid, devid);
    Disk_entry disk;
    disk.devid = devid;
    XVM_TRY_LET(disk.kind, text_at(store, own_dir, config::kind));
    XVM_TRY_LET(disk.path, text_at(store, own_dir, config::path));
    XVM_TRY_LET(disk.mode, text_at(store, own_dir, config::mode));
    XVM_TRY_LET(disk.dev, text_at(store, back_dir, backend::dev));
    XVM_TRY_LET(disk.error, text_at(store, back_dir, backend::error));
    XVM_TRY_LET(disk.backend, state_at(store, back_dir, backend::state));
    XVM_TRY_LET(disk.frontend,
                state_at(store, schema::xvbd::frontend::dir(domid, devid), schema::xvbd::frontend::state));
    return disk;
}

Result<std::vector<Disk_entry>> disks_of(port::Store& store, Domid domid) {
    XVM_TRY_LET(const auto names,
                list_if_there(store, schema::path(own::dir(domid), schema::xvbd::class_name)));
    std::vector<Disk_entry> disks;
    for (const std::string& name : names) {
        const auto devid = parse_number<std::uint32_t>(name);
        if (!devid) continue;
        XVM_TRY_LET(Disk_entry disk, disk_entry(store, domid, *devid));
        disks.push_back(std::move(disk));
    }
    std::sort(disks.begin(), disks.end(),
              [](const Disk_entry& a, const Disk_entry& b) { return a.devid < b.devid; });
    return disks;
}

Result<Domain_entry> entry_of(port::Store& store, const port::Domain_info& info) {
    Domain_entry entry;
    entry.info = info;
    entry.life = life_of(info);
    const Domid domid = info.id.domid;
    XVM_TRY_LET(const std::string uuid, text_at(store, own::dir(domid), own::uuid));
    entry.managed = Uuid::parse(uuid) == info.id.uuid;
    // The private name is xvm's word; the other stands in the guest's home, where other tools put theirs.
    XVM_TRY_LET(entry.name, entry.managed ? text_at(store, own::dir(domid), own::name)
                                          : text_at(store, home::dir(domid), home::name));
    if (domid == dom0 && entry.name.empty()) entry.name = "Domain-0";
    XVM_TRY_LET(entry.tty, text_at(store, home::dir(domid), home::console_tty));
    if (entry.managed) {
        XVM_TRY_LET(entry.disks, disks_of(store, domid));
    }
    return entry;
}

/// What xvm noted of numbers that are nobody's, or somebody else's, by now.
Status add_stale(port::Store& store, std::vector<Domain_entry>& entries) {
    XVM_TRY_LET(const auto names, list_if_there(store, std::string(own::root)));
    for (const std::string& name : names) {
        const auto domid = parse_domid(name);
        if (!domid) continue;
        const bool alive = std::any_of(entries.begin(), entries.end(), [&](const Domain_entry& entry) {
            return entry.info.id.domid == *domid && entry.managed;
        });
        if (alive) continue;
        Domain_entry entry;
        entry.life = Life::stale;
        entry.managed = true;
        XVM_TRY_LET(const std::string uuid, text_at(store, own::dir(*domid), own::uuid));
        entry.info.id = {*domid, Uuid::parse(uuid).value_or(Uuid{})};
        XVM_TRY_LET(entry.name, text_at(store, own::dir(*domid), own::name));
        XVM_TRY_LET(entry.disks, disks_of(store, *domid));
        entries.push_back(std::move(entry));
    }
    return {};
}

} // namespace

std::string_view name_of(Life life) noexcept {
    constexpr std::array<std::string_view, 8> names{"running",   "paused",  "powered off", "wants reboot",
                                                    "suspended", "crashed", "dying",       "stale"};
    return names[static_cast<std::size_t>(life)];
}

Result<std::vector<Domain_entry>> list_domains(Ports& ports) {
    XVM_TRY_LET(const auto infos, ports.domains.list());
    std::vector<Domain_entry> entries;
    for (const port::Domain_info& info : infos) {
        XVM_TRY_LET(Domain_entry entry, entry_of(ports.store, info));
        entries.push_back(std::move(entry));
    }
    XVM_TRY(add_stale(ports.store, entries));
    std::stable_sort(entries.begin(), entries.end(), [](const Domain_entry& a, const Domain_entry& b) {
        return a.info.id.domid < b.info.id.domid;
    });
    return entries;
}

Result<Domain_entry> find_domain(Ports& ports, std::string_view id) {
    XVM_TRY_LET(auto entries, list_domains(ports));
    const auto pick = [&](auto&& matches) -> const Domain_entry* {
        const Domain_entry* found = nullptr;
        for (const Domain_entry& entry : entries)
            // Of two with one name, the living one is meant.
            if (matches(entry) &&
                (found == nullptr || found->life == Life::stale || found->life == Life::dying))
                found = &entry;
        return found;
    };
    const Domain_entry* found = pick([&](const Domain_entry& entry) { return entry.name == id; });
    if (const auto domid = parse_domid(id); found == nullptr && domid)
        found = pick([&](const Domain_entry& entry) { return entry.info.id.domid == *domid; });
    if (const auto uuid = Uuid::parse(id); found == nullptr && uuid)
        found = pick([&](const Domain_entry& entry) { return entry.info.id.uuid == *uuid; });
    if (found != nullptr) return *found;

    std::vector<std::string_view> names;
    for (const Domain_entry& entry : entries)
        names.push_back(entry.name);
    const auto near = nearest(id, names);
    return fail(Fault::not_found, "domain '" + std::string(id) + "'", "no such domain",
                near ? "did you mean '" + std::string(*near) + "'?" : "'xvm list' shows those there are");
}

} // namespace xvm::run
