// SPDX-License-Identifier: Apache-2.0
// Binds the model's verbs to what does them: adds their routes, checks their parameters, and, for those that
// change something, runs their plans.
//
// Invariant: changes of one guest follow each other; nothing runs on the thread that serves sockets but what
// direct() binds. Every change is an operation, published as events, written to the audit (as is one that was
// refused, or that nobody asked for), and taken back if its client goes before it is done (unless it asked
// not to wait).
#pragma once

#include "daemons/common/router.hpp"
#include "daemons/xvmd/call.hpp"
#include "daemons/xvmd/service.hpp"
#include "toolstack/plan/plan.hpp"
#include "toolstack/run/inventory.hpp"

namespace xvm::xvmd {

using Answer = tl::expected<boost::json::value, api::Failure>;
using Planned = tl::expected<plan::Plan, api::Failure>;

class Verbs {
  public:
    /// Both outlive this, and the router's handlers.
    Verbs(daemon::Router& router, Service& service) : router_(router), service_(service) {}

    /// Asks, on a worker.
    using Read = std::function<Answer(run::Ports&, const Call&)>;
    void read(std::string_view id, Read read);

    /// A plan for the guest that the parameter "id" names: of xvm's own guests only.
    struct Change {
        std::function<Planned(run::Ports&, const Call&, const run::Domain_entry&)> plan;
        /// Made after the plan is done; by default the domain, or what it was before it went.
        std::function<Answer(run::Ports&, const Call&, const run::Domain_entry& before)> answer = {};
        /// What follows the plan, in the guest's same turn.
        std::function<Result<Domain_id>(run::Ports&, const Domain_id& done)> then = {};
        /// Whether a domain that is only left in the store, or dying, can be meant.
        bool also_dead = false;
    };
    void change(std::string_view id, Change change);

    /// A plan for the guests that the parameters "from" and "to" name, of xvm's own; it runs in the turns of
    /// both. "free" in the place of one is none: what no guest has.
    struct Exchange {
        std::function<Planned(run::Ports&, const Call&, const run::Domain_entry* from,
                              const run::Domain_entry* to)>
            plan;
        std::function<Answer(run::Ports&, const Call&, const plan::Plan&)> answer;
        /// Who is meant; empty: by those parameters.
        std::function<std::pair<std::string, std::string>(run::Ports&, const Call&)> ends = {};
    };
    void exchange(std::string_view id, Exchange exchange);

    /// A plan for a guest that is not there yet. `plan` touches nothing: of calls with one guest's name it is
    /// not the only one that runs. A create may take memory from others; then it runs in their turns, too.
    struct Make {
        std::function<Planned(run::Ports&, const Call&)> plan;
    };
    void make(std::string_view id, Make make);

    /// Changes what is no guest, without a plan. Calls with one key follow each other.
    struct Act {
        std::function<std::string(const Call&)> key;
        std::function<Answer(run::Ports&, const Call&)> act;
    };
    void act(std::string_view id, Act act);

    /// On the thread that serves sockets: must not block.
    using Direct = std::function<void(const Call&, const daemon::Reply&)>;
    void direct(std::string_view id, Direct direct);

    /// Runs a plan that no client asked for, as an operation like theirs. On a worker.
    Result<Domain_id> run_by_itself(run::Ports& ports, const plan::Plan& plan, std::optional<Domid> domid);

    /// The ids of the verbs that have a handler.
    [[nodiscard]] const std::vector<std::string_view>& bound() const noexcept { return bound_; }

  private:
    using Bound = std::function<void(Call, daemon::Reply)>;
    void bind(std::string_view id, Bound handler);
    void submit(std::string key, const daemon::Reply& reply, Workers::Job job);
    void submit_for(std::vector<std::string> keys, const daemon::Reply& reply, Workers::Job job);
    Result<Domain_id> run_plan(run::Ports& ports, const plan::Plan& plan, std::optional<Domid> domid,
                               const std::shared_ptr<Operation>& operation,
                               const std::function<Status()>& go_on);
    void finish(run::Ports& ports, const Call& call, const daemon::Reply& reply, const plan::Plan& plan,
                std::optional<Domid> domid, const std::function<Answer(const Domain_id&)>& answer,
                unsigned status, const std::function<Result<Domain_id>(const Domain_id&)>& then = {});
    /// Of a call that may not, or cannot, be done, or was not understood.
    void refuse(const Call& call, const daemon::Reply& reply, const api::Failure& why);
    void note(const Call& call, const std::string& object, const Status& outcome, bool cancelled,
              std::chrono::steady_clock::time_point since);
    void note(Audit_record record, const Status& outcome, bool cancelled,
              std::chrono::steady_clock::time_point since);

    daemon::Router& router_;
    Service& service_;
    std::vector<std::string_view> bound_;
};

/// By name, number or uuid, as an Answer "xvm.domain/1".
[[nodiscard]] Answer domain_answer(run::Ports& ports, std::string_view id,
                                   run::Sight sight = run::Sight::all);

// One function a noun; each binds its verbs.
class Lifecycle;
class Pool_keeper;
class Decider;
class Report_watch;
void add_config_verbs(Verbs& verbs, Decider& decider);
void add_domain_verbs(Verbs& verbs, Lifecycle& lifecycle, Decider& decider);
void add_service_verbs(Verbs& verbs, Decider& decider);
void add_disk_verbs(Verbs& verbs, Service& service);
void add_top_verbs(Verbs& verbs, Service& service);
void add_trace_verbs(Verbs& verbs, Service& service);
void add_net_verbs(Verbs& verbs);
void add_device_verbs(Verbs& verbs);
void add_direct_verbs(Verbs& verbs);
void add_host_verbs(Verbs& verbs, Service& service);
void add_pool_verbs(Verbs& verbs, Pool_keeper& keeper);
void add_operation_verbs(Verbs& verbs, Service& service);
void add_record_verbs(Verbs& verbs, Service& service);
void add_save_verbs(Verbs& verbs);
void add_vcpu_verbs(Verbs& verbs);
void add_memory_verbs(Verbs& verbs, Report_watch& reports);
void add_move_verbs(Verbs& verbs);

} // namespace xvm::xvmd
