// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/store.hpp"

#include "libvmshare/port/xen/store_lanes.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

extern "C" {
#include <xen/io/xs_wire.h>
#include <xenstore.h>
}

namespace xvm::port::xen {
namespace {

struct Close {
    void operator()(xs_handle* handle) const noexcept { xs_close(handle); }
};
using Handle = std::unique_ptr<xs_handle, Close>;

/// libxenstore hands out memory of malloc().
struct Free {
    void operator()(void* memory) const noexcept { std::free(memory); }
};
template <class T>
using Malloced = std::unique_ptr<T, Free>;

Result<Handle> open_handle() {
    // Without the filter an event of a watch taken back could still arrive.
    Handle handle(xs_open(XS_UNWATCH_FILTER));
    if (handle) return handle;
    const int why = errno;
    Error error = fail_errno(why, xs_daemon_socket(), "connecting to xenstored").value();
    error.fault = why == EACCES || why == EPERM ? Fault::denied : Fault::unreachable;
    error.remedy = error.fault == Fault::denied ? "run as root" : "start xenstored";
    return tl::unexpected<Error>(std::move(error));
}

xs_transaction_t number(Txn txn) noexcept {
    return static_cast<xs_transaction_t>(txn);
}

tl::unexpected<Error> fail_store(int error_number, const std::string& object, std::string_view operation) {
    switch (error_number) {
    case EBADF: // the library closed a connection that broke
    case EPIPE:
    case EIO:
        return fail(Fault::unreachable, object,
                    std::string(operation) + ": the connection to xenstored broke", "is xenstored running?");
    case EACCES:
        return fail_errno(error_number, object, operation, "see its permissions: xenstore-ls -p");
    case ENOSPC:
    case E2BIG:
        return fail_errno(error_number, object, operation, "see xenstored's quotas");
    default:
        return fail_errno(error_number, object, operation);
    }
}

Status status(bool ok, const std::string& object, std::string_view operation) {
    if (!ok) return fail_store(errno, object, operation);
    return {};
}

unsigned perms_of(Store_access access) noexcept {
    switch (access) {
    case Store_access::none:
        return XS_PERM_NONE;
    case Store_access::read:
        return XS_PERM_READ;
    case Store_access::write:
        return XS_PERM_WRITE;
    case Store_access::both:
        return XS_PERM_READ | XS_PERM_WRITE;
    }
    return XS_PERM_NONE;
}

Store_access access_of(unsigned perms) noexcept {
    const bool read = (perms & XS_PERM_READ) != 0;
    const bool write = (perms & XS_PERM_WRITE) != 0;
    if (read && write) return Store_access::both;
    if (read) return Store_access::read;
    return write ? Store_access::write : Store_access::none;
}

/// "n7", "r0": as xenstored reads a permission.
std::string perms_text(const Store_permission& permission) {
    constexpr std::array letters{'n', 'r', 'w', 'b'};
    return letters.at(perms_of(permission.access)) + std::to_string(xvm::number(permission.domid));
}

const std::string nul(1, '\0');

Store_request request_of(const Store_change& change) {
    switch (change.kind) {
    case Store_change::Kind::write:
        return {XS_WRITE, change.path + nul + change.value};
    case Store_change::Kind::make:
        return {XS_MKDIR, change.path + nul};
    case Store_change::Kind::permit: {
        std::string payload = change.path + nul;
        for (const Store_permission& permission : change.permissions)
            payload += perms_text(permission) + nul;
        return {XS_SET_PERMS, std::move(payload)};
    }
    case Store_change::Kind::remove:
        break;
    }
    return {XS_RM, change.path + nul};
}

std::string_view words_of(Store_change::Kind kind) {
    constexpr std::array<std::string_view, 4> words{"writing", "making", "setting permissions", "removing"};
    return words.at(static_cast<std::size_t>(kind));
}

bool is_below(const std::string& path, const std::string& above) {
    return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '/';
}

/// The changes as requests: what concerns one node, or a node and one below it, by one connection; where that
/// would have to be two, in different stages.
std::vector<Store_lanes::Item> staged(std::span<const Store_change> changes) {
    std::vector<Store_lanes::Item> items;
    std::size_t stage = 0; // where the present one began
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const Store_change& change = changes[i];
        Store_lanes::Item item{request_of(change), i, change.after_all};
        for (std::size_t j = stage; j < i && !item.next_stage; ++j) {
            const std::string& path = changes[j].path;
            if (path != change.path && !is_below(change.path, path) && !is_below(path, change.path)) continue;
            item.next_stage = item.key != i && item.key != items[j].key;
            item.key = items[j].key;
        }
        if (item.next_stage) {
            stage = i;
            item.key = i;
        }
        items.push_back(std::move(item));
    }
    return items;
}

/// Whether xenstored is a daemon with a socket, and not a domain behind a device.
bool has_socket() {
    return ::access(xs_daemon_socket(), W_OK) == 0;
}

class Xen_store final : public Store {
  public:
    explicit Xen_store(Handle handle) : handle_(std::move(handle)), has_socket_(has_socket()) {}

    Result<std::string> read(const std::string& path, Txn txn) override {
        if (has_socket_ && txn == Txn::none) return ask({XS_READ, path + nul}, path, "reading");
        unsigned length = 0;
        const Malloced<char> value(
            static_cast<char*>(xs_read(handle_.get(), number(txn), path.c_str(), &length)));
        if (!value) return fail_store(errno, path, "reading");
        return std::string(value.get(), length);
    }

    Status write(const std::string& path, std::string_view value, Txn txn) override {
        return status(xs_write(handle_.get(), number(txn), path.c_str(), value.data(),
                               static_cast<unsigned>(value.size())),
                      path, "writing");
    }

    Status make(const std::string& path, Txn txn) override {
        return status(xs_mkdir(handle_.get(), number(txn), path.c_str()), path, "making");
    }

    Status remove(const std::string& path, Txn txn) override {
        // xenstored says ENOENT where the parent is missing too.
        if (xs_rm(handle_.get(), number(txn), path.c_str()) || errno == ENOENT) return {};
        return fail_store(errno, path, "removing");
    }

    Result<std::vector<std::string>> list(const std::string& path, Txn txn) override {
        unsigned count = 0;
        const Malloced<char*> names(xs_directory(handle_.get(), number(txn), path.c_str(), &count));
        if (!names) return fail_store(errno, path, "listing");
        return std::vector<std::string>(names.get(), names.get() + count);
    }

    Status set_permissions(const std::string& path, std::span<const Store_permission> permissions,
                           Txn txn) override {
        std::vector<xs_permissions> wanted;
        for (const Store_permission& permission : permissions)
            wanted.push_back({xvm::number(permission.domid), perms_of(permission.access)});
        return status(xs_set_permissions(handle_.get(), number(txn), path.c_str(), wanted.data(),
                                         static_cast<unsigned>(wanted.size())),
                      path, "setting permissions");
    }

    Result<std::vector<Store_permission>> permissions(const std::string& path, Txn txn) override {
        unsigned count = 0;
        const Malloced<xs_permissions> found(
            xs_get_permissions(handle_.get(), number(txn), path.c_str(), &count));
        if (!found) return fail_store(errno, path, "reading permissions");
        std::vector<Store_permission> permissions;
        for (const xs_permissions& one : std::span(found.get(), count))
            permissions.push_back({Domid{static_cast<std::uint16_t>(one.id)}, access_of(one.perms)});
        return permissions;
    }

    Status change_all(std::span<const Store_change> changes) override {
        if (!has_socket_) return Store::change_all(changes);
        XVM_TRY_LET(const auto answers, Store_lanes::shared().ask(staged(changes)));
        for (std::size_t i = 0; i < answers.size(); ++i) {
            const int refused = answers[i].error_number;
            // xenstored says ENOENT where the parent is missing too.
            if (refused == 0 || (refused == ENOENT && changes[i].kind == Store_change::Kind::remove))
                continue;
            return fail_store(refused, changes[i].path, words_of(changes[i].kind));
        }
        return {};
    }

    Result<std::vector<std::optional<std::string>>> read_all(std::span<const std::string> paths) override {
        if (!has_socket_) return Store::read_all(paths);
        std::vector<Store_lanes::Item> items;
        for (const std::string& path : paths)
            items.push_back({{XS_READ, path + nul}, items.size(), false});
        XVM_TRY_LET(auto answers, Store_lanes::shared().ask(items));
        std::vector<std::optional<std::string>> values;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            const int refused = answers[i].error_number;
            if (refused != 0 && refused != ENOENT) return fail_store(refused, paths[i], "reading");
            values.push_back(refused == 0 ? std::optional(std::move(answers[i].payload)) : std::nullopt);
        }
        return values;
    }

    Result<Txn> begin() override {
        const xs_transaction_t txn = xs_transaction_start(handle_.get());
        if (txn == XBT_NULL) return fail_store(errno, "store transaction", "starting");
        return Txn{txn};
    }

    Status commit(Txn txn) override {
        // EAGAIN, a conflict, becomes Fault::busy.
        return status(xs_transaction_end(handle_.get(), number(txn), false), "store transaction", "commit");
    }

    void abort(Txn txn) noexcept override {
        static_cast<void>(xs_transaction_end(handle_.get(), number(txn), true));
    }

    Status introduce(Domid domid, std::uint64_t frame, Evtchn_port port) override {
        if (has_socket_) {
            const std::string payload = fmt::format("{}", xvm::number(domid)) + nul +
                                        fmt::format("{}", frame) + nul +
                                        fmt::format("{}", xvm::number(port)) + nul;
            XVM_TRY(ask({XS_INTRODUCE, payload}, fmt::format("domain {}", xvm::number(domid)),
                        "introducing to the store"));
            return {};
        }
        return status(xs_introduce_domain(handle_.get(), xvm::number(domid), frame, xvm::number(port)),
                      fmt::format("domain {}", xvm::number(domid)), "introducing to the store");
    }

    void release(Domid domid) noexcept override {
        static_cast<void>(xs_release_domain(handle_.get(), xvm::number(domid)));
    }

    void resumed(Domid domid) noexcept override {
        static_cast<void>(xs_resume_domain(handle_.get(), xvm::number(domid)));
    }

    Result<bool> present(Domid domid) override {
        if (has_socket_) {
            XVM_TRY_LET(const std::string answer,
                        ask({XS_IS_DOMAIN_INTRODUCED, fmt::format("{}", xvm::number(domid)) + nul},
                            fmt::format("domain {}", xvm::number(domid)), "asking the store"));
            return answer.starts_with('T');
        }
        // The library answers false for a failed question too; errno tells the two apart.
        errno = 0;
        if (xs_is_domain_introduced(handle_.get(), xvm::number(domid))) return true;
        if (errno != 0)
            return fail_store(errno, fmt::format("domain {}", xvm::number(domid)), "asking the store");
        return false;
    }

    Status watch(const std::string& path, const std::string& token) override {
        XVM_TRY(open_watching());
        return status(xs_watch(watching_.get(), path.c_str(), token.c_str()), path, "watching");
    }

    void unwatch(const std::string& path, const std::string& token) noexcept override {
        if (watching_) static_cast<void>(xs_unwatch(watching_.get(), path.c_str(), token.c_str()));
    }

    Result<std::optional<Watch_event>> next_event() override {
        XVM_TRY(open_watching());
        const Malloced<char*> event(xs_check_watch(watching_.get()));
        if (event) return Watch_event{event.get()[XS_WATCH_PATH], event.get()[XS_WATCH_TOKEN]};
        if (errno == EAGAIN) return std::nullopt;
        return fail_store(errno, "store", "taking a watch event");
    }

    int fd() const noexcept override { return open_watching() ? xs_fileno(watching_.get()) : -1; }

  private:
    /// One request that needs no connection of its own: in one write, and not by way of a thread.
    static Result<std::string> ask(Store_request request, const std::string& object,
                                   std::string_view operation) {
        const Store_lanes::Item item{std::move(request), 0, false};
        XVM_TRY_LET(auto answers, Store_lanes::shared().ask(std::span(&item, 1)));
        if (answers.front().error_number != 0)
            return fail_store(answers.front().error_number, object, operation);
        return std::move(answers.front().payload);
    }

    Status open_watching() const {
        if (watching_) return {};
        XVM_TRY_LET(watching_, open_handle());
        return {};
    }

    Handle handle_;
    /// With its first watch a handle gets a thread that reads for it, and every answer goes by way of that:
    /// two more changes of context a request. So watches have a handle of their own, once there are any.
    mutable Handle watching_;
    bool has_socket_;
};

} // namespace

Result<std::unique_ptr<Store>> open_store() {
    XVM_TRY_LET(Handle handle, open_handle());
    return std::make_unique<Xen_store>(std::move(handle));
}

} // namespace xvm::port::xen
