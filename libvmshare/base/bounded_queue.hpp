// SPDX-License-Identifier: Apache-2.0
// A first-in first-out queue with a limit: every queue in xvm that a peer can fill is one of these.
// Invariant: size() <= capacity(); push never grows past it and says so.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace xvm {

template <class T>
class Bounded_queue {
  public:
    explicit Bounded_queue(std::size_t capacity) : capacity_(capacity) {}

    /// False, and the queue unchanged, when it is full.
    [[nodiscard]] bool push(T value) {
        if (items_.size() >= capacity_) return false;
        items_.push_back(std::move(value));
        return true;
    }
    [[nodiscard]] std::optional<T> pop() {
        if (items_.empty()) return std::nullopt;
        std::optional<T> value(std::move(items_.front()));
        items_.pop_front();
        return value;
    }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }

  private:
    std::deque<T> items_;
    std::size_t capacity_;
};

} // namespace xvm
