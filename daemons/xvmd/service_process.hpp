// SPDX-License-Identifier: Apache-2.0
// The management service as a process: started with a channel and nothing else, and gone without a trace.
//
// Invariant: while the object lives there is at most one process of it, and everything that it has in common
// with xvmd (the channel's memory, two eventfds, a pidfd) is released with the object.
#pragma once

#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/channel/end.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/types.h>

namespace xvm::xvmd {

class Service_process {
  public:
    /// Starts PROGRAM DIRECTORY, without environment and other descriptors; makes the directory.
    [[nodiscard]] static Result<std::unique_ptr<Service_process>> start(const std::string& program,
                                                                        const std::string& directory);
    Service_process(const Service_process&) = delete;
    Service_process& operator=(const Service_process&) = delete;
    /// Ends it, if it has not ended.
    ~Service_process();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// Readable when something came. Not blocking; drain() after it was.
    [[nodiscard]] int heard_fd() const noexcept { return up_.get(); }
    /// Readable when it has ended.
    [[nodiscard]] int ended_fd() const noexcept { return ended_.get(); }

    /// False: too much waits to be sent already.
    [[nodiscard]] bool put(const channel::Message& message) { return end_.put(message); }
    /// Sends, takes what came, and tells the process if it has to know.
    [[nodiscard]] channel::End::Turn turn();
    [[nodiscard]] std::string_view fault() const noexcept { return end_.fault(); }
    void drain() const noexcept;

    void kill() const noexcept;
    /// How it ended, in words ("exit code 1", "killed by signal 9"), once it has; waits so long for it.
    [[nodiscard]] std::optional<std::string> reap(int wait_ms);

  private:
    struct Unmap {
        void operator()(std::byte* memory) const noexcept;
    };
    using Region = std::unique_ptr<std::byte, Unmap>;
    Service_process(Region region, channel::End end, Unique_fd down, Unique_fd up)
        : region_(std::move(region)), end_(std::move(end)), down_(std::move(down)), up_(std::move(up)) {}
    [[nodiscard]] Status spawn(const std::string& program, const std::string& directory, int memory);

    Region region_;
    channel::End end_;
    Unique_fd down_; ///< eventfd: for the process
    Unique_fd up_;   ///< eventfd: for us
    Unique_fd ended_;
    pid_t pid_ = -1;
    bool reaped_ = false;
};

} // namespace xvm::xvmd
