// SPDX-License-Identifier: Apache-2.0
#include "toolstack/saved/writer.hpp"

#include "libvmshare/base/file.hpp"
#include "toolstack/saved/reader.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace xvm::saved {
namespace {

std::string partial(const std::string& path) {
    return path + ".partial";
}

std::string directory_of(const std::string& path) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

} // namespace

Status check_target(const std::string& path, std::uint64_t bytes, bool replace) {
    const std::string directory = directory_of(path);
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0)
        return fail_errno(errno, directory, "cannot be written to", "make the directory first");
    if (!S_ISDIR(status.st_mode))
        return fail(Fault::usage, directory, "is no directory", "name a file in a directory");
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
        return fail_errno(errno, directory, "cannot be written to",
                          "save it where xvmd may write (ReadWritePaths in its unit)");
    if (::lstat(path.c_str(), &status) == 0) {
        if (!S_ISREG(status.st_mode))
            return fail(Fault::usage, path,
                        S_ISDIR(status.st_mode) ? "is a directory" : "is there, and no regular file",
                        S_ISDIR(status.st_mode) ? "name a file in it" : "choose another name");
        if (!replace)
            return fail(Fault::busy, path, "is there already",
                        "choose another name, or --force to replace it");
    }
    struct statvfs room {};
    if (::statvfs(directory.c_str(), &room) != 0) return fail_errno(errno, directory, "has unknown room");
    if (const std::uint64_t free = std::uint64_t{room.f_bavail} * room.f_frsize; free < bytes)
        return fail(Fault::exhausted, directory,
                    "has room for " + std::to_string(free >> 20) + "MiB, the guest needs " +
                        std::to_string((bytes + (1U << 20) - 1) >> 20) + "MiB",
                    "make room, or save it elsewhere: df " + directory);
    return {};
}

Result<Writer> Writer::create(const std::string& path) {
    constexpr unsigned mode = 0600; // the guest's memory: its keys, its users' data
    auto fd = open_file(partial(path), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    if (!fd) {
        if (fd.error().fault == Fault::busy) {
            fd.error().cause = "is there: another save goes on, or one was cut off with the host";
            fd.error().remedy = "if none goes on, remove it";
        }
        return tl::unexpected<Error>(std::move(fd.error()));
    }
    Writer writer(path, std::move(*fd));
    if (::lseek(writer.fd(), XVM_SAVED_HEAD_BYTES, SEEK_SET) < 0)
        return fail_errno(errno, path, "cannot be written");
    return writer;
}

Status Writer::finish(Saved_guest guest, const Cancelled& cancelled) {
    XVM_TRY_LET(const std::uint64_t bytes, size_of(fd(), path_));
    if (bytes <= XVM_SAVED_HEAD_BYTES)
        return fail(Fault::failed, path_, "got nothing of the guest", "see xvmd's log: journalctl -u xvmd");
    Head head{std::move(guest), bytes - XVM_SAVED_HEAD_BYTES, {}};
    XVM_TRY_LET(head.stream_sha256, sum_stream(fd(), head.stream_bytes, path_, cancelled));
    XVM_TRY_LET(const auto encoded, encode_head(head, path_));
    XVM_TRY(write_exactly(fd(), encoded, 0, path_));
    if (::fsync(fd()) != 0) return fail_errno(errno, path_, "cannot be written to its disk");
    return {};
}

Status publish(const std::string& path, bool replace) {
    const std::string from = partial(path);
    const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), flags) != 0)
        return fail_errno(errno, path, "cannot get its name");
    XVM_TRY_LET(const Unique_fd directory, open_file(directory_of(path), O_RDONLY | O_DIRECTORY));
    if (::fsync(directory.get()) != 0) return fail_errno(errno, path, "cannot be written to its disk");
    return {};
}

void discard(const std::string& path, const std::string& save) {
    static_cast<void>(::unlink(partial(path).c_str()));
    const auto reader = Reader::open(path);
    if (reader && reader->head().guest.save == save) static_cast<void>(::unlink(path.c_str()));
}

} // namespace xvm::saved
