// SPDX-License-Identifier: Apache-2.0
// How an Error travels: the JSON object "xvm.error/1", and the HTTP status that goes with it.
//
//   {"schema": "xvm.error/1", "fault": "busy", "exit_code": 4,
//    "object": "domain 'web'", "cause": "the name is taken", "remedy": "choose another name",
//    "more": [{"object": …, "cause": …, "remedy": …}]}
//
// "more" is there only when several things were wrong at once (a configuration file); the first one is
// outside. Invariant: parse_failure(failure_json(f)) == f.
#pragma once

#include "libvmshare/base/result.hpp"

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace xvm::api {

/// An Error with those that were found beside it.
struct Failure : Error {
    Failure() = default;
    Failure(Error first) : Error(std::move(first)) {} // NOLINT(google-explicit-constructor): a Failure of one
    std::vector<Error> more;
};

[[nodiscard]] std::string_view fault_name(Fault fault) noexcept;
[[nodiscard]] std::optional<Fault> fault_named(std::string_view name) noexcept;

/// The HTTP status of a refusal: usage 400, denied 403, not_found 404, busy 409, unreachable 503,
/// timeout 504, exhausted 507, failed and leftovers 500.
[[nodiscard]] unsigned http_status(Fault fault) noexcept;

[[nodiscard]] boost::json::value failure_json(const Failure& failure);

/// Nothing when `value` is no "xvm.error/1".
[[nodiscard]] std::optional<Failure> parse_failure(const boost::json::value& value);

} // namespace xvm::api
