// SPDX-License-Identifier: Apache-2.0
// A guest's configuration against the limits: as strict as the reader of configuration files, and stricter
// where that one trusts its user.
#include "toolstack/plan/device.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/policy/policy.hpp"

#include <algorithm>
#include <set>

namespace xvm::policy {
namespace {

constexpr std::uint64_t page_bytes = 4096;

tl::unexpected<Error> beyond(const std::string& why) {
    return fail(Fault::denied, "order of the management service", why,
                "the limits are in docs/service.md; xvmd(8) tells how to set them");
}

bool is_plain(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char one) { return static_cast<unsigned char>(one) < 0x20 || one == 0x7f; });
}

Status check_file(const std::string& what, const std::string& path, const Limits& limits) {
    if (below(path, limits.roots)) return {};
    return beyond(what + " '" + path + "' is in no directory that it may name");
}

Status check_image(const std::string& what, const plan::Image_source& image, const Limits& limits) {
    if (image.entry.size() > 255 || !is_plain(image.entry)) return beyond(what + ": no name of an entry");
    return check_file(what, image.path, limits);
}

Status check_memory(const plan::Guest_config& guest, const Limits& limits) {
    for (const std::uint64_t bytes : {guest.memory_bytes, guest.memory_max_bytes, guest.memory_min_bytes})
        if (bytes % page_bytes != 0 || bytes > limits.memory_bytes) return beyond("memory beyond the limit");
    if (guest.memory_bytes == 0 || guest.memory_bytes > guest.memory_max_bytes ||
        guest.memory_min_bytes > guest.memory_bytes)
        return beyond("sizes of memory that contradict each other");
    if (guest.memory_weight == 0 || guest.memory_weight > plan::memory_weight_max)
        return beyond("no share of memory");
    return {};
}

Status check_disks(const plan::Guest_config& guest, const Limits& limits) {
    if (guest.disks.size() > limits.disks) return beyond("too many disks");
    std::vector<std::uint32_t> seen;
    for (const plan::Disk_config& disk : guest.disks) {
        const auto devid = plan::disk_devid(disk.dev);
        if (!devid || *devid != disk.devid || std::any_of(seen.begin(), seen.end(), [&](std::uint32_t other) {
                return plan::overlap(other, disk.devid);
            }))
            return beyond("a disk with another's number");
        seen.push_back(disk.devid);
        if (plan::is_part(disk.devid) && disk.backend == plan::Disk_backend::xvm)
            return beyond("a partition that xvm-blkd does not serve");
        if (disk.kind == plan::Disk_kind::pack &&
            (disk.writable || disk.backend == plan::Disk_backend::blkback))
            return beyond("a pack that is no pack");
        XVM_TRY(check_file("disk " + disk.dev, disk.path, limits));
    }
    return {};
}

Status check_nets(const plan::Guest_config& guest, const Limits& limits) {
    if (guest.nets.size() > limits.nets) return beyond("too many interfaces");
    std::set<std::uint32_t> seen;
    for (const plan::Net_config& net : guest.nets) {
        if (net.devid >= limits.nets || !seen.insert(net.devid).second)
            return beyond("an interface with another's number");
        if (plan::parse_mac(net.mac) != net.mac || plan::bridge_name_fault(net.bridge))
            return beyond("an interface that cannot be");
    }
    return {};
}

/// What is said above and below is all that a guest may be: a part of a configuration that came later is let
/// through as it is by default, until somebody says here what it may be.
Status check_known(const plan::Guest_config& guest) {
    plan::Guest_config known;
    known.name = guest.name;
    known.type = guest.type;
    known.memory_bytes = guest.memory_bytes;
    known.memory_max_bytes = guest.memory_max_bytes;
    known.memory_min_bytes = guest.memory_min_bytes;
    known.memory_weight = guest.memory_weight;
    known.memory_reclaim = guest.memory_reclaim;
    known.vcpus = guest.vcpus;
    known.pins = guest.pins;
    known.kernel = guest.kernel;
    known.ramdisk = guest.ramdisk;
    known.command_line = guest.command_line;
    known.disks = guest.disks;
    known.nets = guest.nets;
    known.on_poweroff = guest.on_poweroff;
    known.on_reboot = guest.on_reboot;
    known.on_crash = guest.on_crash;
    known.direct = guest.direct; // which devices it gets is nothing that the service decides
    return known == guest ? Status{} : beyond("something that the broker has no rule for");
}

} // namespace

bool below(std::string_view path, const std::vector<std::string>& roots) noexcept {
    if (path.size() > 4095 || !path.starts_with('/') || path.ends_with('/') || !is_plain(path)) return false;
    for (std::size_t at = 1; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view part = path.substr(at, end - at);
        if (part.empty() || part == "." || part == "..") return false;
        at = end + 1;
    }
    return std::any_of(roots.begin(), roots.end(), [&](const std::string& root) {
        return root == "/" ||
               (path.starts_with(root) && path.size() > root.size() && path[root.size()] == '/');
    });
}

Status check_guest(const plan::Guest_config& guest, const Limits& limits) {
    if (plan::domain_name_fault(guest.name)) return beyond("a name that no guest can have");
    XVM_TRY(check_known(guest));
    XVM_TRY(check_memory(guest, limits));
    if (guest.vcpus == 0 || guest.vcpus > limits.vcpus) return beyond("processors beyond the limit");
    if (!guest.pins.empty() && guest.pins.size() != guest.vcpus) return beyond("pins of other processors");
    if (guest.command_line.size() > limits.command_line_bytes || !is_plain(guest.command_line))
        return beyond("a command line that cannot be");
    XVM_TRY(check_image("kernel", guest.kernel, limits));
    if (guest.ramdisk != plan::Image_source{}) XVM_TRY(check_image("ramdisk", guest.ramdisk, limits));
    XVM_TRY(check_disks(guest, limits));
    return check_nets(guest, limits);
}

} // namespace xvm::policy
