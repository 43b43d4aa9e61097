// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/shell_pool.hpp"

#include "toolstack/run/ports.hpp"

#include <algorithm>

namespace xvm::run {
namespace {

port::Domain_shape shape_of(const Pool_policy& policy) {
    return {shell_uuid(), policy.type, policy.vcpus, policy.memory_bytes, policy.memory_bytes};
}

bool is_same_kind(Pool_policy one, const Pool_policy& other) {
    one.size = other.size;
    return one == other;
}

bool fits(const Pool_policy& policy, const port::Domain_shape& shape) {
    return policy.type == shape.type && policy.vcpus == shape.vcpus &&
           policy.memory_bytes == shape.memory_max_bytes && shape.memory_bytes <= shape.memory_max_bytes;
}

bool is_empty(const Shell& shell) {
    return !shell.filled;
}

/// Whether shells may have so much more of the host's memory now.
bool is_free(Ports& ports, std::uint64_t bytes) {
    if (ports.reservations != nullptr) {
        const auto available = ports.reservations->available(ports.domains);
        return available && *available >= bytes;
    }
    const auto host = ports.domains.host();
    return host && host->free_bytes >= bytes;
}

} // namespace

void Shell_pool::when_taken(std::function<void()> taken) {
    const std::lock_guard lock(mutex_);
    taken_ = std::move(taken);
}

Shell_pool::Counts Shell_pool::counts() const {
    const std::lock_guard lock(mutex_);
    const auto empty = static_cast<unsigned>(std::count_if(ready_.begin(), ready_.end(), is_empty));
    const auto ready = static_cast<unsigned>(ready_.size());
    return {policy_, ready, ready - empty, hits_, misses_};
}

Status Shell_pool::set_policy(Ports& ports, const Pool_policy& policy) {
    std::vector<Shell> ended;
    {
        const std::lock_guard lock(mutex_);
        const std::size_t kept =
            is_same_kind(policy_, policy) ? std::min<std::size_t>(policy.size, ready_.size()) : 0;
        ended.assign(ready_.begin() + static_cast<std::ptrdiff_t>(kept), ready_.end());
        ready_.resize(kept);
        policy_ = policy;
        may_fill_ = true;
    }
    for (const Shell& shell : ended)
        XVM_TRY(end_shell(ports, shell.id));
    return {};
}

Result<bool> Shell_pool::refill(Ports& ports) {
    std::unique_lock lock(mutex_);
    const auto is_stale = [this](const Shell& shell) {
        return shell.filled && recipe_ && shell.filled->recipe != *recipe_;
    };
    if (const auto stale = std::find_if(ready_.begin(), ready_.end(), is_stale); stale != ready_.end()) {
        const Shell old = std::move(*stale);
        ready_.erase(stale);
        lock.unlock();
        XVM_TRY(end_shell(ports, old.id));
        return true;
    }
    const auto empty = std::find_if(ready_.begin(), ready_.end(), is_empty);
    if (recipe_ && may_fill_ && empty != ready_.end()) {
        Shell shell = std::move(*empty);
        ready_.erase(empty);
        return fill_one(ports, std::move(lock), std::move(shell));
    }
    if (ready_.size() >= policy_.size) return false;
    const port::Domain_shape shape = shape_of(policy_);
    XVM_TRY_LET(const Domid domid, ports.domains.create(shape));
    Shell shell{{domid, shape.uuid}, {}};
    if (recipe_ && may_fill_) return fill_one(ports, std::move(lock), std::move(shell));
    ready_.push_back(std::move(shell));
    return ready_.size() < policy_.size;
}

/// Without the lock while that lasts: creates go on, by other shells or without.
Result<bool> Shell_pool::fill_one(Ports& ports, std::unique_lock<std::mutex> lock, Shell shell) {
    const Pool_policy policy = policy_;
    const Boot_recipe recipe = *recipe_;
    lock.unlock();
    port::Domain_shape shape = shape_of(policy);
    shape.uuid = shell.id.uuid;
    const bool has_room = is_free(ports, policy.memory_bytes);
    Status failed;
    if (has_room) {
        if (auto filled = fill_shell(ports, shell.id, shape, recipe))
            shell.filled = std::move(*filled);
        else
            failed = tl::unexpected<Error>(std::move(filled.error()));
    }
    lock.lock();
    if (!shell.filled && recipe_ == recipe) may_fill_ = false;
    const bool wanted = failed && is_same_kind(policy_, policy) && ready_.size() < policy_.size;
    if (wanted) ready_.push_back(shell);
    const bool more =
        ready_.size() < policy_.size || (may_fill_ && std::any_of(ready_.begin(), ready_.end(), is_empty));
    lock.unlock();
    if (!wanted) XVM_TRY(end_shell(ports, shell.id));
    XVM_TRY(failed);
    return more;
}

std::vector<Shell>::iterator Shell_pool::best(const port::Domain_shape& shape, const Boot_recipe* wanted) {
    if (!fits(policy_, shape)) return ready_.end();
    const auto find = [this](auto&& is_meant) {
        return std::find_if(ready_.begin(), ready_.end(), is_meant);
    };
    if (wanted != nullptr && shape.memory_bytes == policy_.memory_bytes) {
        const auto same =
            find([&](const Shell& shell) { return shell.filled && shell.filled->recipe == *wanted; });
        if (same != ready_.end()) return same;
    }
    return find(is_empty);
}

Result<std::optional<Shell>> Shell_pool::take(Ports& ports, const port::Domain_shape& shape,
                                              const Boot_recipe* wanted) {
    const std::lock_guard lock(mutex_);
    if (policy_.size == 0) return std::optional<Shell>{};
    for (auto place = best(shape, wanted); place != ready_.end(); place = best(shape, wanted)) {
        Shell shell = std::move(*place);
        ready_.erase(place);
        // Somebody may have ended it meanwhile, and its number be another's.
        const auto info = ports.domains.info(shell.id.domid);
        if (!info && info.error().fault != Fault::not_found) {
            ready_.push_back(std::move(shell)); // who can say
            break;
        }
        if (!info || info->id != shell.id || info->dying) {
            static_cast<void>(end_shell(ports, shell.id));
            continue;
        }
        if (Status named = ports.domains.set_uuid(shell.id.domid, shape.uuid); !named) {
            static_cast<void>(end_shell(ports, shell.id));
            return tl::unexpected<Error>(std::move(named.error()));
        }
        shell.id.uuid = shape.uuid;
        ++hits_;
        may_fill_ = true;
        if (taken_) taken_();
        return std::optional(std::move(shell));
    }
    ++misses_;
    return std::optional<Shell>{};
}

void Shell_pool::learn(const port::Domain_shape& shape, const Boot_recipe& recipe) {
    const std::lock_guard lock(mutex_);
    if ((policy_.size != 0 && !fits(policy_, shape)) || recipe_ == recipe) return;
    recipe_ = recipe;
    may_fill_ = true;
    if (taken_ && policy_.size != 0) taken_();
}

bool Shell_pool::give_up(Ports& ports) {
    std::vector<Shell> ended;
    {
        const std::lock_guard lock(mutex_);
        const auto filled = std::partition(ready_.begin(), ready_.end(), is_empty);
        ended.assign(std::make_move_iterator(filled), std::make_move_iterator(ready_.end()));
        ready_.erase(filled, ready_.end());
        may_fill_ = false;
    }
    for (const Shell& shell : ended)
        static_cast<void>(end_shell(ports, shell.id)); // what stays is found at the next start
    return !ended.empty();
}

void Shell_pool::drain(Ports& ports) {
    static_cast<void>(set_policy(ports, {})); // what stays is found at the next start
}

} // namespace xvm::run
