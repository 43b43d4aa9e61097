// SPDX-License-Identifier: Apache-2.0
// Whole reads and writes on file descriptors: a short transfer or EINTR never reaches the caller.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace xvm {

/// open(2) with O_CLOEXEC added; the error names the path.
[[nodiscard]] Result<Unique_fd> open_file(const std::string& path, int flags, unsigned mode = 0666);

/// Fills `into` from `offset` (bytes). End of file before that is an error that says how much there was.
[[nodiscard]] Status read_exactly(int fd, std::span<std::byte> into, std::uint64_t offset,
                                  const std::string& name);

/// Writes all of `from` at `offset` (bytes).
[[nodiscard]] Status write_exactly(int fd, std::span<const std::byte> from, std::uint64_t offset,
                                   const std::string& name);

/// Size in bytes of a regular file or of a block device.
[[nodiscard]] Result<std::uint64_t> size_of(int fd, const std::string& name);

/// The whole file as text; refused when it is larger than `limit` bytes.
[[nodiscard]] Result<std::string> read_text(const std::string& path, std::size_t limit);

} // namespace xvm
