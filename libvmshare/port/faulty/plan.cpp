// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/faulty/plan.hpp"

#include <algorithm>
#include <limits>

namespace xvm::port::faulty {
namespace {

constexpr unsigned for_ever = std::numeric_limits<unsigned>::max();

} // namespace

Plan& Plan::fail_at(unsigned call, Fault fault) {
    const std::lock_guard lock(mutex_);
    rules_.push_back({call, call, {}, fault});
    return *this;
}

Plan& Plan::fail_from(unsigned call, Fault fault) {
    const std::lock_guard lock(mutex_);
    rules_.push_back({call, for_ever, {}, fault});
    return *this;
}

Plan& Plan::fail_each(std::string name, Fault fault) {
    const std::lock_guard lock(mutex_);
    rules_.push_back({0, for_ever, std::move(name), fault});
    return *this;
}

Plan& Plan::before(unsigned call, std::function<void()> action) {
    const std::lock_guard lock(mutex_);
    actions_.emplace_back(call, std::move(action));
    return *this;
}

unsigned Plan::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::vector<std::string> Plan::record() const {
    const std::lock_guard lock(mutex_);
    return record_;
}

std::optional<Error> Plan::next(const std::string& name) {
    std::vector<std::function<void()>> due;
    std::optional<Error> error;
    {
        const std::lock_guard lock(mutex_);
        const unsigned call = ++calls_;
        for (const auto& [at, action] : actions_)
            if (at == call) due.push_back(action);
        const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& r) {
            return r.from <= call && call <= r.to && (r.name.empty() || r.name == name);
        });
        if (rule != rules_.end())
            error = Error{rule->fault, name, "fails by plan, call " + std::to_string(call), {}};
        record_.push_back(error ? name + "!" : name);
    }
    for (const auto& action : due) // unlocked: it may call a decorator
        action();
    return error;
}

void Plan::note(const std::string& name) noexcept {
    const std::lock_guard lock(mutex_);
    record_.push_back(name);
}

unsigned sweep(Fault fault, const std::function<void(Plan&)>& body) {
    for (unsigned call = 1;; ++call) {
        Plan plan;
        plan.fail_at(call, fault);
        body(plan);
        if (plan.calls() < call) return call - 1;
    }
}

} // namespace xvm::port::faulty
