// SPDX-License-Identifier: Apache-2.0
// How much one domain may take from a hosted machine. Like Xen's and xenstored's own defaults, small
// enough that a test reaches each. The store's limits do not bind dom0, the others do.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xvm::port::hosted {

struct Limits {
    std::uint32_t ports = 1023;          ///< event channels
    std::uint32_t grants = 32768;        ///< pages granted to others
    std::uint32_t mapped_pages = 524288; ///< pages of others mapped
    std::size_t store_nodes = 1000;      ///< owned
    std::size_t store_value_bytes = 2048;
    std::size_t store_watches = 128;
    std::size_t store_transactions = 10; ///< open at once
    std::size_t store_permissions = 5;   ///< entries of one node
    std::size_t store_events = 1024;     ///< waiting; what comes then is reported as the watched path
};

} // namespace xvm::port::hosted
