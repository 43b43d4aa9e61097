// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/message.hpp"

#include "daemons/common/json_reply.hpp"

#include <atomic>

namespace xvm::daemon {

struct Reply::State {
    std::function<void(Response)> send;
    std::atomic<bool> sent{false};

    explicit State(std::function<void(Response)> function) : send(std::move(function)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (!sent.exchange(true))
            send(failure_response(Error{Fault::unreachable, "daemon",
                                        "it is stopping; the request was not served",
                                        "ask again when it runs"}));
    }
};

Reply::Reply(std::function<void(Response)> send) : state_(std::make_shared<State>(std::move(send))) {}

void Reply::send(Response response) const {
    if (!state_->sent.exchange(true)) state_->send(std::move(response));
}

} // namespace xvm::daemon
