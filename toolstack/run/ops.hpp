// SPDX-License-Identifier: Apache-2.0
// The primitive operations that steps name. Each family has a file of its own; this is the list of all.
//
// Contract of an undo: see Work. Both are called with the step's arguments; an argument that is missing or of
// another shape is an error (usage), since plans come from files and, later, from another domain.
#pragma once

#include "toolstack/run/engine.hpp"
#include "toolstack/run/work.hpp"

#include <boost/json/object.hpp>
#include <span>
#include <string_view>

namespace xvm::run {

struct Op {
    std::string_view name; ///< "create-domain"
    Status (*apply)(Work& work, const boost::json::object& args) = nullptr;
    Status (*undo)(Work& work, const boost::json::object& args) = nullptr; ///< null: nothing to take back
};

/// Null: there is none of that name.
[[nodiscard]] const Op* find_op(std::string_view name) noexcept;

/// Families.
[[nodiscard]] std::span<const Op> create_ops() noexcept;
[[nodiscard]] std::span<const Op> life_ops() noexcept;
[[nodiscard]] std::span<const Op> disk_ops() noexcept;
[[nodiscard]] std::span<const Op> blkback_ops() noexcept;
[[nodiscard]] std::span<const Op> net_ops() noexcept;
[[nodiscard]] std::span<const Op> device_ops() noexcept;
[[nodiscard]] std::span<const Op> save_ops() noexcept;
[[nodiscard]] std::span<const Op> restore_ops() noexcept;
[[nodiscard]] std::span<const Op> wish_ops() noexcept;
[[nodiscard]] std::span<const Op> memory_ops() noexcept;
[[nodiscard]] std::span<const Op> direct_ops() noexcept;
[[nodiscard]] std::span<const Op> handover_ops() noexcept;

/// Carries steps out by their operations.
class Ops_executor final : public Executor {
  public:
    explicit Ops_executor(Work& work) : work_(work) {}
    Status apply(const plan::Step& step) override;
    Status undo(const plan::Step& step) override;
    std::optional<Domid> domid() const override { return work_.known_domid(); }

  private:
    Work& work_;
};

} // namespace xvm::run
