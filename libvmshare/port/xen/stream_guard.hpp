// SPDX-License-Identifier: Apache-2.0
// libxenguest's streams can neither be cancelled nor watched. They only see a file descriptor: a guard
// lends them a copy of it, reports how far its offset has come and, once the caller has cancelled, puts
// /dev/null in its place, so that the next read or write of the library fails.
//
// Invariant: the caller's descriptor is never touched; no hook is called after the guard is gone.
#pragma once

#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/port/domains.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace xvm::port::xen {

class Stream_guard {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Stream_guard>> lend(int fd, const Stream_hooks& hooks);
    ~Stream_guard();
    Stream_guard(const Stream_guard&) = delete;
    Stream_guard& operator=(const Stream_guard&) = delete;

    [[nodiscard]] int fd() const noexcept { return lent_.get(); }
    /// The library's failure is the caller's wish.
    [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

  private:
    Stream_guard(Unique_fd lent, Unique_fd nothing, const Stream_hooks& hooks);
    void watch();

    Unique_fd lent_;
    Unique_fd nothing_; ///< /dev/null, for reading only: writes fail, reads find the end
    const Stream_hooks& hooks_;
    std::atomic<bool> cancelled_ = false;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool over_ = false; ///< under mutex_
    std::thread watcher_;
};

} // namespace xvm::port::xen
