// SPDX-License-Identifier: Apache-2.0
// A saved guest's file, to restore from.
// Invariant: head() is whole and of this file; the stream is not looked at before verify().
#pragma once

#include "libvmshare/base/unique_fd.hpp"
#include "toolstack/saved/saved_guest.hpp"

namespace xvm::saved {

class Reader {
  public:
    /// not_found: no such file; usage: no saved guest, another version, damaged or cut short.
    [[nodiscard]] static Result<Reader> open(const std::string& path);
    [[nodiscard]] const Head& head() const noexcept { return head_; }
    /// Whether every byte is as it was written; reads all of them. usage: it is not.
    [[nodiscard]] Status verify(const Cancelled& cancelled) const;
    /// For the stream: its offset stands behind the head.
    [[nodiscard]] Result<int> stream() const;

  private:
    Reader(std::string path, Unique_fd fd, Head head)
        : path_(std::move(path)), fd_(std::move(fd)), head_(std::move(head)) {}
    std::string path_;
    Unique_fd fd_;
    Head head_;
};

} // namespace xvm::saved
