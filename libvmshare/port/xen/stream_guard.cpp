// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/stream_guard.hpp"

#include "libvmshare/base/file.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <unistd.h>

namespace xvm::port::xen {

Result<std::unique_ptr<Stream_guard>> Stream_guard::lend(int fd, const Stream_hooks& hooks) {
    Unique_fd lent(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (lent.get() < 0) return fail_errno(errno, "stream", "cannot be opened twice");
    XVM_TRY_LET(Unique_fd nothing, open_file("/dev/null", O_RDONLY));
    return std::unique_ptr<Stream_guard>(new Stream_guard(std::move(lent), std::move(nothing), hooks));
}

Stream_guard::Stream_guard(Unique_fd lent, Unique_fd nothing, const Stream_hooks& hooks)
    : lent_(std::move(lent)), nothing_(std::move(nothing)), hooks_(hooks) {
    if (hooks_.progress || hooks_.cancelled) watcher_ = std::thread([this] { watch(); });
}

Stream_guard::~Stream_guard() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    ended_.notify_one();
    if (watcher_.joinable()) watcher_.join();
}

void Stream_guard::watch() {
    constexpr auto interval = std::chrono::milliseconds(100);
    const off_t start = ::lseek(lent_.get(), 0, SEEK_CUR);
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, interval, [this] { return over_; })) {
        if (hooks_.cancelled && hooks_.cancelled()) {
            cancelled_ = true;
            ::dup3(nothing_.get(), lent_.get(), O_CLOEXEC);
            return;
        }
        const off_t now = ::lseek(lent_.get(), 0, SEEK_CUR);
        if (hooks_.progress && now > start) hooks_.progress(static_cast<std::uint64_t>(now - start));
    }
}

} // namespace xvm::port::xen
