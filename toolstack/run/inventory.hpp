// SPDX-License-Identifier: Apache-2.0
// Who is there: Xen's list of domains, put together with what the store knows of them.
//
// Invariant: an entry is `managed` only if the uuid that xvm noted for its number is the one Xen knows;
// a number given out again inherits nothing. What the store holds of a number that Xen gave to nobody, or
// to somebody else, is an entry of its own in state `stale`.
// What the guest book knows is not asked of the store: a request for each guest there is would make every
// look, and so every create, dearer with each of them (docs/performance.md).
#pragma once

#include "toolstack/plan/device.hpp"
#include "toolstack/run/ports.hpp"
#include "xenstore-schema/states.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::run {

enum class Life : std::uint8_t { running, paused, powered_off, reboot, suspended, crashed, dying, stale };

[[nodiscard]] std::string_view name_of(Life life) noexcept; ///< "powered off"

struct Disk_entry {
    std::uint32_t devid = 0;
    plan::Device_class device_class = plan::Device_class::xvbd; ///< or vbd: the kernel's blkback serves it
    std::string dev;
    std::string kind; ///< "raw", "pack"
    std::string path;
    std::string mode; ///< "r", "w"
    schema::Device_state backend = schema::Device_state::unknown;
    schema::Device_state frontend = schema::Device_state::unknown; ///< what the guest says
    std::string error;                                             ///< why the backend refused
    std::optional<std::uint64_t> sectors; ///< of 512 bytes, once the backend has said
    std::string loop;                     ///< the loop device in between, if there is one
};

struct Domain_entry {
    port::Domain_info info; ///< of a stale entry, only the id
    std::string name;       ///< empty: none known
    Life life = Life::running;
    bool managed = false;
    /// The console's pseudo-terminal, empty before there is one; nothing if it was not looked for.
    std::optional<std::string> tty;
    std::vector<Disk_entry> disks;
};

/// How closely to look.
enum class Sight : std::uint8_t {
    records, ///< without consoles and the states of disks: next to nothing is asked of the store
    devices, ///< with the states of disks
    all,     ///< with consoles, too
};

/// All of them, dom0 among them, by rising domid.
[[nodiscard]] Result<std::vector<Domain_entry>> list_domains(Ports& ports, Sight sight = Sight::all);

/// Who has this name, of the domains that Xen knows or xvm has a record of; nothing: it is free. What is
/// only left in the store does not hold a name.
[[nodiscard]] Result<std::optional<Domain_entry>> name_holder(Ports& ports, std::string_view name);

/// By name, domid or uuid, in this order. not_found: with the nearest name there is.
[[nodiscard]] Result<Domain_entry> find_domain(Ports& ports, std::string_view id, Sight sight = Sight::all);

} // namespace xvm::run
