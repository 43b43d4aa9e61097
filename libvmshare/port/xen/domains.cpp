// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/domains.hpp"

#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/xen/domain_builder.hpp"
#include "libvmshare/port/xen/memory_map.hpp"
#include "libvmshare/port/xen/open_error.hpp"
#include "libvmshare/port/xen/xen_domains.hpp"

namespace xvm::port::xen {

namespace {

// libxl's defaults.
constexpr unsigned evtchn_port_max = 1023;
constexpr int grant_frames_max = 64;
constexpr int maptrack_frames_max = 1024;
constexpr unsigned grant_version_max = 2;

} // namespace

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
    if (shape.direct) {
        if ((host.capabilities & XEN_SYSCTL_PHYSCAP_directio) == 0)
            return fail(Fault::exhausted, object, "Xen uses no IOMMU: no guest can have devices",
                        "switch VT-d or AMD-Vi on in the firmware, or leave 'direct' out");
        config.flags |= XEN_DOMCTL_CDF_iommu;
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

Status Xen_domains::set_uuid(Domid domid, const Uuid& uuid) {
    XVM_TRY(refuse_dom0(domid, "given another uuid"));
    XVM_TRY(alive(domid));
    xen_domain_handle_t handle{};
    std::copy(uuid.bytes.begin(), uuid.bytes.end(), std::begin(handle));
    if (xc_domain_sethandle(xc(), raw(domid), handle) != 0)
        return refused(domid, "cannot be given another uuid");
    return {};
}

Result<Built_domain> Xen_domains::build(Domid domid, const Domain_shape& shape, const Boot_image& image) {
    XVM_TRY(check_shape(shape));
    XVM_TRY(check_image(shape.type, image));
    XVM_TRY(empty_domain(domid, shape.type));
    XVM_TRY_LET(const Host_info now, host());
    return build_domain(libxc_, domid, shape, image, now.free_bytes);
}

Result<xc_domaininfo_t> Xen_domains::empty_domain(Domid domid, Guest_type type) {
    XVM_TRY_LET(const xc_domaininfo_t info, alive(domid));
    if (info.tot_pages != 0) return fail(Fault::busy, domain_text(domid), "was built before");
    if (to_info(info).type != type)
        return fail(Fault::usage, domain_text(domid), "was created as another type of guest");
    return info;
}

Status Xen_domains::set_memory_max(Domid domid, std::uint64_t bytes) {
    XVM_TRY(alive(domid));
    if (xc_domain_setmaxmem(xc(), raw(domid), (bytes + slack_bytes) / 1024) != 0)
        return refused(domid, "cannot get another memory limit");
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

Status Xen_domains::stop(Domid domid, Stop_reason reason) {
    XVM_TRY(refuse_dom0(domid, "stopped"));
    XVM_TRY(alive(domid));
    if (xc_domain_shutdown(xc(), raw(domid), static_cast<int>(reason)) != 0)
        return refused(domid, "cannot be stopped");
    return {};
}

Status Xen_domains::suspended(Domid domid) {
    XVM_TRY_LET(const xc_domaininfo_t raw_now, alive(domid));
    const Domain_info now = to_info(raw_now);
    if (!now.shut_down || now.shutdown_reason != static_cast<unsigned>(Stop_reason::suspend))
        return tl::unexpected(not_suspended(domid));
    return {};
}

Status Xen_domains::resume(Domid domid) {
    XVM_TRY(suspended(domid));
    // 1: the guest's call to suspend answers "cancelled"; its devices and ports are as they were.
    if (xc_domain_resume(xc(), raw(domid), 1) != 0) return refused(domid, "cannot go on");
    return {};
}

Status Xen_domains::destroy(Domid domid) {
    XVM_TRY(refuse_dom0(domid, "destroyed"));
    libxc_.log->clear();
    // The library repeats the call while Xen answers "not finished".
    if (xc_domain_destroy(xc(), raw(domid)) == 0 || errno == ESRCH) return {};
    return refused(domid, "cannot be destroyed");
}

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
