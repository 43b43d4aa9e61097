// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/domain_builder.hpp"

#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/xen/acpi.hpp"
#include "libvmshare/port/xen/memory_map.hpp"
#include "libvmshare/port/xen/prepare.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/core.h>

namespace xvm::port::xen {

namespace {

static_assert(special_bytes == X86_HVM_NR_SPECIAL_PAGES * page_bytes);
static_assert(special_address + special_bytes == std::uint64_t{X86_HVM_END_SPECIAL_REGION} * page_bytes);

struct Image_end {
    void operator()(xc_dom_image* image) const noexcept { xc_dom_release(image); }
};

/// One build. What libxenguest only points to lives here until it is done.
class Builder {
  public:
    Builder(const Libxc& libxc, Domid domid, const Domain_shape& shape, const Boot_image& image)
        : libxc_(libxc), domid_(domid), shape_(shape), image_(image) {}

    /// The steps, in the order of their need for each other.
    Result<Built_domain> run(std::uint64_t free_bytes) {
        // libxenguest then claims the memory, so that of two builds at once only one can believe in it.
        XVM_TRY(reserve(libxc_, domid_, shape_, free_bytes));
        XVM_TRY(take_ports());
        XVM_TRY(take_image());
        if (pvh()) XVM_TRY(lay_out_pvh());
        XVM_TRY(parse_kernel());
        XVM_TRY(populate());
        XVM_TRY(load());
        return built_;
    }

  private:
    [[nodiscard]] bool pvh() const { return shape_.type == Guest_type::pvh; }
    [[nodiscard]] xc_interface* xc() const { return libxc_.xc(); }
    [[nodiscard]] std::uint64_t pages() const { return shape_.memory_bytes / page_bytes; }

    Status take_ports();
    Status take_image();
    Status lay_out_pvh();
    Status parse_kernel();
    Status populate();
    Status load();

    tl::unexpected<Error> fail_step(int error_number, std::string_view operation) const;
    tl::unexpected<Error> fail_kernel(int error_number, std::string why) const;

    const Libxc& libxc_;
    Domid domid_;
    const Domain_shape& shape_;
    const Boot_image& image_;
    std::vector<std::byte> acpi_;
    Built_domain built_;
    std::unique_ptr<xc_dom_image, Image_end> dom_;
};

tl::unexpected<Error> Builder::fail_step(int error_number, std::string_view operation) const {
    // A kernel or RAM disk too large for the guest shows in several steps, and by its words only.
    if (libxc_.log->mentions("too large"))
        return fail(Fault::usage, domain_text(domid_),
                    "kernel and RAM disk do not fit its memory (" + libxc_.log->cause() + ")",
                    "give the guest more memory");
    return fail_call(libxc_, error_number, domid_, operation);
}

tl::unexpected<Error> Builder::fail_kernel(int error_number, std::string why) const {
    const std::string logged = libxc_.log->cause();
    if (logged.empty() && error_number == ENOMEM) return fail_step(ENOMEM, "cannot unpack the kernel");
    const char* const type = pvh() ? "PVH" : "PV";
    // The words of libxenguest for an ELF file in which it found no note that it can use.
    if (libxc_.log->mentions("no loader found") || libxc_.log->mentions("is not 32bit"))
        why = fmt::format("it has no {} entry in its notes for Xen", type);
    else if (!logged.empty())
        why = logged;
    return fail(
        Fault::usage, "kernel", fmt::format("cannot start a {} guest: {}", type, why),
        fmt::format("give a whole kernel that was built with {}", pvh() ? "CONFIG_PVH" : "CONFIG_XEN_PV"));
}

Status Builder::take_ports() {
    XVM_TRY_LET(built_, open_ports(libxc_, domid_));
    if (pvh() &&
        (xc_hvm_param_set(xc(), raw(domid_), HVM_PARAM_STORE_EVTCHN, number(built_.store_port)) != 0 ||
         xc_hvm_param_set(xc(), raw(domid_), HVM_PARAM_CONSOLE_EVTCHN, number(built_.console_port)) != 0))
        return fail_call(libxc_, errno, domid_, "cannot tell it its ports");
    return {};
}

Status Builder::take_image() {
    dom_.reset(xc_dom_allocate(xc(), image_.command_line.c_str(), nullptr));
    if (!dom_) return fail_step(errno, "cannot prepare the build");
    dom_->container_type = pvh() ? xc_dom_image::XC_DOM_HVM_CONTAINER : xc_dom_image::XC_DOM_PV_CONTAINER;
    dom_->max_vcpus = shape_.vcpus;
    dom_->claim_enabled = 1;
    dom_->xenstore_domid = dom_->console_domid = raw(dom0);
    dom_->xenstore_evtchn = number(built_.store_port);
    dom_->console_evtchn = number(built_.console_port);

    if (xc_dom_kernel_mem(dom_.get(), image_.kernel.data(), image_.kernel.size()) != 0)
        return fail_kernel(errno, "it cannot be unpacked");
    if (image_.ramdisk.empty()) return {};
    // The limit keeps libxenguest from unpacking a RAM disk: it would stop after the first of several
    // archives, each compressed, which are one to the kernel.
    if (xc_dom_module_max_size(dom_.get(), image_.ramdisk.size()) != 0 ||
        xc_dom_module_mem(dom_.get(), image_.ramdisk.data(), image_.ramdisk.size(), nullptr) != 0)
        return fail_step(errno, "cannot take the RAM disk");
    return {};
}

Status Builder::lay_out_pvh() {
    const Memory_map map = pvh_memory_map(shape_.memory_bytes);
    acpi_ = acpi_tables(shape_.vcpus, acpi_address);
    dom_->target_pages = pages(); // all of it at once: no populate-on-demand
    dom_->mmio_start = hole_start;
    dom_->mmio_size = hole_end - hole_start;
    dom_->lowmem_end = map.low_end;
    dom_->highmem_end = map.high_end;
    dom_->device_model = false;

    const std::vector<e820entry> entries = to_e820(map);
    auto* const e820 = static_cast<e820entry*>(xc_dom_malloc(dom_.get(), entries.size() * sizeof(e820entry)));
    if (e820 == nullptr) return fail_step(ENOMEM, "cannot lay out its memory");
    std::copy(entries.begin(), entries.end(), e820);
    dom_->e820 = e820;
    dom_->e820_entries = static_cast<unsigned>(entries.size());
    // The guest reads the map from its start info; also from Xen, as kernels did before.
    XVM_TRY(set_memory_map(libxc_, domid_, shape_));

    dom_->acpi_modules[0].data = reinterpret_cast<std::uint8_t*>(acpi_.data());
    dom_->acpi_modules[0].length = static_cast<std::uint32_t>(acpi_.size());
    dom_->acpi_modules[0].guest_addr_out = acpi_address;
    return {};
}

Status Builder::parse_kernel() {
    if (xc_dom_boot_xen_init(dom_.get(), xc(), raw(domid_)) != 0)
        return fail_step(errno, "cannot prepare the build");
    if (xc_dom_parse_image(dom_.get()) != 0) return fail_kernel(errno, "it cannot be read");
    const auto* const blob = static_cast<const std::byte*>(dom_->kernel_blob);
    if (image_.unpacked && blob != image_.kernel.data()) image_.unpacked({blob, dom_->kernel_size});
    // A plain ELF file passes as a PVH firmware in libxenguest, and would only crash.
    if (const char* const guest_os = xc_dom_guest_os(dom_.get()); guest_os == nullptr || *guest_os == '\0')
        return fail_kernel(0, "it has no notes for Xen");
    return {};
}

Status Builder::populate() {
    constexpr unsigned pages_per_mib = (1U << 20) / page_bytes;
    if (xc_dom_mem_init(dom_.get(), static_cast<unsigned>(pages() / pages_per_mib)) != 0)
        return fail_step(errno, "cannot prepare its memory");
    dom_->total_pages = pages(); // the library counts whole MiB only
    if (xc_dom_boot_mem_init(dom_.get()) == 0) return {};
    // Free memory was there a moment ago; whatever errno says after the library's clean-up, it is gone.
    const int error_number = errno;
    auto failure = fail_step(error_number, "cannot get its memory");
    if (failure.value().fault == Fault::failed) failure.value().fault = Fault::exhausted;
    return failure;
}

Status Builder::load() {
    if (xc_dom_build_image(dom_.get()) != 0) return fail_step(errno, "cannot load the kernel");
    if (xc_dom_boot_image(dom_.get()) != 0) return fail_step(errno, "cannot prepare its start");
    if (xc_dom_gnttab_init(dom_.get()) != 0) return fail_step(errno, "cannot prepare its grants");
    built_.store_frame = xc_dom_p2m(dom_.get(), dom_->xenstore_pfn);
    built_.console_frame = xc_dom_p2m(dom_.get(), dom_->console_pfn);
    return {};
}

} // namespace

Result<Built_domain> build_domain(const Libxc& libxc, Domid domid, const Domain_shape& shape,
                                  const Boot_image& image, std::uint64_t free_bytes) {
    libxc.log->clear();
    return Builder(libxc, domid, shape, image).run(free_bytes);
}

} // namespace xvm::port::xen
