// SPDX-License-Identifier: Apache-2.0
// What must hold of every Index that parse() hands out, whatever bytes it was given.
#pragma once

#include "libvmshare/pack/index.hpp"

#include <optional>
#include <set>
#include <string>

namespace xvm::pack::test {

/// What is broken, or nullopt. Written apart from the parser: no function of it is used.
inline std::optional<std::string> broken_invariant(const Index& index) {
    if (index.images.size() > 255) return "more than 255 images";
    if (index.disk_bytes < 65536 || index.disk_bytes % 4096 != 0) return "odd disk size";
    std::set<std::string> names;
    std::uint64_t end = 65536;
    for (const Image& image : index.images) {
        if (image.name.empty() || image.name.size() > 95 || image.name == "." || image.name == "..")
            return "bad name";
        for (const char c : image.name)
            if (std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
                    .find(c) == std::string_view::npos)
                return "bad character in a name";
        if (!names.insert(image.name).second) return "two images of one name";
        if (image.offset % 4096 != 0 || image.offset < end || image.offset - end >= 4096)
            return "gap or overlap";
        if (image.offset > index.disk_bytes || image.size > index.disk_bytes - image.offset)
            return "image past the end of the disk";
        if (image.sum.has_value() == index.plain) return "sum of a plain image, or none of a full one";
        if (static_cast<unsigned>(image.kind) > 5) return "unknown kind";
        end = image.offset + image.size;
    }
    return std::nullopt;
}

} // namespace xvm::pack::test
