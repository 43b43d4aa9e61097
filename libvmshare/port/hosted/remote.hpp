// SPDX-License-Identifier: Apache-2.0
// A hosted machine in another process, reached by its socket: xvm-hostedd, or a Server.
// Safe to use from several threads: a call at a time.
#pragma once

#include "libvmshare/port/hosted/process.hpp"

#include <boost/json/value.hpp>
#include <string>

namespace xvm::port::hosted {

/// As Host, from afar.
class Remote_host {
  public:
    /// unreachable: nobody listens at `path`.
    [[nodiscard]] static Result<std::unique_ptr<Remote_host>> connect(const std::string& path);
    virtual ~Remote_host() = default;

    [[nodiscard]] virtual Status add_domain(Domid domid) = 0;
    [[nodiscard]] virtual Status add_unintroduced_domain(Domid domid) = 0;
    [[nodiscard]] virtual Status destroy_domain(Domid domid) = 0;
    [[nodiscard]] virtual Result<boost::json::value> dump() = 0;
};

/// This process becomes one of that domain. not_found: no such domain; unreachable: nobody listens.
[[nodiscard]] Result<std::unique_ptr<Process>> start_process(const std::string& path, Domid domid);

} // namespace xvm::port::hosted
