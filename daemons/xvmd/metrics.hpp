// SPDX-License-Identifier: Apache-2.0
// What xvmd counts, as a Prometheus server reads it (GET /metrics).
//
// Invariant: counters only rise while the daemon runs; their labels come from small sets (verbs, outcomes,
// HTTP methods and status codes), so that no client can make them grow. What can be asked is not counted
// here but asked when the text is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::xvmd {

/// What is so at the moment of asking.
struct Metrics_facts {
    struct Memory {
        std::uint64_t total_bytes = 0;
        std::uint64_t free_bytes = 0;
        std::uint64_t promised_bytes = 0;
    };
    struct Disk {
        std::string domain;
        std::string dev;
        std::uint64_t requests = 0;
        std::uint64_t errors = 0;
        std::uint64_t read_bytes = 0;
        std::uint64_t written_bytes = 0;
    };
    std::optional<Memory> memory;                 ///< empty: Xen does not answer
    std::map<std::string, std::uint64_t> domains; ///< by state
    bool block_backend_up = false;
    std::vector<Disk> disks;
    std::uint64_t event_followers = 0;
    /// Of the management service.
    struct Management {
        bool running = false;
        std::uint64_t starts = 0;
        std::uint64_t answered = 0;
        std::uint64_t refused = 0;
    };
    std::optional<Management> management; ///< empty: there is none
};

class Metrics {
  public:
    explicit Metrics(const std::string& version);
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    ~Metrics();

    /// An operation ended. `outcome`: "done", "cancelled", or the fault's name. Any thread.
    void count_operation(const std::string& verb, const std::string& outcome,
                         std::chrono::microseconds duration);
    /// An operation took so much of guests' memory from one place to another: to a guest, to a file. Any
    /// thread.
    void count_moved(const std::string& verb, std::uint64_t bytes);
    /// An HTTP request was answered. Any thread.
    void count_request(std::string_view method, unsigned status);

    /// In the text format 0.0.4.
    [[nodiscard]] std::string text(const Metrics_facts& facts) const;

    static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

  private:
    struct Counted;
    std::unique_ptr<Counted> counted_;
};

} // namespace xvm::xvmd
