// SPDX-License-Identifier: Apache-2.0
// What a request can take at the most: step by step, with arguments.
#pragma once

#include "toolstack/policy/policy.hpp"

#include <boost/json/object.hpp>

namespace xvm::policy {

struct Allowed_step {
    std::string_view op;
    boost::json::object args;
    bool waits = false;         ///< has an argument "limit_ms" beside those: of any length within the limits
    std::string suffix = {};    ///< of its name, and of its undo's: "-xvda"
    std::string_view undo = {}; ///< what takes it back
};

struct Allowed {
    std::string_view verb; ///< as plans call it
    std::size_t commit = plan::never;
    std::vector<Allowed_step> steps;
};

/// Of a verb that makes a guest, `guest` is what the order would make of it.
[[nodiscard]] Allowed allowed(const Subject& subject, const plan::Guest_config& guest);
/// Whether the verb makes a guest.
[[nodiscard]] bool makes_guest(std::string_view verb) noexcept;

} // namespace xvm::policy
