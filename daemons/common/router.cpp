// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/router.hpp"

#include "daemons/common/json_reply.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace xvm::daemon {
namespace {

bool is_name(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

using Parameters = std::map<std::string, std::string>;

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path, Parameters& out) {
    if (pattern.size() != path.size()) return false;
    Parameters parameters;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (is_name(pattern[i])) {
            if (path[i].empty()) return false;
            parameters[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
        } else if (pattern[i] != path[i]) {
            return false;
        }
    }
    out = std::move(parameters);
    return true;
}

} // namespace

void Router::add(std::string method, std::string_view pattern, Handler handler) {
    Route route{std::move(method), {}, std::move(handler)};
    // "/" has no segment; any other pattern has one behind each slash.
    for (std::size_t at = 1; pattern != "/" && at <= pattern.size();) {
        const std::size_t end = std::min(pattern.find('/', at), pattern.size());
        route.segments.emplace_back(pattern.substr(at, end - at));
        at = end + 1;
    }
    routes_.push_back(std::move(route));
}

void Router::serve(Request request, std::string_view target, const Reply& reply) const {
    const auto url = boost::urls::parse_origin_form(target);
    if (!url) {
        reply.send(failure_response(Error{Fault::usage, "request", "the target is no path", {}}));
        return;
    }
    std::vector<std::string> path;
    for (const auto segment : url->segments())
        path.emplace_back(segment);
    for (const auto parameter : url->params())
        request.query[parameter.key] = parameter.value;
    request.path.clear();
    for (const std::string& segment : path)
        request.path += "/" + segment;

    std::string allowed;
    for (const Route& route : routes_) {
        if (!matches(route.segments, path, request.parameters)) continue;
        if (route.method == request.method) {
            route.handler(std::move(request), reply);
            return;
        }
        allowed += (allowed.empty() ? "" : ", ") + route.method;
    }
    if (allowed.empty()) {
        reply.send(failure_response(
            Error{Fault::not_found, request.path, "no such resource", "see the API's paths"}));
        return;
    }
    Response response = failure_response(
        Error{Fault::usage, request.path, "does not take " + request.method, "it takes " + allowed});
    response.status = 405;
    reply.send(std::move(response));
}

} // namespace xvm::daemon
