// SPDX-License-Identifier: Apache-2.0
// What the broker asks when a request needs a decision, and what comes back: values, and how they travel as
// JSON (docs/service.md).
//
// Invariant: a Question holds all that a decision needs, so that who decides needs no access to Xen, the
// store, or a guest's files; parse_question(question_json(q)) == q, and likewise for a Decision.
#pragma once

#include "toolstack/api/error_json.hpp"
#include "toolstack/plan/config.hpp"
#include "toolstack/plan/plan.hpp"

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <variant>

namespace xvm::decide {

struct Question {
    std::string verb;               ///< the model's id: "create"
    boost::json::object parameters; ///< as the model types them
    std::string body;               ///< of a parameter that is the whole body
    std::string name;               ///< of the guest it is about; empty: of none that is there
    Uuid uuid;                      ///< of that guest, or for the one that would be made
    /// What the broker knows of that guest.
    std::optional<plan::Guest_config> guest;
    /// What the broker would do, of a verb whose plan takes facts that only it has: this, or nothing.
    std::optional<plan::Plan> proposal = {};
    bool operator==(const Question&) const = default;

    /// As of a Call: empty, false, nothing if it is not there.
    [[nodiscard]] std::string text(std::string_view parameter) const;
    [[nodiscard]] bool flag(std::string_view parameter) const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view parameter) const;
};

/// What is to be done, or what is to be told; or why neither.
using Decision = tl::expected<std::variant<plan::Plan, boost::json::value>, api::Failure>;

/// "xvm.question/1"
[[nodiscard]] boost::json::object question_json(const Question& question);
/// usage: it is none.
[[nodiscard]] Result<Question> parse_question(const boost::json::value& value);

/// "xvm.decision/1"
[[nodiscard]] boost::json::object decision_json(const Decision& decision);
/// usage: it is none.
[[nodiscard]] Result<Decision> parse_decision(const boost::json::value& value);

} // namespace xvm::decide
