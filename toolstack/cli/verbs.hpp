// SPDX-License-Identifier: Apache-2.0
// The verbs. Most are done by the model alone: arguments, request, answer, print. Those that do more have a
// file of their own and stand in the table of verbs.cpp.
#pragma once

#include "toolstack/api/error_json.hpp"
#include "toolstack/cli/arguments.hpp"
#include "toolstack/cli/print.hpp"

#include <string>

namespace xvm::cli {

/// What a verb comes to: nothing more, or a refusal.
using Outcome = tl::expected<void, api::Failure>;

/// What a verb is called with. `out` is what goes to standard output, as a whole, when it is over.
struct Run {
    const Arguments& arguments;
    const Columns& columns;
    std::string& out;

    /// Prints the answer as it was asked for.
    void print(const boost::json::value& answer) const { out += answer_text(arguments, columns, answer); }
};

[[nodiscard]] Outcome run_verb(const Run& run);

/// Asks xvmd what the arguments say, and prints the answer.
[[nodiscard]] Outcome run_by_model(const Run& run);

// Those with code of their own.
[[nodiscard]] Outcome run_completion(const Run& run);
[[nodiscard]] Outcome run_config_add(const Run& run);
[[nodiscard]] Outcome run_console(const Run& run);
[[nodiscard]] Outcome run_disk_stats(const Run& run);
[[nodiscard]] Outcome run_events(const Run& run);
[[nodiscard]] Outcome run_import(const Run& run);
[[nodiscard]] Outcome run_memory_explain(const Run& run);
[[nodiscard]] Outcome run_memory_show(const Run& run);
[[nodiscard]] Outcome run_top(const Run& run);
[[nodiscard]] Outcome run_trace(const Run& run);
[[nodiscard]] Outcome run_validate(const Run& run);
[[nodiscard]] Outcome run_version(const Run& run);

/// Writes to standard output now. failed: it cannot be written to.
[[nodiscard]] Outcome write_out(std::string_view text);

} // namespace xvm::cli

/// `XVM_ASK(auto x, …);` declares x, or leaves the verb with the failure.
#define XVM_ASK(decl, expr)                                                                                  \
    auto XVM_TRY_JOIN(xvm_ask_, __LINE__) = (expr);                                                          \
    if (!XVM_TRY_JOIN(xvm_ask_, __LINE__))                                                                   \
        return tl::unexpected<::xvm::api::Failure>(std::move(XVM_TRY_JOIN(xvm_ask_, __LINE__).error()));     \
    decl = std::move(*XVM_TRY_JOIN(xvm_ask_, __LINE__))
