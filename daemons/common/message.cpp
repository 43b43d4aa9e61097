// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/message.hpp"

#include "daemons/common/json_reply.hpp"

#include <atomic>

namespace xvm::daemon {
namespace {

/// A client that takes whole answers.
class Function_client final : public Client {
  public:
    explicit Function_client(std::function<void(Response)> send) : send_(std::move(send)) {}
    void answer(Response response) override { send_(std::move(response)); }
    void begin(std::string) override {}
    bool append(std::string) override { return false; }
    void end() override {}
    [[nodiscard]] bool gone() const noexcept override { return false; }
    void on_gone(std::function<void()>) override {}

  private:
    std::function<void(Response)> send_;
};

} // namespace

struct Stream::State {
    std::shared_ptr<Client> client; ///< nullptr: closed from the start
    std::atomic<bool> ended{false};

    explicit State(std::shared_ptr<Client> reader) : client(std::move(reader)), ended(client == nullptr) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { end(); }
    void end() {
        if (!ended.exchange(true)) client->end();
    }
};

Stream::Stream(std::shared_ptr<Client> client) : state_(std::make_shared<State>(std::move(client))) {}

bool Stream::write(std::string text) const {
    return !state_->ended && state_->client->append(std::move(text));
}

bool Stream::closed() const noexcept {
    return state_->ended || state_->client->gone();
}

void Stream::end() const {
    state_->end();
}

struct Reply::State {
    std::shared_ptr<Client> client;
    std::atomic<bool> sent{false};

    explicit State(std::shared_ptr<Client> asker) : client(std::move(asker)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (!sent.exchange(true))
            client->answer(failure_response(Error{Fault::unreachable, "daemon",
                                                  "it is stopping; the request was not served",
                                                  "ask again when it runs"}));
    }
};

Reply::Reply(std::shared_ptr<Client> client) : state_(std::make_shared<State>(std::move(client))) {}

Reply::Reply(std::function<void(Response)> send)
    : Reply(std::static_pointer_cast<Client>(std::make_shared<Function_client>(std::move(send)))) {}

void Reply::send(Response response) const {
    if (!state_->sent.exchange(true)) state_->client->answer(std::move(response));
}

Stream Reply::stream(std::string content_type) const {
    if (state_->sent.exchange(true)) return Stream(nullptr);
    state_->client->begin(std::move(content_type));
    return Stream(state_->client);
}

bool Reply::gone() const noexcept {
    return state_->client->gone();
}

void Reply::on_gone(std::function<void()> function) const {
    state_->client->on_gone(std::move(function));
}

} // namespace xvm::daemon
