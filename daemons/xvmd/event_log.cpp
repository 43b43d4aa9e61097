// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/event_log.hpp"

#include "daemons/common/json_reply.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

constexpr std::string_view schema = "xvm.event/1";
constexpr int number_bits_a_second = 20;

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// Above all numbers of earlier runs, as long as none of them published a million events a second. Below
/// 2^53, so that a double holds it too.
std::uint64_t first_number() {
    return static_cast<std::uint64_t>(now_ms() / 1000) << number_bits_a_second;
}

std::string line_of(std::uint64_t number, const Event& event) {
    json::object line{{"schema", schema}, {"seq", number}, {"time_ms", now_ms()}, {"kind", event.kind}};
    if (event.domid) line["domid"] = xvm::number(*event.domid);
    if (!event.name.empty()) line["name"] = event.name;
    if (event.uuid) line["uuid"] = event.uuid->text();
    if (!event.verb.empty()) line["verb"] = event.verb;
    if (event.operation) line["operation"] = *event.operation;
    if (!event.detail.empty()) line["detail"] = event.detail;
    return json::serialize(line) + "\n";
}

} // namespace

Event_log::Event_log(Limits limits) : limits_(limits), first_(first_number()), next_(first_) {}

std::uint64_t Event_log::publish(const Event& event) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t number = next_++;
    lines_.push_back({number, line_of(number, event)});
    const std::string& text = lines_.back().text;
    bytes_ += text.size();
    // Under the lock, so that all followers see one order; write() only queues.
    std::erase_if(followers_, [&](const daemon::Stream& stream) { return !stream.write(text); });
    while (lines_.size() > limits_.lines || (bytes_ > limits_.bytes && lines_.size() > 1)) {
        bytes_ -= lines_.front().text.size();
        lines_.pop_front();
    }
    return number;
}

std::uint64_t Event_log::last() const {
    const std::lock_guard lock(mutex_);
    return next_ - 1;
}

Event_log::Kept Event_log::kept_after(std::uint64_t number) const {
    Kept kept;
    for (const Line& line : lines_)
        if (line.number > number) kept.lines.push_back(line.text);
    // Of an earlier run it is unknown how many came after; of this one, all from its first on.
    const std::uint64_t oldest = lines_.empty() ? next_ : lines_.front().number;
    if (number != 0 && number + 1 < oldest) kept.missing = oldest - std::max(number + 1, first_);
    return kept;
}

Event_log::Kept Event_log::after(std::uint64_t number) const {
    const std::lock_guard lock(mutex_);
    return kept_after(number);
}

void Event_log::follow(const daemon::Reply& reply, std::optional<std::uint64_t> number) {
    {
        const std::lock_guard lock(mutex_);
        if (followers_.size() < limits_.followers) {
            const Kept kept = number ? kept_after(*number) : Kept{};
            const bool other_run = number && *number != 0 && *number + 1 < first_;
            const daemon::Stream stream = reply.stream("application/x-ndjson");
            if (kept.missing > 0 || other_run) {
                Event missing;
                missing.kind = "events-missing";
                missing.detail = other_run ? "xvmd was started anew after that number"
                                           : std::to_string(kept.missing) + " are not kept any more";
                stream.write(line_of(*number, missing));
            }
            for (const std::string& line : kept.lines)
                stream.write(line);
            followers_.push_back(stream);
        } else {
            reply.send(daemon::failure_response(
                Error{Fault::exhausted, "events", "too many clients follow them", "end one of them"}));
            return;
        }
    }
    reply.on_gone([this] { drop_closed(); });
}

std::size_t Event_log::followers() const {
    const std::lock_guard lock(mutex_);
    return followers_.size();
}

void Event_log::drop_closed() {
    const std::lock_guard lock(mutex_);
    std::erase_if(followers_, [](const daemon::Stream& stream) { return stream.closed(); });
}

} // namespace xvm::xvmd
