// SPDX-License-Identifier: Apache-2.0
// Ports that fail by plan. Each hands its calls on to a port below, which outlives it, as the Plan does.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/events.hpp"
#include "libvmshare/port/faulty/plan.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/store.hpp"

namespace xvm::port::faulty {

class Faulty_events final : public Events {
  public:
    Faulty_events(Events& below, Plan& plan) : below_(below), plan_(plan) {}
    [[nodiscard]] Result<Evtchn_port> alloc_unbound(Domid remote) override;
    [[nodiscard]] Result<Evtchn_port> bind_interdomain(Domid remote, Evtchn_port remote_port) override;
    [[nodiscard]] Status notify(Evtchn_port port) override;
    [[nodiscard]] Result<std::optional<Evtchn_port>> next() override;
    [[nodiscard]] Status unmask(Evtchn_port port) override;
    void close(Evtchn_port port) noexcept override;
    [[nodiscard]] int fd() const noexcept override { return below_.fd(); }

  private:
    Events& below_;
    Plan& plan_;
};

/// copy() may also be told to fail element by element: Plan::fail_each("grants.copy.element").
class Faulty_grants final : public Grants {
  public:
    Faulty_grants(Grants& below, Plan& plan) : below_(below), plan_(plan) {}
    [[nodiscard]] Result<Grant_map> map(Domid owner, std::span<const Gref> grefs, Access access) override;
    [[nodiscard]] Status copy(Domid owner, std::span<Grant_copy> elements) override;

  private:
    Grants& below_;
    Plan& plan_;
};

class Faulty_granter final : public Granter {
  public:
    Faulty_granter(Granter& below, Plan& plan) : below_(below), plan_(plan) {}
    [[nodiscard]] Result<Shared> share(Domid peer, std::size_t pages, Access access) override;
    [[nodiscard]] Status end(std::span<const Gref> grefs) override;

  private:
    Granter& below_;
    Plan& plan_;
};

/// A commit that fails by plan with Fault::busy is a conflict: the transaction has ended, below too.
class Faulty_store final : public Store {
  public:
    Faulty_store(Store& below, Plan& plan) : below_(below), plan_(plan) {}
    [[nodiscard]] Result<std::string> read(const std::string& path, Txn txn) override;
    [[nodiscard]] Status write(const std::string& path, std::string_view value, Txn txn) override;
    [[nodiscard]] Status make(const std::string& path, Txn txn) override;
    [[nodiscard]] Status remove(const std::string& path, Txn txn) override;
    [[nodiscard]] Result<std::vector<std::string>> list(const std::string& path, Txn txn) override;
    [[nodiscard]] Status set_permissions(const std::string& path,
                                         std::span<const Store_permission> permissions, Txn txn) override;
    [[nodiscard]] Result<std::vector<Store_permission>> permissions(const std::string& path,
                                                                    Txn txn) override;
    [[nodiscard]] Result<Txn> begin() override;
    [[nodiscard]] Status commit(Txn txn) override;
    void abort(Txn txn) noexcept override;
    [[nodiscard]] Status introduce(Domid domid, std::uint64_t frame, Evtchn_port port) override;
    void release(Domid domid) noexcept override;
    void resumed(Domid domid) noexcept override;
    [[nodiscard]] Result<bool> present(Domid domid) override;
    [[nodiscard]] Status watch(const std::string& path, const std::string& token) override;
    void unwatch(const std::string& path, const std::string& token) noexcept override;
    [[nodiscard]] Result<std::optional<Watch_event>> next_event() override;
    [[nodiscard]] int fd() const noexcept override { return below_.fd(); }

  private:
    Store& below_;
    Plan& plan_;
};

/// Not final: a test's host may do other things wrong than to fail.
class Faulty_domains : public Domains {
  public:
    Faulty_domains(Domains& below, Plan& plan) : below_(below), plan_(plan) {}
    [[nodiscard]] Result<Domid> create(const Domain_shape& shape) override;
    [[nodiscard]] Status set_uuid(Domid domid, const Uuid& uuid) override;
    [[nodiscard]] Result<Built_domain> build(Domid domid, const Domain_shape& shape,
                                             const Boot_image& image) override;
    [[nodiscard]] Status pin(Domid domid, unsigned vcpu, unsigned cpu) override;
    [[nodiscard]] Status set_affinity(Domid domid, unsigned vcpu, Affinity affinity,
                                      const Cpu_list& cpus) override;
    [[nodiscard]] Result<std::vector<Vcpu_info>> vcpus(Domid domid) override;
    [[nodiscard]] Status set_memory_max(Domid domid, std::uint64_t bytes) override;
    [[nodiscard]] Status claim_memory(Domid domid, std::uint64_t bytes) override;
    [[nodiscard]] Status fill_frames(Domid domid, const Frames& frames) override;
    [[nodiscard]] Status clear_frames(Domid domid, const Frames& frames) override;
    [[nodiscard]] Status release_frames(Domid domid, const Frames& frames) override;
    [[nodiscard]] Status pause(Domid domid) override;
    [[nodiscard]] Status unpause(Domid domid) override;
    [[nodiscard]] Status stop(Domid domid, Stop_reason reason) override;
    [[nodiscard]] Status resume(Domid domid) override;
    [[nodiscard]] Status destroy(Domid domid) override;
    [[nodiscard]] Status save(Domid domid, int fd, const Stream_hooks& hooks) override;
    [[nodiscard]] Result<Built_domain> restore(Domid domid, const Domain_shape& shape, int fd,
                                               const Stream_hooks& hooks) override;
    [[nodiscard]] Result<std::vector<Domain_info>> list() override;
    [[nodiscard]] Result<Domain_info> info(Domid domid) override;
    [[nodiscard]] Result<Host_info> host() override;
    [[nodiscard]] Result<std::string> hypervisor_log() override;

  private:
    Domains& below_;
    Plan& plan_;
};

} // namespace xvm::port::faulty
