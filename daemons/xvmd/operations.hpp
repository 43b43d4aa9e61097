// SPDX-License-Identifier: Apache-2.0
// What xvmd is doing, and the last that it did: one record a plan.
//
// Invariant: numbers rise; of those that are over the newest hundred are kept. Any thread.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "toolstack/api/error_json.hpp"

#include <atomic>
#include <boost/json/object.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>

namespace xvm::xvmd {

class Operation {
  public:
    Operation(std::uint64_t id, std::string verb, std::string name, const Uuid& uuid,
              std::int64_t client_pid);

    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] const std::string& verb() const noexcept { return verb_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    void at(const std::string& step, bool undoing);
    void end(const Status& outcome);
    void cancel() noexcept { cancelled_ = true; }
    /// Of the guest's memory, so far.
    void moved(std::uint64_t bytes) noexcept { moved_bytes_ = bytes; }
    [[nodiscard]] std::uint64_t moved_bytes() const noexcept { return moved_bytes_; }
    [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }
    [[nodiscard]] bool over() const;
    /// "xvm.operation/1"
    [[nodiscard]] boost::json::object json() const;

  private:
    const std::uint64_t id_;
    const std::string verb_;
    const std::string name_;
    const Uuid uuid_;
    const std::int64_t client_pid_;
    const std::int64_t started_ms_;
    std::atomic<bool> cancelled_ = false;
    std::atomic<std::uint64_t> moved_bytes_ = 0;
    mutable std::mutex mutex_; ///< guards all below
    std::string state_ = "running";
    std::string step_;
    std::int64_t ended_ms_ = 0;
    std::optional<Error> error_;
};

class Operations {
  public:
    static constexpr std::size_t kept_max = 100;

    /// `client_pid`: of the process that asked for it, so that it can tell its own; 0: nobody did.
    [[nodiscard]] std::shared_ptr<Operation> begin(const std::string& verb, const std::string& name,
                                                   const Uuid& uuid, std::int64_t client_pid = 0);
    /// Null: there is none, or it is forgotten.
    [[nodiscard]] std::shared_ptr<Operation> find(std::uint64_t id) const;
    [[nodiscard]] std::vector<std::shared_ptr<Operation>> all() const;

  private:
    mutable std::mutex mutex_; ///< guards both below
    std::uint64_t last_ = 0;
    std::deque<std::shared_ptr<Operation>> kept_;
};

} // namespace xvm::xvmd
