// SPDX-License-Identifier: Apache-2.0
// Frames that go from a domain to another: entries of the receiver's grant table, and copies.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/xen/xen_direct.hpp"

extern "C" {
#include <xen/grant_table.h>
#include <xen/memory.h>
}

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

namespace xvm::port::xen {
namespace {

constexpr std::size_t entries_of_frame = page_bytes / sizeof(grant_entry_v1_t);
constexpr std::uint16_t completed = GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed;

struct Unmap_resource {
    xenforeignmemory_handle* handle;
    void operator()(xenforeignmemory_resource_handle* resource) const noexcept {
        xenforeignmemory_unmap_resource(handle, resource);
    }
};

/// A domain's grant table, as far as some references go. What is in it the domain may change at any moment.
class Table {
  public:
    static Result<Table> open(xenforeignmemory_handle* foreign, Domid domid, const std::vector<Gref>& refs) {
        std::uint32_t most = 0;
        for (const Gref ref : refs)
            most = std::max(most, number(ref));
        const std::size_t frames = most / entries_of_frame + 1;
        void* mapped = nullptr;
        std::unique_ptr<xenforeignmemory_resource_handle, Unmap_resource> resource(
            xenforeignmemory_map_resource(foreign, raw(domid), XENMEM_resource_grant_table,
                                          XENMEM_resource_grant_table_id_shared, 0, frames, &mapped,
                                          PROT_READ | PROT_WRITE, 0),
            {foreign});
        if (!resource) return fail_errno(errno, domain_text(domid), "cannot have its table of grants seen");
        return Table(std::move(resource), static_cast<grant_entry_v1_t*>(mapped));
    }
    [[nodiscard]] volatile grant_entry_v1_t& at(Gref ref) const { return entries_[number(ref)]; }

  private:
    Table(std::unique_ptr<xenforeignmemory_resource_handle, Unmap_resource> resource,
          grant_entry_v1_t* entries)
        : resource_(std::move(resource)), entries_(entries) {}
    std::unique_ptr<xenforeignmemory_resource_handle, Unmap_resource> resource_;
    volatile grant_entry_v1_t* entries_;
};

struct Foreign_pages {
    xenforeignmemory_handle* handle;
    std::size_t count;
    void operator()(std::byte* pages) const noexcept { xenforeignmemory_unmap(handle, pages, count); }
};
using Mapped = std::unique_ptr<std::byte, Foreign_pages>;

Result<Mapped> map_pages(xenforeignmemory_handle* foreign, Domid domid,
                         const std::vector<std::uint64_t>& frames, int access) {
    const std::vector<xen_pfn_t> list(frames.begin(), frames.end());
    // Without a list of errors it is all or nothing.
    void* const mapped = xenforeignmemory_map(foreign, raw(domid), access, list.size(), list.data(), nullptr);
    if (mapped == nullptr) return fail_errno(errno, domain_text(domid), "cannot have its pages copied");
    return Mapped(static_cast<std::byte*>(mapped), {foreign, list.size()});
}

} // namespace

Status Xen_direct::open_room(Domid to, Domid from, const std::vector<Gref>& refs,
                             const std::vector<std::uint64_t>& frames) {
    XVM_TRY_LET(const Table table, Table::open(foreign_.get(), to, refs));
    for (const Gref ref : refs)
        if (table.at(ref).flags != 0)
            return fail(Fault::busy, domain_text(to), "offers room that it uses otherwise",
                        "its module is not xvm's, or is damaged");
    for (std::size_t i = 0; i < refs.size(); ++i) {
        volatile grant_entry_v1_t& entry = table.at(refs[i]);
        entry.domid = number(from);
        entry.frame = static_cast<std::uint32_t>(frames[i]);
        xen_wmb();
        entry.flags = GTF_accept_transfer;
    }
    return {};
}

Status Xen_direct::check_room(Domid to, Domid from, const std::vector<Gref>& refs) {
    XVM_TRY_LET(const Table table, Table::open(foreign_.get(), to, refs));
    for (const Gref ref : refs)
        if (table.at(ref).flags != GTF_accept_transfer || table.at(ref).domid != number(from))
            return fail(Fault::failed, domain_text(to), "has taken back the room that it had made",
                        "its module is not xvm's, or is damaged");
    return {};
}

Result<std::vector<std::uint64_t>> Xen_direct::arrived(Domid to, const std::vector<Gref>& refs) {
    XVM_TRY_LET(const Table table, Table::open(foreign_.get(), to, refs));
    std::vector<std::uint64_t> frames;
    frames.reserve(refs.size());
    for (const Gref ref : refs) {
        const bool here = (table.at(ref).flags & completed) == completed;
        xen_rmb();
        frames.push_back(here ? table.at(ref).frame : 0);
    }
    return frames;
}

Status Xen_direct::close_room(Domid to, const std::vector<Gref>& refs) {
    XVM_TRY_LET(const Table table, Table::open(foreign_.get(), to, refs));
    for (const Gref ref : refs) {
        volatile grant_entry_v1_t& entry = table.at(ref);
        entry.flags = 0;
        entry.domid = 0;
        entry.frame = 0;
    }
    return {};
}

Status Xen_direct::copy_frames(Domid from, const std::vector<std::uint64_t>& source, Domid to,
                               const std::vector<std::uint64_t>& target) {
    XVM_TRY_LET(const Mapped read, map_pages(foreign_.get(), from, source, PROT_READ));
    XVM_TRY_LET(const Mapped write, map_pages(foreign_.get(), to, target, PROT_READ | PROT_WRITE));
    std::memcpy(write.get(), read.get(), source.size() * page_bytes);
    return {};
}

} // namespace xvm::port::xen
