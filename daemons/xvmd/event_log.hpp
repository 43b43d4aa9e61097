// SPDX-License-Identifier: Apache-2.0
// What happened, numbered, for whoever follows it: GET /v1/events.
//
// Invariant: numbers rise by one within a run of the daemon, and every number of a later run is above those
// of earlier ones, so that "after 17" means the same to a client whatever was restarted in between. What is
// kept is bounded in lines and in bytes; a follower that does not read is dropped, never waited for. Nothing
// is sent while nothing happens.
#pragma once

#include "daemons/common/message.hpp"
#include "libvmshare/base/ids.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace xvm::xvmd {

/// "xvm.event/1" (toolstack/model/domain.toml): what is empty is left out.
struct Event {
    std::string kind; ///< "domain-started"
    std::optional<Domid> domid;
    std::string name;
    std::optional<Uuid> uuid;
    std::string verb;
    std::optional<std::uint64_t> operation;
    std::string detail;
};

class Event_log {
  public:
    struct Limits {
        std::size_t lines = 1024;
        std::size_t bytes = 128 * 1024;
        std::size_t followers = 32;
    };

    Event_log() : Event_log(Limits{}) {}
    explicit Event_log(Limits limits);
    Event_log(const Event_log&) = delete;
    Event_log& operator=(const Event_log&) = delete;

    /// Any thread. The number that the event got.
    std::uint64_t publish(const Event& event);

    /// The newest number given; to follow from here on, ask for what comes after it.
    [[nodiscard]] std::uint64_t last() const;

    struct Kept {
        std::vector<std::string> lines; ///< JSON objects, each with its newline, oldest first
        std::uint64_t missing = 0;      ///< how many between `after` and the first line are not kept any more
    };
    /// What is kept of the events above that number. Of 0: all that is kept, and nothing counts as missing.
    [[nodiscard]] Kept after(std::uint64_t number) const;

    /// Answers with a stream: what is kept above `number` first (nullopt: nothing), then what comes, until
    /// the client goes. If some of it is not kept any more, the first line says so (kind "events-missing").
    /// The log outlives the server of the client.
    void follow(const daemon::Reply& reply, std::optional<std::uint64_t> number);

    [[nodiscard]] std::size_t followers() const;

  private:
    struct Line {
        std::uint64_t number;
        std::string text;
    };

    [[nodiscard]] Kept kept_after(std::uint64_t number) const; ///< mutex_ is held
    void drop_closed();

    const Limits limits_;
    const std::uint64_t first_;
    mutable std::mutex mutex_; ///< guards all below
    std::uint64_t next_;
    std::deque<Line> lines_;
    std::size_t bytes_ = 0;
    std::vector<daemon::Stream> followers_;
};

} // namespace xvm::xvmd
