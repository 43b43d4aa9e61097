// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/server.hpp"

#include "libvmshare/port/hosted/wire.hpp"

#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <sys/socket.h>

namespace xvm::port::hosted {
namespace {

namespace json = boost::json;
using Handler = std::function<json::value(const json::value& arguments, Fds& fds)>;
using Calls = std::map<std::string, Handler, std::less<>>;

template <class T>
json::value answer(Result<T> result, Fds& fds) {
    if (!result) return json::object{{"error", json::value_from(result.error())}};
    if constexpr (std::is_void_v<T>)
        return json::object{{"ok", nullptr}};
    else
        return json::object{{"ok", Codec<T>::pack(std::move(*result), fds)}};
}

template <class... A>
Arguments<A...> arguments_from([[maybe_unused]] const json::value& arguments) {
    if constexpr (sizeof...(A) == 0)
        return {};
    else
        return json::value_to<Arguments<A...>>(arguments);
}

/// The call that `method` is, with arguments out of JSON.
template <class Object, class Answer, class... A>
Handler call_of(Object& object, Answer (Object::*method)(A...)) {
    return [&object, method](const json::value& arguments, Fds& fds) {
        return std::apply(
            [&](const auto&... argument) -> json::value {
                if constexpr (std::is_void_v<Answer>) {
                    (object.*method)(argument...);
                    return json::object{{"ok", nullptr}};
                } else {
                    return answer((object.*method)(argument...), fds);
                }
            },
            arguments_from<A...>(arguments));
    };
}

/// All calls of one connection.
class Session {
  public:
    explicit Session(std::shared_ptr<Host> host) : host_(std::move(host)) {
        calls_["add_domain"] = call_of(*host_, &Host::add_domain);
        calls_["add_unintroduced_domain"] = call_of(*host_, &Host::add_unintroduced_domain);
        calls_["destroy_domain"] = call_of(*host_, &Host::destroy_domain);
        calls_["dump"] = [this](const json::value&, Fds&) { return json::object{{"ok", host_->dump()}}; };
        calls_["open"] = call_of(*this, &Session::open);
        calls_["close"] = call_of(*this, &Session::close);
    }

    json::value handle(const json::value& request, Fds& fds) {
        try {
            const auto name = json::value_to<std::string>(request.at("call"));
            for (const Calls* calls : {&calls_, &process_calls_})
                if (const auto call = calls->find(name); call != calls->end())
                    return call->second(request.at("arguments"), fds);
            return answer(Status(fail(Fault::usage, "hosted machine", "no such call")), fds);
        } catch (const std::exception& error) { // arguments of the wrong type, from a client of another build
            return answer(Status(fail(Fault::usage, "hosted machine", error.what())), fds);
        }
    }

  private:
    /// From here on this connection is a process of that domain. Answers the store's descriptor.
    Result<Unique_fd> open(Domid domid) {
        if (desk_) return fail(Fault::usage, "hosted machine", "this connection is a process already");
        XVM_TRY_LET(desk_, host_->open(domid));
        Desk& desk = *desk_;
        process_calls_["open_port"] = call_of(desk, &Desk::open_port);
        process_calls_["bind_port"] = call_of(desk, &Desk::bind_port);
        process_calls_["close_port"] = call_of(desk, &Desk::close_port);
        process_calls_["share"] = call_of(desk, &Desk::share);
        process_calls_["end_share"] = call_of(desk, &Desk::end_share);
        process_calls_["map"] = call_of(desk, &Desk::map);
        process_calls_["unmap"] = call_of(desk, &Desk::unmap);
        process_calls_["share_file"] = call_of(desk, &Desk::share_file);
        process_calls_["copy_places"] = call_of(desk, &Desk::copy_places);
        Store& store = desk.store();
        process_calls_["read"] = call_of(store, &Store::read);
        process_calls_["write"] = call_of(store, &Store::write);
        process_calls_["make"] = call_of(store, &Store::make);
        process_calls_["remove"] = call_of(store, &Store::remove);
        process_calls_["list"] = call_of(store, &Store::list);
        process_calls_["set_permissions"] = call_of(store, &Store::set_permissions);
        process_calls_["permissions"] = call_of(store, &Store::permissions);
        process_calls_["begin"] = call_of(store, &Store::begin);
        process_calls_["commit"] = call_of(store, &Store::commit);
        process_calls_["abort"] = call_of(store, &Store::abort);
        process_calls_["introduce"] = call_of(store, &Store::introduce);
        process_calls_["release"] = call_of(store, &Store::release);
        process_calls_["present"] = call_of(store, &Store::present);
        process_calls_["watch"] = call_of(store, &Store::watch);
        process_calls_["unwatch"] = call_of(store, &Store::unwatch);
        process_calls_["next_event"] = call_of(store, &Store::next_event);
        Unique_fd wake(::fcntl(store.fd(), F_DUPFD_CLOEXEC, 0));
        if (!wake) return fail_errno(errno, "store connection", "dup");
        return wake;
    }

    /// The process ends in order: when this is answered, all it had is given back.
    void close() {
        process_calls_.clear();
        desk_.reset();
    }

    std::shared_ptr<Host> host_;
    std::unique_ptr<Desk> desk_;
    Calls calls_;
    Calls process_calls_; ///< on desk_
};

} // namespace

Result<std::unique_ptr<Server>> Server::start(std::shared_ptr<Host> host, const std::string& path) {
    XVM_TRY_LET(Unique_fd listener, listen_at(path));
    return std::unique_ptr<Server>(new Server(std::move(host), path, std::move(listener)));
}

Server::Server(std::shared_ptr<Host> host, std::string path, Unique_fd listener)
    : host_(std::move(host)), path_(std::move(path)), listener_(std::move(listener)) {
    acceptor_ = std::thread([this] { accept_all(); });
}

Server::~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const Connection& connection : connections_)
            ::shutdown(connection.socket.get(), SHUT_RDWR);
    }
    for (Connection& connection : connections_)
        connection.thread.join();
    ::unlink(path_.c_str());
}

void Server::accept_all() {
    while (true) {
        Unique_fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket && errno == EINTR) continue;
        if (!socket) return; // shut down
        const std::lock_guard lock(mutex_);
        join_done();
        Connection& connection = connections_.emplace_back();
        connection.socket = std::move(socket);
        connection.thread = std::thread([this, &connection] { serve(connection); });
    }
}

void Server::join_done() {
    connections_.remove_if([](Connection& connection) {
        if (connection.done) connection.thread.join();
        return connection.done;
    });
}

void Server::serve(Connection& connection) {
    {
        Session session(host_);
        while (auto request = receive_message(connection.socket.get())) {
            Message reply;
            reply.body = session.handle(request->body, reply.fds);
            if (!send_message(connection.socket.get(), reply)) break;
        }
    } // the process's death
    ::shutdown(connection.socket.get(), SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    connection.done = true;
}

} // namespace xvm::port::hosted
