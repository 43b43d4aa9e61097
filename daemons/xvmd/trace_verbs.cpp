// SPDX-License-Identifier: Apache-2.0
// Requests of disks one by one, as xvm-blkd keeps them for whoever follows.
#include "daemons/xvmd/verbs.hpp"
#include "libvmshare/base/number.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

using Places = std::map<std::uint32_t, std::uint64_t>; ///< devid → the last request that was told

std::string text_of(const Places& places) {
    std::string text;
    for (const auto& [devid, seq] : places)
        text += (text.empty() ? "" : ",") + std::to_string(devid) + ":" + std::to_string(seq);
    return text;
}

std::optional<Places> parse_places(std::string_view text) {
    Places places;
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find(','));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        const std::size_t colon = std::min(one.find(':'), one.size());
        const auto devid = parse_number<std::uint32_t>(one.substr(0, colon));
        const auto seq = parse_number<std::uint64_t>(one.substr(std::min(colon + 1, one.size())));
        if (!devid || !seq) return std::nullopt;
        places[*devid] = *seq;
    }
    return places;
}

tl::unexpected<api::Failure> refuse(Error error) {
    return tl::unexpected<api::Failure>(std::move(error));
}

/// What a backend's answer has for one disk, moved into what the client gets.
void take(json::value served, const run::Disk_entry& disk, Places& next, std::int64_t& lost,
          json::array& requests) {
    json::object* part = served.if_object();
    json::value* list = part != nullptr ? part->if_contains("requests") : nullptr;
    if (list == nullptr || !list->is_array()) return;
    for (json::value& one : list->get_array()) {
        if (!one.is_object()) continue;
        json::object request{{"dev", disk.dev}};
        for (auto& [key, value] : one.get_object())
            request[key] = std::move(value);
        requests.push_back(std::move(request));
    }
    const json::value* seq = part->if_contains("next");
    if (seq != nullptr && seq->is_number()) next[disk.devid] = seq->to_number<std::uint64_t>();
    const json::value* missed = part->if_contains("lost");
    if (missed != nullptr && missed->is_number()) lost += missed->to_number<std::int64_t>();
}

Answer trace(const Block_service& block, run::Ports& ports, const Call& call) {
    const auto entry = run::find_domain(ports, call.text("id"));
    if (!entry) return refuse(entry.error());
    const std::string dev = call.text("dev");
    const auto places = parse_places(call.text("after"));
    if (!places)
        return refuse({Fault::usage, "parameter 'after'", "is none that an answer named",
                       "give 'next' of the answer before, or leave it out"});
    Places next;
    std::int64_t lost = 0;
    json::array requests;
    bool any = false;
    for (const run::Disk_entry& disk : entry->disks) {
        if ((!dev.empty() && disk.dev != dev) || disk.device_class != plan::Device_class::xvbd) continue;
        any = true;
        const auto known = places->find(disk.devid);
        auto served = block.trace(entry->info.id.domid, disk.devid,
                                  known != places->end() ? std::optional(known->second) : std::nullopt);
        if (!served && served.error().fault == Fault::not_found) continue; // not taken up yet, or just gone
        if (!served) return tl::unexpected<api::Failure>(served.error());
        take(std::move(*served), disk, next, lost, requests);
    }
    if (!any)
        return refuse({Fault::not_found, dev.empty() ? "domain '" + entry->name + "'" : "disk " + dev,
                       "has no disk that xvm-blkd serves", "see: xvm disk list " + entry->name});
    return json::value{{"schema", "xvm.trace/1"},
                       {"domid", number(entry->info.id.domid)},
                       {"name", entry->name},
                       {"next", text_of(next)},
                       {"lost", lost},
                       {"requests", std::move(requests)}};
}

} // namespace

void add_trace_verbs(Verbs& verbs, Service& service) {
    verbs.read("disk.trace",
               [&service](run::Ports& ports, const Call& call) { return trace(service.block, ports, call); });
}

} // namespace xvm::xvmd
