// SPDX-License-Identifier: Apache-2.0
// Domains without a hypervisor: records with a memory ledger. For tests of the toolstack.
//
// It keeps the contract of port::Domains (tests/contract/domains shows both), runs nothing, and lets a
// test play what guests and backends do: shut_down(), hold(), release().
// Invariant: free memory + what the domains own = the host's memory.
#pragma once

#include "libvmshare/port/domains.hpp"

#include <map>
#include <memory>

namespace xvm::port::hosted {

struct Host_shape {
    std::uint64_t memory_bytes = 4ULL << 30;
    std::uint64_t dom0_bytes = 1ULL << 30;
    unsigned cpus = 2;
    unsigned domains_max = 1000;
};

class Domain_ledger final : public Domains {
  public:
    explicit Domain_ledger(const Host_shape& host = {});

    [[nodiscard]] Result<Domid> create(const Domain_shape& shape) override;
    [[nodiscard]] Status set_uuid(Domid domid, const Uuid& uuid) override;
    [[nodiscard]] Result<Built_domain> build(Domid domid, const Domain_shape& shape,
                                             const Boot_image& image) override;
    [[nodiscard]] Status pin(Domid domid, unsigned vcpu, unsigned cpu) override;
    [[nodiscard]] Status set_affinity(Domid domid, unsigned vcpu, Affinity affinity,
                                      const Cpu_list& cpus) override;
    [[nodiscard]] Result<std::vector<Vcpu_info>> vcpus(Domid domid) override;
    [[nodiscard]] Status set_memory_max(Domid domid, std::uint64_t bytes) override;
    [[nodiscard]] Status claim_memory(Domid domid, std::uint64_t bytes) override;
    [[nodiscard]] Status fill_frames(Domid domid, const Frames& frames) override;
    [[nodiscard]] Status clear_frames(Domid domid, const Frames& frames) override;
    [[nodiscard]] Status release_frames(Domid domid, const Frames& frames) override;
    [[nodiscard]] Status pause(Domid domid) override;
    [[nodiscard]] Status unpause(Domid domid) override;
    [[nodiscard]] Status stop(Domid domid, Stop_reason reason) override;
    [[nodiscard]] Status resume(Domid domid) override;
    [[nodiscard]] Status destroy(Domid domid) override;
    [[nodiscard]] Status save(Domid domid, int fd, const Stream_hooks& hooks) override;
    [[nodiscard]] Result<Built_domain> restore(Domid domid, const Domain_shape& shape, int fd,
                                               const Stream_hooks& hooks) override;
    [[nodiscard]] Result<std::vector<Domain_info>> list() override;
    [[nodiscard]] Result<Domain_info> info(Domid domid) override;
    [[nodiscard]] Result<Host_info> host() override;
    [[nodiscard]] Result<std::string> hypervisor_log() override;

    // What a test may do that Xen or a guest would.

    /// The guest powers off (0), reboots (1), crashes (3): Xen's SHUTDOWN_* numbers.
    void shut_down(Domid domid, unsigned reason);
    /// The guest's balloon has come to this; at most the domain's maximum, and what the host has free.
    void balloon(Domid domid, std::uint64_t memory_bytes);
    /// The guest has written to those frames.
    void soil(Domid domid, const Frames& frames);
    /// Of those frames, how many have memory; how many of them the guest may have written to since they were
    /// cleared.
    [[nodiscard]] std::uint64_t filled(Domid domid, const Frames& frames) const;
    [[nodiscard]] std::uint64_t soiled(Domid domid, const Frames& frames) const;
    /// Pages that went back to the host with what was written in them.
    [[nodiscard]] std::uint64_t leaked_pages() const { return leaked_pages_; }
    /// What is kept for the domain.
    [[nodiscard]] std::uint64_t claimed_bytes(Domid domid) const;
    /// The guest has taken a processor on or off line.
    void set_online(Domid domid, unsigned vcpu, bool online);
    /// A backend maps pages of the domain: once destroyed it stays dying, with its memory.
    void hold(Domid domid);
    void release(Domid domid);
    /// The physical processor the virtual one is pinned to; -1: any.
    [[nodiscard]] int pinned_to(Domid domid, unsigned vcpu) const;
    /// The command line it was built with; empty before.
    [[nodiscard]] std::string command_line(Domid domid) const;

  private:
    struct Record {
        Domain_info info;
        std::uint64_t overhead_bytes = 0;
        bool built = false;
        bool started = false;
        unsigned holders = 0;
        std::vector<Vcpu_info> vcpus; ///< no list of processors: all of the host
        std::string command_line;
        std::uint64_t claim_bytes = 0;        ///< in all; 0: none
        std::map<std::uint64_t, bool> frames; ///< filled since it was built: soiled?
        [[nodiscard]] std::uint64_t kept_bytes() const {
            return claim_bytes > info.memory_bytes ? claim_bytes - info.memory_bytes : 0;
        }
    };

    [[nodiscard]] std::uint64_t free_bytes() const;
    [[nodiscard]] Result<Record*> alive(Domid domid);
    /// alive(), of that type, without memory.
    [[nodiscard]] Result<Record*> empty_domain(Domid domid, Guest_type type);
    [[nodiscard]] Built_domain fill(Record& record, std::uint64_t memory_bytes);
    [[nodiscard]] Domid unused_domid();

    Host_shape host_;
    std::map<Domid, Record> records_;
    std::uint16_t last_domid_ = 0;
    std::uint64_t leaked_pages_ = 0;
};

[[nodiscard]] Result<std::unique_ptr<Domains>> open_domains();

} // namespace xvm::port::hosted
