// SPDX-License-Identifier: Apache-2.0
// The timer page for programs of dom0: the kernel owner's device, else the file of a program that is the
// owner. Where neither is there, or its owner is dead, there is no time, and it is looked for again every
// second.
//
// Invariant: one object belongs to one thread at a time; nothing is mapped but what was judged a timer page.
#pragma once

#include "backends/block/profile.hpp"
#include "libvmshare/timer/map.h"

#include <memory>
#include <string>
#include <vector>

namespace xvm::timer {

class Page_clock final : public block::Clock {
  public:
    /// In this order: the first that is a timer page of a living owner.
    explicit Page_clock(std::vector<std::string> paths) : paths_(std::move(paths)) {}
    ~Page_clock() override { xvm_time_unmap(&map_); }
    Page_clock(const Page_clock&) = delete;
    Page_clock& operator=(const Page_clock&) = delete;

    [[nodiscard]] std::uint64_t stamp() override;
    [[nodiscard]] std::uint64_t tick_ns() const override { return reader_.constants.tick_ns; }

  private:
    void look();

    std::vector<std::string> paths_;
    xvm_time_map map_{};
    xvm_time_reader reader_{};
    std::uint64_t look_at_ns_ = 0; ///< not before
};

/// Of these pages; null without any: then nothing is stamped, and no request pays for it.
[[nodiscard]] std::shared_ptr<block::Clock> make_clock(std::vector<std::string> paths);

/// /dev/xvm_time_owner, /run/xvm/time.
[[nodiscard]] std::vector<std::string> default_pages();

} // namespace xvm::timer
