// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/file.hpp"

#include "libvmshare/base/path_remedy.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xvm {
namespace {

tl::unexpected<Error> at_errno(int why, const std::string& path, std::string_view operation) {
    return fail_errno(why, path, operation, path_remedy(why, path));
}

} // namespace

Result<Unique_fd> open_file(const std::string& path, int flags, unsigned mode) {
    // Nobody waits here for the other end of what turns out to be a pipe. Who writes may have to wait for a
    // lease.
    const int patient = (flags & O_ACCMODE) == O_RDONLY ? O_NONBLOCK : 0;
    Unique_fd fd(::open(path.c_str(), flags | patient | O_CLOEXEC, mode));
    if (!fd) return at_errno(errno, path, "cannot open");
    return fd;
}

Status read_exactly(int fd, std::span<std::byte> into, std::uint64_t offset, const std::string& name) {
    std::size_t done = 0;
    while (done < into.size()) {
        const ssize_t got =
            ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return at_errno(errno, name, "cannot read");
        if (got == 0)
            return fail(Fault::failed, name,
                        "ends at byte " + std::to_string(offset + done) + ", " +
                            std::to_string(into.size() - done) +
                            " bytes before the end of what it should hold",
                        "it became shorter: copy it again");
        done += static_cast<std::size_t>(got);
    }
    return {};
}

Status write_exactly(int fd, std::span<const std::byte> from, std::uint64_t offset, const std::string& name) {
    std::size_t done = 0;
    while (done < from.size()) {
        const ssize_t put =
            ::pwrite(fd, from.data() + done, from.size() - done, static_cast<off_t>(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return at_errno(errno, name, "cannot write");
        done += static_cast<std::size_t>(put);
    }
    return {};
}

Result<std::uint64_t> size_of(int fd, const std::string& name) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return fail_errno(errno, name, "cannot stat");
    if (S_ISREG(info.st_mode)) return static_cast<std::uint64_t>(info.st_size);
    if (S_ISBLK(info.st_mode)) {
        std::uint64_t bytes = 0;
        if (::ioctl(fd, BLKGETSIZE64, &bytes) != 0) return fail_errno(errno, name, "cannot get the size");
        return bytes;
    }
    if (S_ISDIR(info.st_mode)) return fail(Fault::usage, name, "is a directory", "name a file in it");
    return fail(Fault::usage, name, "is neither a file nor a block device", "name one");
}

Result<std::string> read_text(const std::string& path, std::size_t limit) {
    XVM_TRY_LET(const Unique_fd fd, open_file(path, O_RDONLY));
    XVM_TRY_LET(const std::uint64_t size, size_of(fd.get(), path));
    if (size > limit)
        return fail(Fault::usage, path, "is larger than " + std::to_string(limit) + " bytes",
                    "name the file that was meant");
    std::string text(static_cast<std::size_t>(size), '\0');
    XVM_TRY(read_exactly(fd.get(), std::as_writable_bytes(std::span(text)), 0, path));
    return text;
}

Status replace_file(const std::string& path, std::string_view text, Durable durable, unsigned mode) {
    const std::string fresh = path + ".new";
    const auto written = [&]() -> Status {
        XVM_TRY_LET(const Unique_fd fd, open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC, mode));
        XVM_TRY(write_exactly(fd.get(), std::as_bytes(std::span(text)), 0, fresh));
        if (durable == Durable::yes && ::fsync(fd.get()) != 0) return at_errno(errno, fresh, "cannot save");
        if (::rename(fresh.c_str(), path.c_str()) != 0) return at_errno(errno, path, "cannot replace");
        return {};
    }();
    if (!written) {
        ::unlink(fresh.c_str());
        return written;
    }
    if (durable == Durable::no) return {};
    const std::string directory = std::filesystem::path(path).parent_path().string();
    XVM_TRY_LET(const Unique_fd fd, open_file(directory, O_RDONLY | O_DIRECTORY));
    if (::fsync(fd.get()) != 0) return at_errno(errno, directory, "cannot save");
    return {};
}

Status make_directories(const std::string& path, unsigned mode) {
    std::error_code error;
    const std::filesystem::path whole(path);
    std::filesystem::create_directories(whole.parent_path(), error);
    if (error) return at_errno(error.value(), whole.parent_path().string(), "cannot make the directory");
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
        return at_errno(errno, path, "cannot make the directory");
    return {};
}

} // namespace xvm
