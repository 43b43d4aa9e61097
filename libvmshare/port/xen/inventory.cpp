// SPDX-License-Identifier: Apache-2.0
// What there is: domains, their numbers, the host.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/xen/memory_map.hpp"
#include "libvmshare/port/xen/open_error.hpp"
#include "libvmshare/port/xen/xen_domains.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <sstream>

namespace xvm::port::xen {

Domain_info to_info(const xc_domaininfo_t& raw_info) {
    const auto has = [flags = raw_info.flags](std::uint32_t flag) { return (flags & flag) != 0; };
    Domain_info info;
    info.id.domid = Domid{raw_info.domain};
    std::copy(std::begin(raw_info.handle), std::end(raw_info.handle), info.id.uuid.bytes.begin());
    info.type = has(XEN_DOMINF_hvm_guest) ? Guest_type::pvh : Guest_type::pv;
    info.vcpus = raw_info.nr_online_vcpus;
    info.vcpus_max = raw_info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : raw_info.max_vcpu_id + 1;
    info.memory_bytes = raw_info.tot_pages * page_bytes;
    // dom0's limit is "none": all ones. Others are as set_memory_max() takes them.
    info.memory_max_bytes = raw_info.max_pages > ~0ULL / page_bytes ? ~0ULL : raw_info.max_pages * page_bytes;
    if (info.memory_max_bytes != ~0ULL) info.memory_max_bytes -= std::min(info.memory_max_bytes, slack_bytes);
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

namespace {

/// The last word of Xen's command line about it counts.
bool clears_what_is_freed(const char* options) {
    bool clears = false;
    std::istringstream words(options);
    for (std::string word; words >> word;) {
        if (word == "no-scrub-domheap") clears = false;
        if (word.rfind("scrub-domheap", 0) != 0) continue;
        const std::string value = word.substr(std::string_view("scrub-domheap").size());
        clears = value.empty() || value == "=1" || value == "=yes" || value == "=on" || value == "=true" ||
                 value == "=enable";
    }
    return clears;
}

} // namespace

Result<Host_info> Xen_domains::version() {
    Host_info info;
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
    // Not one of Xen's own words, but as much a thing that this Xen can do.
    xen_commandline_t options{};
    if (xc_version(xc(), XENVER_commandline, &options) == 0 && clears_what_is_freed(options))
        info.capabilities.push_back("scrub-domheap");
    return info;
}

Result<Host_info> Xen_domains::host() {
    if (version_.xen_version.empty()) {
        XVM_TRY_LET(version_, version());
    }
    XVM_TRY_LET(const xc_physinfo_t physical_now, physical());
    Host_info info;
    info.total_bytes = physical_now.total_pages * page_bytes;
    // Claimed pages are still counted free, and are another domain's.
    info.free_bytes =
        (physical_now.free_pages - std::min(physical_now.outstanding_pages, physical_now.free_pages)) *
        page_bytes;
    info.cpus = physical_now.nr_cpus;

    info.xen_version = version_.xen_version;
    info.capabilities = version_.capabilities;
    return info;
}

Result<std::string> Xen_domains::hypervisor_log() {
    libxc_.log->clear();
    std::string text;
    std::vector<char> piece(16384);
    for (std::uint32_t index = 0;;) {
        auto bytes = static_cast<unsigned>(piece.size());
        constexpr int clear = 0;
        constexpr int incremental = 1; // from `index` on
        if (xc_readconsolering(xc(), piece.data(), &bytes, clear, incremental, &index) != 0)
            return fail_errno(errno, "Xen", "cannot read its messages");
        if (bytes == 0) break;
        text.append(piece.data(), bytes);
    }
    // Guests can write to it: nothing but text goes on to a terminal.
    std::replace_if(
        text.begin(), text.end(), [](char c) { return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f; },
        '?');
    return text;
}

} // namespace xvm::port::xen
