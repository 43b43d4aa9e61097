// SPDX-License-Identifier: Apache-2.0
// Runs an action when the scope is left, unless it was dismissed.
// The action must not throw, and must not capture by reference what dies before the guard.
#pragma once

#include <utility>

namespace xvm {

template <class Action>
class [[nodiscard]] Scope_guard {
  public:
    explicit Scope_guard(Action action) noexcept : action_(std::move(action)) {}
    Scope_guard(const Scope_guard&) = delete;
    Scope_guard& operator=(const Scope_guard&) = delete;
    ~Scope_guard() {
        if (armed_) action_();
    }
    void dismiss() noexcept { armed_ = false; }

  private:
    Action action_;
    bool armed_ = true;
};

} // namespace xvm
