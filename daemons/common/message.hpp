// SPDX-License-Identifier: Apache-2.0
// A request and its answer, as handlers see them: no HTTP library in sight.
//
// Invariant: every request is answered exactly once. A Reply that dies unused answers by itself, so a
// handler that forgets, or a worker that is shut down, leaves no client waiting.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace xvm::daemon {

struct Request {
    std::string method;                            ///< "GET"
    std::string path;                              ///< unescaped, without the query
    std::map<std::string, std::string> parameters; ///< from the route's {names}, unescaped
    std::map<std::string, std::string> query;      ///< "?paused=1", unescaped; the last of equals counts
    std::string content_type;
    std::string body;
};

struct Response {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
};

/// The way back to one client. Copies share one answer: the first call of send() counts. Any thread.
class Reply {
  public:
    explicit Reply(std::function<void(Response)> send);

    void send(Response response) const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

using Handler = std::function<void(Request, Reply)>;

/// A handler that has its answer at once; `function` takes a const Request& and gives a Response.
template <class Function>
[[nodiscard]] Handler immediate(Function function) {
    return [function = std::move(function)](const Request& request, const Reply& reply) {
        reply.send(function(request));
    };
}

} // namespace xvm::daemon
