// SPDX-License-Identifier: Apache-2.0
// A file's bytes where they lie, in the kernel's cache, for as long as this is held: no copy is made.
//
// Invariant: the bytes stay as they are. Who opens the file for writing, or cuts it, waits until this is let
// go: it holds a read lease (fcntl(2), F_SETLEASE). The kernel lets such a writer pass after 45 s
// (fs.lease-break-time), so hold it no longer than one guest's build takes. Replacing the file by a rename
// waits for nobody, and changes nothing here.
#pragma once

#include "libvmshare/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace xvm::run {

class Leased_file {
  public:
    /// None where that cannot be: no regular file of `bytes_min` to `bytes_max` bytes, open for writing
    /// somewhere, of a file system without leases, or not readable to its end. Then it is to be read.
    [[nodiscard]] static std::shared_ptr<const Leased_file>
    map(const std::string& path, std::uint64_t bytes_min, std::uint64_t bytes_max);

    Leased_file(const Leased_file&) = delete;
    Leased_file& operator=(const Leased_file&) = delete;
    ~Leased_file();
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

  private:
    Leased_file(Unique_fd fd, std::span<const std::byte> bytes) : fd_(std::move(fd)), bytes_(bytes) {}

    Unique_fd fd_; ///< the lease goes with it
    std::span<const std::byte> bytes_;
};

} // namespace xvm::run
