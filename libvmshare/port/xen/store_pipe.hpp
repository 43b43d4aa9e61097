// SPDX-License-Identifier: Apache-2.0
// Several requests to xenstored at once. libxenstore sends a request in three writes and waits for its
// answer before the next: for a daemon on the same processor that is up to four changes of context a
// request. Here all requests go out together, and their answers come back together.
//
// Speaks what xen/io/xs_wire.h says, and only requests that xenstored answers at once, outside of
// transactions; no watch is ever set here, so nothing comes in but answers.
// Invariant: between two calls no answer is on its way; after an error the connection is closed.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/base/unique_fd.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xvm::port::xen {

class Store_pipe {
  public:
    struct Request {
        std::uint32_t type = 0; ///< of enum xsd_sockmsg_type
        std::string payload;    ///< with its zeroes
    };
    struct Answer {
        int error_number = 0; ///< as xenstored says: 0, ENOENT, EACCES, …
        std::string payload;
    };

    /// Answers in the order of the requests. unreachable: no xenstored, or it went away: what was asked is
    /// done in part, or not.
    [[nodiscard]] Result<std::vector<Answer>> ask(std::span<const Request> requests);

    /// So many go out before their answers are read: all of them fit a socket's buffers.
    static constexpr std::size_t in_flight_max = 64;

  private:
    [[nodiscard]] Status connect();
    [[nodiscard]] Status send(std::span<const Request> requests);
    [[nodiscard]] Result<Answer> take_answer(std::uint32_t request_id, std::uint32_t type);
    [[nodiscard]] Status fill(std::size_t bytes);

    Unique_fd fd_;
    std::string in_;        ///< received
    std::size_t taken_ = 0; ///< of in_
};

} // namespace xvm::port::xen
