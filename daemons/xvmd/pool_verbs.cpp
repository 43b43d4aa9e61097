// SPDX-License-Identifier: Apache-2.0
// The pool of domains made in advance: shown, and told how many.
#include "daemons/xvmd/pool_keeper.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "libvmshare/port/boot_check.hpp"

#include <algorithm>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

json::value pool_json(const run::Shell_pool& pool) {
    const auto now = pool.counts();
    return {{"schema", "xvm.pool/1"},
            {"size", now.policy.size},
            {"ready", now.ready},
            {"filled", now.filled},
            {"type", now.policy.type == port::Guest_type::pv ? "pv" : "pvh"},
            {"memory_bytes", now.policy.memory_bytes},
            {"vcpus", now.policy.vcpus},
            {"hits", now.hits},
            {"misses", now.misses}};
}

/// What is not said stays as it is.
Result<run::Pool_policy> policy_of(const Call& call, run::Pool_policy policy) {
    const std::int64_t size = call.integer("size");
    if (size < 0 || size > run::Pool_policy::size_max)
        return fail(Fault::usage, "parameter 'size'", "cannot be " + std::to_string(size),
                    "give 0 to " + std::to_string(run::Pool_policy::size_max));
    policy.size = static_cast<unsigned>(size);
    if (call.has("type"))
        policy.type = call.text("type") == "pvh" ? port::Guest_type::pvh : port::Guest_type::pv;
    if (call.has("memory")) policy.memory_bytes = static_cast<std::uint64_t>(call.integer("memory"));
    if (call.has("vcpus"))
        policy.vcpus = static_cast<unsigned>(std::max<std::int64_t>(0, call.integer("vcpus")));
    if (policy.size == 0) return policy;
    if (policy.memory_bytes == 0)
        return fail(Fault::usage, "parameter 'memory'", "is missing",
                    "give the size of the guests that shells are made for, such as 256MiB");
    XVM_TRY(port::check_shape(
        {run::shell_uuid(), policy.type, policy.vcpus, policy.memory_bytes, policy.memory_bytes}));
    return policy;
}

} // namespace

void add_pool_verbs(Verbs& verbs, Pool_keeper& keeper) {
    verbs.read("pool.show",
               [&keeper](run::Ports&, const Call&) -> Answer { return pool_json(keeper.pool()); });
    verbs.act("pool.set", {[](const Call&) { return std::string("pool"); },
                           [&keeper](run::Ports& ports, const Call& call) -> Answer {
                               const auto policy = policy_of(call, keeper.pool().counts().policy);
                               if (!policy) return tl::unexpected<api::Failure>(policy.error());
                               const Status set = keeper.set_policy(ports, *policy);
                               if (!set) return tl::unexpected<api::Failure>(set.error());
                               return pool_json(keeper.pool());
                           }});
}

} // namespace xvm::xvmd
