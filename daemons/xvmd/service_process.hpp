// SPDX-License-Identifier: Apache-2.0
// The management service as a process: started with a channel and nothing else, and gone without a trace.
//
// Invariant: while the object lives there is at most one process of it, and everything that it has in common
// with xvmd (the channel's memory, two eventfds, a pidfd) is released with the object.
#pragma once

#include "daemons/xvmd/service_instance.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <memory>
#include <span>
#include <sys/types.h>

namespace xvm::xvmd {

class Service_process final : public Service_instance {
  public:
    /// Starts PROGRAM DIRECTORY, without environment and other descriptors; makes the directory.
    [[nodiscard]] static Result<std::unique_ptr<Service_process>> start(const std::string& program,
                                                                        const std::string& directory);
    /// Ends it, if it has not ended.
    ~Service_process() override;

    [[nodiscard]] std::string text() const override { return "process " + std::to_string(pid_); }
    void describe(boost::json::object& all) const override { all["pid"] = pid_; }
    [[nodiscard]] bool same_clock() const noexcept override { return true; }
    [[nodiscard]] std::vector<int> fds() const override { return {up_.get(), ended_.get()}; }
    void look() override;
    [[nodiscard]] bool put(const channel::Message& message) override { return end_.put(message); }
    [[nodiscard]] channel::End::Turn turn() override;
    [[nodiscard]] std::string_view fault() const noexcept override { return end_.fault(); }
    void kill() override;
    [[nodiscard]] std::optional<Ending> ended(int wait_ms) override;

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
