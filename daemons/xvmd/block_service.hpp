// SPDX-License-Identifier: Apache-2.0
// xvm-blkd, as xvmd knows it: by its API.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "toolstack/api/http_client.hpp"

#include <optional>

namespace xvm::xvmd {

class Block_service {
  public:
    explicit Block_service(std::string socket_path);

    /// Whether it answers at all. unreachable: with the way to start it.
    [[nodiscard]] Status check() const;

    /// What it says of all the disks it serves: {"vbds": [{"domid", "devid", …}]}.
    [[nodiscard]] tl::expected<boost::json::value, api::Failure> disks() const;

    /// Requests of one disk after that number, and all from now on if there is none (GET …/trace).
    [[nodiscard]] tl::expected<boost::json::value, api::Failure>
    trace(Domid guest, std::uint32_t devid, std::optional<std::uint64_t> after) const;

  private:
    api::Http_client client_;
};

} // namespace xvm::xvmd
