// SPDX-License-Identifier: Apache-2.0
// Several requests to xenstored at once, over one connection. libxenstore sends a request in three writes
// and waits for its answer before the next; here all go out in one write, and their answers come back
// together.
//
// Speaks what xen/io/xs_wire.h says, and only requests that xenstored answers at once, outside of
// transactions; no watch is ever set here, so nothing comes in but answers.
// Invariant: the answers on their way are those of what was sent and not yet collected, in that order.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xvm::port::xen {

struct Store_request {
    std::uint32_t type = 0; ///< of enum xsd_sockmsg_type
    std::string payload;    ///< with its zeroes
};

struct Store_answer {
    int error_number = 0; ///< as xenstored says: 0, ENOENT, EACCES, …
    std::string payload;
};

class Store_pipe {
  public:
    /// So many may be on their way: they and their answers fit a socket's buffers, and nobody waits for the
    /// other to read.
    static constexpr std::size_t in_flight_max = 64;

    /// Connects first if it has to. unreachable: no xenstored, or it went away: what was sent before is
    /// done in part, or not. usage: a request is longer than xenstored takes.
    [[nodiscard]] Status send(std::span<const Store_request* const> requests);
    /// The answer to the oldest request that has none yet, which was of this type.
    [[nodiscard]] Result<Store_answer> collect(std::uint32_t type);
    /// Forgets the connection; what is on its way is lost.
    void reset();

  private:
    [[nodiscard]] Status connect();
    [[nodiscard]] Status fill(std::size_t bytes);

    Unique_fd fd_;
    std::uint32_t sent_ = 0;
    std::uint32_t collected_ = 0;
    std::string in_;        ///< received
    std::size_t taken_ = 0; ///< of in_
};

} // namespace xvm::port::xen
