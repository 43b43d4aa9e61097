// SPDX-License-Identifier: Apache-2.0
// Memory of guests: what they have, and what they are asked to have.
#include "daemons/xvmd/memory_json.hpp"
#include "daemons/xvmd/report_watch.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/plan/plan_wishes.hpp"
#include "toolstack/plan/size.hpp"
#include "toolstack/run/memory_world.hpp"
#include "toolstack/run/wishes.hpp"

#include <algorithm>
#include <cstdint>

namespace xvm::xvmd {
namespace {

constexpr std::chrono::minutes balloon_limit{1};

Result<plan::Plan> plan_set(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    constexpr std::uint64_t page = 4096;
    const std::string object = "domain '" + entry.name + "'";
    const auto record = ports.book.by_uuid(entry.info.id.uuid);
    if (!record)
        return fail(Fault::failed, object, "its configuration is not known any more",
                    "end it, and start it again with 'xvm create'");
    plan::Memory_order order;
    const auto asked_bytes = static_cast<std::uint64_t>(call.integer("size"));
    XVM_TRY(plan::check_memory(record->guest, asked_bytes));
    order.to_bytes = asked_bytes / page * page;
    const port::Domain_info& info = entry.info;
    XVM_TRY_LET(order.from_bytes, run::memory_target(ports.store, info.id.domid, record->guest.memory_bytes));
    // Xen's limit is the configuration's until the first change, and then what was asked for.
    const bool untouched = info.memory_max_bytes >= record->guest.memory_max_bytes;
    order.from_max_bytes = untouched ? record->guest.memory_max_bytes : order.from_bytes;
    if (call.flag("wait")) order.wait = call.duration("timeout").value_or(balloon_limit);
    // Not what others are promised: a guest that takes its time would find it gone, or take it from them.
    XVM_TRY_LET(const std::uint64_t available, run::available_bytes(ports));
    if (order.to_bytes > info.memory_bytes && order.to_bytes - info.memory_bytes > available)
        return fail(Fault::exhausted, object,
                    "would need " + plan::size_text(order.to_bytes - info.memory_bytes) + " more, " +
                        std::to_string(available >> 20) + "MiB are free",
                    "end a guest, or take memory from another");
    plan::Plan plan = plan::plan_memory({entry.name, info.id}, order);
    plan::Guest_changes after = record->guest.changes;
    after.memory_bytes = order.to_bytes == record->guest.memory_bytes ? 0 : order.to_bytes;
    plan::add_keeping(plan, record->guest.changes, after);
    return plan;
}

template <class T>
Answer answer(Result<T> made) {
    if (made) return boost::json::value(std::move(*made));
    return tl::unexpected<api::Failure>(std::move(made.error()));
}

} // namespace

void add_memory_verbs(Verbs& verbs, Report_watch& reports) {
    verbs.read("memory.show", [&reports](run::Ports& ports, const Call& call) {
        reports.expect();
        return answer(show_memory(ports, call));
    });
    verbs.read("memory.explain",
               [](run::Ports& ports, const Call& call) { return answer(explain_memory(ports, call)); });
    verbs.change("memory.set",
                 {[](run::Ports& ports, const Call& call, const run::Domain_entry& entry) -> Planned {
                      auto plan = plan_set(ports, call, entry);
                      if (plan) return std::move(*plan);
                      return tl::unexpected<api::Failure>(std::move(plan.error()));
                  },
                  [](run::Ports& ports, const Call&, const run::Domain_entry& before) -> Answer {
                      const auto entry = run::find_domain(ports, before.info.id.uuid.text());
                      if (!entry) return tl::unexpected<api::Failure>(entry.error());
                      return answer(domain_memory_json(ports, *entry));
                  }});
}

} // namespace xvm::xvmd
