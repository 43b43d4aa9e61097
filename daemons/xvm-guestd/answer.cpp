// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-guestd/answer.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

namespace xvm::guestd {
namespace json = boost::json;
namespace {

constexpr const char* schema = "xvm.guest_answer/1";

/// In words that tell nothing of the host; the log has the rest.
std::string words_of(const api::Failure& failure, const Request& request) {
    return request.verb + " '" + request.target +
           "': refused by the host: " + std::string(api::fault_name(failure.fault));
}

std::string done(const json::value& value) {
    json::object answer{{"schema", schema}, {"exit_code", 0}};
    if (const json::object* all = value.if_object())
        for (const char* key : {"name", "state", "type", "vcpus", "memory_bytes"})
            if (const json::value* one = all->if_contains(key)) answer[key] = *one;
    return json::serialize(answer);
}

} // namespace

std::string refusal(const Error& error) {
    return json::serialize(json::object{
        {"schema", schema}, {"exit_code", static_cast<int>(error.fault)}, {"error", error.line()}});
}

std::string answer_to(const Ways& ways, const Rules& rules, Domid asker, std::string_view payload) {
    const auto request = parse_request(payload);
    if (!request) return refusal(request.error());
    const auto name = ways.name_of(asker);
    if (!name) {
        spdlog::debug("domain {}: {}", number(asker), name.error().line());
        return refusal({Fault::denied, "this guest", "the host does not know it", "it must be one of xvm's"});
    }
    if (const Status allowed = rules.check(*name, *request); !allowed) {
        spdlog::debug("guest '{}' (domain {}): {}", *name, number(asker), allowed.error().line());
        return refusal(allowed.error());
    }
    const auto answer = ways.call(*find_verb(request->verb), request->target);
    spdlog::info("guest '{}' (domain {}): {} '{}': {}", *name, number(asker), request->verb, request->target,
                 answer ? "done" : answer.error().line());
    if (answer) return done(*answer);
    return refusal({answer.error().fault, words_of(answer.error(), *request), {}, {}});
}

} // namespace xvm::guestd
