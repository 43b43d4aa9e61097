// SPDX-License-Identifier: Apache-2.0
// What the steps that give, move and release devices work with: the order, what is known of the device, the
// links to both guests.
//
// Invariant: the record is kept before the next step begins, and its phases follow each other as
// plan::may_follow() says; so an xvmd that died is followed by one that knows where the device is.
#pragma once

#include "libvmshare/device/link.hpp"
#include "toolstack/plan/direct.hpp"
#include "toolstack/run/work.hpp"

#include <algorithm>

namespace xvm::run {

/// Kept from step to step of one plan; not needed by one that goes on after a crash.
struct Direct_facts {
    std::shared_ptr<void> turn;
    std::optional<port::Pci_device> device;
    std::map<std::string, std::shared_ptr<device::Link>> links; ///< by uuid
    std::chrono::steady_clock::time_point stop_asked;
    std::uint64_t target_bytes = 0; ///< what the target had before it made room
};

class Handover {
  public:
    [[nodiscard]] static Result<Handover> of(Work& work, const boost::json::object& args);

    [[nodiscard]] const plan::Direct_order& order() const noexcept { return order_; }
    [[nodiscard]] plan::Direct_record& record() noexcept { return record_; }
    [[nodiscard]] const port::Pci_device& device() const noexcept { return *facts().device; }
    [[nodiscard]] const port::Pci_address& address() const noexcept { return device().address; }
    [[nodiscard]] port::Direct_devices& port() const noexcept { return *work_->ports().direct; }
    [[nodiscard]] Work& work() const noexcept { return *work_; }
    [[nodiscard]] Direct_facts& facts() const { return work_->facts<Direct_facts>(); }
    /// For an answer that nothing hangs on yet.
    [[nodiscard]] std::chrono::milliseconds limit() const {
        return std::chrono::milliseconds(order_.limit_ms);
    }
    /// For one that is better waited for: the device has stopped, or something is taken back.
    [[nodiscard]] std::chrono::milliseconds patience() const {
        return std::max(limit(), std::chrono::milliseconds(2000));
    }

    /// Whether the guest is still there, and not another one of its number.
    [[nodiscard]] Result<bool> lives(const plan::Direct_end& end) const;
    /// not_found: it has ended; exhausted: it has no module.
    [[nodiscard]] Result<device::Link*> link(const plan::Direct_end& end) const;
    [[nodiscard]] Result<device::Answer> order_of(const plan::Direct_end& end, std::uint32_t kind,
                                                  std::array<std::uint64_t, 6> arg = {}) const;
    /// In what state the guest has the device.
    [[nodiscard]] Result<std::uint32_t> state_at(const plan::Direct_end& end) const;

    /// The device's next phase, kept. failed: it cannot follow.
    [[nodiscard]] Status advance(plan::Direct_phase phase);
    [[nodiscard]] Status keep() const { return work_->ports().devices->keep(record_); }
    /// Nothing came along with it.
    [[nodiscard]] bool fresh() const noexcept { return record_.lost || !order_.from.there(); }

    /// The device is that guest's: owner, registers, interrupt.
    [[nodiscard]] Status give(const plan::Direct_end& end);
    /// It is not, and nobody's. Of a guest that has ended, too; repeatable.
    [[nodiscard]] Status take_away(const plan::Direct_end& end);
    /// The guest maps it and reads its context, or begins without; then it runs it.
    [[nodiscard]] Status let_take(const plan::Direct_end& end, bool fresh);
    [[nodiscard]] Status let_run(const plan::Direct_end& end);
    /// A guest that is still there forgets a device that it has stopped, or not begun with.
    [[nodiscard]] Status let_drop(const plan::Direct_end& end);

  private:
    explicit Handover(Work& work) : work_(&work) {}
    Work* work_;
    plan::Direct_order order_;
    plan::Direct_record record_;
};

[[nodiscard]] inline Domid domid_of(const plan::Direct_end& end) noexcept {
    return Domid{static_cast<std::uint16_t>(end.domid)};
}
[[nodiscard]] inline port::Guest_type type_of(const plan::Direct_end& end) noexcept {
    return end.pv ? port::Guest_type::pv : port::Guest_type::pvh;
}

/// It is nobody's, and kept as that.
[[nodiscard]] Status hold(Handover& one);

/// What is known of a device, its holder's end among it: who has ended has it no more.
[[nodiscard]] Result<plan::Direct_record> direct_record(Ports& ports, const std::string& device);

} // namespace xvm::run
