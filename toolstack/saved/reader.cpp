// SPDX-License-Identifier: Apache-2.0
#include "toolstack/saved/reader.hpp"

#include "libvmshare/base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xvm::saved {

Result<Reader> Reader::open(const std::string& path) {
    // Not to wait for the other end of what turns out to be a pipe.
    XVM_TRY_LET(Unique_fd fd, open_file(path, O_RDONLY | O_NONBLOCK));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, path, "cannot be read");
    if (!S_ISREG(status.st_mode))
        return fail(Fault::usage, path, S_ISDIR(status.st_mode) ? "is a directory" : "is no regular file",
                    "give what 'xvm save' wrote");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    std::vector<std::byte> bytes(
        static_cast<std::size_t>(std::min<std::uint64_t>(size, XVM_SAVED_HEAD_BYTES)));
    XVM_TRY(read_exactly(fd.get(), bytes, 0, path));
    XVM_TRY_LET(Head head, parse_head(bytes, size, path));
    return Reader(path, std::move(fd), std::move(head));
}

Status Reader::verify(const Cancelled& cancelled) const {
    XVM_TRY_LET(const pack::Sum sum, sum_stream(fd_.get(), head_.stream_bytes, path_, cancelled));
    if (sum == head_.stream_sha256) return {};
    return fail(Fault::usage, path_, "is damaged: the guest's memory is not what was written",
                "restore another copy of it");
}

Result<int> Reader::stream() const {
    if (::lseek(fd_.get(), XVM_SAVED_HEAD_BYTES, SEEK_SET) < 0)
        return fail_errno(errno, path_, "cannot be read");
    return fd_.get();
}

} // namespace xvm::saved
