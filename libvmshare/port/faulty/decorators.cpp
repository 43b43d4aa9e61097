// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/faulty/decorators.hpp"

namespace xvm::port::faulty {
namespace {

/// The planned error, or what the port below says.
template <class Call>
auto through(Plan& plan, const char* name, Call&& call) -> decltype(call()) {
    if (auto error = plan.next(name)) return tl::unexpected<Error>(std::move(*error));
    return call();
}

} // namespace

Result<Evtchn_port> Faulty_events::alloc_unbound(Domid remote) {
    return through(plan_, "events.alloc_unbound", [&] { return below_.alloc_unbound(remote); });
}
Result<Evtchn_port> Faulty_events::bind_interdomain(Domid remote, Evtchn_port remote_port) {
    return through(plan_, "events.bind_interdomain",
                   [&] { return below_.bind_interdomain(remote, remote_port); });
}
Status Faulty_events::notify(Evtchn_port port) {
    return through(plan_, "events.notify", [&] { return below_.notify(port); });
}
Result<std::optional<Evtchn_port>> Faulty_events::next() {
    return through(plan_, "events.next", [&] { return below_.next(); });
}
Status Faulty_events::unmask(Evtchn_port port) {
    return through(plan_, "events.unmask", [&] { return below_.unmask(port); });
}
void Faulty_events::close(Evtchn_port port) noexcept {
    plan_.note("events.close");
    below_.close(port);
}

Result<Grant_map> Faulty_grants::map(Domid owner, std::span<const Gref> grefs, Access access) {
    return through(plan_, "grants.map", [&] { return below_.map(owner, grefs, access); });
}
Status Faulty_grants::copy(Domid owner, std::span<Grant_copy> elements) {
    return through(plan_, "grants.copy", [&]() -> Status {
        // Elements that fail by plan are kept from the port below, the others go on in one batch.
        std::vector<Grant_copy> rest;
        std::vector<Grant_copy*> asked;
        for (Grant_copy& element : elements) {
            element.ok = false;
            if (plan_.next("grants.copy.element")) continue;
            rest.push_back(element);
            asked.push_back(&element);
        }
        XVM_TRY(below_.copy(owner, rest));
        for (std::size_t i = 0; i < rest.size(); ++i)
            asked[i]->ok = rest[i].ok;
        return {};
    });
}

Result<Granter::Shared> Faulty_granter::share(Domid peer, std::size_t pages, Access access) {
    return through(plan_, "granter.share", [&] { return below_.share(peer, pages, access); });
}
Status Faulty_granter::end(std::span<const Gref> grefs) {
    return through(plan_, "granter.end", [&] { return below_.end(grefs); });
}

Result<std::string> Faulty_store::read(const std::string& path, Txn txn) {
    return through(plan_, "store.read", [&] { return below_.read(path, txn); });
}
Status Faulty_store::write(const std::string& path, std::string_view value, Txn txn) {
    return through(plan_, "store.write", [&] { return below_.write(path, value, txn); });
}
Status Faulty_store::make(const std::string& path, Txn txn) {
    return through(plan_, "store.make", [&] { return below_.make(path, txn); });
}
Status Faulty_store::remove(const std::string& path, Txn txn) {
    return through(plan_, "store.remove", [&] { return below_.remove(path, txn); });
}
Result<std::vector<std::string>> Faulty_store::list(const std::string& path, Txn txn) {
    return through(plan_, "store.list", [&] { return below_.list(path, txn); });
}
Status Faulty_store::set_permissions(const std::string& path, std::span<const Store_permission> permissions,
                                     Txn txn) {
    return through(plan_, "store.set_permissions",
                   [&] { return below_.set_permissions(path, permissions, txn); });
}
Result<std::vector<Store_permission>> Faulty_store::permissions(const std::string& path, Txn txn) {
    return through(plan_, "store.permissions", [&] { return below_.permissions(path, txn); });
}
Result<Txn> Faulty_store::begin() {
    return through(plan_, "store.begin", [&] { return below_.begin(); });
}
Status Faulty_store::commit(Txn txn) {
    if (auto error = plan_.next("store.commit")) {
        below_.abort(txn); // whatever commit answers, the transaction is over
        return tl::unexpected<Error>(std::move(*error));
    }
    return below_.commit(txn);
}
void Faulty_store::abort(Txn txn) noexcept {
    plan_.note("store.abort");
    below_.abort(txn);
}
Status Faulty_store::introduce(Domid domid, std::uint64_t frame, Evtchn_port port) {
    return through(plan_, "store.introduce", [&] { return below_.introduce(domid, frame, port); });
}
void Faulty_store::release(Domid domid) noexcept {
    plan_.note("store.release");
    below_.release(domid);
}
void Faulty_store::resumed(Domid domid) noexcept {
    plan_.note("store.resumed");
    below_.resumed(domid);
}
Result<bool> Faulty_store::present(Domid domid) {
    return through(plan_, "store.present", [&] { return below_.present(domid); });
}
Status Faulty_store::watch(const std::string& path, const std::string& token) {
    return through(plan_, "store.watch", [&] { return below_.watch(path, token); });
}
void Faulty_store::unwatch(const std::string& path, const std::string& token) noexcept {
    plan_.note("store.unwatch");
    below_.unwatch(path, token);
}
Result<std::optional<Watch_event>> Faulty_store::next_event() {
    return through(plan_, "store.next_event", [&] { return below_.next_event(); });
}

Result<Domid> Faulty_domains::create(const Domain_shape& shape) {
    return through(plan_, "domains.create", [&] { return below_.create(shape); });
}
Status Faulty_domains::set_uuid(Domid domid, const Uuid& uuid) {
    return through(plan_, "domains.set_uuid", [&] { return below_.set_uuid(domid, uuid); });
}
Result<Built_domain> Faulty_domains::build(Domid domid, const Domain_shape& shape, const Boot_image& image) {
    return through(plan_, "domains.build", [&] { return below_.build(domid, shape, image); });
}
Status Faulty_domains::pin(Domid domid, unsigned vcpu, unsigned cpu) {
    return through(plan_, "domains.pin", [&] { return below_.pin(domid, vcpu, cpu); });
}
Status Faulty_domains::set_affinity(Domid domid, unsigned vcpu, Affinity affinity, const Cpu_list& cpus) {
    return through(plan_, "domains.set_affinity",
                   [&] { return below_.set_affinity(domid, vcpu, affinity, cpus); });
}
Result<std::vector<Vcpu_info>> Faulty_domains::vcpus(Domid domid) {
    return through(plan_, "domains.vcpus", [&] { return below_.vcpus(domid); });
}
Status Faulty_domains::set_memory_max(Domid domid, std::uint64_t bytes) {
    return through(plan_, "domains.set_memory_max", [&] { return below_.set_memory_max(domid, bytes); });
}
Status Faulty_domains::claim_memory(Domid domid, std::uint64_t bytes) {
    return through(plan_, "domains.claim_memory", [&] { return below_.claim_memory(domid, bytes); });
}
Status Faulty_domains::fill_frames(Domid domid, const Frames& frames) {
    return through(plan_, "domains.fill_frames", [&] { return below_.fill_frames(domid, frames); });
}
Status Faulty_domains::clear_frames(Domid domid, const Frames& frames) {
    return through(plan_, "domains.clear_frames", [&] { return below_.clear_frames(domid, frames); });
}
Status Faulty_domains::release_frames(Domid domid, const Frames& frames) {
    return through(plan_, "domains.release_frames", [&] { return below_.release_frames(domid, frames); });
}
Status Faulty_domains::pause(Domid domid) {
    return through(plan_, "domains.pause", [&] { return below_.pause(domid); });
}
Status Faulty_domains::unpause(Domid domid) {
    return through(plan_, "domains.unpause", [&] { return below_.unpause(domid); });
}
Status Faulty_domains::stop(Domid domid, Stop_reason reason) {
    return through(plan_, "domains.stop", [&] { return below_.stop(domid, reason); });
}
Status Faulty_domains::resume(Domid domid) {
    return through(plan_, "domains.resume", [&] { return below_.resume(domid); });
}
Status Faulty_domains::destroy(Domid domid) {
    return through(plan_, "domains.destroy", [&] { return below_.destroy(domid); });
}
Status Faulty_domains::save(Domid domid, int fd, const Stream_hooks& hooks) {
    return through(plan_, "domains.save", [&] { return below_.save(domid, fd, hooks); });
}
Result<Built_domain> Faulty_domains::restore(Domid domid, const Domain_shape& shape, int fd,
                                             const Stream_hooks& hooks) {
    return through(plan_, "domains.restore", [&] { return below_.restore(domid, shape, fd, hooks); });
}
Result<std::vector<Domain_info>> Faulty_domains::list() {
    return through(plan_, "domains.list", [&] { return below_.list(); });
}
Result<Domain_info> Faulty_domains::info(Domid domid) {
    return through(plan_, "domains.info", [&] { return below_.info(domid); });
}
Result<Host_info> Faulty_domains::host() {
    return through(plan_, "domains.host", [&] { return below_.host(); });
}
Result<std::string> Faulty_domains::hypervisor_log() {
    return through(plan_, "domains.hypervisor_log", [&] { return below_.hypervisor_log(); });
}

} // namespace xvm::port::faulty
