// SPDX-License-Identifier: Apache-2.0
// The engine for every stock guest: its balloon driver is asked through memory/target, and Xen's limit keeps
// it to that. Amount only: which pages, the guest chooses. Over any port: Xen, hosted, faulty.
//
// A driver counts pages that it manages, Xen those that the domain owns; what is between the two stays as it
// was when the guest was looked at. What a guest gives is cleared by the guest (Linux: xen_scrub_pages, on by
// default) or by Xen (its option scrub-domheap): docs/threat-model.md.
// Invariant: Xen's limit is raised before the driver hears of more, and never above what is free then: a
// driver that asks Xen in vain tries again only after a second, or thirty.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/memory.hpp"
#include "libvmshare/port/store.hpp"

namespace xvm::run {

class Balloon_engine final : public port::Memory_engine {
  public:
    /// Both outlive it.
    Balloon_engine(port::Domains& domains, port::Store& store) : domains_(domains), store_(store) {}

    [[nodiscard]] port::Memory_kind kind() const noexcept override { return port::Memory_kind::balloon; }
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
    [[nodiscard]] Status bound(const port::Memory_side& side, std::uint64_t bytes);

    port::Domains& domains_;
    port::Store& store_;
};

} // namespace xvm::run
