// SPDX-License-Identifier: Apache-2.0
// Domains: their life, memory and processors. The privileged part of the seam; only xvmd holds it.
//
// Contract:
// - create() gives a paused domain without memory; destroy() undoes everything up to any step.
// - destroy() of a domain whose pages a backend still maps leaves it dying: it is listed as such
//   until the last mapping goes. Destroying what is gone is not an error.
// - A domain is saved while it is shut down with the reason `suspend`, which only the guest itself does
//   well: it is asked for it through the store. Saving leaves it so; resume() lets it go on.
// - restore() stands in for build(): of a created domain without memory it makes the one that was saved.
// - save() and restore() take seconds a GiB. Both end early, with an error, once Stream_hooks says so.
// - Nothing here touches the store.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
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
    bool direct = false;                ///< it may have physical devices; the host needs an IOMMU
};

/// What the guest starts from. The bytes are only read during build().
struct Boot_image {
    std::span<const std::byte> kernel;  ///< ELF, or bzImage in any compression libxenguest knows
    std::span<const std::byte> ramdisk; ///< may be empty
    std::string command_line;
    /// Told the kernel's unpacked form, if it had one; may be empty. Its bytes are gone after the call.
    std::function<void(std::span<const std::byte>)> unpacked = {};
};

/// What build() made that the store and the console must be told.
struct Built_domain {
    std::uint64_t store_frame = 0; ///< mfn (PV) or gfn (PVH)
    std::uint64_t console_frame = 0;
    Evtchn_port store_port{}; ///< the guest's ends, open to dom0
    Evtchn_port console_port{};
};

/// Pages of a PVH guest's address space, one after the other, by their number there (gfn).
struct Frames {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    bool operator==(const Frames&) const = default;
};

/// Why a domain has stopped: the numbers of Xen's SHUTDOWN_*.
enum class Stop_reason : unsigned { poweroff = 0, reboot = 1, suspend = 2, crash = 3, watchdog = 4 };

struct Domain_info {
    Domain_id id;
    Guest_type type = Guest_type::pv;
    unsigned vcpus = 0;     ///< online
    unsigned vcpus_max = 0; ///< it was created with
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_max_bytes = 0; ///< as set_memory_max() takes it
    std::uint64_t cpu_time_ns = 0;
    bool running = false;
    bool blocked = false;
    bool paused = false;
    bool dying = false;
    bool shut_down = false;
    unsigned shutdown_reason = 0; ///< Xen's SHUTDOWN_* when shut_down
};

/// Physical processors, rising, each once.
using Cpu_list = std::vector<unsigned>;

/// hard: it runs there only; soft: there rather than elsewhere.
enum class Affinity : std::uint8_t { hard, soft };

struct Vcpu_info {
    unsigned vcpu = 0;
    bool online = false;
    bool running = false; ///< on `cpu`, at this moment
    bool blocked = false; ///< waits for an event
    unsigned cpu = 0;     ///< where it ran last
    std::uint64_t cpu_time_ns = 0;
    Cpu_list hard; ///< processors of the host, all when nothing was said
    Cpu_list soft;
};

/// What goes on while a domain's memory goes to or comes from a file. Called some times a second, maybe by
/// another thread than the one that saves or restores, never after that call has returned. Either may be
/// empty.
struct Stream_hooks {
    std::function<void(std::uint64_t bytes)> progress; ///< of the stream, so far
    std::function<bool()> cancelled;                   ///< true: stop now
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
    /// Gives the domain another uuid: a shell made in advance gets its guest's.
    [[nodiscard]] virtual Status set_uuid(Domid domid, const Uuid& uuid) = 0;
    /// Fills in memory, kernel, RAM disk, ports. exhausted: not enough free memory; usage: not a
    /// kernel that can be started so.
    [[nodiscard]] virtual Result<Built_domain> build(Domid domid, const Domain_shape& shape,
                                                     const Boot_image& image) = 0;
    /// Virtual processor `vcpu` runs on physical processor `cpu` only.
    [[nodiscard]] virtual Status pin(Domid domid, unsigned vcpu, unsigned cpu) = 0;
    /// Where `vcpu` runs. No `cpus`: anywhere. usage: no such processor, virtual or physical.
    [[nodiscard]] virtual Status set_affinity(Domid domid, unsigned vcpu, Affinity affinity,
                                              const Cpu_list& cpus) = 0;
    /// By rising number, those that are offline too.
    [[nodiscard]] virtual Result<std::vector<Vcpu_info>> vcpus(Domid domid) = 0;
    /// What the domain may own at most from now on; whole pages. What it owns already it keeps.
    [[nodiscard]] virtual Status set_memory_max(Domid domid, std::uint64_t bytes) = 0;
    /// Keeps free memory for the domain until it owns `bytes` in all: a total, not more on top. 0: nothing is
    /// kept any more. exhausted: so much is not free, or is more than its limit.
    [[nodiscard]] virtual Status claim_memory(Domid domid, std::uint64_t bytes) = 0;
    /// Puts memory where there is none; what was in it before nobody says. Of the domain's claim, where it
    /// has one. exhausted: not so much is free, or the domain may not own so much; then nothing of it stays.
    [[nodiscard]] virtual Status fill_frames(Domid domid, const Frames& frames) = 0;
    /// Writes zeros over those that have memory.
    [[nodiscard]] virtual Status clear_frames(Domid domid, const Frames& frames) = 0;
    /// Their memory becomes Xen's again, uncleared; those without any are no error. A page that somebody
    /// still maps goes when the last mapping does.
    [[nodiscard]] virtual Status release_frames(Domid domid, const Frames& frames) = 0;
    [[nodiscard]] virtual Status pause(Domid domid) = 0;
    [[nodiscard]] virtual Status unpause(Domid domid) = 0;
    /// Stops the domain here and now, as if it had done it with that reason; the guest is not asked. It
    /// stays, with its memory. No error for one that has stopped before: its first reason stands.
    [[nodiscard]] virtual Status stop(Domid domid, Stop_reason reason) = 0;
    /// A suspended domain goes on as if it had never been asked to suspend. failed: it is not suspended.
    [[nodiscard]] virtual Status resume(Domid domid) = 0;
    [[nodiscard]] virtual Status destroy(Domid domid) = 0;

    /// Writes a suspended domain to `fd` from its offset on. failed: it is not suspended, `fd` takes no
    /// more, or cancelled; exhausted: no room.
    [[nodiscard]] virtual Status save(Domid domid, int fd, const Stream_hooks& hooks) = 0;
    /// Reads what save() wrote. The domain stays paused. usage: this is no whole stream, or another type
    /// of guest; exhausted: not enough free memory. After an error: destroy() it.
    [[nodiscard]] virtual Result<Built_domain> restore(Domid domid, const Domain_shape& shape, int fd,
                                                       const Stream_hooks& hooks) = 0;

    /// All domains, dom0 and dying ones among them, by rising domid.
    [[nodiscard]] virtual Result<std::vector<Domain_info>> list() = 0;
    [[nodiscard]] virtual Result<Domain_info> info(Domid domid) = 0;
    [[nodiscard]] virtual Result<Host_info> host() = 0;
    /// The hypervisor's own messages that it still has, oldest first, as lines.
    [[nodiscard]] virtual Result<std::string> hypervisor_log() = 0;
};

/// The domain, if it is there, lives, and is still the one that is meant.
[[nodiscard]] Result<std::optional<Domain_info>> living(Domains& domains, const Domain_id& id);

} // namespace xvm::port
