// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-service/serve.hpp"

#include "daemons/xvm-service/web_page.hpp"
#include "toolstack/decide/decide.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <unistd.h>

namespace xvm::service {
namespace json = boost::json;
namespace {

std::uint64_t now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

decide::Decision refused(Fault fault, const std::string& why) {
    return tl::unexpected<api::Failure>(Error{fault, "management service", why, "ask again"});
}

decide::Decision decision_on(const channel::Message& request, decide::Shelf& shelf, std::uint64_t now,
                             const Hooks& hooks) {
    const std::uint64_t limit_ns = std::uint64_t{request.limit_ms} * 1000000;
    if (limit_ns != 0 && now > request.sent_ns && now - request.sent_ns > limit_ns)
        return refused(Fault::timeout, "the request waited too long");
    json::error_code error;
    const json::value value = json::parse(request.payload, error);
    if (error) return refused(Fault::failed, "the question is not JSON");
    const auto question = decide::parse_question(value);
    if (!question) return tl::unexpected<api::Failure>(question.error());
    if (question->verb == "page") return web_page();
    return hooks.decide(*question, shelf);
}

/// Until the other end has something for us.
Status await_event(int heard) {
    pollfd one{heard, POLLIN, 0};
    while (::poll(&one, 1, -1) < 0)
        if (errno != EINTR) return fail_errno(errno, "channel", "cannot wait");
    std::uint64_t times = 0;
    if (::read(heard, &times, sizeof times) < 0 && errno != EAGAIN && errno != EINTR)
        return fail_errno(errno, "channel", "cannot wait");
    return {};
}

Status send_event(int fd) {
    constexpr std::uint64_t once = 1;
    if (::write(fd, &once, sizeof once) < 0 && errno != EAGAIN)
        return fail_errno(errno, "channel", "cannot notify");
    return {};
}

} // namespace

Wires process_wires(channel::End& end, int heard, int notify) {
    return {end, [heard] { return await_event(heard); }, [notify] { return send_event(notify); }};
}

channel::Message answer_to(const channel::Message& request, decide::Shelf& shelf, std::uint64_t now,
                           const Hooks& hooks) {
    channel::Message answer;
    answer.kind = channel::Kind::answer;
    answer.id = request.id;
    answer.taken_ns = now;
    answer.payload = json::serialize(decide::decision_json(decision_on(request, shelf, now, hooks)));
    if (answer.payload.size() > XVM_CHANNEL_MESSAGE_BYTES)
        answer.payload =
            json::serialize(decide::decision_json(refused(Fault::exhausted, "the answer is too long")));
    answer.sent_ns = now_ns();
    return answer;
}

Status serve(const Wires& wires, const std::string& greeting, decide::Shelf& shelf, const Hooks& hooks) {
    channel::Message ready;
    ready.kind = channel::Kind::ready;
    ready.credits = credits;
    ready.payload = greeting;
    ready.sent_ns = now_ns();
    std::deque<channel::Message> unsent{std::move(ready)};
    bool stopping = false;
    for (;;) {
        while (!unsent.empty() && wires.end.put(unsent.front()))
            unsent.pop_front();
        channel::End::Turn turn = wires.end.turn();
        if (turn.notify) XVM_TRY(wires.notify());
        if (!wires.end.fault().empty())
            return fail(Fault::failed, "channel", "xvmd's end is broken: " + std::string(wires.end.fault()));
        for (const channel::Message& message : turn.got) {
            if (message.kind == channel::Kind::stop)
                stopping = true;
            else if (message.kind == channel::Kind::request)
                unsent.push_back(answer_to(message, shelf, now_ns(), hooks));
            else
                return fail(Fault::failed, "channel", "xvmd's end sent what only ours may");
        }
        // What has been put goes with the next turn.
        if (!unsent.empty() && wires.end.backlog() == 0) continue;
        if (stopping && unsent.empty() && wires.end.backlog() == 0) return {};
        if (!turn.more) XVM_TRY(wires.await());
    }
}

} // namespace xvm::service
