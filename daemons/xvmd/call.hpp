// SPDX-License-Identifier: Apache-2.0
// A request as the model knows it: which verb, and its parameters with their types.
//
// Invariant: every parameter is one of the verb's, of its type, one of its choices if it has some; required
// ones are there, and those with a default. Sizes are bytes, durations milliseconds.
#pragma once

#include "daemons/common/message.hpp"
#include "toolstack/api/error_json.hpp"
#include "toolstack/model/model.hpp"

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>

namespace xvm::xvmd {

struct Call {
    const model::Verb* verb = nullptr;
    boost::json::object parameters;
    std::string body; ///< of a parameter that is the whole body
    daemon::Peer peer;

    [[nodiscard]] bool has(std::string_view name) const { return parameters.contains(name); }
    /// Of a parameter that is required, or has a default; else empty, zero, false.
    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] std::int64_t integer(std::string_view name) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view name) const;
};

/// usage: an unknown parameter (with the nearest there is), one that is missing, or of another type.
[[nodiscard]] Result<Call> parse_call(const model::Verb& verb, daemon::Request request);

} // namespace xvm::xvmd
