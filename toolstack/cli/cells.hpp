// SPDX-License-Identifier: Apache-2.0
// One field of an answer as text: for people, and for programs.
#pragma once

#include "toolstack/model/model.hpp"

#include <boost/json/value.hpp>
#include <string>

namespace xvm::cli {

/// As people see it: "256 MiB", "1:02:03.4", "yes"; "-" when there is nothing.
[[nodiscard]] std::string shown(const model::Field& field, const boost::json::value* value);

/// As programs want it: the JSON's own number or text, texts of a list with a space between; empty when
/// there is nothing.
[[nodiscard]] std::string plain(const boost::json::value* value);

/// "850 ns", "12.3 us", "104 ms": three figures are enough for people.
[[nodiscard]] std::string short_time(std::uint64_t ns);

/// Whether its column is aligned to the right.
[[nodiscard]] bool is_number(const model::Field& field) noexcept;

/// "memory max": the name of a fact, without the unit of the field's name.
[[nodiscard]] std::string fact_name(const model::Field& field);

/// The member of an object, or nullptr.
[[nodiscard]] const boost::json::value* member(const boost::json::value& value, std::string_view key);

} // namespace xvm::cli
