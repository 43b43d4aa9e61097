// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/shell_pool.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace {

// "xvmshell", with the bits of a uuid of version 8: the rest is random. Uuid::random() gives version 4.
constexpr std::array<std::uint8_t, 8> mark{0x78, 0x76, 0x6d, 0x73, 0x68, 0x65, 0x8c, 0x6c};

port::Domain_shape shape_of(const Pool_policy& policy) {
    return {shell_uuid(), policy.type, policy.vcpus, policy.memory_bytes, policy.memory_bytes};
}

bool fits(const Pool_policy& policy, const port::Domain_shape& shape) {
    return policy.type == shape.type && policy.vcpus == shape.vcpus &&
           policy.memory_bytes == shape.memory_max_bytes && shape.memory_bytes <= shape.memory_max_bytes;
}

} // namespace

Uuid shell_uuid() {
    Uuid uuid = Uuid::random();
    std::copy(mark.begin(), mark.end(), uuid.bytes.begin());
    return uuid;
}

bool is_shell(const Uuid& uuid) noexcept {
    return std::equal(mark.begin(), mark.end(), uuid.bytes.begin());
}

void Shell_pool::when_taken(std::function<void()> taken) {
    const std::lock_guard lock(mutex_);
    taken_ = std::move(taken);
}

Shell_pool::Counts Shell_pool::counts() const {
    const std::lock_guard lock(mutex_);
    return {policy_, static_cast<unsigned>(ready_.size()), hits_, misses_};
}

Status Shell_pool::set_policy(port::Domains& domains, const Pool_policy& policy) {
    std::vector<Domain_id> ended;
    {
        const std::lock_guard lock(mutex_);
        Pool_policy same_kind = policy_;
        same_kind.size = policy.size;
        const std::size_t kept = same_kind == policy ? std::min<std::size_t>(policy.size, ready_.size()) : 0;
        ended.assign(ready_.begin() + static_cast<std::ptrdiff_t>(kept), ready_.end());
        ready_.resize(kept);
        policy_ = policy;
    }
    for (const Domain_id& shell : ended)
        XVM_TRY(domains.destroy(shell.domid));
    return {};
}

Result<bool> Shell_pool::refill(port::Domains& domains) {
    const std::lock_guard lock(mutex_);
    if (ready_.size() >= policy_.size) return false;
    const port::Domain_shape shape = shape_of(policy_);
    XVM_TRY_LET(const Domid domid, domains.create(shape));
    ready_.push_back({domid, shape.uuid});
    return ready_.size() < policy_.size;
}

Result<std::optional<Domid>> Shell_pool::take(port::Domains& domains, const port::Domain_shape& shape) {
    const std::lock_guard lock(mutex_);
    if (policy_.size == 0) return std::optional<Domid>{};
    while (!ready_.empty() && fits(policy_, shape)) {
        const Domain_id shell = ready_.back();
        ready_.pop_back();
        // Somebody may have ended it meanwhile, and its number be another's.
        const auto info = domains.info(shell.domid);
        if (!info || info->id != shell || info->dying) continue;
        if (Status named = domains.set_uuid(shell.domid, shape.uuid); !named) {
            static_cast<void>(domains.destroy(shell.domid));
            return tl::unexpected<Error>(std::move(named.error()));
        }
        ++hits_;
        if (taken_) taken_();
        return std::optional(shell.domid);
    }
    ++misses_;
    return std::optional<Domid>{};
}

void Shell_pool::drain(port::Domains& domains) {
    static_cast<void>(set_policy(domains, {})); // what stays is found at the next start
}

Status end_all_shells(port::Domains& domains) {
    XVM_TRY_LET(const auto infos, domains.list());
    for (const port::Domain_info& info : infos)
        if (is_shell(info.id.uuid) && !info.dying) XVM_TRY(domains.destroy(info.id.domid));
    return {};
}

} // namespace xvm::run
