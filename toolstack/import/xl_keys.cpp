// SPDX-License-Identifier: Apache-2.0
#include "toolstack/import/xl_keys.hpp"

#include "libvmshare/base/suggest.hpp"

#include <array>
#include <vector>

namespace xvm::import {
namespace {

using enum Treatment;

constexpr std::string_view no_device = "xvm has no such device";
constexpr std::string_view drop_device = "take it out of the guest, or keep this guest with xl";
constexpr std::string_view no_direct = "xvm gives no hardware to guests";
constexpr std::string_view no_share = "xvm leaves Xen's scheduler alone";
constexpr std::string_view no_screen = "PV and PVH guests have a text console only";
constexpr std::string_view use_console = "use 'xvm console', or a server in the guest";
constexpr std::string_view xens_default = "Xen's own default is used";

constexpr std::array for_pv{
    Xl_key{"name", carried, {}, {}},
    Xl_key{"type", carried, {}, {}},
    Xl_key{"builder", carried, {}, {}},
    Xl_key{"uuid", carried, {}, {}},
    Xl_key{"memory", carried, {}, {}},
    Xl_key{"maxmem", carried, {}, {}},
    Xl_key{"vcpus", carried, {}, {}},
    Xl_key{"maxvcpus", carried, {}, {}},
    Xl_key{"cpus", carried, {}, {}},
    Xl_key{"kernel", carried, {}, {}},
    Xl_key{"ramdisk", carried, {}, {}},
    Xl_key{"cmdline", carried, {}, {}},
    Xl_key{"root", carried, {}, {}},
    Xl_key{"extra", carried, {}, {}},
    Xl_key{"disk", carried, {}, {}},
    Xl_key{"vif", carried, {}, {}},
    Xl_key{"on_poweroff", carried, {}, {}},
    Xl_key{"on_reboot", carried, {}, {}},
    Xl_key{"on_crash", carried, {}, {}},

    Xl_key{"bootloader", refused, "xvm runs no boot loader in dom0",
           "copy the kernel and the RAM disk out of the guest, and name them: kernel = ..., ramdisk = ..."},
    Xl_key{"firmware", refused, "xvm starts kernels, no firmware", "name the guest's kernel: kernel = ..."},
    Xl_key{"pvshim", refused, "xvm has no PV shim", "use type = \"pvh\" with a PVH kernel"},
    Xl_key{"pci", refused, no_direct, drop_device},
    Xl_key{"gfx_passthru", refused, no_direct, drop_device},
    Xl_key{"dtdev", refused, no_direct, drop_device},
    Xl_key{"ioports", refused, no_direct, drop_device},
    Xl_key{"iomem", refused, no_direct, drop_device},
    Xl_key{"irqs", refused, no_direct, drop_device},
    Xl_key{"rdm", refused, no_direct, drop_device},
    Xl_key{"passthrough", refused, no_direct, drop_device},
    Xl_key{"device_tree", refused, no_direct, drop_device},
    Xl_key{"usbctrl", refused, no_device, drop_device},
    Xl_key{"usbdev", refused, no_device, drop_device},
    Xl_key{"vtpm", refused, no_device, drop_device},
    Xl_key{"p9", refused, no_device, drop_device},
    Xl_key{"pvcalls", refused, no_device, drop_device},
    Xl_key{"channel", refused, no_device, drop_device},
    Xl_key{"vdispl", refused, no_device, drop_device},
    Xl_key{"vsnd", refused, no_device, drop_device},
    Xl_key{"vkb", refused, no_device, drop_device},
    Xl_key{"virtio", refused, no_device, drop_device},
    Xl_key{"vif2", refused, no_device, drop_device},
    Xl_key{"vnuma", refused, "guests of xvm have one NUMA node", "take it out, or keep this guest with xl"},
    Xl_key{"driver_domain", refused, "xvm serves devices from dom0 only", drop_device},
    Xl_key{"seclabel", refused, "xvm gives no XSM labels: the guest would run unlabelled",
           "take it out if that is right"},
    Xl_key{"init_seclabel", refused, "xvm gives no XSM labels: the guest would run unlabelled",
           "take it out if that is right"},
    Xl_key{"tee", refused, no_device, drop_device},
    Xl_key{"e820_host", refused, no_direct, drop_device},

    Xl_key{"pool", left_out, "xvm uses Xen's first pool of processors", "pin = ... keeps it to processors"},
    Xl_key{"cpus_soft", left_out, "xvm knows hard pins only", "pin = ..., if it matters"},
    Xl_key{"cpu_weight", left_out, no_share, "set it after each start: xl sched-credit2"},
    Xl_key{"cap", left_out, no_share, "set it after each start: xl sched-credit2"},
    Xl_key{"period", left_out, no_share, {}},
    Xl_key{"slice", left_out, no_share, {}},
    Xl_key{"latency", left_out, no_share, {}},
    Xl_key{"extratime", left_out, no_share, {}},
    Xl_key{"on_watchdog", left_out, "a watchdog's end counts as a crash", "on_crash = ... decides"},
    Xl_key{"on_soft_reset", left_out, "xvm knows no soft reset", "on_reboot = ... decides"},
    Xl_key{"bootloader_args", left_out, "there is no boot loader", {}},
    Xl_key{"bootloader_restrict", left_out, "there is no boot loader", {}},
    Xl_key{"bootloader_user", left_out, "there is no boot loader", {}},
    Xl_key{"pvshim_path", left_out, "there is no PV shim", {}},
    Xl_key{"pvshim_cmdline", left_out, "there is no PV shim", {}},
    Xl_key{"pvshim_extra", left_out, "there is no PV shim", {}},
    Xl_key{"vfb", left_out, no_screen, use_console},
    Xl_key{"max_grant_frames", left_out, xens_default, {}},
    Xl_key{"max_maptrack_frames", left_out, xens_default, {}},
    Xl_key{"max_grant_version", left_out, xens_default, {}},
    Xl_key{"max_event_channels", left_out, xens_default, {}},
    Xl_key{"xenstore_feature_mask", left_out, xens_default, {}},
    Xl_key{"xenstore_quota", left_out, xens_default, {}},
    Xl_key{"shadow_memory", left_out, "xvm sizes it as xl does by itself", {}},
    Xl_key{"nomigrate", left_out, "xvm does not migrate guests yet", {}},
    Xl_key{"vmtrace_buf_kb", left_out, "xvm traces no guests", {}},
    Xl_key{"vpmu", left_out, xens_default, {}},
    Xl_key{"cpuid", left_out, "xvm shows the guest what Xen shows by default", {}},
    Xl_key{"tsc_mode", left_out, xens_default, {}},
    Xl_key{"nx", left_out, "it is always on", {}},
    Xl_key{"localtime", left_out, "the guest's clock is UTC", "set the time zone in the guest"},
    Xl_key{"rtc_timeoffset", left_out, "the guest's clock is UTC", "set the time zone in the guest"},
    Xl_key{"pci_permissive", left_out, no_direct, {}},
    Xl_key{"pci_msitranslate", left_out, no_direct, {}},
    Xl_key{"pci_seize", left_out, no_direct, {}},
    Xl_key{"pci_power_mgmt", left_out, no_direct, {}},
    Xl_key{"rdm_mem_boundary", left_out, no_direct, {}},
    Xl_key{"xend_suspend_evtchn_compat", left_out, "it is for xend's guests of old", {}},
    Xl_key{"msr_relaxed", left_out, xens_default, {}},
    Xl_key{"mca_caps", left_out, xens_default, {}},

};

/// Xl itself ignores these for PV and PVH guests.
constexpr std::array<std::string_view, 85> for_hvm{
    "acpi",
    "acpi_firmware",
    "acpi_laptop_slate",
    "acpi_s3",
    "acpi_s4",
    "altp2m",
    "altp2m_count",
    "altp2mhvm",
    "apic",
    "arm_sci",
    "assist",
    "bios",
    "bios_path_override",
    "boot",
    "device_model",
    "device_model_args",
    "device_model_args_hvm",
    "device_model_args_pv",
    "device_model_override",
    "device_model_stubdomain_override",
    "device_model_stubdomain_seclabel",
    "device_model_user",
    "device_model_version",
    "display",
    "dm_restrict",
    "firmware_override",
    "gic_version",
    "hap",
    "hdtype",
    "hpet",
    "hvm_pirq",
    "keymap",
    "llc_colors",
    "mmio_hole",
    "ms_vm_genid",
    "nestedhvm",
    "nographic",
    "nr_spis",
    "oos",
    "opengl",
    "pae",
    "sdl",
    "serial",
    "smbios",
    "smbios_firmware",
    "soundhw",
    "spice",
    "spice_clipboard_sharing",
    "spice_image_compression",
    "spice_streaming_video",
    "spiceagent_mouse",
    "spicedisable_ticketing",
    "spicehost",
    "spicepasswd",
    "spiceport",
    "spicetls_port",
    "spiceusbredirection",
    "spicevdagent",
    "stdvga",
    "stubdomain_cmdline",
    "stubdomain_kernel",
    "stubdomain_memory",
    "stubdomain_ramdisk",
    "sve",
    "timer_mode",
    "trap_unmapped_accesses",
    "usb",
    "usbdevice",
    "usbversion",
    "vendor_device",
    "vga",
    "videoram",
    "viridian",
    "vkb_device",
    "vnc",
    "vncdisplay",
    "vnclisten",
    "vncpasswd",
    "vncunused",
    "vncviewer",
    "vpt_align",
    "vuart",
    "xauthority",
    "xen_platform_pci",
    "xen_platform_pci_bar_uc",
};

std::vector<Xl_key> all_keys() {
    std::vector<Xl_key> all(for_pv.begin(), for_pv.end());
    for (const std::string_view name : for_hvm)
        all.push_back({name, hvm_only, {}, {}});
    return all;
}

} // namespace

std::span<const Xl_key> xl_keys() noexcept {
    static const std::vector<Xl_key> all = all_keys();
    return all;
}

const Xl_key* find_key(std::string_view name) noexcept {
    for (const Xl_key& key : xl_keys())
        if (key.name == name) return &key;
    return nullptr;
}

std::string_view near_key(std::string_view name) {
    std::vector<std::string_view> names;
    for (const Xl_key& key : xl_keys())
        names.push_back(key.name);
    return nearest(name, names).value_or(std::string_view{});
}

} // namespace xvm::import
