// SPDX-License-Identifier: Apache-2.0
// One management service from its start to its end, whatever it runs as: what xvmd's Management asks of it.
//
// Contract: used by one thread at a time, and nothing here blocks but ended() with a time to wait. Whenever
// there is something to do one of fds() is readable, until look() was called. Once ended() says so, nothing
// is left of the service, neither here nor on the host.
#pragma once

#include "libvmshare/channel/end.hpp"

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

namespace xvm::xvmd {

class Service_instance {
  public:
    struct Ending {
        std::string how;        ///< in words: "exit code 1", "powered off"
        bool never_was = false; ///< it could not be made; `how` says why
    };

    Service_instance() = default;
    Service_instance(const Service_instance&) = delete;
    Service_instance& operator=(const Service_instance&) = delete;
    virtual ~Service_instance() = default;

    /// For people: "process 17", "domain 3".
    [[nodiscard]] virtual std::string text() const = 0;
    /// Adds what "xvm.service/1" says of it.
    virtual void describe(boost::json::object& all) const = 0;
    /// Whether its clock is ours: only then its time stamps and ours can be compared.
    [[nodiscard]] virtual bool same_clock() const noexcept = 0;

    [[nodiscard]] virtual std::vector<int> fds() const = 0;
    virtual void look() = 0;

    /// False: too much waits to be sent already, or it has no channel yet.
    [[nodiscard]] virtual bool put(const channel::Message& message) = 0;
    /// Sends, takes what came, and tells the service if it has to know.
    [[nodiscard]] virtual channel::End::Turn turn() = 0;
    /// Why nothing comes or goes any more; empty: all is well.
    [[nodiscard]] virtual std::string_view fault() const noexcept = 0;

    /// Ends it, whatever it does. It has ended when ended() says so.
    virtual void kill() = 0;
    /// How it ended, once it has; waits so long for it.
    [[nodiscard]] virtual std::optional<Ending> ended(int wait_ms) = 0;
};

} // namespace xvm::xvmd
