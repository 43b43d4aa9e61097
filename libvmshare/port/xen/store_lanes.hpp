// SPDX-License-Identifier: Apache-2.0
// A few connections to xenstored, for requests that go together. xenstored takes one request of each
// connection, then looks at all connections, guests' among them: what comes over several is answered with
// fewer such rounds (docs/performance.md has the figures).
//
// Invariant: requests of one stage may be answered in any order, but those of one key keep theirs; a stage
// begins when the one before it is answered. One caller at a time, whichever thread: the others wait.
#pragma once

#include "libvmshare/port/xen/store_pipe.hpp"

#include <array>
#include <mutex>

namespace xvm::port::xen {

class Store_lanes {
  public:
    struct Item {
        Store_request request;
        std::size_t key = 0;     ///< those of one key go over one connection
        bool next_stage = false; ///< begins a stage
    };

    /// Answers in the order of the items. After an error the connections are closed.
    [[nodiscard]] Result<std::vector<Store_answer>> ask(std::span<const Item> items);

    /// Those of this process: more would cost xenstored more.
    [[nodiscard]] static Store_lanes& shared();

  private:
    static constexpr std::size_t lanes = 4;
    /// Fewer go over the first alone.
    static constexpr std::size_t worth_it = 3;

    [[nodiscard]] static std::vector<std::size_t> lanes_of(std::span<const Item> items);
    [[nodiscard]] Status ask_stage(std::span<const Item> items, std::vector<Store_answer>& answers);

    std::mutex mutex_; ///< guards the pipes
    std::array<Store_pipe, lanes> pipes_;
};

} // namespace xvm::port::xen
