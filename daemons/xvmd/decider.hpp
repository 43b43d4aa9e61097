// SPDX-License-Identifier: Apache-2.0
// Who decides: the management service, whose plans are held against the policy, or, in an xvmd without one,
// the same code right here.
#pragma once

#include "daemons/xvmd/call.hpp"
#include "daemons/xvmd/management.hpp"
#include "toolstack/decide/decide.hpp"
#include "toolstack/policy/policy.hpp"
#include "toolstack/run/inventory.hpp"

namespace xvm::xvmd {

/// About no guest that is there; its uuid is new.
[[nodiscard]] decide::Question question_of(const Call& call);
/// About that guest, with what the book says of it.
[[nodiscard]] decide::Question question_of(const run::Ports& ports, const Call& call,
                                           const run::Domain_entry& entry);

/// The same plan, if whoever decides consents: for verbs whose plans take facts that only xvmd has. Waits for
/// it. `management`: null: nobody is asked. denied: the service ordered something else.
[[nodiscard]] tl::expected<plan::Plan, api::Failure> consent(Management* management, const Call& call,
                                                             tl::expected<plan::Plan, api::Failure> proposal);

class Decider {
  public:
    /// `management`: null: there is none. Both outlive it.
    Decider(decide::Shelf& shelf, Management* management, policy::Limits limits)
        : shelf_(shelf), management_(management), limits_(std::move(limits)) {}

    /// Waits for it. denied: the service ordered what policy does not allow.
    [[nodiscard]] tl::expected<plan::Plan, api::Failure> plan(const decide::Question& question);
    [[nodiscard]] tl::expected<boost::json::value, api::Failure> value(const decide::Question& question);

    [[nodiscard]] Management* management() const noexcept { return management_; }

  private:
    [[nodiscard]] decide::Decision decision(const decide::Question& question);

    decide::Shelf& shelf_;
    Management* management_;
    policy::Limits limits_;
};

} // namespace xvm::xvmd
