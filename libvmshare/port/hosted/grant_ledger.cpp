// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/grant_ledger.hpp"

#include "libvmshare/base/assert.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

namespace xvm::port::hosted {
namespace {

/// Xen keeps the first references for the toolstack; a test that mixes 0 with a reference shows up so.
constexpr std::uint32_t first_gref = 8;

/// Zeroed memory that nobody can make shorter: a peer's access to it never faults.
Result<Unique_fd> new_memory(std::uint32_t pages) {
    Unique_fd memory(::memfd_create("granted pages", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory) return fail_errno(errno, "granted pages", "memfd_create");
    if (::ftruncate(memory.get(), static_cast<off_t>(pages * page_bytes)) != 0)
        return fail_errno(errno, "granted pages", "ftruncate");
    if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return fail_errno(errno, "granted pages", "sealing");
    return memory;
}

/// The same memory behind a descriptor of its own, so that read-only stays read-only.
Result<Unique_fd> opened_again(const Unique_fd& memory, Access access) {
    const std::string path = fmt::format("/proc/self/fd/{}", memory.get());
    const int flags = access == Access::read_only ? O_RDONLY : O_RDWR;
    Unique_fd fd(::open(path.c_str(), flags | O_CLOEXEC));
    if (!fd) return fail_errno(errno, "granted pages", "opening again");
    return fd;
}

bool allows(Access granted, Access wanted) noexcept {
    return granted == Access::read_write || wanted == Access::read_only;
}

} // namespace

Result<std::vector<Gref>> Grant_ledger::unused(Domid domid, std::uint32_t count) const {
    std::vector<Gref> free;
    for (std::uint32_t gref = first_gref; gref < first_gref + limits_.grants && free.size() < count; ++gref)
        if (!entries_.contains({domid, Gref{gref}})) free.push_back(Gref{gref});
    if (free.size() < count)
        return fail_errno(ENOSPC, fmt::format("domain {}", number(domid)),
                          fmt::format("granting {} page(s)", count), "end other grants first");
    return free;
}

Result<New_share> Grant_ledger::share(Process_id process, Domid domid, Domid peer, std::uint32_t pages,
                                      Access access) {
    if (pages == 0) return fail(Fault::failed, "grants", "nothing to share");
    XVM_TRY_LET(std::vector<Gref> grefs, unused(domid, pages));
    XVM_TRY_LET(Unique_fd memory, new_memory(pages));
    XVM_TRY_LET(Unique_fd handed, opened_again(memory, Access::read_write));
    const Share_id id{++last_share_};
    for (std::uint32_t page = 0; page < pages; ++page)
        entries_[{domid, grefs[page]}] = Entry{{id, page}, 0};
    shares_[id] = Share{process, domid, peer, access, std::move(memory), grefs, false};
    return New_share{std::move(grefs), std::move(handed)};
}

bool Grant_ledger::mapped(const Share& share) const {
    return std::any_of(share.grefs.begin(), share.grefs.end(), [&](Gref gref) {
        return entries_.at({share.owner, gref}).mappings > 0;
    });
}

Status Grant_ledger::end_share(Domid domid, const std::vector<Gref>& grefs) {
    const auto entry = grefs.empty() ? entries_.end() : entries_.find({domid, grefs.front()});
    const auto share = entry == entries_.end() ? shares_.end() : shares_.find(entry->second.place.share);
    if (share == shares_.end() || share->second.grefs != grefs)
        return fail(Fault::not_found, fmt::format("grants of domain {}", number(domid)),
                    "not the pages of one share()");
    if (mapped(share->second))
        return fail_errno(EBUSY, fmt::format("grant {} of domain {}", number(grefs.front()), number(domid)),
                          "ending", fmt::format("domain {} must unmap it", number(share->second.peer)));
    erase(share);
    return {};
}

const Grant_ledger::Entry* Grant_ledger::granted(Domid domid, Domid owner, Gref gref, Access access) const {
    const auto entry = entries_.find({owner, gref});
    if (entry == entries_.end()) return nullptr;
    const Share& share = shares_.at(entry->second.place.share);
    if (share.ending || share.peer != domid || !allows(share.access, access)) return nullptr;
    return &entry->second;
}

Result<New_mapping> Grant_ledger::map(Process_id process, Domid domid, Domid owner,
                                      const std::vector<Gref>& grefs, Access access) {
    const std::string object = fmt::format("grants of domain {}", number(owner));
    if (grefs.empty()) return fail(Fault::failed, object, "nothing to map");
    New_mapping made;
    for (const Gref gref : grefs) {
        const Entry* entry = granted(domid, owner, gref, access);
        if (entry == nullptr)
            return fail(
                Fault::failed, object,
                fmt::format("reference {} is not granted to domain {} so", number(gref), number(domid)));
        made.places.push_back(entry->place);
    }
    if (mapped_pages_[domid] + grefs.size() > limits_.mapped_pages)
        return fail_errno(ENOSPC, object, "mapping", "unmap others first");
    mapped_pages_[domid] += static_cast<std::uint32_t>(grefs.size());
    for (const Gref gref : grefs)
        ++entries_.at({owner, gref}).mappings;
    made.id = Mapping_id{++last_mapping_};
    mappings_[made.id] = Mapping{process, domid, owner, grefs};
    return made;
}

std::map<Mapping_id, Grant_ledger::Mapping>::iterator
Grant_ledger::erase(std::map<Mapping_id, Mapping>::iterator mapping) {
    const Mapping& gone = mapping->second;
    mapped_pages_[gone.domid] -= static_cast<std::uint32_t>(gone.grefs.size());
    for (const Gref gref : gone.grefs) {
        Entry& entry = entries_.at({gone.owner, gref});
        XVM_ASSERT(entry.mappings > 0);
        --entry.mappings;
        const auto share = shares_.find(entry.place.share);
        if (share->second.ending && !mapped(share->second)) erase(share);
    }
    return mappings_.erase(mapping);
}

std::map<Share_id, Grant_ledger::Share>::iterator
Grant_ledger::erase(std::map<Share_id, Share>::iterator share) {
    for (const Gref gref : share->second.grefs)
        entries_.erase({share->second.owner, gref});
    return shares_.erase(share);
}

void Grant_ledger::unmap(Process_id process, Mapping_id mapping) {
    const auto found = mappings_.find(mapping);
    if (found != mappings_.end() && found->second.process == process) erase(found);
}

Result<Unique_fd> Grant_ledger::share_file(Domid domid, Share_id share, Access access) const {
    const auto found = shares_.find(share);
    if (found == shares_.end() || found->second.peer != domid || !allows(found->second.access, access))
        return fail(Fault::denied, "granted pages",
                    fmt::format("not granted to domain {} so", number(domid)));
    return opened_again(found->second.memory, access);
}

std::vector<Copy_place> Grant_ledger::copy_places(Domid domid, Domid owner,
                                                  const std::vector<Copy_wish>& wishes) const {
    std::vector<Copy_place> places;
    places.reserve(wishes.size());
    for (const Copy_wish& wish : wishes) {
        const Entry* entry = granted(domid, owner, wish.gref, wish.access);
        places.push_back(entry == nullptr ? Copy_place{} : Copy_place{true, entry->place});
    }
    return places;
}

void Grant_ledger::process_ended(Process_id process) {
    for (auto mapping = mappings_.begin(); mapping != mappings_.end();)
        mapping = mapping->second.process == process ? erase(mapping) : std::next(mapping);
    for (auto share = shares_.begin(); share != shares_.end();) {
        if (share->second.process != process) {
            ++share;
            continue;
        }
        share->second.ending = true;
        share = mapped(share->second) ? std::next(share) : erase(share);
    }
}

bool Grant_ledger::in_use(Domid owner) const {
    return std::any_of(mappings_.begin(), mappings_.end(),
                       [&](const auto& mapping) { return mapping.second.owner == owner; });
}

boost::json::array Grant_ledger::dump_grants() const {
    boost::json::array all;
    for (const auto& [key, entry] : entries_) {
        const Share& share = shares_.at(entry.place.share);
        all.push_back(boost::json::object{{"domid", number(key.first)},
                                          {"gref", number(key.second)},
                                          {"peer", number(share.peer)},
                                          {"writable", share.access == Access::read_write},
                                          {"mappings", entry.mappings}});
    }
    return all;
}

boost::json::array Grant_ledger::dump_mappings() const {
    boost::json::array all;
    for (const auto& [id, mapping] : mappings_) {
        boost::json::array grefs;
        for (const Gref gref : mapping.grefs)
            grefs.push_back(number(gref));
        all.push_back(boost::json::object{
            {"domid", number(mapping.domid)}, {"owner", number(mapping.owner)}, {"grefs", std::move(grefs)}});
    }
    return all;
}

} // namespace xvm::port::hosted
