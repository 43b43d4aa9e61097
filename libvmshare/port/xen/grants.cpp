// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/grants.hpp"

#include "libvmshare/port/xen/open_error.hpp"

extern "C" {
#include <xengnttab.h>
}

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <vector>

namespace xvm::port::xen {
namespace {

struct Close_gnttab {
    void operator()(xengnttab_handle* handle) const noexcept { xengnttab_close(handle); }
};
using Gnttab = std::unique_ptr<xengnttab_handle, Close_gnttab>;

struct Close_gntshr {
    void operator()(xengntshr_handle* handle) const noexcept { xengntshr_close(handle); }
};
using Gntshr = std::unique_ptr<xengntshr_handle, Close_gntshr>;

class Unmap final : public Grant_map::Holder {
  public:
    Unmap(xengnttab_handle* gnttab, void* at, std::uint32_t pages)
        : gnttab_(gnttab), at_(at), pages_(pages) {}
    ~Unmap() override { xengnttab_unmap(gnttab_, at_, pages_); }
    Unmap(const Unmap&) = delete;
    Unmap& operator=(const Unmap&) = delete;

  private:
    xengnttab_handle* gnttab_;
    void* at_;
    std::uint32_t pages_;
};

bool inside_page(const Grant_copy& element) noexcept {
    return std::size_t{element.offset} + element.length <= page_bytes;
}

xengnttab_grant_copy_segment_t segment_of(Domid owner, const Grant_copy& element) noexcept {
    xengnttab_grant_copy_segment_t segment{};
    const bool from_guest = element.direction == Direction::from_guest;
    auto& foreign = from_guest ? segment.source.foreign : segment.dest.foreign;
    foreign.ref = number(element.gref);
    foreign.offset = element.offset;
    foreign.domid = number(owner);
    (from_guest ? segment.dest : segment.source).virt = element.local;
    segment.len = element.length;
    segment.flags = from_guest ? GNTCOPY_source_gref : GNTCOPY_dest_gref;
    return segment;
}

class Xen_grants final : public Grants {
  public:
    Xen_grants(Logger logger, Gnttab gnttab) : logger_(std::move(logger)), gnttab_(std::move(gnttab)) {}

    Result<Grant_map> map(Domid owner, std::span<const Gref> grefs, Access access) override {
        const std::string object = fmt::format("{} grant(s) of domain {} from reference {}", grefs.size(),
                                               number(owner), grefs.empty() ? 0 : number(grefs[0]));
        if (grefs.empty()) return fail(Fault::failed, object, "nothing to map");
        std::vector<std::uint32_t> refs;
        for (const Gref gref : grefs)
            refs.push_back(number(gref));
        const int protection = access == Access::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
        const auto pages = static_cast<std::uint32_t>(refs.size());
        void* at =
            xengnttab_map_domain_grant_refs(gnttab_.get(), pages, number(owner), refs.data(), protection);
        if (at == nullptr) {
            const int why = errno;
            if (why == ENOMEM || why == ENOSPC)
                return fail_errno(why, object, "mapping",
                                  "see xen_gntdev's parameter limit and Xen's max_maptrack_frames");
            return fail(Fault::failed, object,
                        fmt::format("mapping: {}: a reference is not granted to us so", std::strerror(why)));
        }
        return Grant_map({static_cast<std::byte*>(at), pages * page_bytes},
                         std::make_unique<Unmap>(gnttab_.get(), at, pages));
    }

    Status copy(Domid owner, std::span<Grant_copy> elements) override {
        // The kernel refuses a whole batch for one element that leaves its page: keep those out.
        std::vector<xengnttab_grant_copy_segment_t> segments;
        std::vector<Grant_copy*> asked;
        for (Grant_copy& element : elements) {
            element.ok = false;
            if (!inside_page(element)) continue;
            segments.push_back(segment_of(owner, element));
            asked.push_back(&element);
        }
        if (segments.empty()) return {};
        const auto count = static_cast<std::uint32_t>(segments.size());
        if (xengnttab_grant_copy(gnttab_.get(), count, segments.data()) != 0)
            return fail_errno(errno, fmt::format("{} grants of domain {}", count, number(owner)), "copying");
        for (std::size_t i = 0; i < segments.size(); ++i)
            asked[i]->ok = segments[i].status == GNTST_okay;
        return {};
    }

  private:
    Logger logger_;
    Gnttab gnttab_;
};

class Xen_granter final : public Granter {
  public:
    Xen_granter(Logger logger, Gntshr gntshr) : logger_(std::move(logger)), gntshr_(std::move(gntshr)) {}

    Result<Shared> share(Domid peer, std::size_t pages, Access access) override {
        const std::string object = fmt::format("{} page(s) for domain {}", pages, number(peer));
        if (pages == 0 || pages > std::numeric_limits<int>::max())
            return fail(Fault::failed, object, "not a number of pages to share");
        std::vector<std::uint32_t> refs(pages);
        void* at = xengntshr_share_pages(gntshr_.get(), number(peer), static_cast<int>(pages), refs.data(),
                                         access == Access::read_write ? 1 : 0);
        if (at == nullptr) return fail_errno(errno, object, "sharing", "see xen_gntalloc's parameter limit");
        std::memset(at, 0, pages * page_bytes);
        Share made{static_cast<std::byte*>(at), {}};
        for (const std::uint32_t ref : refs)
            made.grefs.push_back(Gref{ref});
        const std::lock_guard lock(mutex_);
        const Share& kept = shares_[refs[0]] = std::move(made);
        return Shared{{kept.at, pages * page_bytes}, kept.grefs};
    }

    Status end(std::span<const Gref> grefs) override {
        const std::lock_guard lock(mutex_);
        const auto found = grefs.empty() ? shares_.end() : shares_.find(number(grefs[0]));
        if (found == shares_.end())
            return fail(Fault::not_found, "grant references", "share() gave no such stretch");
        // gntalloc keeps a page that is still mapped until its last mapping goes; it does not say so.
        if (xengntshr_unshare(gntshr_.get(), found->second.at,
                              static_cast<std::uint32_t>(found->second.grefs.size())) != 0)
            return fail_errno(errno, fmt::format("grant {}", number(grefs[0])), "ending");
        shares_.erase(found);
        return {};
    }

  private:
    struct Share {
        std::byte* at = nullptr;
        std::vector<Gref> grefs;
    };
    Logger logger_;
    Gntshr gntshr_;
    std::mutex mutex_;
    std::map<std::uint32_t, Share> shares_; ///< by first reference
};

} // namespace

Result<std::unique_ptr<Grants>> open_grants() {
    Logger logger = quiet_logger();
    Gnttab gnttab(xengnttab_open(logger.get(), 0));
    if (!gnttab) return fail_open(errno, "/dev/xen/gntdev", "xen-gntdev");
    return std::make_unique<Xen_grants>(std::move(logger), std::move(gnttab));
}

Result<std::unique_ptr<Granter>> open_granter() {
    Logger logger = quiet_logger();
    Gntshr gntshr(xengntshr_open(logger.get(), 0));
    if (!gntshr) return fail_open(errno, "/dev/xen/gntalloc", "xen-gntalloc");
    return std::make_unique<Xen_granter>(std::move(logger), std::move(gntshr));
}

} // namespace xvm::port::xen
