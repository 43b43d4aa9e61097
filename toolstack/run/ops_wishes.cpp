// SPDX-License-Identifier: Apache-2.0
// A guest's memory and processors, changed while it runs.
#include "toolstack/plan/size.hpp"
#include "toolstack/run/args.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/wait.hpp"
#include "toolstack/run/wishes.hpp"

#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

/// A guest counts in pages that it manages, Xen in pages that it owns.
constexpr std::uint64_t near_enough_bytes = 1ULL << 20;

/// Its balloon driver is asked, and Xen lets it grow no further. Downwards the limit only stops it from
/// taking back what it has given up.
Status change_memory(Work& work, const json::object& args, std::string_view target, std::string_view most) {
    XVM_TRY_LET(const auto target_bytes, argument<std::uint64_t>(args, target));
    XVM_TRY_LET(const auto most_bytes, argument<std::uint64_t>(args, most));
    XVM_TRY_LET(const Domid domid, work.domid());
    XVM_TRY(work.ports().domains.set_memory_max(domid, most_bytes));
    return ask_memory(work.ports().store, domid, target_bytes);
}

Status set_memory(Work& work, const json::object& args) {
    return change_memory(work, args, "to_bytes", "to_bytes");
}

Status set_memory_back(Work& work, const json::object& args) {
    XVM_TRY_LET(const bool alive, work.alive());
    return alive ? change_memory(work, args, "from_bytes", "from_max_bytes") : Status{};
}

Status await_memory(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto to_bytes, argument<std::uint64_t>(args, "to_bytes"));
    XVM_TRY_LET(const auto limit_ms, argument<std::int64_t>(args, "limit_ms"));
    XVM_TRY_LET(const Domid domid, work.domid());
    std::uint64_t has = 0;
    const auto reached = [&]() -> Result<bool> {
        XVM_TRY_LET(const auto info, work.ports().domains.info(domid));
        has = info.memory_bytes;
        return has <= to_bytes + near_enough_bytes && to_bytes <= has + near_enough_bytes;
    };
    XVM_TRY_LET(const bool in_time, wait_until(work.ports().store, "@releaseDomain",
                                               std::chrono::milliseconds(limit_ms), reached, work.go_on));
    if (in_time) return {};
    return fail(Fault::timeout, work.object(),
                "has " + std::to_string(has >> 20) + "MiB, not " + plan::size_text(to_bytes) + ", after " +
                    std::to_string(limit_ms / 1000) + " s",
                "its balloon driver gives up no more, or is not there; it is asked to have what it was "
                "asked before");
}

Status set_vcpus(Work& work, const json::object& args, std::string_view which) {
    XVM_TRY_LET(const auto vcpus, argument<unsigned>(args, "vcpus"));
    XVM_TRY_LET(const auto offline, argument<std::vector<unsigned>>(args, which));
    XVM_TRY_LET(const Domid domid, work.domid());
    return ask_vcpus(work.ports().store, domid, vcpus, offline);
}

Status ask_vcpus_op(Work& work, const json::object& args) {
    return set_vcpus(work, args, "offline");
}

Status ask_vcpus_back(Work& work, const json::object& args) {
    XVM_TRY_LET(const bool alive, work.alive());
    return alive ? set_vcpus(work, args, "offline_before") : Status{};
}

Status change_affinity(Work& work, const json::object& args, std::string_view which) {
    XVM_TRY_LET(const auto vcpu, argument<unsigned>(args, "vcpu"));
    XVM_TRY_LET(const auto cpus, argument<port::Cpu_list>(args, which));
    XVM_TRY_LET(const Domid domid, work.domid());
    XVM_TRY_LET(const auto soft, argument<bool>(args, "soft"));
    return work.ports().domains.set_affinity(domid, vcpu, soft ? port::Affinity::soft : port::Affinity::hard,
                                             cpus);
}

Status set_affinity(Work& work, const json::object& args) {
    return change_affinity(work, args, "cpus");
}

Status set_affinity_back(Work& work, const json::object& args) {
    XVM_TRY_LET(const bool alive, work.alive());
    return alive ? change_affinity(work, args, "cpus_before") : Status{};
}

/// Beside all else that is known of the guest: it may have been renamed since the plan was made.
Status change_record(Work& work, const json::object& args, std::string_view which) {
    XVM_TRY_LET(auto changes, argument<plan::Guest_changes>(args, which));
    auto record = work.ports().book.by_uuid(work.uuid());
    if (!record) return {};
    record->guest.changes = std::move(changes);
    return work.ports().book.keep(*record);
}

Status keep_changes(Work& work, const json::object& args) {
    return change_record(work, args, "after");
}

Status unkeep_changes(Work& work, const json::object& args) {
    return change_record(work, args, "before");
}

} // namespace

std::span<const Op> wish_ops() noexcept {
    static constexpr std::array<Op, 5> ops{{
        {"set-memory", set_memory, set_memory_back},
        {"await-memory", await_memory, nullptr},
        {"ask-vcpus", ask_vcpus_op, ask_vcpus_back},
        {"set-affinity", set_affinity, set_affinity_back},
        {"keep-changes", keep_changes, unkeep_changes},
    }};
    return ops;
}

} // namespace xvm::run
