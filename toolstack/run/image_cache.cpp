// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/image_cache.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/port/boot_check.hpp"
#include "toolstack/plan/images.hpp"
#include "toolstack/run/leased_file.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace xvm::run {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
/// Below this a copy is cheaper than mapping.
constexpr std::uint64_t mapped_bytes_min = 1 << 20;

std::int64_t ns_of(const timespec& time) {
    return time.tv_sec * second_ns + time.tv_nsec;
}

std::optional<Image_identity> identity_of(const plan::Image_source& source) {
    struct stat status {};
    if (::stat(source.path.c_str(), &status) != 0) return std::nullopt;
    return Image_identity{
        status.st_dev,         status.st_ino,         static_cast<std::uint64_t>(status.st_size),
        ns_of(status.st_mtim), ns_of(status.st_ctim), source.entry};
}

/// Whether a later change of the file will show.
bool is_settled(const Image_identity& identity) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::max(identity.modified_ns, identity.changed_ns) + second_ns < ns_of(now);
}

/// A file in memory that nobody can change any more; none when memory is short.
Unique_fd sealed(std::span<const std::byte> bytes) {
    Unique_fd fd(::memfd_create("xvm-image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd || !write_exactly(fd.get(), bytes, 0, "image")) return {};
    if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return {};
    return fd;
}

/// The file itself, unless it is one that the builder may unpack: that is kept unpacked.
std::shared_ptr<const Leased_file> taken_as_it_is(const plan::Image_source& source) {
    if (!source.entry.empty()) return nullptr;
    auto file = Leased_file::map(source.path, mapped_bytes_min, plan::image_bytes_max);
    if (!file) return nullptr;
    const auto format = port::kernel_format(file->bytes());
    return format == port::Kernel_format::elf || format == port::Kernel_format::unknown ? file : nullptr;
}

} // namespace

Image::Image(std::vector<std::byte> bytes) {
    const auto kept = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    bytes_ = *kept;
    holder_ = kept;
}

Image Image_cache::find(const Image_identity& identity) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.identity == identity; });
    if (found == entries_.end()) return {};
    entries_.splice(entries_.begin(), entries_, found);
    void* const mapped = ::mmap(nullptr, found->bytes, PROT_READ, MAP_SHARED, found->memory.get(), 0);
    if (mapped == MAP_FAILED) return {};
    ++counts_.hits;
    Image image;
    image.bytes_ = {static_cast<const std::byte*>(mapped), found->bytes};
    image.identity_ = identity;
    image.holder_ = std::shared_ptr<const void>(
        mapped, [bytes = found->bytes](const void* start) { ::munmap(const_cast<void*>(start), bytes); });
    return image;
}

void Image_cache::keep(const Image_identity& identity, std::span<const std::byte> bytes) {
    if (bytes.empty() || bytes.size() > bytes_max_) return;
    Unique_fd memory = sealed(bytes);
    if (!memory) return;
    const std::lock_guard lock(mutex_);
    const auto drop = [this](std::list<Entry>::iterator entry) {
        counts_.bytes -= entry->bytes;
        return entries_.erase(entry);
    };
    // Of one file only the state it has now is of use.
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const bool same = entry->identity.device == identity.device &&
                          entry->identity.inode == identity.inode && entry->identity.entry == identity.entry;
        entry = same ? drop(entry) : std::next(entry);
    }
    while (counts_.bytes + bytes.size() > bytes_max_)
        drop(std::prev(entries_.end()));
    entries_.push_front({identity, std::move(memory), bytes.size()});
    counts_.bytes += bytes.size();
}

Result<Image> Image_cache::load(const plan::Image_source& source, const std::string& what) {
    const auto before = identity_of(source);
    if (before)
        if (Image image = find(*before); !image.bytes().empty()) return image;
    // What changed while it was read may be a mixture.
    const auto is_of_before = [&] { return before && identity_of(source) == before && is_settled(*before); };
    if (auto file = taken_as_it_is(source)) {
        const std::lock_guard lock(mutex_);
        ++counts_.mapped;
        Image image;
        image.bytes_ = file->bytes();
        image.holder_ = std::move(file);
        if (is_of_before()) image.identity_ = before;
        return image;
    }
    auto content = plan::load_image(source, what);
    if (!content) return tl::unexpected<Error>(std::move(content.error()));
    {
        const std::lock_guard lock(mutex_);
        ++counts_.misses;
    }
    const bool same = is_of_before();
    if (same) keep(*before, *content);
    Image image(std::move(*content));
    if (same) image.identity_ = before;
    return image;
}

void Image_cache::keep_unpacked(const plan::Image_source& source, std::span<const std::byte> unpacked) {
    const auto identity = identity_of(source);
    // Only what was kept when it was loaded, and is the same still, is known to be what this came from.
    if (identity && !find(*identity).bytes().empty()) keep(*identity, unpacked);
}

Image_cache::Counts Image_cache::counts() const {
    const std::lock_guard lock(mutex_);
    Counts now = counts_;
    now.entries = entries_.size();
    return now;
}

std::uint64_t image_cache_bytes() {
    const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    const auto page_bytes = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
    return std::min<std::uint64_t>(512ULL << 20, pages * page_bytes / 4);
}

} // namespace xvm::run
