// SPDX-License-Identifier: Apache-2.0
// What drives a machine: xvm's policy, and the published ones of others, written anew from their description.
#pragma once

#include "tests/sim/machine.hpp"
#include "toolstack/balance/decide.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace xvm::sim {

class Policy {
  public:
    virtual ~Policy() = default;
    /// Called after every step of the machine.
    virtual void tick(Machine& machine) = 0;
};

using Decider =
    std::function<std::vector<balance::Move>(const balance::World&, const balance::Past&, balance::Millis)>;

/// toolstack/balance as xvm-memd and xvmd use it. A test may put a twin in place of decide(), or leave the
/// minimums out of what it is told.
[[nodiscard]] std::unique_ptr<Policy> make_xvm(Decider decide = balance::decide, bool with_minimums = true);

/// Qubes OS: each guest prefers 1.3 times what it uses; all there is is given out in proportion.
[[nodiscard]] std::unique_ptr<Policy> make_qmemman();

/// XenServer: all there is is given out, each guest at the same part of the way from its minimum to its
/// maximum, whatever it uses.
[[nodiscard]] std::unique_ptr<Policy> make_squeezed();

/// Nobody balances: a guest starts if there is room, and stays as it is.
[[nodiscard]] std::unique_ptr<Policy> make_none();

struct Rival {
    std::string_view name;
    std::unique_ptr<Policy> (*make)();
};
/// xvm first.
[[nodiscard]] const std::vector<Rival>& all_policies();

/// Plays the whole scenario.
[[nodiscard]] Metrics play(const Scenario& scenario, Policy& policy);

} // namespace xvm::sim
