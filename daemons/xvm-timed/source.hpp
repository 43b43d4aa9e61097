// SPDX-License-Identifier: Apache-2.0
// Who owns the timer page, as the daemon sees it: gives the page to a domain and takes it back.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"
#include "libvmshare/port/grants.hpp"

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::timed {

class Page_source {
  public:
    virtual ~Page_source() = default;

    /// "kernel" or "program": as the page says itself, and the store.
    [[nodiscard]] virtual std::string_view owner() const = 0;
    /// The owner's id, as in the page.
    [[nodiscard]] virtual std::uint64_t id() const = 0;
    /// The page, granted read-only to the guest; the same reference when it has it already.
    [[nodiscard]] virtual Result<Gref> give(Domid guest) = 0;
    /// busy: still mapped, nothing was ended. Idempotent.
    [[nodiscard]] virtual Status take_back(Domid guest) = 0;
    /// Guests that have the page, also those that an earlier daemon gave it to.
    [[nodiscard]] virtual Result<std::vector<Domid>> holders() = 0;
};

/// dom0's kernel module, by its device. not_found: the module is not loaded.
[[nodiscard]] Result<std::unique_ptr<Page_source>> open_kernel_source(const std::string& device);

/// This process: writes every tick as long as somebody has the page. `file`: where dom0's own readers
/// find it, or empty. Each guest has a frame of its own, with the same content: user space cannot grant one
/// page twice.
[[nodiscard]] Result<std::unique_ptr<Page_source>> make_user_source(boost::asio::io_context& context,
                                                                    std::shared_ptr<port::Granter> granter,
                                                                    const std::string& file);

} // namespace xvm::timed
