// SPDX-License-Identifier: Apache-2.0
// Domains: their life, memory and processors. The privileged part of the seam; only xvmd holds it.
//
// Contract:
// - create() gives a paused domain without memory; destroy() undoes everything up to any step.
// - destroy() of a domain whose pages a backend still maps leaves it dying: it is listed as such
//   until the last mapping goes. Destroying what is gone is not an error.
// - Nothing here touches the store.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xvm::port {

enum class Guest_type : std::uint8_t { pv, pvh };

struct Domain_shape {
    Uuid uuid;
    Guest_type type = Guest_type::pvh;
    unsigned vcpus = 1;
    std::uint64_t memory_bytes = 0;     ///< at boot; whole pages
    std::uint64_t memory_max_bytes = 0; ///< it may grow to this; >= memory_bytes
};

/// What the guest starts from. The bytes are only read during build().
struct Boot_image {
    std::span<const std::byte> kernel;  ///< ELF, or bzImage in any compression libxenguest knows
    std::span<const std::byte> ramdisk; ///< may be empty
    std::string command_line;
};

/// What build() made that the store and the console must be told.
struct Built_domain {
    std::uint64_t store_frame = 0; ///< mfn (PV) or gfn (PVH)
    std::uint64_t console_frame = 0;
    Evtchn_port store_port{}; ///< the guest's ends, open to dom0
    Evtchn_port console_port{};
};

struct Domain_info {
    Domain_id id;
    Guest_type type = Guest_type::pv;
    unsigned vcpus = 0; ///< online
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_max_bytes = 0;
    std::uint64_t cpu_time_ns = 0;
    bool running = false;
    bool blocked = false;
    bool paused = false;
    bool dying = false;
    bool shut_down = false;
    unsigned shutdown_reason = 0; ///< Xen's SHUTDOWN_* when shut_down
};

struct Host_info {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    unsigned cpus = 0;
    std::string xen_version;
    std::vector<std::string> capabilities; ///< "xen-3.0-x86_64", "hvm-3.0-x86_64"
};

class Domains {
  public:
    virtual ~Domains() = default;

    /// exhausted: Xen has no room for the domain itself.
    [[nodiscard]] virtual Result<Domid> create(const Domain_shape& shape) = 0;
    /// Fills in memory, kernel, RAM disk, ports. exhausted: not enough free memory; usage: not a
    /// kernel that can be started so.
    [[nodiscard]] virtual Result<Built_domain> build(Domid domid, const Domain_shape& shape,
                                                     const Boot_image& image) = 0;
    /// Virtual processor `vcpu` runs on physical processor `cpu` only.
    [[nodiscard]] virtual Status pin(Domid domid, unsigned vcpu, unsigned cpu) = 0;
    [[nodiscard]] virtual Status pause(Domid domid) = 0;
    [[nodiscard]] virtual Status unpause(Domid domid) = 0;
    [[nodiscard]] virtual Status destroy(Domid domid) = 0;

    /// All domains, dom0 and dying ones among them, by rising domid.
    [[nodiscard]] virtual Result<std::vector<Domain_info>> list() = 0;
    [[nodiscard]] virtual Result<Domain_info> info(Domid domid) = 0;
    [[nodiscard]] virtual Result<Host_info> host() = 0;
};

} // namespace xvm::port
