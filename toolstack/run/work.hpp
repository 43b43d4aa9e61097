// SPDX-License-Identifier: Apache-2.0
// What the steps of one plan share: the ports, who the guest is, and what earlier steps made.
//
// Invariant: an undo needs no more than its arguments, the uuid, and the number: it also runs in an xvmd that
// started after the one that made things died, where all else here is empty.
#pragma once

#include "toolstack/plan/plan.hpp"
#include "toolstack/run/ports.hpp"

#include <any>
#include <optional>
#include <typeindex>
#include <unordered_map>

namespace xvm::run {

class Work {
  public:
    Work(Ports& ports, const plan::Plan& plan) : ports_(ports), name_(plan.name), uuid_(plan.uuid) {}

    [[nodiscard]] Ports& ports() const noexcept { return ports_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const Uuid& uuid() const noexcept { return uuid_; }

    /// The guest's number; not_found: Xen has no domain of this uuid.
    [[nodiscard]] Result<Domid> domid();
    /// As it is known, without asking.
    [[nodiscard]] std::optional<Domid> known_domid() const noexcept { return domid_; }
    void set_domid(Domid domid) noexcept { domid_ = domid; }
    [[nodiscard]] Result<Domain_id> id();

    /// Whether Xen lists the guest, dying or not; finds its number. False: known_domid() may be what it had.
    [[nodiscard]] Result<bool> alive();
    /// Whether Xen knows the number for another domain by now, whose nodes are not to be touched.
    [[nodiscard]] Result<bool> number_is_reused();

    /// What a family of operations keeps between its steps: one T a plan, made empty.
    template <class T>
    [[nodiscard]] T& facts() {
        std::any& slot = facts_[std::type_index(typeid(T))];
        if (!slot.has_value()) slot = T{};
        return std::any_cast<T&>(slot);
    }

    /// Asked by what waits: an Error ends the wait. May be empty.
    std::function<Status()> go_on;
    /// Told by what moves a guest's memory; may be empty.
    std::function<void(std::uint64_t bytes)> moved;

    [[nodiscard]] std::string object() const { return "domain '" + name_ + "'"; }

  private:
    Ports& ports_;
    std::string name_;
    Uuid uuid_;
    std::optional<Domid> domid_;
    std::unordered_map<std::type_index, std::any> facts_;
};

} // namespace xvm::run
