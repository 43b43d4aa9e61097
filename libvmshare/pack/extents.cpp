// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/extents.hpp"

#include "libvmshare/base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <vector>

namespace xvm::pack {
namespace {

constexpr std::uint64_t piece_bytes = 1 << 20;
constexpr std::uint64_t hole_bytes = 64 << 20; // hashed in a few hundredths of a second

/// Where data starts at or after `at`, at most `end`; `at` itself if the file cannot tell.
std::uint64_t data_from(int fd, std::uint64_t at, std::uint64_t end) {
    const off_t found = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (found < 0) return errno == ENXIO ? end : at; // ENXIO: a hole up to the end of the file
    return std::min(end, static_cast<std::uint64_t>(found));
}

std::uint64_t hole_from(int fd, std::uint64_t at, std::uint64_t end) {
    const off_t found = ::lseek(fd, static_cast<off_t>(at), SEEK_HOLE);
    return found < 0 ? end : std::min(end, static_cast<std::uint64_t>(found));
}

} // namespace

Status for_each_piece(int fd, std::uint64_t offset, std::uint64_t size, const std::string& name,
                      const std::function<Status(const Piece&)>& visit) {
    // A hole up to the end of the file and a file that is too short look alike to SEEK_DATA.
    XVM_TRY_LET(const std::uint64_t there, size_of(fd, name));
    if (size > there || offset > there - size)
        return fail(Fault::failed, name,
                    "is only " + std::to_string(there) + " bytes long, " + std::to_string(offset + size) +
                        " were to be read");
    std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(size, piece_bytes)));
    const std::uint64_t end = offset + size;
    std::uint64_t at = offset;
    while (at < end) {
        const std::uint64_t data = data_from(fd, at, end);
        while (at < data) {
            const std::uint64_t step = std::min(data - at, hole_bytes);
            XVM_TRY(visit({at - offset, step, {}}));
            at += step;
        }
        const std::uint64_t hole = hole_from(fd, at, end);
        // A hole that was made just now may be where data was found: then the piece is read as data.
        const std::uint64_t stop = hole > at ? hole : end;
        while (at < stop) {
            const auto step = static_cast<std::size_t>(std::min(stop - at, piece_bytes));
            const std::span<std::byte> bytes = std::span(buffer).first(step);
            XVM_TRY(read_exactly(fd, bytes, at, name));
            XVM_TRY(visit({at - offset, step, bytes}));
            at += step;
        }
    }
    return {};
}

} // namespace xvm::pack
