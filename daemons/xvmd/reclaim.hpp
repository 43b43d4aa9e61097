// SPDX-License-Identifier: Apache-2.0
// A new guest from memory that running guests give up, and that memory's way back.
#pragma once

#include "daemons/xvmd/verbs.hpp"
#include "toolstack/run/guest_book.hpp"

namespace xvm::xvmd {

/// The plan of a create; with what the guest lacks taken from others, if the call (--reclaim) or its
/// configuration says so and less than that is available. exhausted: not even so.
[[nodiscard]] Planned with_reclaim(run::Ports& ports, const Call& call, plan::Plan create);
/// Names of the guests that such a plan takes from.
[[nodiscard]] std::vector<std::string> givers_of(const plan::Plan& plan);

/// What gives a guest back what it lent to one that has ended, as far as that is free by now; none when
/// nothing can be given back now.
[[nodiscard]] Result<std::optional<plan::Plan>> plan_of_return(run::Ports& ports, const Uuid& lender,
                                                               const Uuid& borrower);

} // namespace xvm::xvmd
