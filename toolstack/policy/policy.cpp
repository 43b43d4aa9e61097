// SPDX-License-Identifier: Apache-2.0
#include "toolstack/policy/policy.hpp"

#include "toolstack/plan/config_json.hpp"
#include "toolstack/policy/allowed.hpp"

#include <algorithm>

namespace xvm::policy {
namespace json = boost::json;
namespace {

constexpr std::size_t name_bytes_max = 64; // "remove-disk-xvdp"

tl::unexpected<Error> denied(const std::string& why) {
    return fail(Fault::denied, "order of the management service", why,
                "nothing was done; the service is not as it should be: see docs/service.md");
}

/// The service's own words are not repeated: they may be anything.
tl::unexpected<Error> denied_step(std::size_t step, const std::string& why) {
    return denied("step " + std::to_string(step) + " " + why);
}

/// The guest that the order would make, as the step says that writes it down.
Result<plan::Guest_config> guest_of(const plan::Plan& order) {
    const auto kept = std::find_if(order.steps.begin(), order.steps.end(),
                                   [](const plan::Step& step) { return step.op == "keep-guest"; });
    const json::value* guest = kept == order.steps.end() ? nullptr : kept->args.if_contains("guest");
    if (guest == nullptr) return denied("does not say which guest it makes");
    auto config = plan::from_value<plan::Guest_config>(*guest, "guest");
    if (!config) return denied("its guest is none");
    return std::move(*config);
}

/// Names are shown to users and stand in journals: each is its operation's, with a suffix of this step's.
Status check_names(const plan::Step& step, const Allowed_step& may, std::size_t at) {
    if (step.name.size() > name_bytes_max || step.name != std::string(may.op) + may.suffix)
        return denied_step(at, "has a name that is not its own");
    if (step.undo != (may.undo.empty() ? std::string{} : std::string(may.undo) + may.suffix))
        return denied_step(at, "is not taken back as it must be");
    return {};
}

Status check_args(const plan::Step& step, const Allowed_step& may, const Limits& limits, std::size_t at) {
    if (!may.waits) {
        if (step.args == may.args) return {};
        return denied_step(at, "has arguments that are not the request's");
    }
    json::object args = step.args;
    const json::value* limit = args.if_contains("limit_ms");
    if (limit == nullptr || !limit->is_int64() || limit->get_int64() < 0 ||
        limit->get_int64() > limits.wait.count())
        return denied_step(at, "waits without a limit");
    args.erase("limit_ms");
    if (args == may.args) return {};
    return denied_step(at, "has arguments that are not the request's");
}

} // namespace

Status check(const plan::Plan& order, const Subject& subject, const Limits& limits) {
    if (!knows(subject.verb)) return denied("orders for '" + subject.verb + "' are not taken");
    if (order.uuid != subject.uuid) return denied("is about another guest");
    plan::Guest_config guest;
    guest.name = subject.name;
    if (makes_guest(subject.verb)) {
        XVM_TRY_LET(guest, guest_of(order));
        if (!subject.name.empty() && guest.name != subject.name) return denied("makes another guest");
        XVM_TRY(check_guest(guest, limits));
    }
    if (order.name != guest.name) return denied("is about a guest of another name");
    const Allowed may = allowed(subject, guest);
    if (order.verb != may.verb) return denied("answers another request");
    if (order.steps.size() != may.steps.size()) return denied("has other steps than the request takes");
    if (std::min(order.commit, order.steps.size()) != std::min(may.commit, may.steps.size()))
        return denied("commits elsewhere");
    for (std::size_t at = 0; at < may.steps.size(); ++at) {
        const plan::Step& step = order.steps[at];
        if (step.op != may.steps[at].op) return denied_step(at, "is none that the request takes there");
        XVM_TRY(check_names(step, may.steps[at], at));
        XVM_TRY(check_args(step, may.steps[at], limits, at));
    }
    return {};
}

} // namespace xvm::policy
