// SPDX-License-Identifier: Apache-2.0
// What will be done: named steps in order, each a primitive operation with its arguments, and the name of
// what takes it back. A plan is a value: it is printed, compared, journalled, and made without Xen.
//
// Invariant: names are unique in a plan. A step only needs what the steps before it made, and its undo needs
// nothing that an undo before it (of a later step) took away. Before step `commit` a failure takes back what
// was done; from there on there is no way back, and what remains is done whatever else fails.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"

#include <boost/json/object.hpp>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace xvm::plan {

struct Step {
    std::string op;   ///< which primitive: toolstack/run/ops.hpp lists them
    std::string name; ///< "add-disk-xvda"
    std::string undo; ///< "remove-disk-xvda"; empty: there is nothing to take back
    boost::json::object args;
    bool operator==(const Step&) const = default;
};

inline constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

struct Plan {
    std::string verb; ///< "create", "disk attach"
    std::string name; ///< of the guest it is about
    Uuid uuid;        ///< of the guest; chosen by the plan where it makes one
    std::size_t commit = never;
    std::vector<Step> steps;

    bool operator==(const Plan&) const = default;
    void add(std::string op, std::string name_of_step, std::string undo = {}, boost::json::object args = {}) {
        steps.push_back({std::move(op), std::move(name_of_step), std::move(undo), std::move(args)});
    }
    /// From the next step on there is no way back.
    void commit_here() { commit = steps.size(); }
};

/// "xvm.plan/1"
[[nodiscard]] boost::json::object plan_json(const Plan& plan);
/// usage: it is none, or one of another version.
[[nodiscard]] Result<Plan> parse_plan(const boost::json::value& value);

} // namespace xvm::plan
