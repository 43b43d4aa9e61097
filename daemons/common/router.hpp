// SPDX-License-Identifier: Apache-2.0
// Method and path → handler.
//
// A pattern is a path whose segments are either fixed or a {name}, which takes any one segment that is
// not empty: "/v1/domains/{id}/disks". Routes are tried in the order they were added.
#pragma once

#include "daemons/common/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace xvm::daemon {

class Router {
  public:
    void add(std::string method, std::string_view pattern, Handler handler);

    /// Serves a request whose target ("/v1/domains/web?x=1") is still escaped. A target that is none, a
    /// path nobody serves and a method the path does not know are answered here (400, 404, 405).
    void serve(Request request, std::string_view target, const Reply& reply) const;

  private:
    struct Route {
        std::string method;
        std::vector<std::string> segments;
        Handler handler;
    };
    std::vector<Route> routes_;
};

} // namespace xvm::daemon
