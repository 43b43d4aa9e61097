// SPDX-License-Identifier: Apache-2.0
// A management service that is not as it should be: how, says the name it is started by ("bad-service-hang").
// It has the channel of a good one, and no confinement: what xvmd believes of it must not depend on that.
#include "daemons/xvm-service/serve.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace xvm;
using channel::Kind;
using channel::Message;

namespace {

void notify() {
    const std::uint64_t once = 1;
    static_cast<void>(!::write(service::notify_fd, &once, sizeof once));
}

void send(channel::End& end, const Message& message) {
    static_cast<void>(end.put(message)); // one that is not taken: the channel is full, and is to stay so
    if (end.turn().notify) notify();
}

Message message_of(Kind kind, std::uint64_t id, std::string payload) {
    Message message;
    message.kind = kind;
    message.id = id;
    message.credits = kind == Kind::ready ? 4 : 0;
    message.payload = std::move(payload);
    return message;
}

/// A plan of a service that wants more than it was asked: to end a guest.
std::string order_beyond(const std::string& question, bool other_guest) {
    const auto asked = boost::json::parse(question);
    const std::string uuid(other_guest ? "6a1f0fd2-7b0e-4f7e-9a39-0123456789ab"
                                       : asked.at("uuid").as_string().c_str());
    return R"({"schema":"xvm.decision/1","plan":{"schema":"xvm.plan/1","verb":"pause","name":"web","uuid":")" +
           uuid + R"(","commit":0,"steps":[{"op":"kill-domain","name":"kill-domain","undo":"","args":{}}]}})";
}

/// It has none.
class No_shelf final : public decide::Shelf {
  public:
    Result<std::optional<std::string>> read(const std::string&) override {
        return std::optional<std::string>{};
    }
    Status write(const std::string&, const std::string&) override { return {}; }
    Result<bool> remove(const std::string&) override { return false; }
    Result<std::vector<std::string>> names() override { return std::vector<std::string>{}; }
    std::string place(const std::string& name) const override { return name; }
};

/// Decides as a good one, but of a plan that it is asked about it orders a little more.
Message more_than_proposed(const Message& request) {
    const auto asked = boost::json::parse(request.payload);
    No_shelf shelf;
    if (!asked.as_object().contains("proposal")) return service::answer_to(request, shelf, 0);
    boost::json::value order = asked.at("proposal");
    auto& steps = order.at("steps").as_array();
    steps.push_back(boost::json::value(steps.back()));
    return message_of(
        Kind::answer, request.id,
        boost::json::serialize(boost::json::value{{"schema", "xvm.decision/1"}, {"plan", order}}));
}

/// Until xvmd ends it.
[[noreturn]] void hang() {
    for (;;)
        ::pause();
}

void answer(channel::End& end, const Message& request, const std::string& mood) {
    const std::string value = R"({"schema":"xvm.decision/1","value":{}})";
    if (mood == "hang") hang();
    if (mood == "die-taking") ::raise(SIGKILL);
    if (mood == "nonsense") return send(end, message_of(Kind::answer, request.id, "\xff{]"));
    if (mood == "unasked") return send(end, message_of(Kind::answer, request.id + 1000, value));
    if (mood == "order")
        return send(end, message_of(Kind::answer, request.id, order_beyond(request.payload, false)));
    if (mood == "order-other")
        return send(end, message_of(Kind::answer, request.id, order_beyond(request.payload, true)));
    if (mood == "order-more") return send(end, more_than_proposed(request));
    if (mood == "deep") return send(end, message_of(Kind::answer, request.id, std::string(1000000, '[')));
    if (mood == "too-much")
        for (;;)
            send(end, message_of(Kind::answer, request.id, std::string(XVM_CHANNEL_MESSAGE_BYTES, ' ')));
    send(end, message_of(Kind::answer, request.id, value));
    if (mood == "twice") send(end, message_of(Kind::answer, request.id, value));
    if (mood == "die-answered") ::raise(SIGKILL);
}

} // namespace

int main(int, char** argv) {
    const char* const name = std::strrchr(argv[0], '/');
    std::string mood = name == nullptr ? argv[0] : name + 1;
    mood = mood.substr(std::string("bad-service-").size());
    if (mood == "exit") return 1;
    if (mood == "mute") hang();
    void* const memory =
        ::mmap(nullptr, XVM_CHANNEL_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, service::region_fd, 0);
    if (memory == MAP_FAILED) return 1;
    auto end = channel::End::attach({static_cast<std::byte*>(memory), XVM_CHANNEL_REGION_BYTES});
    if (!end) return 1;
    if (mood == "index") {
        static_cast<xvm_channel*>(memory)->up.prod.value = 0x80000000;
        notify();
        hang();
    }
    send(*end, message_of(Kind::ready, 0,
                          R"({"schema":"xvm.service_ready/1","version":"0","confined":["\u0007"]})"));
    if (mood == "die-ready") ::raise(SIGKILL);
    for (;;) {
        const auto turn = end->turn();
        if (turn.notify) notify();
        for (const Message& message : turn.got) {
            if (message.kind == Kind::stop && mood == "deaf") continue;
            if (message.kind == Kind::stop) return 0;
            answer(*end, message, mood);
        }
        if (turn.more) continue;
        pollfd one{service::heard_fd, POLLIN, 0};
        static_cast<void>(::poll(&one, 1, -1));
        std::uint64_t times = 0;
        static_cast<void>(!::read(service::heard_fd, &times, sizeof times));
    }
}
