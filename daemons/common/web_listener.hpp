// SPDX-License-Identifier: Apache-2.0
// A TCP port for a browser on this machine, and who may ask there.
//
// Invariant: it listens on 127.0.0.1 and nowhere else. A request is let in if it names that very host and
// port (another page's script cannot: its requests carry its own origin, a name that was bound anew carries
// its own host) and, unless it is for the first page, shows the token. Who has the token may do what root
// may.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xvm::daemon {

/// What a request says of itself, unescaped by nobody.
struct Web_request {
    std::string_view target;
    std::string_view host;          ///< its header of that name
    std::string_view origin;        ///< likewise; empty: none
    std::string_view authorization; ///< likewise
};

class Web_gate {
  public:
    Web_gate(std::uint16_t port, std::string token) : port_(std::to_string(port)), token_(std::move(token)) {}
    /// denied: why it is not let in.
    [[nodiscard]] Status check(const Web_request& request) const;

  private:
    [[nodiscard]] bool is_us(std::string_view host) const;
    std::string port_;
    std::string token_;
};

struct Web_listener {
    Unique_fd socket; ///< listening, not blocking
    std::uint16_t port = 0;
    std::string token;

    /// `port` 0: any that is free. The token is new, and written to `token_file`, which only its owner reads.
    [[nodiscard]] static Result<Web_listener> open(std::uint16_t port, const std::string& token_file);
};

} // namespace xvm::daemon
