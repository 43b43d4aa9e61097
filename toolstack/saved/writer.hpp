// SPDX-License-Identifier: Apache-2.0
// A saved guest's file while it is written: FILE.partial, which becomes FILE when it is whole.
//
// Invariant: FILE is never there in part; what is under it after publish() survives a loss of power.
#pragma once

#include "libvmshare/base/unique_fd.hpp"
#include "toolstack/saved/saved_guest.hpp"

namespace xvm::saved {

/// Refuses, before anybody is disturbed, what cannot be written: no such directory, a name that is taken
/// (unless `replace`), less room than `bytes`.
[[nodiscard]] Status check_target(const std::string& path, std::uint64_t bytes, bool replace);

class Writer {
  public:
    /// busy: FILE.partial is there, so somebody else writes it.
    [[nodiscard]] static Result<Writer> create(const std::string& path);
    /// For the stream: its offset stands behind the head.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    /// Sums up what was written, and writes the head.
    [[nodiscard]] Status finish(Saved_guest guest, const Cancelled& cancelled);

  private:
    Writer(std::string path, Unique_fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    std::string path_;
    Unique_fd fd_;
};

/// FILE.partial, finished, becomes FILE.
[[nodiscard]] Status publish(const std::string& path, bool replace);
/// Nothing stays of a save: neither FILE.partial nor, if it is of that save, FILE.
void discard(const std::string& path, const std::string& save);

} // namespace xvm::saved
