// SPDX-License-Identifier: Apache-2.0
// A machine without a hypervisor: processes as domains. The ledger of domains, event channels, grants and
// the store, which outlives the processes that use it.
//
//     auto host = hosted::Host::make();
//     host->add_domain(Domid{7});
//     auto backend = hosted::start_process(host, dom0);         // Result<std::unique_ptr<Process>>
//     auto frontend = hosted::start_process(host, Domid{7});
//
// Dropping a Process is that process's death: its ports close, its mappings vanish, nothing else happens.
// destroy_domain() is the death of the domain. dump() before and after must be equal where nothing leaks.
// Safe to use from several threads.
#pragma once

#include "libvmshare/port/hosted/grant_ledger.hpp"
#include "libvmshare/port/hosted/port_ledger.hpp"
#include "libvmshare/port/hosted/store_ledger.hpp"

#include <boost/json/value.hpp>
#include <mutex>

namespace xvm::port::hosted {

class Host : public std::enable_shared_from_this<Host> {
  public:
    [[nodiscard]] static std::shared_ptr<Host> make(const Limits& limits = {});

    /// A domain that the store serves at once. busy: there is one of that number, or it is still dying.
    [[nodiscard]] Status add_domain(Domid domid);
    /// As add_domain(), and the store serves it only after Store::introduce().
    [[nodiscard]] Status add_unintroduced_domain(Domid domid);
    /// Ends the domain: its processes get only refusals from now on, the store forgets it. It stays
    /// listed as dying while another maps its pages. Idempotent.
    void destroy_domain(Domid domid);

    /// What one process of the domain asks; the end of the Desk is its death. not_found: no such domain.
    [[nodiscard]] Result<std::unique_ptr<Desk>> open(Domid domid);

    /// {"domains", "processes", "ports", "grants", "mappings", "store"}
    [[nodiscard]] boost::json::value dump() const;

  private:
    friend class Local_desk;
    friend class Local_store;

    struct Process_record {
        Domid domid{};
        bool alive = true; ///< false: its domain was destroyed under it
    };
    struct Domain_record {
        bool dying = false;
    };

    explicit Host(const Limits& limits);
    [[nodiscard]] Status insert(Domid domid, bool introduced);
    [[nodiscard]] Status check_domain(Domid domid) const;
    [[nodiscard]] Status check_alive(Process_id process) const;
    void end_process(Process_id process);
    void bury_dead();

    mutable std::mutex mutex_; ///< guards all below
    Port_ledger ports_;
    Grant_ledger grants_;
    Store_ledger store_;
    std::map<Domid, Domain_record> domains_;
    std::map<Process_id, Process_record> processes_;
    std::uint32_t last_process_ = 0;
};

} // namespace xvm::port::hosted
