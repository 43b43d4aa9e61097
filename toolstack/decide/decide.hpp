// SPDX-License-Identifier: Apache-2.0
// The decisions: questions into plans. The same code in an xvmd that decides for itself and in the management
// service.
#pragma once

#include "toolstack/decide/question.hpp"
#include "toolstack/decide/shelf.hpp"

namespace xvm::decide {

/// Whether there is a decision to be had for the verb.
[[nodiscard]] bool knows(std::string_view verb) noexcept;
[[nodiscard]] Decision decide(const Question& question, Shelf& shelf);

/// Of a question that is answered by a plan.
[[nodiscard]] tl::expected<plan::Plan, api::Failure> plan_of(const Decision& decision);

} // namespace xvm::decide
