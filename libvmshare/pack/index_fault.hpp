// SPDX-License-Identifier: Apache-2.0
// Why bytes are not the index of a pack, or why a list of images cannot become one.
// A verdict, not an Error: it knows the slot, not the file. to_error() gives it a file's name.
#pragma once

#include "libvmshare/base/result.hpp"

#include <cstdint>
#include <string>

namespace xvm::pack {

enum class Index_rule : std::uint8_t {
    // what the bytes are
    magic,    ///< not a pack at all
    major,    ///< of another major version
    incompat, ///< uses a feature this reader does not know
    flags,    ///< a flag bit without a meaning
    reserved, ///< a byte that must be zero is not
    sum,      ///< the index's SHA-256 is another
    // what the header says
    count,      ///< more images than slots
    disk_bytes, ///< no multiple of 4 KiB, or beyond 2^63
    label,      ///< not printable ASCII, too long, or not NUL padded
    // what an entry says
    name,      ///< empty, too long, a character outside [A-Za-z0-9._-], "." or ".."
    duplicate, ///< the name stands twice
    kind,      ///< a number without a meaning
    offset,    ///< not what the sizes before it give
    size,      ///< past the end of the disk, or of 64 bits
    // what is there of it
    truncated, ///< the disk ends inside or before this image
};

struct Index_fault {
    Index_rule rule{};
    unsigned slot = 0; ///< 0: the header; k: image k, counted from 1
    std::string name;  ///< of the image, printable; empty where there is none
    std::string what;  ///< the finding, in words
};

/// One line for a user: "PACK: image 3 'rootfs' …; remedy". Fault::failed: the pack is at fault.
[[nodiscard]] Error pack_error(const Index_fault& fault, const std::string& pack);
/// The same of a list that was to become a pack. Fault::usage: the user's list is at fault.
[[nodiscard]] Error list_error(const Index_fault& fault, const std::string& pack);

} // namespace xvm::pack
