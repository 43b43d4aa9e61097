// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan.hpp"

#include <boost/json/array.hpp>

namespace xvm::plan {
namespace json = boost::json;
namespace {

constexpr std::string_view schema = "xvm.plan/1";

tl::unexpected<Error> not_a_plan(const std::string& why) {
    return fail(Fault::usage, "plan", why, "it was written by another version of xvmd, or is damaged");
}

Result<std::string> text_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return not_a_plan("has no text '" + std::string(key) + "'");
    return std::string(value->get_string());
}

Result<Step> parse_step(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) return not_a_plan("has a step that is no object");
    Step step;
    XVM_TRY_LET(step.op, text_at(*object, "op"));
    XVM_TRY_LET(step.name, text_at(*object, "name"));
    XVM_TRY_LET(step.undo, text_at(*object, "undo"));
    const json::value* args = object->if_contains("args");
    if (args == nullptr || !args->is_object()) return not_a_plan("has a step without arguments");
    step.args = args->get_object();
    return step;
}

} // namespace

json::object plan_json(const Plan& plan) {
    json::array steps;
    for (const Step& step : plan.steps)
        steps.push_back({{"op", step.op}, {"name", step.name}, {"undo", step.undo}, {"args", step.args}});
    return {{"schema", schema},
            {"verb", plan.verb},
            {"name", plan.name},
            {"uuid", plan.uuid.text()},
            {"commit", std::min(plan.commit, plan.steps.size())},
            {"steps", std::move(steps)}};
}

Result<Plan> parse_plan(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) return not_a_plan("is no object");
    XVM_TRY_LET(const std::string named, text_at(*object, "schema"));
    if (named != schema) return not_a_plan("is a '" + named + "'");
    Plan plan;
    XVM_TRY_LET(plan.verb, text_at(*object, "verb"));
    XVM_TRY_LET(plan.name, text_at(*object, "name"));
    XVM_TRY_LET(const std::string uuid_text, text_at(*object, "uuid"));
    const auto uuid = Uuid::parse(uuid_text);
    if (!uuid) return not_a_plan("has no uuid");
    plan.uuid = *uuid;
    const json::value* commit = object->if_contains("commit");
    json::error_code not_whole;
    if (commit != nullptr && commit->is_number()) plan.commit = commit->to_number<std::size_t>(not_whole);
    if (commit == nullptr || !commit->is_number() || not_whole)
        return not_a_plan("does not say where it commits");
    const json::value* steps = object->if_contains("steps");
    if (steps == nullptr || !steps->is_array()) return not_a_plan("has no steps");
    for (const json::value& item : steps->get_array()) {
        XVM_TRY_LET(Step step, parse_step(item));
        plan.steps.push_back(std::move(step));
    }
    return plan;
}

} // namespace xvm::plan
