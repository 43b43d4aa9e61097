// SPDX-License-Identifier: Apache-2.0
#include "toolstack/decide/question.hpp"

#include "toolstack/plan/config_json.hpp"

namespace xvm::decide {
namespace json = boost::json;
namespace {

constexpr std::string_view question_schema = "xvm.question/1";
constexpr std::string_view decision_schema = "xvm.decision/1";

tl::unexpected<Error> none(std::string_view what, const std::string& why) {
    return fail(Fault::usage, std::string(what), why, "both ends must be of the same version of xvm");
}

/// The object, if it says that it is of that schema.
Result<const json::object*> object_of(const json::value& value, std::string_view schema,
                                      std::string_view what) {
    const json::object* object = value.if_object();
    const json::value* named = object == nullptr ? nullptr : object->if_contains("schema");
    if (named == nullptr || !named->is_string() || named->get_string() != schema)
        return none(what, "is no " + std::string(schema));
    return object;
}

Result<std::string> text_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string())
        return none("question", "has no text '" + std::string(key) + "'");
    return std::string(value->get_string());
}

} // namespace

std::string Question::text(std::string_view parameter) const {
    const json::value* value = parameters.if_contains(parameter);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

bool Question::flag(std::string_view parameter) const {
    const json::value* value = parameters.if_contains(parameter);
    return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<std::chrono::milliseconds> Question::duration(std::string_view parameter) const {
    const json::value* value = parameters.if_contains(parameter);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return std::chrono::milliseconds(value->get_int64());
}

json::object question_json(const Question& question) {
    json::object object{
        {"schema", question_schema}, {"verb", question.verb}, {"parameters", question.parameters},
        {"body", question.body},     {"name", question.name}, {"uuid", question.uuid.text()}};
    if (question.guest) object["guest"] = plan::to_object(*question.guest);
    if (question.proposal) object["proposal"] = plan::plan_json(*question.proposal);
    return object;
}

Result<Question> parse_question(const json::value& value) {
    XVM_TRY_LET(const json::object* object, object_of(value, question_schema, "question"));
    Question question;
    XVM_TRY_LET(question.verb, text_at(*object, "verb"));
    XVM_TRY_LET(question.body, text_at(*object, "body"));
    XVM_TRY_LET(question.name, text_at(*object, "name"));
    XVM_TRY_LET(const std::string uuid_text, text_at(*object, "uuid"));
    const auto uuid = Uuid::parse(uuid_text);
    if (!uuid) return none("question", "has no uuid");
    question.uuid = *uuid;
    const json::value* parameters = object->if_contains("parameters");
    if (parameters == nullptr || !parameters->is_object()) return none("question", "has no parameters");
    question.parameters = parameters->get_object();
    if (const json::value* guest = object->if_contains("guest")) {
        XVM_TRY_LET(question.guest, plan::from_value<plan::Guest_config>(*guest, "question: guest"));
    }
    if (const json::value* proposal = object->if_contains("proposal")) {
        XVM_TRY_LET(question.proposal, plan::parse_plan(*proposal));
    }
    return question;
}

json::object decision_json(const Decision& decision) {
    json::object object{{"schema", decision_schema}};
    if (!decision)
        object["failure"] = api::failure_json(decision.error());
    else if (const auto* plan = std::get_if<plan::Plan>(&*decision))
        object["plan"] = plan::plan_json(*plan);
    else
        object["value"] = std::get<json::value>(*decision);
    return object;
}

Result<Decision> parse_decision(const json::value& value) {
    XVM_TRY_LET(const json::object* object, object_of(value, decision_schema, "decision"));
    if (object->size() != 2) return none("decision", "says more than one thing");
    if (const json::value* plan = object->if_contains("plan")) {
        XVM_TRY_LET(plan::Plan parsed, plan::parse_plan(*plan));
        return Decision(std::move(parsed));
    }
    if (const json::value* answer = object->if_contains("value")) return Decision(*answer);
    if (const json::value* failure = object->if_contains("failure"))
        if (auto parsed = api::parse_failure(*failure))
            return Decision(tl::unexpected<api::Failure>(*parsed));
    return none("decision", "says nothing that can be understood");
}

} // namespace xvm::decide
