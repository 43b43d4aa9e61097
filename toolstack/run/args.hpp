// SPDX-License-Identifier: Apache-2.0
// Arguments of a step, read with their types checked.
#pragma once

#include "toolstack/plan/config_json.hpp"

namespace xvm::run {

/// args[key] as a T; usage when it is missing or something else.
template <class T>
[[nodiscard]] Result<T> argument(const boost::json::object& args, std::string_view key) {
    const boost::json::value* value = args.if_contains(key);
    if (value == nullptr)
        return fail(Fault::usage, "plan", "a step lacks its argument '" + std::string(key) + "'",
                    "it was made for another version of xvmd");
    return plan::from_value<T>(*value, "plan: argument '" + std::string(key) + "'");
}

} // namespace xvm::run
