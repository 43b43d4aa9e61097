// SPDX-License-Identifier: Apache-2.0
// The machine's list of granted pages and of their mappings.
// Invariant: a page that is mapped keeps its entry, whoever ended; an entry's `mappings` counts the
// appearances of its reference in all mappings.
#pragma once

#include "libvmshare/port/hosted/desk.hpp"
#include "libvmshare/port/hosted/limits.hpp"
#include "libvmshare/port/hosted/port_ledger.hpp"

#include <boost/json/array.hpp>
#include <map>

namespace xvm::port::hosted {

class Grant_ledger {
  public:
    explicit Grant_ledger(const Limits& limits) : limits_(limits) {}

    [[nodiscard]] Result<New_share> share(Process_id process, Domid domid, Domid peer, std::uint32_t pages,
                                          Access access);
    [[nodiscard]] Status end_share(Domid domid, const std::vector<Gref>& grefs);

    [[nodiscard]] Result<New_mapping> map(Process_id process, Domid domid, Domid owner,
                                          const std::vector<Gref>& grefs, Access access);
    void unmap(Process_id process, Mapping_id mapping);
    [[nodiscard]] Result<Unique_fd> share_file(Domid domid, Share_id share, Access access) const;
    [[nodiscard]] std::vector<Copy_place> copy_places(Domid domid, Domid owner,
                                                      const std::vector<Copy_wish>& wishes) const;

    /// Its mappings go; its shares go as soon as nobody maps them.
    void process_ended(Process_id process);
    /// Whether another still maps a page of that domain.
    [[nodiscard]] bool in_use(Domid owner) const;

    [[nodiscard]] boost::json::array dump_grants() const;
    [[nodiscard]] boost::json::array dump_mappings() const;

  private:
    using Key = std::pair<Domid, Gref>;
    struct Share {
        Process_id process{};
        Domid owner{};
        Domid peer{};
        Access access = Access::read_only;
        Unique_fd memory;
        std::vector<Gref> grefs;
        bool ending = false; ///< its process ended while it was mapped
    };
    struct Entry {
        Page_place place;
        std::uint32_t mappings = 0;
    };
    struct Mapping {
        Process_id process{};
        Domid domid{};
        Domid owner{};
        std::vector<Gref> grefs;
    };

    [[nodiscard]] Result<std::vector<Gref>> unused(Domid domid, std::uint32_t count) const;
    /// The entry of a page that `domid` may use so; nothing otherwise.
    [[nodiscard]] const Entry* granted(Domid domid, Domid owner, Gref gref, Access access) const;
    [[nodiscard]] bool mapped(const Share& share) const;
    std::map<Mapping_id, Mapping>::iterator erase(std::map<Mapping_id, Mapping>::iterator mapping);
    std::map<Share_id, Share>::iterator erase(std::map<Share_id, Share>::iterator share);

    Limits limits_;
    std::map<Key, Entry> entries_;
    std::map<Share_id, Share> shares_;
    std::map<Mapping_id, Mapping> mappings_;
    std::map<Domid, std::uint32_t> mapped_pages_; ///< by the domain that maps
    std::uint32_t last_share_ = 0;
    std::uint32_t last_mapping_ = 0;
};

} // namespace xvm::port::hosted
