// SPDX-License-Identifier: Apache-2.0
// Kernels and RAM disks, as guests get them: read and checked once for each state of their file, and
// unpacked once where they were packed. What is kept lies in sealed memory files: nobody can change it, and
// a process holds none of it but while a guest is built. A large file that guests get as it is needs no
// copy: it is mapped, and kept as it is while that lasts (Leased_file).
//
// An entry belongs to a file's device, inode, size and times of change: another file, or the same one
// written to, is read again. A file that changed less than a second ago is read and not kept: it may change
// once more without showing it.
// Invariant: what is kept together is at most `bytes_max`; the longest unused goes first. Any thread.
#pragma once

#include "libvmshare/base/unique_fd.hpp"
#include "toolstack/plan/config.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace xvm::run {

/// Which state of which file.
struct Image_identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    std::string entry; ///< of a pack
    bool operator==(const Image_identity&) const = default;
};

/// Bytes that stay as they are for as long as this is held. Copies share them.
class Image {
  public:
    Image() = default;
    explicit Image(std::vector<std::byte> bytes);
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
    /// Two with the same one have the same bytes. Nothing: the file may change without showing it.
    [[nodiscard]] const std::optional<Image_identity>& identity() const noexcept { return identity_; }

  private:
    friend class Image_cache;
    std::shared_ptr<const void> holder_; ///< a vector, a mapping, or a Leased_file
    std::span<const std::byte> bytes_;
    std::optional<Image_identity> identity_;
};

class Image_cache {
  public:
    explicit Image_cache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    /// As plan::load_image() says, and with its errors.
    [[nodiscard]] Result<Image> load(const plan::Image_source& source, const std::string& what);
    /// From now on load() gives `unpacked` for this source, while its file is what it was at the last load().
    void keep_unpacked(const plan::Image_source& source, std::span<const std::byte> unpacked);

    struct Counts {
        std::uint64_t bytes = 0; ///< kept
        std::uint64_t entries = 0;
        std::uint64_t hits = 0;
        std::uint64_t misses = 0;
        std::uint64_t mapped = 0; ///< loads that took the file itself
    };
    [[nodiscard]] Counts counts() const;

  private:
    struct Entry {
        Image_identity identity;
        Unique_fd memory;
        std::uint64_t bytes = 0;
    };
    [[nodiscard]] Image find(const Image_identity& identity);
    void keep(const Image_identity& identity, std::span<const std::byte> bytes);

    const std::uint64_t bytes_max_;
    mutable std::mutex mutex_; ///< guards the rest
    std::list<Entry> entries_; ///< the last used first
    Counts counts_;
};

/// A quarter of this machine's memory, and no more than 512 MiB.
[[nodiscard]] std::uint64_t image_cache_bytes();

} // namespace xvm::run
