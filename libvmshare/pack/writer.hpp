// SPDX-License-Identifier: Apache-2.0
// Files to a pack: one pass over each, with bounded memory, holes kept as holes.
// Invariant: the sum in the index is of the bytes that went into the pack, not of a second reading.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/pack/encode.hpp"
#include "libvmshare/pack/reader.hpp"

#include <span>
#include <string>

namespace xvm::pack {

/// An image to be: its name in the pack and the open file that it comes from.
struct Source {
    Image_spec image; ///< image.size: of the file when it was opened
    std::string path; ///< for messages
    Unique_fd file;

    /// Opens `path`: a regular file or a block device.
    [[nodiscard]] static Result<Source> open(std::string name, std::string path, Kind kind);
};

/// Refuses lists that do not fit (Fault::usage, messages name `pack`); else the pack's index, sums missing.
[[nodiscard]] Result<Index> plan_pack(std::span<const Source> sources, const Pack_spec& spec,
                                      const std::string& pack);

/// Writes the pack of `index` (from plan_pack of the same sources) to `out`, an empty file. The index
/// goes last, so what was cut short is no pack. Returns the index with its sums. A source whose size
/// changes meanwhile is an error.
[[nodiscard]] Result<Index> write_pack(int out, const std::string& name, Index index,
                                       std::span<const Source> sources, const Progress& progress);

} // namespace xvm::pack
