// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/guest_channel.hpp"

#include "libvmshare/abi/channel_grants.h"

extern "C" {
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>
}

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace xvm::port::xen {
namespace {

constexpr std::uint32_t dom0_id = 0;

tl::unexpected<Error> cannot(const char* device, const char* what) {
    const int why = errno;
    const bool missing = why == ENOENT || why == ENODEV || why == ENXIO;
    if (missing) return fail(Fault::unreachable, device, "there is none", "is its module in the image?");
    return fail_errno(why, device, what);
}

struct Close {
    void operator()(xengntshr_handle* handle) const noexcept { xengntshr_close(handle); }
    void operator()(xenevtchn_handle* handle) const noexcept { xenevtchn_close(handle); }
    void operator()(xs_handle* handle) const noexcept { xs_close(handle); }
};

class Channel final : public Guest_channel {
  public:
    Channel(std::unique_ptr<xengntshr_handle, Close> sharer, std::unique_ptr<xenevtchn_handle, Close> events,
            std::unique_ptr<xs_handle, Close> store, const char* node, xenevtchn_port_or_error_t port,
            std::span<std::byte> region)
        : sharer_(std::move(sharer)), events_(std::move(events)), store_(std::move(store)), node_(node),
          port_(port), region_(region) {}

    bool withdraw() noexcept override { return xs_rm(store_.get(), XBT_NULL, node_); }

    std::span<std::byte> region() const noexcept override { return region_; }

    Status await() override {
        // Unmasked before the caller looks at the queue.
        const xenevtchn_port_or_error_t port = xenevtchn_pending(events_.get());
        if (port < 0) return errno == EINTR ? Status{} : Status(cannot("/dev/xen/evtchn", "cannot wait"));
        if (xenevtchn_unmask(events_.get(), static_cast<evtchn_port_t>(port)) != 0)
            return cannot("/dev/xen/evtchn", "cannot wait");
        return {};
    }

    Status notify() override {
        if (xenevtchn_notify(events_.get(), static_cast<evtchn_port_t>(port_)) != 0)
            return cannot("/dev/xen/evtchn", "cannot notify");
        return {};
    }

  private:
    std::unique_ptr<xengntshr_handle, Close> sharer_;
    std::unique_ptr<xenevtchn_handle, Close> events_;
    std::unique_ptr<xs_handle, Close> store_;
    const char* node_;
    xenevtchn_port_or_error_t port_;
    std::span<std::byte> region_;
};

} // namespace

Result<std::unique_ptr<Guest_channel>> Guest_channel::open(const char* node) {
    std::unique_ptr<xengntshr_handle, Close> sharer(xengntshr_open(nullptr, 0));
    if (!sharer) return cannot("/dev/xen/gntalloc", "cannot open it");
    std::unique_ptr<xenevtchn_handle, Close> events(xenevtchn_open(nullptr, 0));
    if (!events) return cannot("/dev/xen/evtchn", "cannot open it");
    std::array<std::uint32_t, XVM_CHANNEL_PAGES> grefs{};
    void* const region =
        xengntshr_share_pages(sharer.get(), dom0_id, static_cast<int>(grefs.size()), grefs.data(), 1);
    std::uint32_t table_gref = 0;
    void* const table =
        region == nullptr ? nullptr : xengntshr_share_pages(sharer.get(), dom0_id, 1, &table_gref, 0);
    if (table == nullptr) return cannot("/dev/xen/gntalloc", "cannot share memory with dom0");
    auto* const grants = static_cast<xvm_channel_grants*>(table);
    *grants = {XVM_CHANNEL_GRANTS_MAGIC, XVM_CHANNEL_PAGES, 0, {}, 0};
    std::copy(grefs.begin(), grefs.end(), grants->gref);
    const auto port = xenevtchn_bind_unbound_port(events.get(), dom0_id);
    if (port < 0) return cannot("/dev/xen/evtchn", "cannot make a port for dom0");
    const std::string offer = "1 " + std::to_string(port) + " " + std::to_string(table_gref);
    std::unique_ptr<xs_handle, Close> store(xs_open(0));
    if (!store) return cannot("/dev/xen/xenbus", "cannot open it");
    if (!xs_write(store.get(), XBT_NULL, node, offer.data(), static_cast<unsigned>(offer.size())))
        return cannot("/dev/xen/xenbus", "cannot say where the channel is");
    return std::make_unique<Channel>(
        std::move(sharer), std::move(events), std::move(store), node, port,
        std::span(static_cast<std::byte*>(region), std::size_t{XVM_CHANNEL_REGION_BYTES}));
}

} // namespace xvm::port::xen
