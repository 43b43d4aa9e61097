// SPDX-License-Identifier: Apache-2.0
// Whole reads and writes on file descriptors: a short transfer or EINTR never reaches the caller.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

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

enum class Durable : bool { no, yes };

/// Puts a file with this text at `path`, whole or not at all: nobody sees a part of it. With Durable::yes it
/// is there after a loss of power, too.
[[nodiscard]] Status replace_file(const std::string& path, std::string_view text, Durable durable,
                                  unsigned mode = 0600);

/// Makes the directory and its parents, each 0755 but for the last, which gets `mode` if it is new.
[[nodiscard]] Status make_directories(const std::string& path, unsigned mode = 0750);

} // namespace xvm
