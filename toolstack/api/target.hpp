// SPDX-License-Identifier: Apache-2.0
// The target of a request, put together with every part escaped: "/v1/domains/web?paused=1".
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace xvm::api {

using Query_pair = std::pair<std::string_view, std::string_view>;

/// `segments` are joined by '/', each escaped, so an id with a slash stays one segment.
[[nodiscard]] std::string target(std::span<const std::string_view> segments,
                                 std::span<const Query_pair> query);
[[nodiscard]] std::string target(std::initializer_list<std::string_view> segments,
                                 std::initializer_list<Query_pair> query = {});

} // namespace xvm::api
