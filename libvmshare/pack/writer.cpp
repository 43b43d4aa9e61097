// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/writer.hpp"

#include "libvmshare/base/assert.hpp"
#include "libvmshare/base/file.hpp"
#include "libvmshare/pack/extents.hpp"
#include "libvmshare/pack/sha256.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace xvm::pack {
namespace {

/// Copies one source to where its image belongs; returns the sum of what was copied.
Result<Sum> write_image(int out, const std::string& name, const Image& image, const Source& source,
                        const Progress& progress) {
    Sha256 state;
    const auto copy = [&](const Piece& piece) -> Status {
        if (piece.bytes.empty()) {
            state.update_zeros(piece.size);
        } else {
            state.update(piece.bytes);
            XVM_TRY(write_exactly(out, piece.bytes, image.offset + piece.at, name));
        }
        return progress(piece.size);
    };
    XVM_TRY(for_each_piece(source.file.get(), 0, image.size, source.path, copy));
    XVM_TRY_LET(const std::uint64_t now, size_of(source.file.get(), source.path));
    if (now != image.size)
        return fail(Fault::failed, source.path, "changed while it was read",
                    "build again when it is at rest");
    return state.finish();
}

} // namespace

Result<Source> Source::open(std::string name, std::string path, Kind kind) {
    // O_NONBLOCK: a FIFO is refused by size_of, not waited for.
    XVM_TRY_LET(Unique_fd file, open_file(path, O_RDONLY | O_NONBLOCK));
    XVM_TRY_LET(const std::uint64_t size, size_of(file.get(), path));
    return Source{{std::move(name), size, kind}, std::move(path), std::move(file)};
}

Result<Index> plan_pack(std::span<const Source> sources, const Pack_spec& spec, const std::string& pack) {
    std::vector<Image_spec> images;
    for (const Source& source : sources)
        images.push_back(source.image);
    auto index = plan(images, spec);
    if (!index) return tl::unexpected(list_error(index.error(), pack));
    return std::move(*index);
}

Result<Index> write_pack(int out, const std::string& name, Index index, std::span<const Source> sources,
                         const Progress& progress) {
    XVM_ASSERT(index.images.size() == sources.size());
    if (::ftruncate(out, static_cast<off_t>(index.disk_bytes)) != 0)
        return fail_errno(errno, name, "cannot make it " + std::to_string(index.disk_bytes) + " bytes long");
    const Source* source = sources.data();
    for (Image& image : index.images) {
        XVM_TRY_LET(const Sum sum, write_image(out, name, image, *source++, progress));
        if (!index.plain) image.sum = sum;
    }
    XVM_TRY(write_exactly(out, encode(index), 0, name));
    return index;
}

} // namespace xvm::pack
