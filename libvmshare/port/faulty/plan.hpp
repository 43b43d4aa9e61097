// SPDX-License-Identifier: Apache-2.0
// Which host call fails, and the record of all. One Plan counts the calls of all decorators it is given to,
// so "the 5th host call" means the same whatever interface it goes to.
//
// Counted: every call that can answer an Error. The others (close, abort, unmap …) are recorded only.
// Invariant: a call that fails by plan does not reach the port below.
#pragma once

#include "libvmshare/base/result.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace xvm::port::faulty {

class Plan {
  public:
    /// The call with that number (from 1) fails so.
    Plan& fail_at(unsigned call, Fault fault = Fault::failed);
    /// It and all after it.
    Plan& fail_from(unsigned call, Fault fault = Fault::failed);
    /// Every call of that name, "store.write".
    Plan& fail_each(std::string name, Fault fault = Fault::failed);
    /// Runs `action` before that call: to kill the process at step N, or to let the world change under it.
    Plan& before(unsigned call, std::function<void()> action);

    [[nodiscard]] unsigned calls() const;
    /// Names in order: "store.write", "grants.map", with "!" behind those that failed by plan.
    [[nodiscard]] std::vector<std::string> record() const;

    /// A decorator's question: does this call fail, and how?
    [[nodiscard]] std::optional<Error> next(const std::string& name);
    void note(const std::string& name) noexcept;

  private:
    struct Rule {
        unsigned from = 0;
        unsigned to = 0;
        std::string name; ///< empty: any
        Fault fault = Fault::failed;
    };

    mutable std::mutex mutex_; ///< guards all below
    std::vector<Rule> rules_;
    std::vector<std::pair<unsigned, std::function<void()>>> actions_;
    std::vector<std::string> record_;
    unsigned calls_ = 0;
};

/// Runs `body(plan)` with the 1st, 2nd, 3rd … host call failing, until a run made fewer calls than that:
/// every call failed once. Answers how many did. `body` checks for itself that the failure left nothing
/// behind.
[[nodiscard]] unsigned sweep(Fault fault, const std::function<void(Plan&)>& body);

} // namespace xvm::port::faulty
