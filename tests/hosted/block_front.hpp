// SPDX-License-Identifier: Apache-2.0
// A front end in C++ on the hosted port: what xvm_blkfront.ko is in a guest, for tests. It follows the
// back end's states, carries I/O, and after a restart of the back end offers a fresh ring and sends what
// was not answered again.
#pragma once

#include "libvmshare/abi/block.h"
#include "libvmshare/port/hosted/process.hpp"
#include "libvmshare/ring/client.hpp"
#include "libvmshare/xenbus/session.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace xvm::test {

/// What the toolstack writes of a disk: both directories and the private one.
struct Disk_spec {
    Domid guest{};
    std::uint32_t devid = 0;
    std::string kind = "raw";
    std::string path;
    std::string mode = "w";
};
void write_disk_nodes(port::Store& store, const Disk_spec& spec);
void remove_disk_nodes(port::Store& store, const Disk_spec& spec);
/// Detaches as the toolstack does: online = 0, state closing.
void request_close(port::Store& store, const Disk_spec& spec);

class Block_front {
  public:
    using Client = ring::Client<xvm_blk_request, xvm_blk_response>;

    Block_front(std::unique_ptr<port::hosted::Process> process, Domid guest, std::uint32_t devid,
                std::uint32_t ring_pages = 1);
    ~Block_front();

    /// A page run of this guest, granted to the back end, that requests may name.
    [[nodiscard]] port::Granter::Shared share(std::size_t pages,
                                              port::Access access = port::Access::read_write);

    /// Until the disk is connected; throws after 20 s.
    void connect();
    /// Queues a request under its id (header.id, not in use).
    void submit(const xvm_blk_request& request);
    /// Sends what was queued, follows the states, waits for at least one answer. Answers by id.
    [[nodiscard]] std::map<std::uint64_t, std::int32_t> wait();
    /// Looks at the state once: true if the back end has gone to closing or closed.
    [[nodiscard]] bool backend_left();
    /// Stops and goes to closed.
    void close();
    /// As a guest that dies: nothing is ended in order.
    void die();

    [[nodiscard]] std::size_t in_flight() const { return sent_.size() + waiting_.size(); }
    [[nodiscard]] std::uint64_t sectors();
    [[nodiscard]] unsigned connections() const { return connections_; }
    /// All connections together.
    [[nodiscard]] xvm_ring_stats totals() const;
    /// Sends the event, whatever is in the ring.
    [[nodiscard]] Status poke() { return evtchn_.notify(); }
    [[nodiscard]] std::span<std::byte> ring_bytes() { return ring_.bytes; }
    [[nodiscard]] std::string error();

  private:
    void follow_states();
    void offer();
    void drop_ring();
    void push_waiting();
    void take_answers();
    void poll_once(int timeout_ms);

    std::unique_ptr<port::hosted::Process> process_;
    Domid guest_;
    xenbus::Session session_;
    std::uint32_t ring_pages_;
    port::Granter::Shared ring_{};
    port::Evtchn evtchn_;
    std::optional<Client> client_;
    bool flowing_ = false;
    unsigned connections_ = 0;
    xvm_ring_stats earlier_{};
    std::vector<xvm_blk_request> waiting_;
    std::map<std::uint64_t, xvm_blk_request> sent_;
    std::map<std::uint64_t, std::int32_t> answers_;
};

} // namespace xvm::test
