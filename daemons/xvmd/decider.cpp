// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/decider.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

namespace xvm::xvmd {
namespace {

policy::Subject subject_of(const decide::Question& question) {
    policy::Subject subject{question.verb, question.name, question.uuid, question.flag("paused")};
    if (question.verb == "create" || question.verb == "start") subject.name = question.text("name");
    if (question.verb == "rename") subject.new_name = question.text("name");
    if (question.guest) subject.on_stop = question.guest->on_poweroff;
    return subject;
}

/// What goes on with the service OFF: devices and memory that go from guest to guest.
bool is_always_there(std::string_view verb) {
    constexpr std::array verbs{"device.assign", "device.move", "device.release", "memory.move"};
    return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

} // namespace

decide::Question question_of(const Call& call) {
    return {std::string(call.verb->id), call.parameters, call.body, {}, Uuid::random(), {}};
}

decide::Question question_of(const run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    decide::Question question{
        std::string(call.verb->id), call.parameters, call.body, entry.name, entry.info.id.uuid, {}};
    if (const auto record = ports.book.by_uuid(entry.info.id.uuid)) question.guest = record->guest;
    return question;
}

tl::expected<plan::Plan, api::Failure> consent(Management* management, const Call& call,
                                               tl::expected<plan::Plan, api::Failure> proposal) {
    if (!proposal || management == nullptr || decide::knows(call.verb->id) || is_always_there(call.verb->id))
        return proposal;
    decide::Question question{
        std::string(call.verb->id), call.parameters, {}, proposal->name, proposal->uuid, {}, *proposal};
    auto ordered = decide::plan_of(management->ask(question));
    if (!ordered) return ordered;
    const auto text = [](const plan::Plan& plan) { return boost::json::serialize(plan::plan_json(plan)); };
    if (text(*ordered) == text(*proposal)) return proposal;
    Error denied{Fault::denied, "order of the management service", "is not what it was asked about",
                 "nothing was done; the service is not as it should be: see docs/service.md"};
    spdlog::error("{}", denied.line());
    return tl::unexpected<api::Failure>(std::move(denied));
}

decide::Decision Decider::decision(const decide::Question& question) {
    return management_ != nullptr ? management_->ask(question) : decide::decide(question, shelf_);
}

tl::expected<plan::Plan, api::Failure> Decider::plan(const decide::Question& question) {
    auto plan = decide::plan_of(decision(question));
    if (!plan || management_ == nullptr) return plan;
    Status allowed = policy::check(*plan, subject_of(question), limits_);
    if (allowed) return plan;
    spdlog::error("{}", allowed.error().line());
    return tl::unexpected<api::Failure>(std::move(allowed.error()));
}

tl::expected<boost::json::value, api::Failure> Decider::value(const decide::Question& question) {
    decide::Decision decided = decision(question);
    if (!decided) return tl::unexpected<api::Failure>(std::move(decided.error()));
    if (auto* value = std::get_if<boost::json::value>(&*decided)) return std::move(*value);
    return tl::unexpected<api::Failure>(
        Error{Fault::failed, "management service", "answered with a plan that nobody asked for", {}});
}

} // namespace xvm::xvmd
