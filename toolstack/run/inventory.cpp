// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/inventory.hpp"

#include "libvmshare/base/number.hpp"
#include "libvmshare/base/suggest.hpp"
#include "toolstack/plan/device.hpp"
#include "toolstack/run/store_trees.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"
#include "xenstore-schema/words.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace {

namespace own = schema::own::domain;
namespace home = schema::domain::home;

const std::string dom0_name = "Domain-0";

/// A node's text, empty if it is not there.
Result<std::string> text_at(port::Store& store, const std::string& dir, std::string_view node) {
    XVM_TRY_LET(auto value, read_if_there(store, schema::path(dir, node)));
    return value.value_or("");
}

Life life_of(const port::Domain_info& info) {
    // Xen's SHUTDOWN_poweroff, _reboot, _suspend; all the others are a guest that broke down.
    constexpr std::array reasons{Life::powered_off, Life::reboot, Life::suspended};
    if (info.dying) return Life::dying;
    if (info.shut_down)
        return info.shutdown_reason < reasons.size() ? reasons[info.shutdown_reason] : Life::crashed;
    return info.paused ? Life::paused : Life::running;
}

/// What is to be read of the store: wanted one by one, read together.
class Reading {
  public:
    /// Where its answer will be.
    std::size_t want(const std::string& dir, std::string_view node) {
        paths_.push_back(schema::path(dir, node));
        return paths_.size() - 1;
    }
    Status run(port::Store& store) {
        XVM_TRY_LET(values_, store.read_all(paths_));
        return {};
    }
    /// Empty if it is not there.
    [[nodiscard]] std::string text(std::size_t place) const { return values_[place].value_or(""); }

  private:
    std::vector<std::string> paths_;
    std::vector<std::optional<std::string>> values_;
};

/// The changing part of a disk: where its nodes are in a Reading.
struct Disk_places {
    std::size_t backend = 0;
    std::size_t frontend = 0;
    std::size_t error = 0;
    std::size_t sectors = 0;
    std::size_t loop = 0;
};

Disk_places want_disk(Reading& reading, const plan::Device_ref& device, Domid domid) {
    // The classes name these nodes alike; the kernel's backend says nothing in `error`.
    namespace backend = schema::xvbd::backend;
    const std::string back = plan::backend_dir(device, domid);
    return {reading.want(back, backend::state),
            reading.want(plan::frontend_dir(device, domid), schema::xvbd::frontend::state),
            reading.want(back, backend::error), reading.want(back, backend::sectors),
            // Only the kernel's has a loop device; of others the node is not there.
            device.device_class == plan::Device_class::vbd
                ? reading.want(plan::config_dir(device, domid), schema::vbd::config::loop)
                : std::size_t{0}};
}

void fill(Disk_entry& disk, const Disk_places& places, const Reading& reading) {
    disk.backend = schema::state_of(reading.text(places.backend));
    disk.frontend = schema::state_of(reading.text(places.frontend));
    disk.error = reading.text(places.error);
    disk.sectors = parse_number<std::uint64_t>(reading.text(places.sectors));
    if (disk.device_class == plan::Device_class::vbd) disk.loop = reading.text(places.loop);
}

Disk_entry entry_of(const plan::Disk_config& disk) {
    Disk_entry entry;
    entry.devid = disk.devid;
    entry.device_class = plan::class_of(disk.backend);
    entry.dev = disk.dev;
    entry.kind = name_of(disk.kind);
    entry.path = disk.path;
    entry.mode = disk.writable ? "w" : "r";
    return entry;
}

/// One domain that the book knows.
struct Known {
    Domain_entry entry;
    std::optional<std::size_t> tty;
    std::vector<Disk_places> disks;
};

Known known_entry(const port::Domain_info& info, const Guest_record& record, Sight sight, Reading& reading) {
    Known known;
    known.entry.info = info;
    known.entry.life = life_of(info);
    known.entry.managed = true;
    known.entry.name = record.guest.name;
    for (const plan::Disk_config& disk : record.guest.disks) {
        known.entry.disks.push_back(entry_of(disk));
        if (sight != Sight::records)
            known.disks.push_back(want_disk(reading, plan::ref_of(disk), info.id.domid));
    }
    if (sight == Sight::all) known.tty = reading.want(home::dir(info.id.domid), home::console_tty);
    return known;
}

void fill(Known& known, const Reading& reading) {
    if (known.tty) known.entry.tty = reading.text(*known.tty);
    for (std::size_t i = 0; i < known.disks.size(); ++i)
        fill(known.entry.disks[i], known.disks[i], reading);
}

/// Of a guest that the book does not know: as the store has it.
Result<std::vector<Disk_entry>> disks_of(port::Store& store, Domid domid) {
    namespace config = schema::xvbd::config; // both classes of disks name alike what both have
    namespace backend = schema::xvbd::backend;
    std::vector<plan::Device_ref> devices;
    for (const plan::Device_class device_class : {plan::Device_class::xvbd, plan::Device_class::vbd}) {
        XVM_TRY_LET(const auto names,
                    list_if_there(store, schema::path(own::dir(domid), name_of(device_class))));
        for (const std::string& name : names)
            if (const auto devid = parse_number<std::uint32_t>(name))
                devices.push_back({device_class, *devid});
    }
    std::sort(devices.begin(), devices.end(),
              [](const plan::Device_ref& a, const plan::Device_ref& b) { return a.devid < b.devid; });
    std::vector<Disk_entry> disks;
    for (const plan::Device_ref& device : devices) {
        Reading reading;
        const std::string dir = plan::config_dir(device, domid);
        const auto kind = reading.want(dir, config::kind);
        const auto path = reading.want(dir, config::path);
        const auto mode = reading.want(dir, config::mode);
        const auto dev = reading.want(plan::backend_dir(device, domid), backend::dev);
        const Disk_places places = want_disk(reading, device, domid);
        XVM_TRY(reading.run(store));
        Disk_entry disk;
        disk.devid = device.devid;
        disk.device_class = device.device_class;
        disk.kind = device.device_class == plan::Device_class::xvbd ? reading.text(kind) : "raw";
        disk.path = reading.text(path);
        disk.mode = reading.text(mode);
        disk.dev = reading.text(dev);
        fill(disk, places, reading);
        disks.push_back(std::move(disk));
    }
    return disks;
}

/// A domain that the book does not know: somebody else's, or xvm's own from before the book was lost.
struct Unknown {
    port::Domain_info info;
    std::size_t uuid = 0;
    std::size_t own_name = 0;
    std::size_t home_name = 0;
    std::optional<std::size_t> tty;
};

Unknown want_unknown(const port::Domain_info& info, Sight sight, Reading& reading) {
    const Domid domid = info.id.domid;
    return {info, reading.want(own::dir(domid), own::uuid), reading.want(own::dir(domid), own::name),
            reading.want(home::dir(domid), home::name),
            sight == Sight::all ? std::optional(reading.want(home::dir(domid), home::console_tty))
                                : std::nullopt};
}

Result<Domain_entry> entry_of(port::Store& store, const Unknown& unknown, const Reading& reading) {
    Domain_entry entry;
    entry.info = unknown.info;
    entry.life = life_of(unknown.info);
    entry.managed = Uuid::parse(reading.text(unknown.uuid)) == unknown.info.id.uuid;
    // The private name is xvm's word; the other stands in the guest's home, where other tools put theirs.
    entry.name = reading.text(entry.managed ? unknown.own_name : unknown.home_name);
    if (entry.info.id.domid == dom0 && entry.name.empty()) entry.name = dom0_name;
    if (unknown.tty) entry.tty = reading.text(*unknown.tty);
    if (entry.managed) {
        XVM_TRY_LET(entry.disks, disks_of(store, entry.info.id.domid));
    }
    return entry;
}

/// One of the pool: nobody's, whatever nodes it has.
Domain_entry shell_entry(const port::Domain_info& info) {
    Domain_entry entry;
    entry.info = info;
    entry.life = life_of(info);
    entry.name = schema::shell_name;
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

/// The domain of a record, if Xen has it.
Result<std::optional<Domain_entry>> entry_of(Ports& ports, const Guest_record& record, Sight sight) {
    const auto info = ports.domains.info(record.id.domid);
    if (!info && info.error().fault != Fault::not_found) return tl::unexpected<Error>(info.error());
    if (!info || info->id.uuid != record.id.uuid) return std::optional<Domain_entry>{};
    Reading reading;
    Known known = known_entry(*info, record, sight, reading);
    XVM_TRY(reading.run(ports.store));
    fill(known, reading);
    return std::optional(std::move(known.entry));
}

} // namespace

std::string_view name_of(Life life) noexcept {
    constexpr std::array<std::string_view, 8> names{"running",   "paused",  "powered off", "wants reboot",
                                                    "suspended", "crashed", "dying",       "stale"};
    return names[static_cast<std::size_t>(life)];
}

Result<std::vector<Domain_entry>> list_domains(Ports& ports, Sight sight) {
    XVM_TRY_LET(const auto infos, ports.domains.list());
    Reading reading;
    std::vector<Domain_entry> shells;
    std::vector<Known> known;
    std::vector<Unknown> unknown;
    for (const port::Domain_info& info : infos) {
        const auto record = ports.book.by_uuid(info.id.uuid);
        if (is_shell(info.id.uuid))
            shells.push_back(shell_entry(info));
        else if (record && record->id == info.id)
            known.push_back(known_entry(info, *record, sight, reading));
        else
            unknown.push_back(want_unknown(info, sight, reading));
    }
    XVM_TRY(reading.run(ports.store));
    std::vector<Domain_entry> entries = std::move(shells);
    for (Known& one : known) {
        fill(one, reading);
        entries.push_back(std::move(one.entry));
    }
    for (const Unknown& one : unknown) {
        XVM_TRY_LET(Domain_entry entry, entry_of(ports.store, one, reading));
        entries.push_back(std::move(entry));
    }
    XVM_TRY(add_stale(ports.store, entries));
    std::stable_sort(entries.begin(), entries.end(), [](const Domain_entry& a, const Domain_entry& b) {
        return a.info.id.domid < b.info.id.domid;
    });
    return entries;
}

Result<std::optional<Domain_entry>> name_holder(Ports& ports, std::string_view name) {
    const auto record = ports.book.by_name(name);
    XVM_TRY_LET(const auto infos, ports.domains.list());
    Reading reading;
    std::vector<std::pair<port::Domain_info, std::size_t>> strangers;
    for (const port::Domain_info& info : infos) {
        Domain_entry entry;
        entry.info = info;
        entry.life = life_of(info);
        entry.name = name;
        entry.managed = true;
        if (record && record->id == info.id) return std::optional(std::move(entry));
        if (!ports.book.knows(info.id) && !is_shell(info.id.uuid))
            strangers.emplace_back(info, reading.want(home::dir(info.id.domid), home::name));
    }
    XVM_TRY(reading.run(ports.store));
    for (const auto& [info, place] : strangers) {
        const bool nameless_dom0 = info.id.domid == dom0 && reading.text(place).empty();
        if ((nameless_dom0 ? dom0_name : reading.text(place)) != name) continue;
        Domain_entry entry;
        entry.info = info;
        entry.life = life_of(info);
        entry.name = name;
        return std::optional(std::move(entry));
    }
    if (!record) return std::optional<Domain_entry>{};
    // Ended, and not cleaned up after, or about to be started again.
    Domain_entry entry;
    entry.info.id = record->id;
    entry.life = Life::stale;
    entry.name = name;
    entry.managed = true;
    return std::optional(std::move(entry));
}

Result<Domain_entry> find_domain(Ports& ports, std::string_view id, Sight sight) {
    // Most who are asked for are our own, by the name or uuid that we know them by.
    const auto uuid_meant = Uuid::parse(id);
    const auto record = uuid_meant ? ports.book.by_uuid(*uuid_meant) : ports.book.by_name(id);
    if (record) {
        XVM_TRY_LET(auto entry, entry_of(ports, *record, sight));
        if (entry) return std::move(*entry);
    }
    XVM_TRY_LET(auto entries, list_domains(ports, sight));
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
    if (found == nullptr && uuid_meant)
        found = pick([&](const Domain_entry& entry) { return entry.info.id.uuid == *uuid_meant; });
    if (found != nullptr) return *found;

    std::vector<std::string_view> names;
    for (const Domain_entry& entry : entries)
        names.push_back(entry.name);
    const auto near = nearest(id, names);
    return fail(Fault::not_found, "domain '" + std::string(id) + "'", "no such domain",
                near ? "did you mean '" + std::string(*near) + "'?" : "'xvm list' shows those there are");
}

} // namespace xvm::run
