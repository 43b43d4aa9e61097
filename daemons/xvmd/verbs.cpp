// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/verbs.hpp"

#include "daemons/common/json_reply.hpp"
#include "daemons/xvmd/decider.hpp"
#include "daemons/xvmd/domain_json.hpp"
#include "daemons/xvmd/reclaim.hpp"
#include "libvmshare/base/assert.hpp"
#include "toolstack/run/perform.hpp"

#include <algorithm>
#include <csignal>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace xvm::xvmd {
namespace json = boost::json;
using daemon::failure_response;
using daemon::json_response;
using Clock = std::chrono::steady_clock;
namespace {

constexpr unsigned created = 201;
constexpr unsigned accepted = 202;

/// The key under which changes of a guest follow each other. Guests of xvm have names; what else there is
/// goes by its number.
std::string object_key(const run::Domain_entry& entry) {
    return entry.name.empty() ? std::to_string(number(entry.info.id.domid)) : entry.name;
}

/// Why a domain is not ours to change.
Status check_ours(const run::Domain_entry& entry, bool also_dead) {
    const std::string object = "domain '" + object_key(entry) + "'";
    if (entry.info.id.domid == dom0 && entry.life != run::Life::stale)
        return fail(Fault::denied, object, "is the control domain, which xvm leaves alone",
                    "name a guest: see xvm list");
    if (!entry.managed)
        return fail(Fault::denied, object, "was not started by xvm", "use the tool that started it");
    if (!also_dead && (entry.life == run::Life::stale || entry.life == run::Life::dying))
        return fail(Fault::busy, object, "is " + std::string(name_of(entry.life)),
                    "clean up after it: xvm destroy " + object_key(entry));
    return {};
}

/// What ends a plan before it is done: its client went, somebody cancelled it, or its time is up.
std::function<Status()> go_on_of(const Call& call, const daemon::Reply& reply,
                                 const std::shared_ptr<Operation>& operation, bool waits) {
    const auto limit = call.duration("timeout");
    const auto deadline = limit ? std::optional(Clock::now() + *limit) : std::nullopt;
    return [=, what = std::string(call.verb->words)]() -> Status {
        if (waits && reply.gone()) operation->cancel();
        const std::string object = what + " '" + operation->name() + "'";
        if (operation->cancelled())
            return fail(Fault::failed, object, "cancelled",
                        "nothing is left of it; ask again whenever you like");
        if (deadline && Clock::now() > *deadline)
            return fail(Fault::timeout, object,
                        "was not done within " + std::to_string(limit->count()) + " ms",
                        "allow it more time with --timeout");
        return {};
    };
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

Answer domain_answer(run::Ports& ports, std::string_view id, run::Sight sight) {
    const auto entry = run::find_domain(ports, id, sight);
    if (!entry) return tl::unexpected<api::Failure>(entry.error());
    return json::value(domain_json(*entry));
}

void Verbs::bind(std::string_view id, Bound handler) {
    const model::Verb* verb = model::find_verb(id);
    XVM_ASSERT(verb != nullptr && !verb->method.empty());
    bound_.push_back(verb->id);
    router_.add(
        std::string(verb->method), verb->route,
        [this, verb, handler = std::move(handler)](daemon::Request request, const daemon::Reply& reply) {
            Call unread{verb, {}, {}, request.peer};
            for (const auto& [name, value] : request.parameters)
                unread.parameters[name] = value;
            auto call = parse_call(*verb, std::move(request));
            if (call) return handler(std::move(*call), reply);
            if (verb->mutating) return refuse(unread, reply, call.error());
            reply.send(failure_response(call.error()));
        });
}

void Verbs::submit(std::string key, const daemon::Reply& reply, Workers::Job job) {
    if (const Status taken = service_.workers.submit(std::move(key), std::move(job)); !taken)
        reply.send(failure_response(taken.error()));
}

void Verbs::submit_for(std::vector<std::string> keys, const daemon::Reply& reply, Workers::Job job) {
    if (const Status taken = service_.workers.submit_for(std::move(keys), std::move(job)); !taken)
        reply.send(failure_response(taken.error()));
}

void Verbs::read(std::string_view id, Read read) {
    bind(id, [this, read = std::move(read)](Call call, const daemon::Reply& reply) {
        submit({}, reply, [read, call = std::move(call), reply](run::Ports& ports) {
            reply.send(daemon::response_of(read(ports, call)));
        });
    });
}

void Verbs::direct(std::string_view id, Direct direct) {
    bind(id,
         [direct = std::move(direct)](const Call& call, const daemon::Reply& reply) { direct(call, reply); });
}

void Verbs::act(std::string_view id, Act act) {
    bind(id, [this, act = std::move(act)](Call call, const daemon::Reply& reply) {
        std::string key = act.key(call);
        submit(key, reply, [this, act, key, call = std::move(call), reply](run::Ports& ports) {
            const auto since = Clock::now();
            const Answer answer = act.act(ports, call);
            note(call, key, answer ? Status{} : Status(tl::unexpected<Error>(answer.error())), false, since);
            reply.send(daemon::response_of(answer));
        });
    });
}

void Verbs::change(std::string_view id, Change change) {
    bind(id, [this, change = std::move(change)](Call call, const daemon::Reply& reply) {
        // First who is meant, then its turn: between the two it may have become another.
        submit({}, reply, [this, change, call = std::move(call), reply](run::Ports& ports) {
            const auto meant = run::find_domain(ports, call.text("id"));
            if (!meant) return refuse(call, reply, meant.error());
            submit(
                object_key(*meant), reply,
                [this, change, call, who = meant->info.id, reply](run::Ports& then) {
                    auto entry = run::find_domain(then, who.uuid.text());
                    if (!entry)
                        return refuse(call, reply,
                                      Error{Fault::not_found, "domain '" + call.text("id") + "'",
                                            "no such domain any more", "'xvm list' shows those there are"});
                    if (const Status ours = check_ours(*entry, change.also_dead); !ours)
                        return refuse(call, reply, ours.error());
                    const Planned plan = consent(service_.management, call, change.plan(then, call, *entry));
                    if (!plan) return refuse(call, reply, plan.error());
                    const auto answer = [&](const Domain_id& done) -> Answer {
                        if (change.answer) return change.answer(then, call, *entry);
                        Answer now = domain_answer(then, done.uuid.text());
                        return now ? std::move(now) : Answer(domain_json(*entry));
                    };
                    const auto afterwards = [&](const Domain_id& done) {
                        return change.then ? change.then(then, done) : Result<Domain_id>(done);
                    };
                    finish(then, call, reply, *plan, entry->info.id.domid, answer, 200, afterwards);
                });
        });
    });
}

namespace {

constexpr std::string_view nobody = "free";

/// An end of an exchange: nothing is what no guest has.
Result<std::optional<run::Domain_entry>> end_of(run::Ports& ports, const std::string& id) {
    auto entry = run::find_domain(ports, id);
    if (entry && entry->info.id.domid == dom0 && entry->life != run::Life::stale)
        return fail(Fault::usage, "domain '" + object_key(*entry) + "'",
                    "is the control domain: it stays as it is", "name a guest, or 'free'");
    if (entry) return std::optional(std::move(*entry));
    if (id == nobody && entry.error().fault == Fault::not_found) return std::optional<run::Domain_entry>{};
    return tl::unexpected<Error>(std::move(entry.error()));
}

/// The same, in its turn: who was meant, if it is still there and ours.
Result<std::optional<run::Domain_entry>> again(run::Ports& ports,
                                               const std::optional<run::Domain_entry>& meant) {
    if (!meant) return std::optional<run::Domain_entry>{};
    auto entry = run::find_domain(ports, meant->info.id.uuid.text());
    if (!entry)
        return fail(Fault::not_found, "domain '" + object_key(*meant) + "'", "no such domain any more",
                    "'xvm list' shows those there are");
    XVM_TRY(check_ours(*entry, false));
    return std::optional(std::move(*entry));
}

const run::Domain_entry* pointer(const std::optional<run::Domain_entry>& entry) {
    return entry ? &*entry : nullptr;
}

} // namespace

void Verbs::exchange(std::string_view id, Exchange exchange) {
    bind(id, [this, exchange = std::move(exchange)](Call call, const daemon::Reply& reply) {
        submit({}, reply, [this, exchange, call = std::move(call), reply](run::Ports& ports) {
            const auto [giver, taker] =
                exchange.ends ? exchange.ends(ports, call) : std::pair(call.text("from"), call.text("to"));
            const auto from = end_of(ports, giver);
            if (!from) return refuse(call, reply, from.error());
            const auto to = end_of(ports, taker);
            if (!to) return refuse(call, reply, to.error());
            std::vector<std::string> keys;
            for (const auto* end : {&*from, &*to})
                if (*end) keys.push_back(object_key(**end));
            submit_for(
                std::move(keys), reply,
                [this, exchange, call, from = *from, to = *to, reply](run::Ports& then) {
                    const auto gives = again(then, from);
                    if (!gives) return refuse(call, reply, gives.error());
                    const auto takes = again(then, to);
                    if (!takes) return refuse(call, reply, takes.error());
                    const Planned plan = consent(service_.management, call,
                                                 exchange.plan(then, call, pointer(*gives), pointer(*takes)));
                    if (!plan) return refuse(call, reply, plan.error());
                    const auto answer = [&](const Domain_id&) { return exchange.answer(then, call, *plan); };
                    std::optional<Domid> about;
                    if (*gives || *takes) about = (*gives ? **gives : **takes).info.id.domid;
                    finish(then, call, reply, *plan, about, answer, 200);
                });
        });
    });
}

void Verbs::make(std::string_view id, Make make) {
    bind(id, [this, make = std::move(make)](Call call, const daemon::Reply& reply) {
        submit({}, reply, [this, make, call = std::move(call), reply](run::Ports& ports) {
            const auto planned = [make, call](run::Ports& with) {
                Planned plan = make.plan(with, call);
                return plan ? with_reclaim(with, call, std::move(*plan)) : plan;
            };
            Planned plan = planned(ports);
            if (!plan) return refuse(call, reply, plan.error());
            std::vector<std::string> keys = givers_of(*plan);
            keys.push_back(plan->name);
            submit_for(keys, reply,
                       [this, planned, call, keys, plan = std::move(*plan), reply](run::Ports& then) mutable {
                           if (keys.size() > 1) {
                               // Between the two others may have changed what those have who give.
                               Planned now = planned(then);
                               if (!now) return refuse(call, reply, now.error());
                               for (const std::string& giver : givers_of(*now))
                                   if (std::find(keys.begin(), keys.end(), giver) == keys.end())
                                       return refuse(call, reply,
                                                     Error{Fault::busy, "domain '" + giver + "'",
                                                           "is to give memory for it by now, too",
                                                           "ask again"});
                               plan = std::move(*now);
                           }
                           Planned ordered = consent(service_.management, call, std::move(plan));
                           if (!ordered) return refuse(call, reply, ordered.error());
                           plan = std::move(*ordered);
                           const auto answer = [&](const Domain_id& done) {
                               // It has no console yet: xenconsoled is about to look at it.
                               return domain_answer(then, done.uuid.text(), run::Sight::devices);
                           };
                           finish(then, call, reply, plan, {}, answer, created);
                       });
        });
    });
}

void Verbs::finish(run::Ports& ports, const Call& call, const daemon::Reply& reply, const plan::Plan& plan,
                   std::optional<Domid> domid, const std::function<Answer(const Domain_id&)>& answer,
                   unsigned status, const std::function<Result<Domain_id>(const Domain_id&)>& then) {
    if (call.flag("dry_run")) {
        const Status possible = run::rehearse(ports, plan);
        return reply.send(possible ? json_response(plan::plan_json(plan))
                                   : failure_response(possible.error()));
    }
    const auto since = Clock::now();
    const auto operation =
        service_.operations.begin(std::string(call.verb->words), plan.name, plan.uuid, call.peer.pid);
    const bool waits = !call.has("wait") || call.flag("wait");
    if (!waits) reply.send(json_response(operation->json(), accepted));
    auto done = run_plan(ports, plan, domid, operation, go_on_of(call, reply, operation, waits));
    if (done && then) done = then(*done);
    note(call, plan.name, done ? Status{} : Status(tl::unexpected<Error>(done.error())),
         operation->cancelled(), since);
    if (!waits) return;
    reply.send(done ? daemon::response_of(answer(*done), status) : failure_response(done.error()));
}

Result<Domain_id> Verbs::run_by_itself(run::Ports& ports, const plan::Plan& plan,
                                       std::optional<Domid> domid) {
    const auto since = Clock::now();
    const auto operation = service_.operations.begin(plan.verb, plan.name, plan.uuid);
    auto done = run_plan(ports, plan, domid, operation, [operation, &plan]() -> Status {
        if (!operation->cancelled()) return {};
        return fail(Fault::failed, plan.verb + " '" + plan.name + "'", "cancelled",
                    "ask again whenever you like");
    });
    Audit_record record;
    record.peer = {::geteuid(), ::getegid(), ::getpid()}; // nobody asked
    record.verb = plan.verb;
    record.object = plan.name;
    note(std::move(record), done ? Status{} : Status(tl::unexpected<Error>(done.error())),
         operation->cancelled(), since);
    return done;
}

Result<Domain_id> Verbs::run_plan(run::Ports& ports, const plan::Plan& plan, std::optional<Domid> domid,
                                  const std::shared_ptr<Operation>& operation,
                                  const std::function<Status()>& go_on) {
    run::Hooks hooks;
    hooks.go_on = go_on;
    hooks.moved = [operation](std::uint64_t bytes) { operation->moved(bytes); };
    hooks.progress = [&](const plan::Step& step, run::Phase phase) {
        operation->at(step.name, phase == run::Phase::undone || phase == run::Phase::stuck);
        spdlog::debug("{} '{}': step {} {}", plan.verb, plan.name, step.name, words(phase));
    };
    const Test_aids& aids = service_.aids;
    if (!aids.fail_at.empty() || !aids.kill_at.empty())
        hooks.after = [&aids](const plan::Step& step) -> Status {
            if (step.name == aids.kill_at) ::kill(::getpid(), SIGKILL);
            if (step.name != aids.fail_at) return {};
            return fail(Fault::failed, "step " + step.name, "failed on purpose (--fail-at)",
                        "start xvmd without it");
        };
    const auto publish = [&](std::string kind, std::optional<Domid> about, std::string detail) {
        service_.events.publish({std::move(kind), about, plan.name, plan.uuid, operation->verb(),
                                 operation->id(), std::move(detail)});
    };
    publish("operation-begun", domid, {});
    auto done = run::perform(ports, plan, hooks, domid);
    if (done) service_.metrics.count_moved(operation->verb(), operation->moved_bytes());
    operation->end(done ? Status{} : Status(tl::unexpected<Error>(done.error())));
    if (done) {
        spdlog::info("{} '{}': done, domain {}", operation->verb(), plan.name, number(done->domid));
        publish("operation-done", done->domid, {});
    } else {
        spdlog::warn("{} '{}': {}", operation->verb(), plan.name, done.error().line());
        publish("operation-failed", domid, done.error().line());
    }
    return done;
}

void Verbs::refuse(const Call& call, const daemon::Reply& reply, const api::Failure& why) {
    spdlog::info("{} refused: {}", call.verb->words, why.line());
    const std::string object = call.has("id") ? call.text("id") : call.text("name");
    note(call, object, Status(tl::unexpected<Error>(why)), false, Clock::now());
    reply.send(failure_response(why));
}

void Verbs::note(const Call& call, const std::string& object, const Status& outcome, bool cancelled,
                 Clock::time_point since) {
    Audit_record record;
    record.peer = call.peer;
    record.verb = call.verb->words;
    record.object = object;
    record.arguments = call.parameters;
    note(std::move(record), outcome, cancelled, since);
}

void Verbs::note(Audit_record record, const Status& outcome, bool cancelled, Clock::time_point since) {
    record.outcome = outcome     ? "done"
                     : cancelled ? "cancelled"
                                 : std::string(api::fault_name(outcome.error().fault));
    if (!outcome) record.cause = outcome.error().line();
    const auto taken = Clock::now() - since;
    record.duration = std::chrono::duration_cast<std::chrono::milliseconds>(taken);
    service_.metrics.count_operation(record.verb, record.outcome,
                                     std::chrono::duration_cast<std::chrono::microseconds>(taken));
    if (service_.audit != nullptr) service_.audit->write(record);
}

} // namespace xvm::xvmd
