// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/grants.hpp"

#include "libvmshare/base/scope_guard.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <sys/mman.h>

namespace xvm::port::hosted {
namespace {

constexpr std::size_t open_files_max = 64;

off_t offset_of(std::uint32_t page) noexcept {
    return static_cast<off_t>(page * page_bytes);
}

int protection_of(Access access) noexcept {
    return access == Access::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
}

class Mapping final : public Grant_map::Holder {
  public:
    Mapping(Desk& desk, Mapping_id id, std::span<std::byte> bytes) : desk_(desk), id_(id), bytes_(bytes) {}
    ~Mapping() override {
        ::munmap(bytes_.data(), bytes_.size());
        desk_.unmap(id_);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

  private:
    Desk& desk_;
    Mapping_id id_;
    std::span<std::byte> bytes_;
};

} // namespace

Result<int> Share_files::get(Share_id share, Access access) {
    const auto found = std::find_if(files_.begin(), files_.end(),
                                    [&](const File& f) { return f.share == share && f.access == access; });
    if (found != files_.end()) return found->fd.get();
    XVM_TRY_LET(Unique_fd fd, desk_.share_file(share, access));
    if (files_.size() == open_files_max) files_.pop_front();
    files_.push_back({share, access, std::move(fd)});
    return files_.back().fd.get();
}

Result<Grant_map> Hosted_grants::map(Domid owner, std::span<const Gref> grefs, Access access) {
    XVM_TRY_LET(const New_mapping made, desk_.map(owner, {grefs.begin(), grefs.end()}, access));
    Scope_guard uncount([&] { desk_.unmap(made.id); });
    const std::size_t length = made.places.size() * page_bytes;
    void* const start = ::mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return fail_errno(errno, "grants", "mapping");
    const std::span bytes(static_cast<std::byte*>(start), length);
    uncount.dismiss();
    auto holder = std::make_unique<Mapping>(desk_, made.id, bytes);
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < made.places.size(); ++i) {
        XVM_TRY_LET(const int fd, files_.get(made.places[i].share, access));
        if (::mmap(bytes.data() + i * page_bytes, page_bytes, protection_of(access), MAP_SHARED | MAP_FIXED,
                   fd, offset_of(made.places[i].page)) == MAP_FAILED)
            return fail_errno(errno, "grants", "mapping");
    }
    return Grant_map(bytes, std::move(holder));
}

bool Hosted_grants::transfer(const Grant_copy& element, const Page_place& place) {
    const bool from_guest = element.direction == Direction::from_guest;
    const auto fd = files_.get(place.share, from_guest ? Access::read_only : Access::read_write);
    if (!fd) return false;
    const off_t at = offset_of(place.page) + element.offset;
    const ssize_t moved = from_guest ? ::pread(*fd, element.local, element.length, at)
                                     : ::pwrite(*fd, element.local, element.length, at);
    return moved == element.length;
}

Status Hosted_grants::copy(Domid owner, std::span<Grant_copy> elements) {
    std::vector<Copy_wish> wishes;
    wishes.reserve(elements.size());
    for (const Grant_copy& element : elements)
        wishes.push_back({element.gref, element.direction == Direction::from_guest ? Access::read_only
                                                                                   : Access::read_write});
    XVM_TRY_LET(const std::vector<Copy_place> places, desk_.copy_places(owner, wishes));
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < elements.size(); ++i) {
        const bool inside = std::size_t{elements[i].offset} + elements[i].length <= page_bytes;
        elements[i].ok = places[i].granted && inside && transfer(elements[i], places[i].place);
    }
    return {};
}

Hosted_granter::~Hosted_granter() {
    // The memory stays with whoever maps it; the references end with the process.
    for (const auto& [first, share] : shares_) {
        static_cast<void>(desk_.end_share(share.grefs));
        ::munmap(share.at, share.grefs.size() * page_bytes);
    }
}

Result<Granter::Shared> Hosted_granter::share(Domid peer, std::size_t pages, Access access) {
    XVM_TRY_LET(New_share made, desk_.share(peer, static_cast<std::uint32_t>(pages), access));
    void* const at =
        ::mmap(nullptr, pages * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made.memory.get(), 0);
    if (at == MAP_FAILED) {
        const int why = errno;
        static_cast<void>(desk_.end_share(made.grefs));
        return fail_errno(why, fmt::format("{} page(s) for domain {}", pages, number(peer)), "mapping");
    }
    const std::lock_guard lock(mutex_);
    const Gref first = made.grefs.front();
    const Kept& kept = shares_[first] = Kept{static_cast<std::byte*>(at), std::move(made.grefs)};
    return Shared{{kept.at, pages * page_bytes}, kept.grefs};
}

Status Hosted_granter::end(std::span<const Gref> grefs) {
    const std::lock_guard lock(mutex_);
    const auto found = grefs.empty() ? shares_.end() : shares_.find(grefs.front());
    if (found == shares_.end() || !std::ranges::equal(found->second.grefs, grefs))
        return fail(Fault::not_found, "grants", "not the pages of one share()");
    XVM_TRY(desk_.end_share(found->second.grefs));
    ::munmap(found->second.at, found->second.grefs.size() * page_bytes);
    shares_.erase(found);
    return {};
}

} // namespace xvm::port::hosted
