// SPDX-License-Identifier: Apache-2.0
// Single requests as a picture (SVG) of where they spent their time: for people, in any browser.
//
// Invariant: whatever the requests hold, the text is well-formed XML of bounded size; what is drawn comes
// from requests with time stamps alone, and the picture says how many there were.
#pragma once

#include <boost/json/array.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace xvm::cli {

struct Timed_request {
    std::string dev;
    std::uint64_t at_ns = 0; ///< submitted, by the page's clock
    std::uint64_t wake_ns = 0;
    std::uint64_t queue_ns = 0;
    std::uint64_t service_ns = 0;
    bool precise = true; ///< else its times are whole ticks

    [[nodiscard]] std::uint64_t whole_ns() const noexcept { return wake_ns + queue_ns + service_ns; }
};

/// Those of "xvm.traced_request/1" that have times.
[[nodiscard]] std::vector<Timed_request> requests_of(const boost::json::array& rows);

[[nodiscard]] std::string picture_of(const std::string& guest, std::vector<Timed_request> requests);

} // namespace xvm::cli
