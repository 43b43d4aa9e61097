// SPDX-License-Identifier: Apache-2.0
// Answers made from JSON values, Results and Failures.
#pragma once

#include "daemons/common/message.hpp"
#include "toolstack/api/error_json.hpp"

#include <boost/json/value.hpp>

namespace xvm::daemon {

[[nodiscard]] Response json_response(const boost::json::value& value, unsigned status = 200);
[[nodiscard]] Response failure_response(const api::Failure& failure);

/// A Result<json::value> or expected<json::value, Failure> as an answer.
template <class Result>
[[nodiscard]] Response response_of(const Result& result, unsigned status = 200) {
    return result ? json_response(*result, status) : failure_response(result.error());
}

} // namespace xvm::daemon
