// SPDX-License-Identifier: Apache-2.0
// The service's loop: takes questions from the channel, decides, answers, until it is told to stop.
#pragma once

#include "daemons/xvm-service/hooks.hpp"
#include "libvmshare/channel/end.hpp"
#include "toolstack/decide/shelf.hpp"

#include <functional>

namespace xvm::service {

/// How xvmd hands the channel over: descriptors that are open when the program starts.
inline constexpr int region_fd = 3; ///< the memory
inline constexpr int heard_fd = 4;  ///< an eventfd: something came
inline constexpr int notify_fd = 5; ///< an eventfd: something went

/// How many questions it takes at once.
inline constexpr std::uint32_t credits = 8;

struct Wires {
    channel::End& end;
    std::function<Status()> await;  ///< until the other end has something for us
    std::function<Status()> notify; ///< tells it that we have
};
/// Those of a process.
[[nodiscard]] Wires process_wires(channel::End& end, int heard = heard_fd, int notify = notify_fd);

/// Says that it is ready (`greeting`: "xvm.service_ready/1"), then serves. An Error: the other end is broken.
[[nodiscard]] Status serve(const Wires& wires, const std::string& greeting, decide::Shelf& shelf,
                           const Hooks& hooks = {});

/// The answer to one request: a decision, or, if nobody waits for one any more at `now_ns`, why not.
[[nodiscard]] channel::Message answer_to(const channel::Message& request, decide::Shelf& shelf,
                                         std::uint64_t now_ns, const Hooks& hooks = {});

} // namespace xvm::service
