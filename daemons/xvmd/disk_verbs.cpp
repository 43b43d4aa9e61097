// SPDX-License-Identifier: Apache-2.0
// Disks of guests.
#include "daemons/xvmd/domain_json.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "libvmshare/base/file.hpp"
#include "libvmshare/base/suggest.hpp"
#include "libvmshare/pack/reader.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/plan_device.hpp"
#include "toolstack/plan/size.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

tl::unexpected<api::Failure> refuse(Error error) {
    return tl::unexpected<api::Failure>(std::move(error));
}

const run::Disk_entry* find_disk(const run::Domain_entry& entry, std::string_view dev) {
    for (const run::Disk_entry& disk : entry.disks)
        if (disk.dev == dev) return &disk;
    return nullptr;
}

Error no_such_disk(const run::Domain_entry& entry, const std::string& dev) {
    std::vector<std::string_view> names;
    for (const run::Disk_entry& disk : entry.disks)
        names.push_back(disk.dev);
    const auto near = nearest(dev, names);
    return {Fault::not_found, "disk " + dev, "domain '" + entry.name + "' has no such disk",
            near ? "did you mean '" + std::string(*near) + "'?" : "see: xvm disk list " + entry.name};
}

plan::Disk_config config_of(const run::Disk_entry& disk) {
    return {disk.dev,
            disk.devid,
            disk.kind == "pack" ? plan::Disk_kind::pack : plan::Disk_kind::raw,
            disk.path,
            disk.mode == "w",
            disk.device_class == plan::Device_class::xvbd ? plan::Disk_backend::xvm
                                                          : plan::Disk_backend::blkback};
}

/// What a user named, as a configuration would say it.
Result<plan::Disk_config> disk_of(const Call& call) {
    plan::Disk_config disk;
    disk.dev = call.text("dev");
    const auto devid = plan::disk_devid(disk.dev);
    if (!devid)
        return fail(Fault::usage, "disk '" + disk.dev + "'", "is no name of a disk", "use xvda to xvdp");
    disk.devid = *devid;
    disk.path = call.text("path");
    if (!disk.path.starts_with('/'))
        return fail(Fault::usage, "disk " + disk.dev, "'" + disk.path + "' is no absolute path",
                    "begin it with /");
    disk.backend = call.text("backend") == "blkback" ? plan::Disk_backend::blkback : plan::Disk_backend::xvm;
    disk.writable = call.flag("writable");
    const std::string kind = call.text("kind");
    const bool pack = kind == "pack" || (kind.empty() && disk.backend == plan::Disk_backend::xvm &&
                                         !disk.writable && pack::Reader::open(disk.path).has_value());
    disk.kind = pack ? plan::Disk_kind::pack : plan::Disk_kind::raw;
    if (pack && disk.writable)
        return fail(Fault::usage, "disk " + disk.dev, "a pack is served read-only", "leave --writable out");
    if (plan::is_part(disk.devid) && disk.backend == plan::Disk_backend::xvm)
        return fail(Fault::usage, "disk " + disk.dev, "a partition is served by dom0's kernel only",
                    "add --backend blkback, or use " + disk.dev.substr(0, 4));
    if (pack && disk.backend == plan::Disk_backend::blkback)
        return fail(Fault::usage, "disk " + disk.dev, "the kernel's backend knows no packs",
                    "leave --backend out");
    return disk;
}

Planned plan_of_attach(run::Ports&, const Call& call, const run::Domain_entry& entry) {
    const auto disk = disk_of(call);
    if (!disk) return refuse(disk.error());
    for (const run::Disk_entry& other : entry.disks)
        if (other.devid != disk->devid && plan::overlap(other.devid, disk->devid))
            return refuse({Fault::usage, "disk " + disk->dev,
                           "overlaps another disk of the guest, " + other.dev, "use another letter"});
    plan::Attach_options options;
    options.limit = call.duration("timeout").value_or(options.limit);
    return plan::plan_attach_disk({entry.name, entry.info.id}, *disk, options);
}

Planned plan_of_detach(run::Ports&, const Call& call, const run::Domain_entry& entry) {
    const run::Disk_entry* disk = find_disk(entry, call.text("dev"));
    if (disk == nullptr) return refuse(no_such_disk(entry, call.text("dev")));
    plan::Detach_options options;
    options.force = call.flag("force");
    options.limit = call.duration("timeout").value_or(options.limit);
    return plan::plan_detach({entry.name, entry.info.id}, {disk->device_class, disk->devid},
                             "disk " + disk->dev, options);
}

/// Bytes of the file, and of what the user wants of it.
struct Sizes {
    std::uint64_t now = 0;
    std::uint64_t wanted = 0;
};

Result<Sizes> sizes_of(const Call& call, const run::Disk_entry& disk) {
    constexpr std::uint64_t sector = 512;
    const std::string object = "disk " + disk.dev;
    if (disk.kind == "pack")
        return fail(Fault::usage, object, "is a pack, whose size is fixed", "build another: xvm-pack build");
    XVM_TRY_LET(const Unique_fd fd, open_file(disk.path, O_RDONLY));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, disk.path, "look at");
    Sizes sizes;
    XVM_TRY_LET(sizes.now, size_of(fd.get(), disk.path));
    sizes.wanted = call.has("size") ? static_cast<std::uint64_t>(call.integer("size")) : sizes.now;
    if (sizes.wanted != sizes.now && !S_ISREG(status.st_mode))
        return fail(Fault::usage, object + ": " + disk.path, "is a block device, which xvm does not change",
                    "make it larger (lvextend), and then: xvm disk resize, without a size");
    if (sizes.wanted == 0 || sizes.wanted % sector != 0)
        return fail(Fault::usage, object, "a size is a whole number of 512-byte sectors",
                    "give it in KiB, MiB, GiB or TiB");
    if (sizes.wanted < sizes.now && !call.flag("force"))
        return fail(Fault::usage, object,
                    "has " + plan::size_text(sizes.now) +
                        " already, and disks only grow: what lies beyond would be lost",
                    "make the guest's file system smaller first, and then say --force");
    return sizes;
}

Planned plan_of_resize(run::Ports&, const Call& call, const run::Domain_entry& entry) {
    const run::Disk_entry* disk = find_disk(entry, call.text("dev"));
    if (disk == nullptr) return refuse(no_such_disk(entry, call.text("dev")));
    const auto sizes = sizes_of(call, *disk);
    if (!sizes) return refuse(sizes.error());
    return plan::plan_resize_disk({entry.name, entry.info.id}, config_of(*disk), sizes->now, sizes->wanted);
}

Answer disk_answer(const run::Disk_entry& disk) {
    json::object answer = disk_json(disk);
    answer["schema"] = "xvm.disk/1";
    return json::value(std::move(answer));
}

/// As it is now; of one that has gone, as it was.
Answer answer(run::Ports& ports, const Call& call, const run::Domain_entry& before) {
    const auto entry = run::find_domain(ports, before.info.id.uuid.text());
    if (!entry) return refuse(entry.error());
    for (const run::Domain_entry* look : {&*entry, &before})
        if (const run::Disk_entry* disk = find_disk(*look, call.text("dev"))) return disk_answer(*disk);
    return refuse(no_such_disk(before, call.text("dev")));
}

} // namespace

void add_disk_verbs(Verbs& verbs, Service& service) {
    verbs.read("disk.list", [](run::Ports& ports, const Call& call) -> Answer {
        const auto entry = run::find_domain(ports, call.text("id"));
        if (!entry) return refuse(entry.error());
        return json::value(disks_json(*entry, nullptr));
    });
    verbs.read("disk.stats", [&service](run::Ports& ports, const Call& call) -> Answer {
        const auto entry = run::find_domain(ports, call.text("id"));
        if (!entry) return refuse(entry.error());
        const auto ours = [](const run::Disk_entry& disk) {
            return disk.device_class == plan::Device_class::xvbd;
        };
        tl::expected<json::value, api::Failure> served = nullptr;
        if (std::any_of(entry->disks.begin(), entry->disks.end(), ours)) served = service.block.disks();
        if (!served) return tl::unexpected<api::Failure>(served.error());
        json::object counts = disks_json(*entry, *served);
        counts["schema"] = "xvm.disk_stats/1";
        return json::value(std::move(counts));
    });
    verbs.change("disk.attach", {plan_of_attach, answer});
    verbs.change("disk.detach", {plan_of_detach, answer});
    verbs.change("disk.resize", {plan_of_resize, answer});
}

} // namespace xvm::xvmd
