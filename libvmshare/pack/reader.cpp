// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/reader.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/base/suggest.hpp"
#include "libvmshare/pack/extents.hpp"
#include "libvmshare/pack/name.hpp"
#include "libvmshare/pack/parse.hpp"
#include "libvmshare/pack/sha256.hpp"

#include <algorithm>
#include <fcntl.h>

namespace xvm::pack {
namespace {

Status no_progress(std::uint64_t) {
    return {};
}

std::optional<std::size_t> first_nonzero(std::span<const std::byte> bytes) {
    const auto at = std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{}; });
    if (at == bytes.end()) return std::nullopt;
    return static_cast<std::size_t>(at - bytes.begin());
}

} // namespace

Result<Reader> Reader::open(const std::string& path) {
    XVM_TRY_LET(Unique_fd fd, open_file(path, O_RDONLY));
    return open(std::move(fd), path);
}

Result<Reader> Reader::open(Unique_fd fd, std::string name) {
    XVM_TRY_LET(const std::uint64_t there, size_of(fd.get(), name));
    std::vector<std::byte> bytes(index_bytes);
    // Less than an index: what is there is still looked at, so that no pack and a cut pack differ.
    const auto have = static_cast<std::size_t>(std::min(there, index_bytes));
    XVM_TRY(read_exactly(fd.get(), std::span(bytes).first(have), 0, name));
    const std::string_view start(reinterpret_cast<const char*>(bytes.data()), 8);
    if (have < index_bytes && start == XVM_PACK_MAGIC)
        return tl::unexpected(pack_error({Index_rule::truncated,
                                          0,
                                          {},
                                          "ends inside its index: " + std::to_string(there) + " of " +
                                              std::to_string(index_bytes) + " bytes are there"},
                                         name));
    auto index = parse(Index_span(bytes.data(), index_bytes), there);
    if (!index) return tl::unexpected(pack_error(index.error(), name));
    return Reader(std::move(fd), std::move(name), std::move(*index));
}

Result<const Image*> Reader::find(std::string_view image) const {
    if (const Image* const found = index_.find(image)) return found;
    std::vector<std::string_view> names;
    for (const Image& known : index_.images)
        names.emplace_back(known.name);
    const auto near = nearest(image, names);
    return fail(Fault::not_found, name_, "has no image '" + printable(image) + "'",
                near ? "did you mean '" + std::string(*near) + "'?" : "'xvm-pack ls' lists the images");
}

Status Reader::read(const Image& image, const Sink& sink, const Progress& progress) const {
    const Progress& tell = progress ? progress : Progress(no_progress);
    Sha256 state;
    const auto take = [&](const Piece& piece) -> Status {
        if (piece.bytes.empty()) {
            state.update_zeros(piece.size);
        } else {
            state.update(piece.bytes);
            XVM_TRY(sink(piece.bytes, piece.at));
        }
        return tell(piece.size);
    };
    XVM_TRY(for_each_piece(fd_.get(), image.offset, image.size, name_, take));
    if (image.sum && state.finish() != *image.sum)
        return fail(Fault::failed, name_,
                    "image '" + image.name + "' is corrupt: the SHA-256 of its " +
                        std::to_string(image.size) + " bytes at offset " + std::to_string(image.offset) +
                        " is not the index's",
                    "copy the pack again, or build it anew");
    return {};
}

Result<std::vector<std::byte>> Reader::read_all(const Image& image, std::uint64_t limit) const {
    if (image.size > limit)
        return fail(Fault::exhausted, name_,
                    "image '" + image.name + "' is " + std::to_string(image.size) + " bytes, at most " +
                        std::to_string(limit) + " are read here");
    std::vector<std::byte> all(static_cast<std::size_t>(image.size));
    XVM_TRY(read(image, [&](std::span<const std::byte> bytes, std::uint64_t at) -> Status {
        std::copy(bytes.begin(), bytes.end(), all.begin() + static_cast<std::ptrdiff_t>(at));
        return {};
    }));
    return all;
}

Status Reader::check_padding(const Progress& progress) const {
    const Progress& tell = progress ? progress : Progress(no_progress);
    const auto check = [&](std::uint64_t from, std::uint64_t to, const std::string& after) {
        return for_each_piece(fd_.get(), from, to - from, name_, [&](const Piece& piece) -> Status {
            if (const auto bad = first_nonzero(piece.bytes))
                return fail(Fault::failed, name_,
                            "the padding after " + after + " is not zero at byte " +
                                std::to_string(from + piece.at + *bad),
                            "the pack is corrupt: copy it again, or build it anew");
            return tell(piece.size);
        });
    };
    std::uint64_t end = index_bytes;
    std::string before = "the index";
    for (const Image& image : index_.images) {
        XVM_TRY(check(end, image.offset, before));
        end = image.offset + image.size;
        before = "image '" + image.name + "'";
    }
    return check(end, index_.disk_bytes, before);
}

} // namespace xvm::pack
