// SPDX-License-Identifier: Apache-2.0
// What a virtual disk is made of: a raw file or block device, or a pack shared read-only by many guests.
//
// Invariant: an Image has at least one sector and keeps its size until follow_size(). A writable one holds
// the file's exclusive lock, a read-only one the shared lock, until it is destroyed: a file that a guest
// writes is nobody else's disk.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace xvm::block {

class Image {
  public:
    /// A regular file or block device, all of it. usage: its size is no multiple of 512 bytes, or 0;
    /// busy: another guest's disk already, and one of the two would write.
    [[nodiscard]] static Result<Image> open_raw(const std::string& path, bool read_only);

    [[nodiscard]] std::uint64_t sectors() const noexcept { return sectors_; }
    /// Takes up the size the file has now (a pack's never changes): true if it is another than before.
    /// usage: it is no whole number of sectors, or none; the size stays as it was.
    [[nodiscard]] Result<bool> follow_size();
    [[nodiscard]] bool read_only() const noexcept { return read_only_; }
    [[nodiscard]] const std::string& path() const noexcept { return file_->path; }

    /// `offset` in bytes, inside the disk. All of `into`, or an error.
    [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> into) const;
    /// exhausted: no space left. Not for a read-only image.
    [[nodiscard]] Status write(std::uint64_t offset, std::span<const std::byte> from) const;
    /// What was written is stable afterwards.
    [[nodiscard]] Status flush() const;

  private:
    friend class Packs;
    struct File {
        Unique_fd fd;
        std::string path;
        std::uint64_t sectors;
        bool pack;
    };
    Image(std::shared_ptr<const File> file, bool read_only) noexcept
        : file_(std::move(file)), sectors_(file_->sectors), read_only_(read_only) {}
    static Result<std::shared_ptr<File>> open(const std::string& path, bool read_only);

    std::shared_ptr<const File> file_;
    std::uint64_t sectors_;
    bool read_only_;
};

/// The packs that are open: each file once, however many guests read it.
class Packs {
  public:
    /// The disk that the pack's index describes. The index is checked when the file is first opened;
    /// the errors are the pack reader's.
    [[nodiscard]] Result<Image> open(const std::string& path);

    /// Files that some guest has open.
    [[nodiscard]] std::size_t open_files() const noexcept;

  private:
    using File_id = std::pair<std::uint64_t, std::uint64_t>; // device, inode
    std::map<File_id, std::weak_ptr<const Image::File>> files_;
};

} // namespace xvm::block
