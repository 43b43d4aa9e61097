// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-blkd/vbd_json.hpp"

#include <boost/json/object.hpp>

namespace xvm::blkd {

namespace json = boost::json;

namespace {

json::object of(const xvm_ring_stats& stats) {
    return {{"inserts", stats.inserts}, {"sends", stats.sends},        {"claims_lost", stats.claims_lost},
            {"takes", stats.takes},     {"wakes", stats.wakes},        {"spurious_wakes", stats.spurious},
            {"arms", stats.arms},       {"max_batch", stats.max_batch}};
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
        {"requests",
         {{"read", c.reads},
          {"write", c.writes},
          {"flush", c.flushes},
          {"refused", c.refused},
          {"failed", c.failed}}},
        {"bytes", {{"read", c.read_bytes}, {"written", c.written_bytes}}},
        {"batches", c.batches},
        {"max_batch", c.most_in_batch},
        {"ring", {{"backend", of(report.work.back)}, {"frontend_claims", of(report.work.front)}}},
    };
    if (!report.error.empty()) vbd["error"] = report.error;
    return vbd;
}

} // namespace xvm::blkd
