// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-blkd/vbd_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace xvm::blkd {

namespace json = boost::json;

namespace {

json::object of(const xvm_ring_stats& stats) {
    return {{"inserts", stats.inserts}, {"sends", stats.sends},        {"claims_lost", stats.claims_lost},
            {"takes", stats.takes},     {"wakes", stats.wakes},        {"spurious_wakes", stats.spurious},
            {"arms", stats.arms},       {"max_batch", stats.max_batch}};
}

json::object of(const block::Histogram& histogram) {
    json::array buckets;
    for (unsigned i = 0; i < block::Histogram::buckets_max; ++i)
        if (histogram.counts[i] != 0)
            buckets.push_back({{"below_ns", std::uint64_t{1} << i}, {"count", histogram.counts[i]}});
    return {{"count", histogram.count},
            {"sum_ns", histogram.sum_ns},
            {"max_ns", histogram.max_ns},
            {"buckets", std::move(buckets)}};
}

json::object of(const block::Profile& profile) {
    return {{"clock", profile.whole.count == 0 ? "none"
                      : profile.precise        ? "precise"
                                               : "tick"},
            {"tick_ns", profile.tick_ns},
            {"unstamped", profile.unstamped},
            {"wake", of(profile.wake)},
            {"queue", of(profile.queue)},
            {"service", of(profile.service)},
            {"whole", of(profile.whole)}};
}

} // namespace

json::value to_json(Vbd_id id, const Vbd::Report& report) {
    const block::Counters& c = report.work.counters;
    json::object vbd{
        {"domid", number(id.guest)},
        {"devid", id.devid},
        {"state", schema::name(report.state)},
        {"connected", report.connected},
        {"kind", report.config.kind == Disk_kind::pack ? "pack" : "raw"},
        {"path", report.config.path},
        {"mode", report.config.read_only ? "r" : "w"},
        {"sectors", report.sectors},
        {"requests", c.reads + c.writes + c.flushes + c.refused + c.failed},
        {"reads", c.reads},
        {"writes", c.writes},
        {"flushes", c.flushes},
        {"errors", c.refused + c.failed},
        {"refused", c.refused},
        {"failed", c.failed},
        {"read_bytes", c.read_bytes},
        {"written_bytes", c.written_bytes},
        {"batches", c.batches},
        {"max_batch", c.most_in_batch},
        {"wakes", report.work.back.wakes},
        {"sends_to_guest", report.work.back.sends},
        {"sends_from_guest", report.work.front.sends}, // as the guest says
        {"ring", {{"backend", of(report.work.back)}, {"frontend_claims", of(report.work.front)}}},
    };
    vbd["times"] = of(report.work.profile);
    if (!report.error.empty()) vbd["error"] = report.error;
    return vbd;
}

} // namespace xvm::blkd
