// SPDX-License-Identifier: Apache-2.0
// A verified load: every byte read is compared with a model of the disk. The disk is cut into as many
// slices as there are requests in flight, each request stays in its slice, so order cannot matter.
#pragma once

#include "tests/hosted/block_front.hpp"

#include <cstdio>
#include <random>

namespace xvm::test {

struct Load_result {
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    std::uint64_t wrong = 0; ///< answers with an error, and reads that differ from the model
};

class Block_load {
  public:
    /// `model` is what the disk holds; as long as it is.
    Block_load(Block_front& front, std::vector<std::byte>& model, unsigned depth, std::uint32_t bytes_max,
               bool writes, unsigned seed);

    /// `between` is called now and then; requests are then in flight.
    template <class Between>
    Load_result run(std::uint64_t requests, Between&& between) {
        while (result_.requests < requests || front_.in_flight() > 0) {
            for (unsigned slot = 0; slot < slots_.size() && started_ < requests; ++slot)
                if (!slots_[slot].busy) start(slot);
            if (started_ % 64 == 0) between();
            finish_some();
        }
        return result_;
    }
    Load_result run(std::uint64_t requests) {
        return run(requests, [] {});
    }

  private:
    struct Slot {
        port::Granter::Shared pages{};
        port::Granter::Shared table{};
        bool busy = false;
        xvm_blk_request request{};
        std::uint32_t skip = 0; ///< bytes unused at the start of the first page
        std::uint32_t bytes = 0;
    };
    void start(unsigned slot);
    void finish_some();

    Block_front& front_;
    std::vector<std::byte>& model_;
    std::vector<Slot> slots_;
    std::uint32_t bytes_max_;
    bool writes_;
    std::mt19937 random_;
    std::uint64_t started_ = 0;
    Load_result result_;
};

} // namespace xvm::test
