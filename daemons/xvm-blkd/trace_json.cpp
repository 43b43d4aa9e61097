// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-blkd/trace_json.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace xvm::blkd {

namespace json = boost::json;

namespace {

json::object of(const block::Traced& request) {
    constexpr std::array<std::string_view, 4> ops{"none", "flush", "read", "write"};
    json::object one{{"seq", request.seq},
                     {"op", ops[static_cast<std::size_t>(request.op)]},
                     {"sector", request.sector},
                     {"bytes", request.bytes},
                     {"status", request.status}};
    const auto phases = block::phases_of(request.stamps, request.tick_ns);
    one["clock"] = !phases ? "none" : phases->precise ? "precise" : "tick";
    if (!phases) return one;
    one["submitted_ns"] = phases->submitted;
    one["handed_over_ns"] = phases->handed_over;
    one["taken_ns"] = phases->taken;
    one["completed_ns"] = phases->answered;
    if (phases->wake) one["wake_ns"] = *phases->wake;
    one["queue_ns"] = phases->queue;
    one["service_ns"] = phases->service;
    one["whole_ns"] = phases->whole;
    return one;
}

} // namespace

json::value to_json(const block::Trace::Part& part) {
    json::array requests;
    for (const block::Traced& request : part.requests)
        requests.push_back(of(request));
    return json::object{{"next", part.next}, {"lost", part.lost}, {"requests", std::move(requests)}};
}

} // namespace xvm::blkd
