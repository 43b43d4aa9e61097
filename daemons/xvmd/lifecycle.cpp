// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/lifecycle.hpp"

#include "daemons/common/json_reply.hpp"
#include "daemons/xvmd/domain_json.hpp"
#include "daemons/xvmd/reclaim.hpp"
#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_life.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace xvm::xvmd {
namespace {

using Clock = std::chrono::steady_clock;
using run::Life;

// Changes come in flocks, and who made one is to have its answer first.
constexpr std::chrono::milliseconds settle{20};
// The store does not tell when a domain is paused.
constexpr std::chrono::milliseconds look_again{500};
constexpr std::string_view own_job = "/lifecycle"; // no guest can have this name

bool has_stopped(Life life) {
    return life == Life::powered_off || life == Life::reboot || life == Life::crashed;
}

plan::On_stop policy_of(const plan::Guest_config& guest, Life life) {
    switch (life) {
    case Life::powered_off:
        return guest.on_poweroff;
    case Life::reboot:
        return guest.on_reboot;
    default:
        return guest.on_crash;
    }
}

/// Whether the domain (null: none) is as `state` of "wait" says.
bool is_in(const run::Domain_entry* entry, const std::string& state) {
    const bool gone = entry == nullptr || entry->life == Life::stale;
    if (state == "gone") return gone;
    if (state == "stopped") return gone || has_stopped(entry->life) || entry->life == Life::dying;
    if (gone) return false;
    if (state == "crashed") return entry->life == Life::crashed;
    return entry->life == (state == "paused" ? Life::paused : Life::running);
}

const run::Domain_entry* find_in(const std::vector<run::Domain_entry>& entries, const std::string& id) {
    for (const run::Domain_entry& entry : entries)
        if (entry.name == id || std::to_string(number(entry.info.id.domid)) == id ||
            entry.info.id.uuid.text() == id)
            return &entry;
    return nullptr;
}

} // namespace

Lifecycle::Lifecycle(boost::asio::io_context& context, std::unique_ptr<Port_set> ports, Verbs& verbs,
                     Service& service)
    : context_(context), ports_(std::move(ports)), reports_(ports_->store()), verbs_(verbs),
      service_(service), descriptor_(context), timer_(context) {}

Lifecycle::~Lifecycle() {
    if (descriptor_.is_open()) descriptor_.release(); // the store's own
}

Status Lifecycle::start() {
    XVM_TRY(ports_->store().watch("@introduceDomain", "came"));
    XVM_TRY(ports_->store().watch("@releaseDomain", "went"));
    descriptor_.assign(ports_->store().fd());
    await_store();
    look();
    return {};
}

void Lifecycle::await_store() {
    descriptor_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
            if (error) return;
            bool domains_change = false;
            for (;;) {
                const auto event = ports_->store().next_event();
                if (!event) {
                    spdlog::error("store: {}; stopped guests are not tended any more", event.error().line());
                    return;
                }
                if (!*event) break;
                if ((*event)->token == Report_watch::token)
                    reports_.heard(**event);
                else
                    domains_change = true;
            }
            if (domains_change) look_after(settle);
            await_store();
        });
}

void Lifecycle::look() {
    boost::asio::post(context_, [this] { look_after(settle); });
}

void Lifecycle::look_after(std::chrono::milliseconds delay) {
    timer_.expires_after(delay);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        const Status taken =
            service_.workers.submit(std::string(own_job), [this](run::Ports& ports) { examine(ports); });
        if (!taken) look_after(look_again);
    });
}

void Lifecycle::examine(run::Ports& ports) {
    const auto entries = run::list_domains(ports, run::Sight::records);
    if (!entries) {
        spdlog::error("cannot see which guests stopped: {}", entries.error().line());
        return;
    }
    tell_changes(*entries);
    follow_reports(*entries);
    for (const run::Domain_entry& entry : *entries)
        tend(entry);
    // Ended to be restarted by an xvmd that died in between.
    for (const run::Guest_record& record : ports.book.all()) {
        const bool there = std::any_of(entries->begin(), entries->end(), [&](const run::Domain_entry& entry) {
            return entry.info.id.uuid == record.id.uuid && entry.life != Life::stale;
        });
        if (!record.restarting || there) continue;
        const Status taken = service_.workers.submit(
            record.guest.name, [this, uuid = record.id.uuid](run::Ports& then) { end_stopped(then, uuid); });
        if (!taken) look();
    }
    guard_.forget_but([&](const Uuid& uuid) { return ports.book.by_uuid(uuid).has_value(); });
    pay_back(*entries, ports.book);
    answer_waiters(*entries);
}

void Lifecycle::pay_back(const std::vector<run::Domain_entry>& entries, const run::Guest_book& book) {
    for (const run::Guest_record& lender : book.all())
        for (const run::Loan& loan : lender.lent) {
            const bool there =
                std::any_of(entries.begin(), entries.end(), [&](const run::Domain_entry& entry) {
                    return entry.info.id.uuid == loan.borrower && entry.life != Life::stale;
                });
            if (there || book.by_uuid(loan.borrower)) continue; // it may be about to start again
            const Status taken = service_.workers.submit(
                lender.guest.name, [this, to = lender.id.uuid, from = loan.borrower](run::Ports& ports) {
                    const auto plan = plan_of_return(ports, to, from);
                    if (!plan)
                        spdlog::warn("memory is not given back: {}", plan.error().line());
                    else if (*plan)
                        static_cast<void>(verbs_.run_by_itself(ports, **plan, {})); // logged, and an event
                });
            if (!taken) look();
        }
}

void Lifecycle::follow_reports(const std::vector<run::Domain_entry>& entries) {
    std::map<Domid, Uuid> guests;
    for (const run::Domain_entry& entry : entries)
        if (entry.managed && entry.life != Life::stale && entry.life != Life::dying)
            guests.emplace(entry.info.id.domid, entry.info.id.uuid);
    boost::asio::post(context_, [this, guests = std::move(guests)] { reports_.follow(guests); });
}

void Lifecycle::tell_changes(const std::vector<run::Domain_entry>& entries) {
    std::map<Uuid, Seen> now;
    const auto publish = [&](const char* kind, const Uuid& uuid, const Seen& seen, std::string detail) {
        service_.events.publish({kind, seen.domid, seen.name, uuid, {}, {}, std::move(detail)});
    };
    for (const run::Domain_entry& entry : entries) {
        if (entry.life == Life::stale) continue;
        const Seen seen{entry.info.id.domid, entry.name, entry.life};
        now[entry.info.id.uuid] = seen;
        if (!looked_) continue;
        const auto before = seen_.find(entry.info.id.uuid);
        if (before == seen_.end())
            publish("domain-started", entry.info.id.uuid, seen, {});
        else if (before->second.life != entry.life)
            publish(has_stopped(entry.life) ? "domain-stopped" : "domain-changed", entry.info.id.uuid, seen,
                    std::string(run::name_of(entry.life)));
    }
    for (const auto& [uuid, seen] : seen_)
        if (!now.contains(uuid)) publish("domain-gone", uuid, seen, {});
    seen_ = std::move(now);
    looked_ = true;
}

void Lifecycle::tend(const run::Domain_entry& entry) {
    if (!entry.managed || !has_stopped(entry.life)) return;
    const Status taken = service_.workers.submit(
        entry.name.empty() ? std::to_string(number(entry.info.id.domid)) : entry.name,
        [this, uuid = entry.info.id.uuid](run::Ports& ports) { end_stopped(ports, uuid); });
    if (!taken) look();
}

bool Lifecycle::may_restart(const run::Guest_record& record, const run::Domain_entry& entry) {
    const auto verdict = guard_.judge(record.id.uuid, entry.info.id.domid, Clock::now());
    if (verdict == Restart_guard::Verdict::stop_now) {
        const std::string why = "ended " + std::to_string(Restart_guard::in_a_row_max) +
                                " times, each within " + std::to_string(Restart_guard::short_life.count()) +
                                " s of its start: it is kept as it is";
        spdlog::error("domain '{}': {}; see its console's log, then: xvm destroy {}", record.guest.name, why,
                      record.guest.name);
        service_.events.publish(
            {"domain-kept", entry.info.id.domid, record.guest.name, record.id.uuid, {}, {}, why});
    }
    return verdict == Restart_guard::Verdict::go;
}

void Lifecycle::end_stopped(run::Ports& ports, const Uuid& uuid) {
    const auto record = ports.book.by_uuid(uuid);
    if (!record) return;
    const auto entry = run::find_domain(ports, uuid.text());
    // By its turn it may have been ended already, or gone on.
    if (entry && has_stopped(entry->life)) {
        const plan::On_stop then = policy_of(record->guest, entry->life);
        if (then == plan::On_stop::preserve) return;
        if (then == plan::On_stop::restart && !may_restart(*record, *entry)) return;
        const plan::Guest_ref guest{record->guest.name, entry->info.id};
        const auto ended = verbs_.run_by_itself(
            ports, plan::plan_destroy(guest, then == plan::On_stop::restart), entry->info.id.domid);
        if (!ended) return;
    } else if (entry && entry->life != Life::stale) {
        return;
    }
    static_cast<void>(start_again(ports, uuid)); // its failure is logged and an event
}

Result<Domain_id> Lifecycle::start_again(run::Ports& ports, const Uuid& uuid) {
    const auto record = ports.book.by_uuid(uuid);
    if (!record || !record->restarting) return Domain_id{record ? record->id.domid : Domid{}, uuid};
    plan::Plan plan = plan::plan_create(record->guest, uuid, false);
    plan.verb = "restart";
    guard_.started(uuid, Clock::now());
    return verbs_.run_by_itself(ports, plan, {});
}

void Lifecycle::wait(const Call& call, const daemon::Reply& reply) {
    Waiter waiter{call.text("id"),
                  call.text("state"),
                  {},
                  call.duration("timeout").value_or(std::chrono::hours(0)),
                  reply};
    if (call.has("timeout")) waiter.deadline = Clock::now() + waiter.limit;
    {
        const std::lock_guard lock(mutex_);
        if (waiters_.size() >= waiters_max)
            return reply.send(daemon::failure_response(
                Error{Fault::exhausted, "xvmd", "too many wait already", "ask again in a moment"}));
        waiters_.push_back(std::move(waiter));
    }
    look_after(std::chrono::milliseconds(0));
}

void Lifecycle::answer_waiters(const std::vector<run::Domain_entry>& entries) {
    const std::lock_guard lock(mutex_);
    for (auto it = waiters_.begin(); it != waiters_.end();) {
        const run::Domain_entry* entry = find_in(entries, it->id);
        if (is_in(entry, it->state)) {
            boost::json::object answer{{"schema", "xvm.domain/1"}, {"name", it->id}, {"state", "gone"}};
            if (entry != nullptr) answer = domain_json(*entry);
            it->reply.send(daemon::json_response(answer));
        } else if (it->deadline && Clock::now() >= *it->deadline) {
            it->reply.send(daemon::failure_response(
                Error{Fault::timeout, "domain '" + it->id + "'",
                      "is not " + it->state + " after " + std::to_string(it->limit.count()) + " ms" +
                          (entry != nullptr ? ", but " + std::string(name_of(entry->life)) : ", but gone"),
                      "wait longer with --timeout"}));
        } else if (!it->reply.gone()) {
            ++it;
            continue;
        }
        it = waiters_.erase(it);
    }
    if (!waiters_.empty()) boost::asio::post(context_, [this] { look_after(look_again); });
}

} // namespace xvm::xvmd
