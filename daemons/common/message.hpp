// SPDX-License-Identifier: Apache-2.0
// A request and its answer, as handlers see them: no HTTP library in sight.
//
// Invariant: every request is answered exactly once, whole or as a stream. A Reply that dies unused answers
// by itself, and a Stream that dies ends, so a handler that forgets, or a worker that is shut down, leaves
// no client waiting.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/types.h>

namespace xvm::daemon {

/// Who asks, as the kernel saw it when the connection was made (SO_PEERCRED).
struct Peer {
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);
    pid_t pid = 0;
};

struct Request {
    std::string method;                            ///< "GET"
    std::string path;                              ///< unescaped, without the query
    std::map<std::string, std::string> parameters; ///< from the route's {names}, unescaped
    std::map<std::string, std::string> query;      ///< "?paused=1", unescaped; the last of equals counts
    std::string content_type;
    std::string body;
    Peer peer;
    bool read_only = false; ///< came by a socket that takes no change: its method is GET
};

struct Response {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
};

/// The client's end of one request, behind a Reply and its Stream. Any thread may call these.
class Client {
  public:
    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client() = default;

    /// Called once: either this or begin().
    virtual void answer(Response response) = 0;
    virtual void begin(std::string content_type) = 0;
    /// After begin(). False: gone, the text is dropped.
    virtual bool append(std::string text) = 0;
    virtual void end() = 0;

    /// It closed its connection, or was cut off because it did not read what was sent.
    [[nodiscard]] virtual bool gone() const noexcept = 0;
    /// Calls `function` once if the client goes before its answer is complete, or has gone already: on the
    /// thread that serves sockets, which it must not block.
    virtual void on_gone(std::function<void()> function) = 0;
};

/// An answer of unknown length, sent as it comes. Copies share it; the last one ends it.
class Stream {
  public:
    explicit Stream(std::shared_ptr<Client> client);

    /// False: nobody reads any more. The queue is bounded: a client that does not keep up is cut off.
    bool write(std::string text) const;
    [[nodiscard]] bool closed() const noexcept;
    void end() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

/// The way back to one client. Copies share one answer: the first call of send() or stream() counts. Any
/// thread.
class Reply {
  public:
    explicit Reply(std::shared_ptr<Client> client);
    /// For whole answers only; a stream made from it is closed from the start.
    explicit Reply(std::function<void(Response)> send);

    void send(Response response) const;
    /// 200, and what is written to the stream. Closed from the start if the answer was given already.
    [[nodiscard]] Stream stream(std::string content_type) const;
    /// The client does not wait any more: what it asked for may be cancelled.
    [[nodiscard]] bool gone() const noexcept;
    void on_gone(std::function<void()> function) const;

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
