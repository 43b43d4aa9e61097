// SPDX-License-Identifier: Apache-2.0
// Long work: a progress bar on a terminal, and an end in good order when the user interrupts.
#pragma once

#include "libvmshare/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace xvm::pack_tool {

/// From here on SIGINT, SIGTERM and SIGHUP let Work::step() fail, so that temporary files are removed.
void catch_interrupts();
/// The signal that came, if one did.
[[nodiscard]] std::optional<int> interrupted_by();

class Work {
  public:
    /// `title` stands before the bar; `total` is in bytes.
    Work(std::string title, std::uint64_t total);
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    ~Work();

    /// `bytes` more are done. An error if the user interrupted.
    [[nodiscard]] Status step(std::uint64_t bytes);

    /// "in 0.42 s, 1.2 GiB/s": what was done so far.
    [[nodiscard]] std::string speed() const;

  private:
    using Clock = std::chrono::steady_clock;
    [[nodiscard]] double seconds() const;
    [[nodiscard]] std::string bytes_per_second() const;
    void draw();

    std::string title_;
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    bool terminal_;
    bool drawn_ = false;
    Clock::time_point start_ = Clock::now();
    Clock::time_point next_draw_;
};

} // namespace xvm::pack_tool
