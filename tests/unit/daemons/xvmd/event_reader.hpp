// SPDX-License-Identifier: Apache-2.0
// One who follows a log of events, in a test.
#pragma once

#include "daemons/xvmd/event_log.hpp"

#include <boost/json/parse.hpp>

namespace xvm::xvmd::test {

/// A client that keeps what it reads, up to a limit.
class Event_reader final : public daemon::Client {
  public:
    void answer(daemon::Response response) override { refused = response.status; }
    void begin(std::string) override {}
    bool append(std::string text) override {
        if (closed) return false;
        got += text;
        return true;
    }
    void end() override { ended = true; }
    [[nodiscard]] bool gone() const noexcept override { return closed; }
    void on_gone(std::function<void()> function) override { tell = std::move(function); }

    std::vector<boost::json::object> lines() const {
        std::vector<boost::json::object> all;
        for (std::size_t at = 0; at < got.size();) {
            const std::size_t end = got.find('\n', at);
            all.push_back(boost::json::parse(got.substr(at, end - at)).as_object());
            at = end + 1;
        }
        return all;
    }

    std::string got;
    bool closed = false;
    bool ended = false;
    unsigned refused = 0;
    std::function<void()> tell;
};

inline std::shared_ptr<Event_reader> follow(Event_log& log,
                                            std::optional<std::uint64_t> after = std::nullopt) {
    auto reader = std::make_shared<Event_reader>();
    log.follow(daemon::Reply(reader), after);
    return reader;
}

} // namespace xvm::xvmd::test
