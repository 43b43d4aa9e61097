// SPDX-License-Identifier: Apache-2.0
// The files a configuration names: read what the guest starts from, look whether its disks can be served.
// Every error says which part of the configuration it is about, and which file.
#pragma once

#include "toolstack/plan/config.hpp"

#include <cstddef>
#include <vector>

namespace xvm::plan {

/// Larger kernels and RAM disks are refused before they are read: they would fill dom0's memory.
inline constexpr std::uint64_t image_bytes_max = 2ULL << 30;

/// The bytes of a kernel or RAM disk, out of a pack with their SHA-256 checked. `what`: "kernel".
/// not_found: no such file or entry; usage: empty, too large, or not a pack; failed: corrupt.
[[nodiscard]] Result<std::vector<std::byte>> load_image(const Image_source& image, const std::string& what);

/// That the disk's file is there, can be opened as its mode wants, has a size a disk can have, is a sound
/// pack if it is to be one, and is not locked by another. Nothing stays open.
[[nodiscard]] Status check_disk(const Disk_config& disk);

} // namespace xvm::plan
