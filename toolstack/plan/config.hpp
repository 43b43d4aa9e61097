// SPDX-License-Identifier: Apache-2.0
// What a guest is to be, as its configuration file says (xvm.toml(5)).
//
// Invariant of a Guest_config from parse_config(): names are valid and devices unique, sizes are whole
// pages and not zero, memory_max_bytes >= memory_bytes >= memory_min_bytes, pins match the virtual
// processors, and all paths are absolute. Whether the files are there is not asked here.
#pragma once

#include "libvmshare/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::plan {

enum class Guest_type : std::uint8_t { pv, pvh };
enum class Disk_kind : std::uint8_t { raw, pack };
/// Who serves a disk: xvm-blkd, for guests with our module; dom0's kernel, for those without.
enum class Disk_backend : std::uint8_t { xvm, blkback };

/// What becomes of a guest that ended on its own.
enum class On_stop : std::uint8_t { destroy, restart, preserve };

[[nodiscard]] std::string_view name_of(Guest_type type) noexcept;      ///< "pv", "pvh"
[[nodiscard]] std::string_view name_of(Disk_kind kind) noexcept;       ///< "raw", "pack"
[[nodiscard]] std::string_view name_of(Disk_backend backend) noexcept; ///< "xvm", "blkback"

/// A kernel or a RAM disk: a whole file, or an entry of a pack.
struct Image_source {
    std::string path;  ///< of the file or the pack; empty: none
    std::string entry; ///< empty: the whole file
    bool operator==(const Image_source&) const = default;
    /// "/a/boot.pack:vmlinux", "/a/vmlinux"
    [[nodiscard]] std::string text() const { return entry.empty() ? path : path + ":" + entry; }
};

struct Disk_config {
    std::string dev; ///< the name in the guest: "xvda"
    std::uint32_t devid = 0;
    Disk_kind kind = Disk_kind::raw;
    std::string path;
    bool writable = false;
    Disk_backend backend = Disk_backend::xvm;
    bool operator==(const Disk_config&) const = default;
};

struct Net_config {
    std::uint32_t devid = 0; ///< from 0; eth0 in most guests
    std::string mac;         ///< "00:16:3e:01:02:03", in small letters
    std::string bridge;
    bool operator==(const Net_config&) const = default;
};

/// How its memory changes while it runs: by its own balloon driver, or by whole blocks and our module.
enum class Memory_engine : std::uint8_t { balloon, block };

inline constexpr unsigned memory_weight_ordinary = 100;
inline constexpr unsigned memory_weight_max = 10000;
/// What a guest keeps when its configuration does not say: half, and not less than 64 MiB of what it has.
[[nodiscard]] std::uint64_t memory_min_default(std::uint64_t memory_bytes) noexcept;

/// Where one of its processors runs: there only, or (soft) there rather than elsewhere.
struct Vcpu_affinity {
    unsigned vcpu = 0;
    bool soft = false;
    std::vector<unsigned> cpus; ///< none: all
    bool operator==(const Vcpu_affinity&) const = default;
};

/// What was changed while it ran and holds when it starts again: after a reboot, or out of a file. No
/// configuration file says it.
struct Guest_changes {
    std::uint64_t memory_bytes = 0; ///< it is asked to have; 0: as configured
    unsigned vcpus = 0;             ///< it is asked to use so many, the first ones; 0: all
    std::vector<Vcpu_affinity> affinities;
    bool operator==(const Guest_changes&) const = default;
};

struct Guest_config {
    std::string name;
    Guest_type type = Guest_type::pvh;
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_max_bytes = 0;
    std::uint64_t memory_min_bytes = 0;              ///< below this nobody but its user brings it
    unsigned memory_weight = memory_weight_ordinary; ///< its share, where several want memory
    bool memory_reclaim = false;                     ///< started with memory of running guests, if it has to
    Memory_engine memory_engine = Memory_engine::balloon; ///< block: of a PVH guest
    unsigned vcpus = 1;
    std::vector<unsigned> pins; ///< physical processor of each virtual one; empty: any
    Image_source kernel;
    Image_source ramdisk; ///< may be none
    std::string command_line;
    std::vector<Disk_config> disks;
    std::vector<Net_config> nets;
    On_stop on_poweroff = On_stop::destroy;
    On_stop on_reboot = On_stop::restart;
    On_stop on_crash = On_stop::preserve;
    bool direct = false; ///< it may have physical devices of the host
    Guest_changes changes;
    bool operator==(const Guest_config&) const = default;
};

struct Config_text {
    std::string_view toml;
    std::string source; ///< absolute path of the file, for messages and for relative paths in it
    std::string name;   ///< replaces the name in the file, unless empty
};

/// Everything that is wrong, by rising line and column; what is missing comes last. Not empty.
using Config_errors = std::vector<Error>;

[[nodiscard]] tl::expected<Guest_config, Config_errors> parse_config(const Config_text& text);

} // namespace xvm::plan
