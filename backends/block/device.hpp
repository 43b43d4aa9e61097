// SPDX-License-Identifier: Apache-2.0
// One virtual disk at work: takes requests from a ring, carries them out, answers each exactly once.
// No waiting, no event channel, no thread of its own: whoever owns it says when to run (queue.hpp).
//
// Invariant: memory is bounded at construction; whatever the guest does, one call of run() does a
// bounded amount of work, and a request it cannot believe is answered with a status, never carried out.
#pragma once

#include "backends/block/image.hpp"
#include "backends/block/parse.hpp"
#include "backends/block/profile.hpp"
#include "backends/block/trace.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/ring/server.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace xvm::block {

/// Segments a request may have: 256 of 4 KiB are 1 MiB.
inline constexpr std::uint16_t segments_max = 256;
/// Requests taken from the ring at a time.
inline constexpr std::uint32_t batch_max = 64;
/// Buffer of one disk. At least one request of segments_max whole pages fits.
inline constexpr std::size_t buffer_bytes = 2 * segments_max * port::page_bytes;

/// What a disk has done since its ring was connected.
struct Counters {
    std::uint64_t reads = 0; ///< carried out, without error
    std::uint64_t writes = 0;
    std::uint64_t flushes = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t refused = 0; ///< requests that break a rule: invalid, range, read_only
    std::uint64_t failed = 0;  ///< correct requests that the disk or a grant did not carry
    std::uint64_t batches = 0; ///< publications of responses
    std::uint64_t most_in_batch = 0;
};

class Device {
  public:
    /// `grants` outlives the device. `read_only`: the guest's mode; a writable image may be given so.
    /// `clock` and `trace` outlive it, too; without a clock no request is stamped.
    Device(const ring::Region& region, port::Grants& grants, Domid guest, Image image, bool read_only,
           Clock* clock = nullptr, Trace* trace = nullptr);

    /// On the event, before run().
    void begin_wake() {
        event_ = stamp(); // first: what follows is queueing
        server_.begin_wake();
    }

    struct Run {
        bool worked = false; ///< requests were answered: run again before arm()
        bool send = false;   ///< the guest is to be sent the event
    };
    /// Answers a batch of what is in the ring, as much as the buffer holds.
    [[nodiscard]] Run run();

    /// After run() found nothing and the event channel was unmasked.
    [[nodiscard]] ring::Arm arm() { return server_.arm(); }

    /// The front end broke the ring's rules: it is stopped for good, run() does nothing any more.
    [[nodiscard]] bool broken() const noexcept { return server_.broken(); }

    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
    /// The disk has another size: holds for what is taken from the ring from now on.
    void set_sectors(std::uint64_t sectors) noexcept { limits_.sectors = sectors; }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const Profile& profile() const noexcept { return profile_; }
    [[nodiscard]] xvm_ring_stats ring_counters() const noexcept { return server_.counters(); }
    /// The first failure of the host since the last call, if there was one: for the log.
    [[nodiscard]] std::optional<Error> take_failure() noexcept {
        return std::exchange(failure_, std::nullopt);
    }

  private:
    enum class Kind : std::uint8_t { answer, flush, read, write }; // as Traced_op
    struct Job {
        std::uint64_t id = 0;
        Kind kind = Kind::answer; ///< answer: nothing to do but to send `status`
        std::int32_t status = XVM_BLK_OK;
        std::uint64_t offset = 0; ///< bytes on the disk
        std::uint32_t bytes = 0;
        std::uint16_t pieces = 0;
        std::size_t buffer = 0;      ///< offset in buffer_
        std::uint64_t submitted = 0; ///< the front end's stamp
    };

    void take_batch();
    void copy_indirect();
    void judge(std::size_t job);
    [[nodiscard]] std::size_t fill_buffer();
    void copy(std::size_t end, Kind kind, port::Direction direction);
    void carry_out(std::size_t end);
    void answer(Job& job);
    void fail(Job& job, std::int32_t status, const Error& error);
    [[nodiscard]] std::span<Piece> pieces(std::size_t job) {
        return {&pieces_[job * segments_max], jobs_[job].pieces};
    }
    [[nodiscard]] std::uint64_t stamp() { return clock_ != nullptr ? clock_->stamp() : 0; }
    [[nodiscard]] std::span<std::byte> buffer(const Job& job) { return {&buffer_[job.buffer], job.bytes}; }

    ring::Server<xvm_blk_request, xvm_blk_response> server_;
    port::Grants& grants_;
    Domid guest_;
    Image image_;
    Limits limits_;

    // A batch: jobs_[next_ …] are not yet answered. Of each, its raw request, its raw segments and its
    // pieces lie at the same index (times segments_max).
    std::vector<Job> jobs_;
    std::size_t next_ = 0;
    std::vector<Transfer_head> heads_;
    // Not initialised: what is read was written before, and an idle disk costs no memory.
    std::unique_ptr<xvm_blk_segment[]> segments_;
    std::unique_ptr<Piece[]> pieces_;
    std::unique_ptr<std::byte[]> buffer_;
    std::vector<port::Grant_copy> copies_;

    Counters counters_;
    Clock* clock_;
    std::uint64_t event_ = 0; ///< when the event of the present wake came; 0: its first batch was taken
    Stamps batch_{};          ///< what the batch's requests share
    Profile profile_;
    Trace* trace_;
    std::optional<Error> failure_;
};

} // namespace xvm::block
