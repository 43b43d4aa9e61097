// SPDX-License-Identifier: Apache-2.0
// port::Domains over libxenctrl and libxenguest: one class, whose functions stand by topic in domains.cpp
// (life), inventory.cpp (what there is), frames.cpp, vcpus.cpp, save.cpp and restore.cpp.
//
// Invariant: the library's log is emptied before each call whose failure it is to explain.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/xen/libxc.hpp"

#include <cerrno>

namespace xvm::port::xen {

class Xen_domains final : public Domains {
  public:
    explicit Xen_domains(Libxc libxc) : libxc_(std::move(libxc)) {}

    Result<Domid> create(const Domain_shape& shape) override;
    Status set_uuid(Domid domid, const Uuid& uuid) override;
    Result<Built_domain> build(Domid domid, const Domain_shape& shape, const Boot_image& image) override;
    Status pin(Domid domid, unsigned vcpu, unsigned cpu) override;
    Status set_affinity(Domid domid, unsigned vcpu, Affinity affinity, const Cpu_list& cpus) override;
    Result<std::vector<Vcpu_info>> vcpus(Domid domid) override;
    Status set_memory_max(Domid domid, std::uint64_t bytes) override;
    Status claim_memory(Domid domid, std::uint64_t bytes) override;
    Status fill_frames(Domid domid, const Frames& frames) override;
    Status clear_frames(Domid domid, const Frames& frames) override;
    Status release_frames(Domid domid, const Frames& frames) override;
    Status pause(Domid domid) override;
    Status unpause(Domid domid) override;
    Status stop(Domid domid, Stop_reason reason) override;
    Status resume(Domid domid) override;
    Status destroy(Domid domid) override;
    Status save(Domid domid, int fd, const Stream_hooks& hooks) override;
    Result<Built_domain> restore(Domid domid, const Domain_shape& shape, int fd,
                                 const Stream_hooks& hooks) override;
    Result<std::vector<Domain_info>> list() override;
    Result<Domain_info> info(Domid domid) override;
    Result<Host_info> host() override;
    Result<std::string> hypervisor_log() override;

    Result<xc_physinfo_t> physical();

  private:
    /// What of the host stays the same while Xen runs.
    Result<Host_info> version();
    Host_info version_;
    [[nodiscard]] xc_interface* xc() const { return libxc_.xc(); }
    /// As fail_call() with this moment's errno.
    [[nodiscard]] tl::unexpected<Error> refused(Domid domid, std::string_view operation) const {
        return fail_call(libxc_, errno, domid, operation);
    }

    /// Forgets what was logged for an earlier call.
    Result<xc_domaininfo_t> raw_info(Domid domid);
    /// As raw_info(). not_found also for a dying domain.
    Result<xc_domaininfo_t> alive(Domid domid);
    /// alive(), of that type, and without memory: it can be built or restored.
    Result<xc_domaininfo_t> empty_domain(Domid domid, Guest_type type);
    /// alive(), and shut down with the reason `suspend`.
    Status suspended(Domid domid);
    Status furnish(Domid domid, const Domain_shape& shape);

    Libxc libxc_;
};

[[nodiscard]] Domain_info to_info(const xc_domaininfo_t& raw_info);

} // namespace xvm::port::xen
