// SPDX-License-Identifier: Apache-2.0
// Guests: made, listed, paused, named, stopped, ended.
#include "daemons/xvmd/domain_json.hpp"
#include "daemons/xvmd/lifecycle.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_life.hpp"

#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

constexpr std::chrono::minutes stop_limit{2};

plan::Guest_ref ref_of(const run::Domain_entry& entry) {
    return {entry.name, entry.info.id};
}

Planned plan_of_create(run::Ports&, const Call& call) {
    const std::string source = call.text("source");
    if (source.empty())
        return tl::unexpected<api::Failure>(
            Error{Fault::usage, "parameter 'source'", "is missing",
                  "name the configuration file: relative paths in it start there"});
    auto guest = plan::parse_config({call.body, source, call.text("name")});
    if (guest) return plan::plan_create(*guest, Uuid::random(), call.flag("paused"));
    api::Failure failure{guest.error().front()};
    failure.more.assign(guest.error().begin() + 1, guest.error().end());
    return tl::unexpected<api::Failure>(std::move(failure));
}

Answer list(run::Ports& ports, const Call&) {
    const auto entries = run::list_domains(ports, run::Sight::devices);
    if (!entries) return tl::unexpected<api::Failure>(entries.error());
    json::array domains;
    for (const run::Domain_entry& entry : *entries)
        domains.push_back(domain_json(entry));
    return json::object{{"schema", "xvm.domains/1"}, {"domains", std::move(domains)}};
}

Answer as_it_was(run::Ports&, const Call&, const run::Domain_entry& before) {
    return json::value(domain_json(before));
}

Planned plan_of_rename(run::Ports&, const Call& call, const run::Domain_entry& entry) {
    const std::string name = call.text("name");
    if (const auto fault = plan::domain_name_fault(name))
        return tl::unexpected<api::Failure>(
            Error{Fault::usage, "name '" + name + "'", *fault, "choose another, such as web-1"});
    return plan::plan_rename(ref_of(entry), name);
}

Planned plan_of_shutdown(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    const auto record = ports.book.by_uuid(entry.info.id.uuid);
    const plan::On_stop then = record ? record->guest.on_poweroff : plan::On_stop::destroy;
    return plan::plan_stop(ref_of(entry), plan::Stop_request::poweroff,
                           call.duration("timeout").value_or(stop_limit), then);
}

Planned plan_of_reboot(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    if (!ports.book.by_uuid(entry.info.id.uuid))
        return tl::unexpected<api::Failure>(Error{Fault::failed, "domain '" + entry.name + "'",
                                                  "its configuration is not known any more",
                                                  "end it, and start it again with 'xvm create'"});
    return plan::plan_stop(ref_of(entry), plan::Stop_request::reboot,
                           call.duration("timeout").value_or(stop_limit), plan::On_stop::restart);
}

} // namespace

void add_domain_verbs(Verbs& verbs, Lifecycle& lifecycle) {
    const auto restart = [&lifecycle](run::Ports& ports, const Domain_id& id) {
        return lifecycle.start_again(ports, id.uuid);
    };
    verbs.make("create", {plan_of_create});
    verbs.read("list", list);
    verbs.read("show",
               [](run::Ports& ports, const Call& call) { return domain_answer(ports, call.text("id")); });
    verbs.direct("wait",
                 [&lifecycle](const Call& call, const daemon::Reply& reply) { lifecycle.wait(call, reply); });
    verbs.change("pause", {[](run::Ports&, const Call&, const run::Domain_entry& entry) -> Planned {
                     return plan::plan_pause(ref_of(entry));
                 }});
    verbs.change("unpause", {[](run::Ports&, const Call&, const run::Domain_entry& entry) -> Planned {
                     return plan::plan_unpause(ref_of(entry));
                 }});
    verbs.change("rename", {plan_of_rename});
    verbs.change("destroy", {[](run::Ports&, const Call&, const run::Domain_entry& entry) -> Planned {
                                 return plan::plan_destroy(ref_of(entry));
                             },
                             as_it_was,
                             {},
                             true});
    verbs.change("shutdown", {plan_of_shutdown, {}, restart});
    verbs.change("reboot", {plan_of_reboot, {}, restart});
}

} // namespace xvm::xvmd
