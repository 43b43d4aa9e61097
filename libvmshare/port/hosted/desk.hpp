// SPDX-License-Identifier: Apache-2.0
// What a hosted machine answers one of its processes: the part of events and grants that needs the
// machine's ledger. Notifying, waiting, reading and writing memory go on without it.
//
// Two ways lead here, with one meaning: a Host in the same process (Local_desk), and a socket to a Host
// in another (Remote_desk). The end of a Desk is the death of the process.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/store.hpp"

#include <cstdint>
#include <vector>

namespace xvm::port::hosted {

/// One end of an event channel. Both descriptors are eventfds that the peer's end holds crosswise.
struct Port_end {
    Evtchn_port port{};
    Unique_fd receive;
    Unique_fd send;
};

/// The pages of one share() call: one memory file.
enum class Share_id : std::uint32_t {};

struct New_share {
    std::vector<Gref> grefs;
    Unique_fd memory; ///< read-write
};

/// Where a granted page lies.
struct Page_place {
    Share_id share{};
    std::uint32_t page = 0; ///< counted in pages from the start of the memory file
};

enum class Mapping_id : std::uint32_t {};

struct New_mapping {
    Mapping_id id{};
    std::vector<Page_place> places; ///< one per reference, in order
};

/// One element of a copy that wants to know its place.
struct Copy_wish {
    Gref gref{};
    Access access = Access::read_only;
};

struct Copy_place {
    bool granted = false;
    Page_place place;
};

class Desk {
  public:
    virtual ~Desk() = default;

    [[nodiscard]] virtual Result<Port_end> open_port(Domid remote) = 0;
    [[nodiscard]] virtual Result<Port_end> bind_port(Domid remote, Evtchn_port remote_port) = 0;
    virtual void close_port(Evtchn_port port) noexcept = 0;

    [[nodiscard]] virtual Result<New_share> share(Domid peer, std::uint32_t pages, Access access) = 0;
    [[nodiscard]] virtual Status end_share(const std::vector<Gref>& grefs) = 0;

    /// Counts a mapping of each page, until unmap().
    [[nodiscard]] virtual Result<New_mapping> map(Domid owner, const std::vector<Gref>& grefs,
                                                  Access access) = 0;
    virtual void unmap(Mapping_id mapping) noexcept = 0;
    /// The memory file, opened no wider than `access`. denied: no page of it is granted to us so.
    [[nodiscard]] virtual Result<Unique_fd> share_file(Share_id share, Access access) = 0;
    /// Whether and where each element may be copied; one answer per wish, in order.
    [[nodiscard]] virtual Result<std::vector<Copy_place>>
    copy_places(Domid owner, const std::vector<Copy_wish>& wishes) = 0;

    [[nodiscard]] virtual Store& store() noexcept = 0;
};

} // namespace xvm::port::hosted
