// SPDX-License-Identifier: Apache-2.0
#include "toolstack/decide/decide.hpp"

#include "toolstack/decide/configs.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_life.hpp"

#include <algorithm>
#include <array>

namespace xvm::decide {
namespace {

constexpr std::chrono::minutes stop_limit{2};

plan::Guest_ref ref_of(const Question& question) {
    return {question.name, {Domid{}, question.uuid}}; // of the id these plans take the uuid
}

Decision create(const Question& question, Shelf&) {
    const std::string source = question.text("source");
    if (source.empty()) return tl::unexpected<api::Failure>(no_source());
    const auto guest = plan::parse_config({question.body, source, question.text("name")});
    if (!guest) return tl::unexpected<api::Failure>(failure_of(guest.error()));
    return Decision(plan_create(*guest, question.uuid, question.flag("paused")));
}

Decision start(const Question& question, Shelf& shelf) {
    const auto guest = stored_guest(question.text("name"), shelf);
    if (!guest) return tl::unexpected<api::Failure>(guest.error());
    return Decision(plan_create(*guest, question.uuid, question.flag("paused")));
}

Decision pause(const Question& question, Shelf&) {
    return Decision(plan_pause(ref_of(question)));
}

Decision unpause(const Question& question, Shelf&) {
    return Decision(plan_unpause(ref_of(question)));
}

Decision rename(const Question& question, Shelf&) {
    const std::string name = question.text("name");
    if (const auto fault = plan::domain_name_fault(name))
        return tl::unexpected<api::Failure>(
            Error{Fault::usage, "name '" + name + "'", *fault, "choose another, such as web-1"});
    if (name == ref_of(question).name)
        return tl::unexpected<api::Failure>(
            Error{Fault::busy, "domain '" + name + "'", "has that name already", "choose another"});
    return Decision(plan_rename(ref_of(question), name));
}

Decision destroy(const Question& question, Shelf&) {
    return Decision(plan_destroy(ref_of(question)));
}

Decision shutdown(const Question& question, Shelf&) {
    const plan::On_stop then = question.guest ? question.guest->on_poweroff : plan::On_stop::destroy;
    return Decision(plan_stop(ref_of(question), plan::Stop_request::poweroff,
                              question.duration("timeout").value_or(stop_limit), then));
}

Decision reboot(const Question& question, Shelf&) {
    if (!question.guest)
        return tl::unexpected<api::Failure>(Error{Fault::failed, "domain '" + question.name + "'",
                                                  "its configuration is not known any more",
                                                  "end it, and start it again with 'xvm create'"});
    return Decision(plan_stop(ref_of(question), plan::Stop_request::reboot,
                              question.duration("timeout").value_or(stop_limit), plan::On_stop::restart));
}

struct Verb {
    std::string_view id;
    Decision (*decide)(const Question&, Shelf&);
};
constexpr std::array verbs{
    Verb{"create", create},
    Verb{"start", start},
    Verb{"pause", pause},
    Verb{"unpause", unpause},
    Verb{"rename", rename},
    Verb{"destroy", destroy},
    Verb{"shutdown", shutdown},
    Verb{"reboot", reboot},
    Verb{"config.add", decide_config},
    Verb{"config.list", decide_config},
    Verb{"config.show", decide_config},
    Verb{"config.remove", decide_config},
};

const Verb* find(std::string_view id) noexcept {
    const auto* found =
        std::find_if(verbs.begin(), verbs.end(), [&](const Verb& one) { return one.id == id; });
    return found == verbs.end() ? nullptr : found;
}

} // namespace

bool knows(std::string_view verb) noexcept {
    return find(verb) != nullptr;
}

Decision decide(const Question& question, Shelf& shelf) {
    if (const Verb* verb = find(question.verb)) return verb->decide(question, shelf);
    if (question.proposal) return Decision(*question.proposal);
    return tl::unexpected<api::Failure>(Error{Fault::usage, "question about '" + question.verb + "'",
                                              "is none that is decided here",
                                              "both ends must be of the same version of xvm"});
}

tl::expected<plan::Plan, api::Failure> plan_of(const Decision& decision) {
    if (!decision) return tl::unexpected<api::Failure>(decision.error());
    if (const auto* plan = std::get_if<plan::Plan>(&*decision)) return *plan;
    return tl::unexpected<api::Failure>(
        Error{Fault::failed, "management service", "answered without a plan", {}});
}

} // namespace xvm::decide
