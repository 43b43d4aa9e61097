// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/images.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/pack/reader.hpp"
#include "toolstack/plan/size.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace xvm::plan {
namespace {

constexpr std::uint64_t sector_bytes = 512;

/// The same error, with the part of the configuration before its object.
tl::unexpected<Error> about(const std::string& what, Error error) {
    error.object = error.object.empty() ? what : what + ": " + error.object;
    return tl::unexpected<Error>(std::move(error));
}

Result<std::vector<std::byte>> read_file(const std::string& path) {
    XVM_TRY_LET(const Unique_fd fd, open_file(path, O_RDONLY));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, path, "cannot look at it");
    if (S_ISDIR(status.st_mode)) return fail(Fault::usage, path, "is a directory", "name a file in it");
    if (!S_ISREG(status.st_mode)) return fail(Fault::usage, path, "is no file", "name a regular file");
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    if (bytes == 0) return fail(Fault::usage, path, "is empty", "name the file that was meant");
    if (bytes > image_bytes_max)
        return fail(Fault::usage, path, "is larger than " + size_text(image_bytes_max),
                    "name the file that was meant: no kernel or RAM disk is so large");
    std::vector<std::byte> content(bytes);
    XVM_TRY(read_exactly(fd.get(), content, 0, path));
    return content;
}

Result<std::vector<std::byte>> read_entry(const Image_source& image) {
    XVM_TRY_LET(const pack::Reader reader, pack::Reader::open(image.path));
    XVM_TRY_LET(const pack::Image* const entry, reader.find(image.entry));
    return reader.read_all(*entry, image_bytes_max);
}

Status check_lock(int fd, const Disk_config& disk) {
    if (::flock(fd, (disk.writable ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK)
        return fail_errno(errno, disk.path, "cannot lock it", "put it on a file system that knows locks");
    return fail(Fault::busy, disk.path,
                disk.writable ? "is in use by another program" : "is being written by another program",
                "find it with: fuser " + disk.path);
}

Status check_raw(const Disk_config& disk) {
    XVM_TRY_LET(const Unique_fd fd, open_file(disk.path, disk.writable ? O_RDWR : O_RDONLY));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, disk.path, "cannot look at it");
    if (S_ISDIR(status.st_mode)) return fail(Fault::usage, disk.path, "is a directory", "name a file in it");
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return fail(Fault::usage, disk.path, "is neither a file nor a block device", "name one");
    XVM_TRY_LET(const std::uint64_t bytes, size_of(fd.get(), disk.path));
    if (bytes == 0)
        return fail(Fault::usage, disk.path, "is empty, a disk has a size",
                    "name the file that was meant, or give it one: truncate -s 1G " + disk.path);
    if (bytes % sector_bytes != 0)
        return fail(Fault::usage, disk.path,
                    "has " + std::to_string(bytes) + " bytes, no whole number of sectors",
                    "make it a multiple of 512 bytes, for instance: truncate -s %1M " + disk.path);
    return check_lock(fd.get(), disk);
}

Status check_pack(const Disk_config& disk) {
    XVM_TRY_LET(const pack::Reader reader, pack::Reader::open(disk.path));
    return check_lock(reader.fd(), disk);
}

} // namespace

Result<std::vector<std::byte>> load_image(const Image_source& image, const std::string& what) {
    auto content = image.entry.empty() ? read_file(image.path) : read_entry(image);
    if (!content) return about(what, std::move(content.error()));
    return content;
}

Status check_disk(const Disk_config& disk) {
    Status checked = disk.kind == Disk_kind::pack ? check_pack(disk) : check_raw(disk);
    if (!checked) return about("disk " + disk.dev, std::move(checked.error()));
    return checked;
}

} // namespace xvm::plan
