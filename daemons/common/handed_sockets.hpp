// SPDX-License-Identifier: Apache-2.0
// Sockets that the service manager opened before it started this process, by their names
// (FileDescriptorName= of a .socket unit; see sd_listen_fds(3)).
//
// Invariant: each descriptor handed over belongs to this object or to whom it was given; none is inherited
// by a program that this one starts.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <map>
#include <optional>
#include <string>

namespace xvm::daemon {

class Handed_sockets {
  public:
    /// Takes all there are, and removes them from the environment: to be called once, before any thread
    /// starts. None is no error.
    [[nodiscard]] static Result<Handed_sockets> take();

    /// Gives away the socket of that name, if it is there.
    [[nodiscard]] std::optional<Unique_fd> release(const std::string& name);

    /// The name of one that nobody has asked for; empty: none is left.
    [[nodiscard]] std::string left_over() const { return sockets_.empty() ? "" : sockets_.begin()->first; }

  private:
    std::map<std::string, Unique_fd> sockets_;
};

} // namespace xvm::daemon
