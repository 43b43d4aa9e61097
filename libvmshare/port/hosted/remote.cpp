// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/remote.hpp"

#include "libvmshare/port/hosted/wire.hpp"

#include <mutex>

namespace xvm::port::hosted {
namespace {

namespace json = boost::json;

class Line {
  public:
    explicit Line(Unique_fd socket) : socket_(std::move(socket)) {}

    template <class T, class... A>
    Result<T> call(std::string_view name, const A&... arguments) {
        Message request;
        request.body =
            json::object{{"call", name}, {"arguments", json::array{json::value_from(arguments)...}}};
        XVM_TRY_LET(Message reply, exchange(request));
        try {
            const json::object& body = reply.body.as_object();
            if (const json::value* error = body.if_contains("error"))
                return tl::unexpected<Error>(json::value_to<Error>(*error));
            if constexpr (std::is_void_v<T>)
                return {};
            else
                return Codec<T>::unpack(body.at("ok"), reply.fds);
        } catch (const std::exception& error) { // a machine of another build
            return fail(Fault::failed, "hosted machine", error.what());
        }
    }

    /// Where the interface has no way to say that the machine is gone.
    template <class... A>
    void tell(std::string_view name, const A&... arguments) noexcept {
        static_cast<void>(call<void>(name, arguments...));
    }

  private:
    Result<Message> exchange(const Message& request) {
        const std::lock_guard lock(mutex_);
        XVM_TRY(send_message(socket_.get(), request));
        return receive_message(socket_.get());
    }

    std::mutex mutex_;
    Unique_fd socket_;
};

class Remote_store final : public Store {
  public:
    Remote_store(Line& line, Unique_fd wake) : line_(line), wake_(std::move(wake)) {}

    Result<std::string> read(const std::string& path, Txn txn) override {
        return line_.call<std::string>("read", path, txn);
    }
    Status write(const std::string& path, std::string_view value, Txn txn) override {
        return line_.call<void>("write", path, std::string(value), txn);
    }
    Status make(const std::string& path, Txn txn) override { return line_.call<void>("make", path, txn); }
    Status remove(const std::string& path, Txn txn) override { return line_.call<void>("remove", path, txn); }
    Result<std::vector<std::string>> list(const std::string& path, Txn txn) override {
        return line_.call<std::vector<std::string>>("list", path, txn);
    }
    Status set_permissions(const std::string& path, std::span<const Store_permission> permissions,
                           Txn txn) override {
        return line_.call<void>("set_permissions", path,
                                std::vector<Store_permission>(permissions.begin(), permissions.end()), txn);
    }
    Result<std::vector<Store_permission>> permissions(const std::string& path, Txn txn) override {
        return line_.call<std::vector<Store_permission>>("permissions", path, txn);
    }
    Result<Txn> begin() override { return line_.call<Txn>("begin"); }
    Status commit(Txn txn) override { return line_.call<void>("commit", txn); }
    void abort(Txn txn) noexcept override { line_.tell("abort", txn); }
    Status introduce(Domid domid, std::uint64_t frame, Evtchn_port port) override {
        return line_.call<void>("introduce", domid, frame, port);
    }
    void release(Domid domid) noexcept override { line_.tell("release", domid); }
    Result<bool> present(Domid domid) override { return line_.call<bool>("present", domid); }
    Status watch(const std::string& path, const std::string& token) override {
        return line_.call<void>("watch", path, token);
    }
    void unwatch(const std::string& path, const std::string& token) noexcept override {
        line_.tell("unwatch", path, token);
    }
    Result<std::optional<Watch_event>> next_event() override {
        return line_.call<std::optional<Watch_event>>("next_event");
    }
    int fd() const noexcept override { return wake_.get(); }

  private:
    Line& line_;
    Unique_fd wake_;
};

class Remote_desk final : public Desk {
  public:
    Remote_desk(std::unique_ptr<Line> line, Unique_fd store_wake)
        : line_(std::move(line)), store_(*line_, std::move(store_wake)) {}
    ~Remote_desk() override { line_->tell("close"); }
    Remote_desk(const Remote_desk&) = delete;
    Remote_desk& operator=(const Remote_desk&) = delete;

    Result<Port_end> open_port(Domid remote) override { return line_->call<Port_end>("open_port", remote); }
    Result<Port_end> bind_port(Domid remote, Evtchn_port remote_port) override {
        return line_->call<Port_end>("bind_port", remote, remote_port);
    }
    void close_port(Evtchn_port port) noexcept override { line_->tell("close_port", port); }
    Result<New_share> share(Domid peer, std::uint32_t pages, Access access) override {
        return line_->call<New_share>("share", peer, pages, access);
    }
    Status end_share(const std::vector<Gref>& grefs) override {
        return line_->call<void>("end_share", grefs);
    }
    Result<New_mapping> map(Domid owner, const std::vector<Gref>& grefs, Access access) override {
        return line_->call<New_mapping>("map", owner, grefs, access);
    }
    void unmap(Mapping_id mapping) noexcept override { line_->tell("unmap", mapping); }
    Result<Unique_fd> share_file(Share_id share, Access access) override {
        return line_->call<Unique_fd>("share_file", share, access);
    }
    Result<std::vector<Copy_place>> copy_places(Domid owner, const std::vector<Copy_wish>& wishes) override {
        return line_->call<std::vector<Copy_place>>("copy_places", owner, wishes);
    }
    Store& store() noexcept override { return store_; }

  private:
    std::unique_ptr<Line> line_;
    Remote_store store_;
};

class Connected_host final : public Remote_host {
  public:
    explicit Connected_host(Unique_fd socket) : line_(std::move(socket)) {}
    Status add_domain(Domid domid) override { return line_.call<void>("add_domain", domid); }
    Status add_unintroduced_domain(Domid domid) override {
        return line_.call<void>("add_unintroduced_domain", domid);
    }
    Status destroy_domain(Domid domid) override { return line_.call<void>("destroy_domain", domid); }
    Result<json::value> dump() override { return line_.call<json::value>("dump"); }

  private:
    Line line_;
};

} // namespace

Result<std::unique_ptr<Remote_host>> Remote_host::connect(const std::string& path) {
    XVM_TRY_LET(Unique_fd socket, connect_to(path));
    return std::make_unique<Connected_host>(std::move(socket));
}

Result<std::unique_ptr<Process>> start_process(const std::string& path, Domid domid) {
    XVM_TRY_LET(Unique_fd socket, connect_to(path));
    auto line = std::make_unique<Line>(std::move(socket));
    XVM_TRY_LET(Unique_fd wake, line->call<Unique_fd>("open", domid));
    return std::make_unique<Process>(std::make_unique<Remote_desk>(std::move(line), std::move(wake)));
}

} // namespace xvm::port::hosted
