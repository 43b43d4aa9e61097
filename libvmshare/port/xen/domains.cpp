// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/domains.hpp"

#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/xen/domain_builder.hpp"
#include "libvmshare/port/xen/libxc.hpp"
#include "libvmshare/port/xen/memory_map.hpp"
#include "libvmshare/port/xen/open_error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/core.h>
#include <sstream>

namespace xvm::port::xen {

namespace {

// libxl's defaults.
constexpr unsigned evtchn_port_max = 1023;
constexpr int grant_frames_max = 64;
constexpr int maptrack_frames_max = 1024;
constexpr unsigned grant_version_max = 2;

Domain_info to_info(const xc_domaininfo_t& raw_info) {
    const auto has = [flags = raw_info.flags](std::uint32_t flag) { return (flags & flag) != 0; };
    Domain_info info;
    info.id.domid = Domid{raw_info.domain};
    std::copy(std::begin(raw_info.handle), std::end(raw_info.handle), info.id.uuid.bytes.begin());
    info.type = has(XEN_DOMINF_hvm_guest) ? Guest_type::pvh : Guest_type::pv;
    info.vcpus = raw_info.nr_online_vcpus;
    info.memory_bytes = raw_info.tot_pages * page_bytes;
    // dom0's limit is "none": all ones.
    info.memory_max_bytes = raw_info.max_pages > ~0ULL / page_bytes ? ~0ULL : raw_info.max_pages * page_bytes;
    info.cpu_time_ns = raw_info.cpu_time;
    info.running = has(XEN_DOMINF_running);
    info.blocked = has(XEN_DOMINF_blocked);
    info.paused = has(XEN_DOMINF_paused);
    info.dying = has(XEN_DOMINF_dying);
    info.shut_down = has(XEN_DOMINF_shutdown);
    if (info.shut_down)
        info.shutdown_reason = (raw_info.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    return info;
}

class Xen_domains final : public Domains {
  public:
    explicit Xen_domains(Libxc libxc) : libxc_(std::move(libxc)) {}

    Result<Domid> create(const Domain_shape& shape) override;
    Result<Built_domain> build(Domid domid, const Domain_shape& shape, const Boot_image& image) override;
    Status pin(Domid domid, unsigned vcpu, unsigned cpu) override;
    Status pause(Domid domid) override;
    Status unpause(Domid domid) override;
    Status destroy(Domid domid) override;
    Result<std::vector<Domain_info>> list() override;
    Result<Domain_info> info(Domid domid) override;
    Result<Host_info> host() override;

    Result<xc_physinfo_t> physical();

  private:
    [[nodiscard]] xc_interface* xc() const { return libxc_.xc(); }
    /// As fail_call() with this moment's errno.
    [[nodiscard]] tl::unexpected<Error> refused(Domid domid, std::string_view operation) const {
        return fail_call(libxc_, errno, domid, operation);
    }

    /// Forgets what was logged for an earlier call. not_found also for a dying domain.
    Result<xc_domaininfo_t> alive(Domid domid);
    Result<xc_domaininfo_t> raw_info(Domid domid);
    Status furnish(Domid domid, const Domain_shape& shape);

    Libxc libxc_;
};

Result<xc_physinfo_t> Xen_domains::physical() {
    libxc_.log->clear();
    xc_physinfo_t physical{};
    if (xc_physinfo(xc(), &physical) == 0) return physical;
    const int error_number = errno;
    if (error_number == EACCES)
        // Xen's word for another version of its control interface.
        return fail(Fault::failed, "Xen", "its control interface is not the one of this build",
                    "install the libxenmisc of the Xen that runs");
    if (error_number == EPERM)
        return fail(Fault::unreachable, "Xen", "does not take orders from this domain", "run it in dom0");
    return fail_errno(error_number, "Xen", "cannot ask for the host's resources");
}

Result<xc_domaininfo_t> Xen_domains::raw_info(Domid domid) {
    libxc_.log->clear();
    xc_domaininfo_t info{};
    const int found = xc_domain_getinfolist(xc(), raw(domid), 1, &info);
    if (found < 0) return refused(domid, "cannot be asked for");
    if (found == 0 || info.domain != raw(domid)) return tl::unexpected(no_such_domain(domid));
    return info;
}

Result<xc_domaininfo_t> Xen_domains::alive(Domid domid) {
    XVM_TRY_LET(xc_domaininfo_t info, raw_info(domid));
    if ((info.flags & XEN_DOMINF_dying) != 0)
        return fail(Fault::not_found, domain_text(domid), "is being destroyed");
    return info;
}

Result<Domid> Xen_domains::create(const Domain_shape& shape) {
    XVM_TRY(check_shape(shape));
    const std::string object = "domain " + shape.uuid.text();
    XVM_TRY_LET(const xc_physinfo_t host, physical());
    const bool pvh = shape.type == Guest_type::pvh;
    const std::uint32_t wanted =
        pvh ? XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap : XEN_SYSCTL_PHYSCAP_pv;
    if ((host.capabilities & wanted) != wanted)
        return pvh ? fail(Fault::failed, object,
                          "this host cannot run PVH guests: Xen found no VT-x/EPT or AMD-V/NPT",
                          "enable virtualisation in the firmware, or make it a PV guest")
                   : fail(Fault::failed, object, "this Xen is built without PV guests",
                          "make it a PVH guest");

    xen_domctl_createdomain config{};
    std::copy(shape.uuid.bytes.begin(), shape.uuid.bytes.end(), std::begin(config.handle));
    config.max_vcpus = shape.vcpus;
    config.max_evtchn_port = evtchn_port_max;
    config.max_grant_frames = grant_frames_max;
    config.max_maptrack_frames = maptrack_frames_max;
    config.grant_opts = XEN_DOMCTL_GRANT_version(grant_version_max);
    if (pvh) {
        config.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
        config.arch.emulation_flags = XEN_X86_EMU_LAPIC;
    }
    std::uint32_t made = 0;
    if (xc_domain_create(xc(), &made, &config) != 0)
        return fail_errno(errno, object, "cannot be created", "see xl dmesg");
    const Domid domid{static_cast<std::uint16_t>(made)};
    if (Status furnished = furnish(domid, shape); !furnished) {
        xc_domain_destroy(xc(), made);
        return tl::unexpected(std::move(furnished.error()));
    }
    return domid;
}

Status Xen_domains::furnish(Domid domid, const Domain_shape& shape) {
    const std::uint32_t id = raw(domid);
    if (xc_domain_max_vcpus(xc(), id, shape.vcpus) != 0)
        return refused(domid, "cannot get its virtual processors");
    if (xc_domain_setmaxmem(xc(), id, (shape.memory_max_bytes + slack_bytes) / 1024) != 0)
        return refused(domid, "cannot get its memory limit");
    // Mode 0: the processor's own TSC where that is safe, emulated where not.
    if (xc_domain_set_tsc_info(xc(), id, 0, 0, 0, 0) != 0) return refused(domid, "cannot get its clock");
    constexpr bool restore = false;
    constexpr bool pae = true;
    constexpr bool itsc = false;
    constexpr bool nested = false;
    if (xc_cpuid_apply_policy(xc(), id, restore, nullptr, 0, pae, itsc, nested, nullptr, nullptr) != 0)
        return refused(domid, "cannot get its processor features");
    return {};
}

Result<Built_domain> Xen_domains::build(Domid domid, const Domain_shape& shape, const Boot_image& image) {
    XVM_TRY(check_shape(shape));
    XVM_TRY(check_image(shape.type, image));
    XVM_TRY_LET(const xc_domaininfo_t info, alive(domid));
    if (info.tot_pages != 0) return fail(Fault::busy, domain_text(domid), "was built before");
    if (to_info(info).type != shape.type)
        return fail(Fault::usage, domain_text(domid), "was created as another type of guest");
    XVM_TRY_LET(const Host_info now, host());
    return build_domain(libxc_, domid, shape, image, now.free_bytes);
}

Status Xen_domains::pin(Domid domid, unsigned vcpu, unsigned cpu) {
    XVM_TRY_LET(const xc_domaininfo_t info, alive(domid));
    if (info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID || vcpu > info.max_vcpu_id)
        return fail(Fault::usage, domain_text(domid), fmt::format("has no virtual processor {}", vcpu));
    XVM_TRY_LET(const xc_physinfo_t host, physical());
    if (cpu > host.max_cpu_id)
        return fail(Fault::usage, domain_text(domid),
                    fmt::format("cannot be pinned to processor {}: the host has {}", cpu, host.nr_cpus));
    const std::unique_ptr<std::uint8_t, decltype(&std::free)> map(xc_cpumap_alloc(xc()), &std::free);
    if (!map) return refused(domid, "cannot be pinned");
    xc_cpumap_setcpu(static_cast<int>(cpu), map.get());
    if (xc_vcpu_setaffinity(xc(), raw(domid), static_cast<int>(vcpu), map.get(), nullptr,
                            XEN_VCPUAFFINITY_HARD) != 0)
        return refused(domid, fmt::format("cannot be pinned to processor {}", cpu));
    return {};
}

Status Xen_domains::pause(Domid domid) {
    XVM_TRY(refuse_dom0(domid, "paused"));
    XVM_TRY(alive(domid));
    if (xc_domain_pause(xc(), raw(domid)) != 0) return refused(domid, "cannot be paused");
    return {};
}

Status Xen_domains::unpause(Domid domid) {
    XVM_TRY(refuse_dom0(domid, "started"));
    XVM_TRY_LET(const xc_domaininfo_t info, alive(domid));
    if (info.tot_pages == 0)
        return fail(Fault::failed, domain_text(domid), "has nothing to run", "build it first");
    if (xc_domain_unpause(xc(), raw(domid)) != 0) return refused(domid, "cannot be started");
    return {};
}

Status Xen_domains::destroy(Domid domid) {
    XVM_TRY(refuse_dom0(domid, "destroyed"));
    libxc_.log->clear();
    // The library repeats the call while Xen answers "not finished".
    if (xc_domain_destroy(xc(), raw(domid)) == 0 || errno == ESRCH) return {};
    return refused(domid, "cannot be destroyed");
}

Result<std::vector<Domain_info>> Xen_domains::list() {
    libxc_.log->clear();
    std::vector<Domain_info> all;
    std::array<xc_domaininfo_t, 128> batch{};
    for (std::uint32_t first = 0;;) {
        const int found = xc_domain_getinfolist(xc(), first, batch.size(), batch.data());
        if (found < 0) return fail_errno(errno, "Xen", "cannot list its domains");
        for (const xc_domaininfo_t& one : std::span(batch).first(static_cast<std::size_t>(found)))
            all.push_back(to_info(one));
        if (static_cast<std::size_t>(found) < batch.size()) return all;
        first = batch.back().domain + 1U;
    }
}

Result<Domain_info> Xen_domains::info(Domid domid) {
    XVM_TRY_LET(const xc_domaininfo_t found, raw_info(domid));
    return to_info(found);
}

Result<Host_info> Xen_domains::host() {
    XVM_TRY_LET(const xc_physinfo_t physical_now, physical());
    Host_info info;
    info.total_bytes = physical_now.total_pages * page_bytes;
    // Claimed pages are still counted free, and are another domain's.
    info.free_bytes =
        (physical_now.free_pages - std::min(physical_now.outstanding_pages, physical_now.free_pages)) *
        page_bytes;
    info.cpus = physical_now.nr_cpus;

    const int version = xc_version(xc(), XENVER_version, nullptr);
    xen_extraversion_t extra{};
    xen_capabilities_info_t capabilities{};
    if (version < 0 || xc_version(xc(), XENVER_extraversion, &extra) < 0 ||
        xc_version(xc(), XENVER_capabilities, &capabilities) < 0)
        return fail_errno(errno, "Xen", "cannot ask for its version");
    info.xen_version = fmt::format("{}.{}{}", version >> 16, version & 0xffff, extra);
    std::istringstream words(capabilities);
    for (std::string word; words >> word;)
        info.capabilities.push_back(word);
    return info;
}

} // namespace

Result<std::unique_ptr<Domains>> open_domains() {
    Libxc libxc{std::make_unique<Library_log>(), nullptr};
    libxc.handle.reset(xc_interface_open(libxc.log->logger(), libxc.log->logger(), 0));
    if (!libxc.handle) {
        const int error_number = errno;
        if (error_number == ENOENT || error_number == ENODEV || error_number == ENXIO)
            return fail(Fault::unreachable, "Xen", "not running under Xen",
                        "is this dom0? then load the module: modprobe xen-privcmd");
        return fail_open(error_number, "/dev/xen/privcmd", "xen-privcmd");
    }
    auto domains = std::make_unique<Xen_domains>(std::move(libxc));
    XVM_TRY(domains->physical());
    return domains;
}

} // namespace xvm::port::xen
