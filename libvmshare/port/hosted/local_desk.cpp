// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/local_desk.hpp"

#include <cerrno>
#include <fmt/format.h>

namespace xvm::port::hosted {

Local_desk::~Local_desk() {
    const std::lock_guard lock(host_->mutex_);
    host_->processes_.erase(process_);
    host_->end_process(process_);
    host_->bury_dead();
}

Result<Port_end> Local_desk::open_port(Domid remote) {
    const std::lock_guard lock(host_->mutex_);
    XVM_TRY(host_->check_alive(process_));
    return host_->ports_.open(process_, domid_, remote);
}

Result<Port_end> Local_desk::bind_port(Domid remote, Evtchn_port remote_port) {
    const std::lock_guard lock(host_->mutex_);
    XVM_TRY(host_->check_alive(process_));
    XVM_TRY(host_->check_domain(remote));
    return host_->ports_.bind(process_, domid_, remote, remote_port);
}

void Local_desk::close_port(Evtchn_port port) noexcept {
    const std::lock_guard lock(host_->mutex_);
    host_->ports_.close(process_, domid_, port);
}

Result<New_share> Local_desk::share(Domid peer, std::uint32_t pages, Access access) {
    const std::lock_guard lock(host_->mutex_);
    XVM_TRY(host_->check_alive(process_));
    return host_->grants_.share(process_, domid_, peer, pages, access);
}

Status Local_desk::end_share(const std::vector<Gref>& grefs) {
    const std::lock_guard lock(host_->mutex_);
    XVM_TRY(host_->check_alive(process_));
    return host_->grants_.end_share(domid_, grefs);
}

Result<New_mapping> Local_desk::map(Domid owner, const std::vector<Gref>& grefs, Access access) {
    const std::lock_guard lock(host_->mutex_);
    XVM_TRY(host_->check_alive(process_));
    XVM_TRY(host_->check_domain(owner));
    return host_->grants_.map(process_, domid_, owner, grefs, access);
}

void Local_desk::unmap(Mapping_id mapping) noexcept {
    const std::lock_guard lock(host_->mutex_);
    host_->grants_.unmap(process_, mapping);
    host_->bury_dead();
}

Result<Unique_fd> Local_desk::share_file(Share_id share, Access access) {
    const std::lock_guard lock(host_->mutex_);
    XVM_TRY(host_->check_alive(process_));
    return host_->grants_.share_file(domid_, share, access);
}

Result<std::vector<Copy_place>> Local_desk::copy_places(Domid owner, const std::vector<Copy_wish>& wishes) {
    const std::lock_guard lock(host_->mutex_);
    XVM_TRY(host_->check_alive(process_));
    return host_->grants_.copy_places(domid_, owner, wishes);
}

Result<std::unique_lock<std::mutex>> Local_store::enter() const {
    std::unique_lock lock(host_->mutex_);
    XVM_TRY(host_->check_alive(process_));
    if (!host_->store_.present(domid_))
        return fail(Fault::unreachable, "store", fmt::format("domain {} was not introduced", number(domid_)));
    return lock;
}

template <class Operation>
auto Local_store::run(Txn txn, Operation&& operation)
    -> decltype(operation(std::declval<Store_tree&>(), Domid{})) {
    XVM_TRY_LET(const std::unique_lock<std::mutex> lock, enter());
    return host_->store_.run(process_, txn, std::forward<Operation>(operation));
}

Result<std::string> Local_store::read(const std::string& path, Txn txn) {
    return run(txn, [&](Store_tree& tree, Domid caller) { return tree.read(caller, path); });
}

Status Local_store::write(const std::string& path, std::string_view value, Txn txn) {
    return run(txn, [&](Store_tree& tree, Domid caller) { return tree.write(caller, path, value); });
}

Status Local_store::make(const std::string& path, Txn txn) {
    return run(txn, [&](Store_tree& tree, Domid caller) { return tree.make(caller, path); });
}

Status Local_store::remove(const std::string& path, Txn txn) {
    return run(txn, [&](Store_tree& tree, Domid caller) { return tree.remove(caller, path); });
}

Result<std::vector<std::string>> Local_store::list(const std::string& path, Txn txn) {
    return run(txn, [&](Store_tree& tree, Domid caller) { return tree.list(caller, path); });
}

Status Local_store::set_permissions(const std::string& path, std::span<const Store_permission> permissions,
                                    Txn txn) {
    return run(txn, [&](Store_tree& tree, Domid caller) -> Status {
        if (!permissions.empty() && !host_->check_domain(permissions.front().domid))
            return fail_errno(ENOENT, path, "setting permissions", "its owner must be a living domain");
        return tree.set_permissions(caller, path, permissions);
    });
}

Result<std::vector<Store_permission>> Local_store::permissions(const std::string& path, Txn txn) {
    return run(txn, [&](Store_tree& tree, Domid caller) { return tree.permissions(caller, path); });
}

Result<Txn> Local_store::begin() {
    XVM_TRY_LET(const std::unique_lock<std::mutex> lock, enter());
    return host_->store_.begin(process_);
}

Status Local_store::commit(Txn txn) {
    XVM_TRY_LET(const std::unique_lock<std::mutex> lock, enter());
    return host_->store_.commit(process_, txn);
}

void Local_store::abort(Txn txn) noexcept {
    if (const auto lock = enter()) host_->store_.abort(process_, txn);
}

Status Local_store::introduce(Domid domid, std::uint64_t, Evtchn_port) {
    XVM_TRY_LET(const std::unique_lock<std::mutex> lock, enter());
    const std::string object = fmt::format("domain {}", number(domid));
    if (domid_ != dom0) return fail_errno(EACCES, object, "introducing to the store");
    if (!host_->check_domain(domid)) return fail_errno(EINVAL, object, "introducing to the store");
    host_->store_.introduce(domid);
    return {};
}

void Local_store::release(Domid domid) noexcept {
    const auto lock = enter();
    if (lock && domid_ == dom0) host_->store_.domain_ended(domid);
}

Result<bool> Local_store::present(Domid domid) {
    XVM_TRY_LET(const std::unique_lock<std::mutex> lock, enter());
    return host_->store_.present(domid);
}

Status Local_store::watch(const std::string& path, const std::string& token) {
    XVM_TRY_LET(const std::unique_lock<std::mutex> lock, enter());
    return host_->store_.watch(process_, path, token);
}

void Local_store::unwatch(const std::string& path, const std::string& token) noexcept {
    if (const auto lock = enter()) host_->store_.unwatch(process_, path, token);
}

Result<std::optional<Watch_event>> Local_store::next_event() {
    XVM_TRY_LET(const std::unique_lock<std::mutex> lock, enter());
    return host_->store_.next_event(process_);
}

} // namespace xvm::port::hosted
