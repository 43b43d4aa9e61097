// SPDX-License-Identifier: Apache-2.0
// A pack opened for reading: a file, or a block device such as a guest's /dev/xvda.
// Invariant: its index was checked, and the disk is as long as the index says. What read() delivers
// was checked only when read() has returned success: before that it is to be kept apart.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/pack/index.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace xvm::pack {

/// Takes `bytes`, which lie at `at` (bytes from the image's start); each call follows on the last,
/// but for holes: what is left out between two calls, or at the end, is zero.
using Sink = std::function<Status(std::span<const std::byte> bytes, std::uint64_t at)>;

/// Is told of each piece that was worked on, holes included (bytes); an error stops the work.
using Progress = std::function<Status(std::uint64_t bytes)>;

class Reader {
  public:
    /// The errors name the pack, the image, and what to do.
    [[nodiscard]] static Result<Reader> open(const std::string& path);
    /// The same of a descriptor that can be read at offsets; `name` stands for it in messages.
    [[nodiscard]] static Result<Reader> open(Unique_fd fd, std::string name);

    [[nodiscard]] const Index& index() const noexcept { return index_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    /// Fault::not_found, with the nearest name there is.
    [[nodiscard]] Result<const Image*> find(std::string_view image) const;

    /// All of an image of index() through `sink`, at most 1 MiB a call, then its SHA-256 compared (a
    /// plain pack has none to compare).
    [[nodiscard]] Status read(const Image& image, const Sink& sink, const Progress& progress = {}) const;

    /// All of a small image, checked: what a kernel or a command line is read by. Refused if it is
    /// longer than `limit` bytes.
    [[nodiscard]] Result<std::vector<std::byte>> read_all(const Image& image, std::uint64_t limit) const;

    /// That all padding is zero, between the images and after the last one.
    [[nodiscard]] Status check_padding(const Progress& progress = {}) const;

  private:
    Reader(Unique_fd fd, std::string name, Index index)
        : fd_(std::move(fd)), name_(std::move(name)), index_(std::move(index)) {}

    Unique_fd fd_;
    std::string name_;
    Index index_;
};

} // namespace xvm::pack
