// SPDX-License-Identifier: Apache-2.0
#include "toolstack/api/target.hpp"

#include <boost/url/url.hpp>

namespace xvm::api {

std::string target(std::span<const std::string_view> segments, std::span<const Query_pair> query) {
    boost::urls::url url("/");
    for (const std::string_view segment : segments)
        url.segments().push_back(segment);
    for (const auto& [key, value] : query)
        url.params().append({key, value});
    return std::string(url.buffer());
}

std::string target(std::initializer_list<std::string_view> segments,
                   std::initializer_list<Query_pair> query) {
    return target(std::span(segments.begin(), segments.size()), std::span(query.begin(), query.size()));
}

} // namespace xvm::api
