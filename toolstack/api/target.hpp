// SPDX-License-Identifier: Apache-2.0
// The target of a request, put together with every part escaped: "/v1/domains/web?paused=1".
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace xvm::api {

/// `segments` are joined by '/', each escaped, so an id with a slash stays one segment.
[[nodiscard]] std::string
target(std::initializer_list<std::string_view> segments,
       std::initializer_list<std::pair<std::string_view, std::string_view>> query = {});

} // namespace xvm::api
