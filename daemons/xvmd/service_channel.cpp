// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/service_channel.hpp"

#include "libvmshare/abi/channel_grants.h"
#include "libvmshare/base/number.hpp"

#include <array>
#include <cstring>
#include <set>
#include <vector>

namespace xvm::xvmd {
namespace {

constexpr std::uint32_t ports_end = 1U << 17; // of the FIFO ABI

tl::unexpected<Error> refuse(const std::string& why) {
    return fail(Fault::failed, "channel of the service domain", why,
                "its image must be of the same version of xvm");
}

/// The references of the region's pages, copied once.
Result<std::vector<Gref>> read_table(port::Grants& grants, Domid domid, Gref at) {
    xvm_channel_grants table{};
    static_assert(sizeof table <= port::page_bytes);
    std::array<port::Grant_copy, 1> copies{port::Grant_copy{
        at, 0, sizeof table, reinterpret_cast<std::byte*>(&table), port::Direction::from_guest, false}};
    XVM_TRY(grants.copy(domid, copies));
    if (!copies[0].ok) return refuse("the page that names its grants is not granted to us");
    if (table.magic != XVM_CHANNEL_GRANTS_MAGIC || table.pages != XVM_CHANNEL_PAGES || table.reserved != 0 ||
        table.end != 0)
        return refuse("the page that names its grants is none");
    std::vector<Gref> grefs;
    std::set<std::uint32_t> seen;
    for (const std::uint32_t gref : table.gref) {
        if (!seen.insert(gref).second) return refuse("names a grant twice");
        grefs.push_back(Gref{gref});
    }
    return grefs;
}

} // namespace

std::optional<Channel_offer> parse_channel_offer(std::string_view text) noexcept {
    constexpr std::string_view version = "1 ";
    if (!text.starts_with(version)) return std::nullopt;
    text.remove_prefix(version.size());
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto port = parse_number<std::uint32_t>(text.substr(0, blank));
    const auto gref = parse_number<std::uint32_t>(text.substr(blank + 1));
    if (!port || !gref || *port == 0 || *port >= ports_end) return std::nullopt;
    return Channel_offer{Evtchn_port{*port}, Gref{*gref}};
}

Result<Service_channel> Service_channel::open(Channel_ports& ports, Domid domid, const Channel_offer& offer) {
    XVM_TRY_LET(const auto grefs, read_table(*ports.grants, domid, offer.table));
    XVM_TRY_LET(port::Grant_map map, ports.grants->map(domid, grefs, port::Access::read_write));
    XVM_TRY_LET(const Evtchn_port bound, ports.events->bind_interdomain(domid, offer.port));
    port::Evtchn port(*ports.events, bound);
    XVM_TRY_LET(channel::End end, channel::End::create(map.bytes()));
    XVM_TRY(port.notify());
    return Service_channel(std::move(map), std::move(port), std::move(end));
}

} // namespace xvm::xvmd
