// SPDX-License-Identifier: Apache-2.0
// xvmd's end of a channel whose memory a service domain granted.
//
// Invariant: what the domain says of it is read once and believed only within what is possible; the mapping
// and the port go with the object, the mapping last.
#pragma once

#include "libvmshare/channel/end.hpp"
#include "libvmshare/port/events.hpp"
#include "libvmshare/port/grants.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace xvm::xvmd {

/// What a channel to a domain takes of the host; opened for each service anew.
struct Channel_ports {
    std::unique_ptr<port::Grants> grants;
    std::unique_ptr<port::Events> events;
};
using Open_channel_ports = std::function<Result<Channel_ports>()>;

/// What the domain's node says: where its channel is.
struct Channel_offer {
    Evtchn_port port{};
    Gref table{};
    bool operator==(const Channel_offer&) const = default;
};
/// Nothing: it is no "1 PORT GREF" with a port and a reference that can be.
[[nodiscard]] std::optional<Channel_offer> parse_channel_offer(std::string_view text) noexcept;

class Service_channel {
  public:
    /// Maps the domain's memory, makes it a channel at rest, and tells the domain. `ports` outlives it.
    /// failed: what the domain says is not so.
    [[nodiscard]] static Result<Service_channel> open(Channel_ports& ports, Domid domid,
                                                      const Channel_offer& offer);

    [[nodiscard]] channel::End& end() noexcept { return end_; }
    [[nodiscard]] const channel::End& end() const noexcept { return end_; }
    [[nodiscard]] Status notify() const { return port_.notify(); }

  private:
    Service_channel(port::Grant_map map, port::Evtchn port, channel::End end)
        : map_(std::move(map)), port_(std::move(port)), end_(std::move(end)) {}

    port::Grant_map map_;
    port::Evtchn port_;
    channel::End end_;
};

} // namespace xvm::xvmd
