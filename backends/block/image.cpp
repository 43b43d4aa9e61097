// SPDX-License-Identifier: Apache-2.0
#include "backends/block/image.hpp"

#include "libvmshare/abi/block.h"
#include "libvmshare/base/assert.hpp"
#include "libvmshare/base/file.hpp"
#include "libvmshare/pack/reader.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xvm::block {
namespace {

Status lock(int fd, const std::string& path, bool read_only) {
    if (::flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK) return fail_errno(errno, path, "cannot lock");
    return fail(Fault::busy, path, "is in use as another guest's disk",
                read_only ? "wait until no guest writes it"
                          : "give each guest that writes a file of its own");
}

Result<std::uint64_t> sectors_of(int fd, const std::string& path) {
    XVM_TRY_LET(const std::uint64_t bytes, size_of(fd, path));
    if (bytes == 0 || bytes % XVM_BLK_SECTOR_BYTES != 0)
        return fail(Fault::usage, path,
                    "has " + std::to_string(bytes) + " bytes: a disk is a whole number of 512-byte sectors",
                    "truncate -s %512 '" + path + "'");
    return bytes / XVM_BLK_SECTOR_BYTES;
}

} // namespace

Result<std::shared_ptr<Image::File>> Image::open(const std::string& path, bool read_only) {
    XVM_TRY_LET(Unique_fd fd, open_file(path, read_only ? O_RDONLY : O_RDWR));
    XVM_TRY(lock(fd.get(), path, read_only));
    return std::make_shared<File>(File{std::move(fd), path, 0, false});
}

Result<Image> Image::open_raw(const std::string& path, bool read_only) {
    XVM_TRY_LET(std::shared_ptr<File> file, open(path, read_only));
    XVM_TRY_LET(file->sectors, sectors_of(file->fd.get(), path));
    return Image(std::move(file), read_only);
}

Result<bool> Image::follow_size() {
    if (file_->pack) return false;
    XVM_TRY_LET(const std::uint64_t now, sectors_of(file_->fd.get(), file_->path));
    return std::exchange(sectors_, now) != now;
}

Status Image::read(std::uint64_t offset, std::span<std::byte> into) const {
    return read_exactly(file_->fd.get(), into, offset, file_->path);
}

Status Image::write(std::uint64_t offset, std::span<const std::byte> from) const {
    XVM_ASSERT(!read_only_);
    return write_exactly(file_->fd.get(), from, offset, file_->path);
}

Status Image::flush() const {
    if (read_only_ || ::fdatasync(file_->fd.get()) == 0) return {};
    return fail_errno(errno, file_->path, "cannot flush");
}

Result<Image> Packs::open(const std::string& path) {
    std::erase_if(files_, [](const auto& entry) { return entry.second.expired(); });
    XVM_TRY_LET(std::shared_ptr<Image::File> file, Image::open(path, true));
    struct stat info {};
    if (::fstat(file->fd.get(), &info) != 0) return fail_errno(errno, path, "cannot stat");
    std::weak_ptr<const Image::File>& known = files_[{info.st_dev, info.st_ino}];
    if (auto shared = known.lock()) return Image(std::move(shared), true);

    Unique_fd for_reader(::fcntl(file->fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!for_reader) return fail_errno(errno, path, "cannot duplicate the descriptor");
    XVM_TRY_LET(const pack::Reader reader, pack::Reader::open(std::move(for_reader), path));
    // The disk is as long as the index says, whatever follows in the file.
    file->sectors = reader.index().disk_bytes / XVM_BLK_SECTOR_BYTES;
    file->pack = true;
    known = file;
    return Image(std::move(file), true);
}

std::size_t Packs::open_files() const noexcept {
    return static_cast<std::size_t>(std::count_if(files_.begin(), files_.end(),
                                                  [](const auto& entry) { return !entry.second.expired(); }));
}

} // namespace xvm::block
