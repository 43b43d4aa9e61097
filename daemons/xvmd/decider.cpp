// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/decider.hpp"

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
