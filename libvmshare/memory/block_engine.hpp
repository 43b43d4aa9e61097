// SPDX-License-Identifier: Apache-2.0
// Memory by blocks: a guest with our module gives whole blocks away and gets them, by the protocol of
// docs/protocols/memory.md. An engine of port/memory.hpp; one object for one operation.
//
// What it does about a guest follows from the slots in the store, Xen's count, and the guest's nodes; the
// object itself remembers only which blocks were refused to it, so that it tries others.
// Invariant: memory leaves a guest only once it has ejected the block, is cleared before Xen gets it, and is
// cleared again before another guest is told of it.
#pragma once

#include "libvmshare/memory/slots.hpp"
#include "libvmshare/port/memory.hpp"

#include <map>
#include <set>

namespace xvm::memory {

class Block_engine final : public port::Memory_engine {
  public:
    /// Both outlive it.
    Block_engine(port::Domains& domains, port::Store& store) : domains_(domains), store_(store) {}

    [[nodiscard]] port::Memory_kind kind() const noexcept override { return port::Memory_kind::block; }
    [[nodiscard]] Result<std::uint64_t> granularity_bytes(const Domain_id& id) override;
    [[nodiscard]] Result<port::Memory_side> look(const Domain_id& id) override;
    [[nodiscard]] Status ask(const port::Memory_side& from, std::uint64_t leave_bytes) override;
    [[nodiscard]] Result<port::Memory_progress> released(const port::Memory_side& from,
                                                         std::uint64_t leave_bytes) override;
    [[nodiscard]] Status withdraw(const port::Memory_side& from, std::uint64_t keep_bytes) override;
    [[nodiscard]] Status offer(const port::Memory_side& to, std::uint64_t have_bytes) override;
    [[nodiscard]] Result<port::Memory_progress> taken(const port::Memory_side& to,
                                                      std::uint64_t have_bytes) override;

  private:
    struct Refusal {
        std::set<std::uint32_t> slots; ///< those it was asked for in vain
        std::uint32_t event = 0;
        unsigned status = 0;
    };

    [[nodiscard]] Result<std::uint64_t> owned(const Domain_id& id);
    /// Finishes what a crash has left half done.
    [[nodiscard]] Status tend(const Domain_id& id, Slots& slots);
    /// What was ejected becomes Xen's, cleared.
    [[nodiscard]] Status empty(const Domain_id& id, Slots& slots, std::uint32_t slot);
    [[nodiscard]] Status fill(const Domain_id& id, Slots& slots, std::uint32_t slot);
    /// Notices for as many blocks as it takes to come down to `leave_bytes`.
    [[nodiscard]] Status request(const Domain_id& id, Slots& slots, std::uint64_t leave_bytes);
    [[nodiscard]] Status hear_ejections(const Domain_id& id, Slots& slots);
    [[nodiscard]] Status hear_insertions(const Domain_id& id, Slots& slots);
    [[nodiscard]] Result<port::Memory_progress> refused(const Domain_id& id, const Slots& slots,
                                                        std::uint64_t memory_bytes, std::string why) const;

    port::Domains& domains_;
    port::Store& store_;
    std::map<Domain_id, Refusal> refusals_;
    std::set<Domain_id> asked_; ///< and not withdrawn
};

} // namespace xvm::memory
