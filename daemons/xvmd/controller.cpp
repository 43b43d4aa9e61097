// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/controller.hpp"

#include "daemons/common/json_reply.hpp"
#include "daemons/xvmd/domain_json.hpp"
#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_life.hpp"
#include "toolstack/run/perform.hpp"

#include <boost/json/array.hpp>
#include <spdlog/spdlog.h>

namespace xvm::xvmd {
namespace json = boost::json;
using daemon::failure_response;
using daemon::json_response;
namespace {

constexpr unsigned created = 201;

std::string text_of(const std::map<std::string, std::string>& values, const std::string& key) {
    const auto found = values.find(key);
    return found != values.end() ? found->second : std::string{};
}

/// The key under which changes of a guest follow each other. Guests of xvm have names; what else there is
/// goes by its number.
std::string object_key(const run::Domain_entry& entry) {
    return entry.name.empty() ? std::to_string(number(entry.info.id.domid)) : entry.name;
}

Result<bool> flag_of(const daemon::Request& request, const std::string& name) {
    const std::string text = text_of(request.query, name);
    if (text.empty() || text == "0") return false;
    if (text == "1") return true;
    return fail(Fault::usage, "parameter '" + name + "'", "cannot be '" + text + "'", "give 0 or 1");
}

Result<Domain_id> destroy_entry(run::Ports& ports, const run::Domain_entry& entry) {
    const std::string object = "domain '" + object_key(entry) + "'";
    if (entry.info.id.domid == dom0)
        return fail(Fault::denied, object, "is the control domain", "shut the host down instead");
    if (!entry.managed)
        return fail(Fault::denied, object, "was not started by xvm", "end it with the tool that started it");
    return run::perform(ports, plan::plan_destroy({object_key(entry), entry.info.id}), {},
                        entry.info.id.domid);
}

/// The plan that a request to create asks for.
tl::expected<plan::Plan, api::Failure> plan_of(const daemon::Request& request) {
    if (!request.content_type.starts_with("application/toml"))
        return tl::unexpected<api::Failure>(Error{
            Fault::usage, "Content-Type", "is '" + request.content_type + "'", "send application/toml"});
    const std::string source = text_of(request.query, "source");
    if (source.empty() || source.front() != '/')
        return tl::unexpected<api::Failure>(
            Error{Fault::usage, "parameter 'source'", source.empty() ? "is missing" : "is no absolute path",
                  "name the configuration file: relative paths in it start there"});
    const auto paused = flag_of(request, "paused");
    if (!paused) return tl::unexpected<api::Failure>(paused.error());
    auto guest = plan::parse_config({request.body, source, text_of(request.query, "name")});
    if (guest) return plan::plan_create(*guest, Uuid::random(), *paused);
    api::Failure failure{guest.error().front()};
    failure.more.assign(guest.error().begin() + 1, guest.error().end());
    return tl::unexpected<api::Failure>(std::move(failure));
}

std::string_view words(run::Phase phase) {
    switch (phase) {
    case run::Phase::begin:
        return "begins";
    case run::Phase::done:
        return "is done";
    case run::Phase::failed:
        return "failed";
    case run::Phase::undone:
        return "is undone";
    case run::Phase::stuck:
        return "cannot be undone";
    }
    return "";
}

} // namespace

void Controller::add_routes(daemon::Router& router) {
    router.add("GET", "/v1/version", [this](const Request&, const Reply& reply) { version(reply); });
    router.add("GET", "/v1/host", [this](const Request&, const Reply& reply) { host(reply); });
    router.add("GET", "/v1/domains", [this](const Request&, const Reply& reply) { list(reply); });
    router.add("POST", "/v1/domains",
               [this](const Request& request, const Reply& reply) { create(request, reply); });
    router.add("GET", "/v1/domains/{id}",
               [this](const Request& request, const Reply& reply) { show(request, reply); });
    router.add("DELETE", "/v1/domains/{id}",
               [this](const Request& request, const Reply& reply) { destroy(request, reply); });
    router.add("GET", "/v1/domains/{id}/disks",
               [this](const Request& request, const Reply& reply) { disks(request, reply); });
}

void Controller::submit(std::string key, const Reply& reply, Workers::Job job) {
    if (const Status taken = workers_.submit(std::move(key), std::move(job)); !taken)
        reply.send(failure_response(taken.error()));
}

void Controller::version(const Reply& reply) const {
    reply.send(json_response(json::object{{"schema", "xvm.version/1"}, {"version", XVM_VERSION}}));
}

void Controller::host(const Reply& reply) {
    submit({}, reply, [this, reply](run::Ports& ports) {
        const auto answer = [&]() -> Result<json::object> {
            XVM_TRY_LET(const auto info, ports.domains.host());
            XVM_TRY_LET(const auto infos, ports.domains.list());
            const Status block = block_.check();
            return host_json(info, infos.size(), block ? "running" : block.error().cause);
        }();
        reply.send(daemon::response_of(answer));
    });
}

void Controller::list(const Reply& reply) {
    submit({}, reply, [reply](run::Ports& ports) {
        const auto entries = run::list_domains(ports);
        if (!entries) return reply.send(failure_response(entries.error()));
        json::array domains;
        for (const run::Domain_entry& entry : *entries)
            domains.push_back(domain_json(entry));
        reply.send(json_response(json::object{{"schema", "xvm.domains/1"}, {"domains", std::move(domains)}}));
    });
}

void Controller::show(const Request& request, const Reply& reply) {
    submit({}, reply, [id = request.parameters.at("id"), reply](run::Ports& ports) {
        const auto entry = run::find_domain(ports, id);
        reply.send(entry ? json_response(domain_json(*entry)) : failure_response(entry.error()));
    });
}

void Controller::disks(const Request& request, const Reply& reply) {
    submit({}, reply, [this, id = request.parameters.at("id"), reply](run::Ports& ports) {
        const auto entry = run::find_domain(ports, id);
        if (!entry) return reply.send(failure_response(entry.error()));
        if (entry->disks.empty()) return reply.send(json_response(disks_json(*entry, nullptr)));
        const auto served = block_.disks();
        reply.send(served ? json_response(disks_json(*entry, *served)) : failure_response(served.error()));
    });
}

void Controller::create(const Request& request, const Reply& reply) {
    auto plan = plan_of(request);
    if (!plan) {
        spdlog::info("create refused: {}", plan.error().line());
        return reply.send(failure_response(plan.error()));
    }
    std::string key = plan->name;
    submit(std::move(key), reply, [this, plan = std::move(*plan), reply](run::Ports& ports) {
        const std::string& name = plan.name;
        const auto id = run::perform(ports, plan, hooks_for(name));
        if (!id) {
            spdlog::warn("create '{}': {}", name, id.error().line());
            return reply.send(failure_response(id.error()));
        }
        spdlog::info("create '{}': domain {}, {}", name, number(id->domid), id->uuid.text());
        const auto entry = run::find_domain(ports, id->uuid.text());
        reply.send(entry ? json_response(domain_json(*entry), created) : failure_response(entry.error()));
    });
}

void Controller::destroy(const Request& request, const Reply& reply) {
    // First who is meant, then its turn: between the two it may have become another.
    submit({}, reply, [this, id = request.parameters.at("id"), reply](run::Ports& ports) {
        const auto meant = run::find_domain(ports, id);
        if (!meant) return reply.send(failure_response(meant.error()));
        submit(object_key(*meant), reply, [id, who = meant->info.id, reply](run::Ports& then) {
            const auto entry = run::find_domain(then, who.uuid.text());
            if (!entry)
                return reply.send(
                    failure_response(Error{Fault::not_found, "domain '" + id + "'", "no such domain any more",
                                           "'xvm list' shows those there are"}));
            const auto destroyed = destroy_entry(then, *entry);
            if (destroyed)
                spdlog::info("destroy '{}': domain {} is gone", object_key(*entry), number(who.domid));
            else
                spdlog::warn("destroy '{}': {}", object_key(*entry), destroyed.error().line());
            reply.send(destroyed ? json_response(domain_json(*entry)) : failure_response(destroyed.error()));
        });
    });
}

run::Hooks Controller::hooks_for(const std::string& name) const {
    run::Hooks hooks;
    hooks.progress = [name](const plan::Step& step, run::Phase phase) {
        spdlog::debug("create '{}': step {} {}", name, step.name, words(phase));
    };
    if (!fail_at_.empty())
        hooks.after = [this](const plan::Step& step) -> Status {
            if (step.name != fail_at_) return {};
            return fail(Fault::failed, "step " + step.name, "failed on purpose (--fail-at)",
                        "start xvmd without it");
        };
    return hooks;
}

} // namespace xvm::xvmd
