// SPDX-License-Identifier: Apache-2.0
#include "backends/block/device.hpp"

#include "libvmshare/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace xvm::block {

Device::Device(const ring::Region& region, port::Grants& grants, Domid guest, Image image, bool read_only,
               Clock* clock, Trace* trace)
    : server_(region), grants_(grants), guest_(guest),
      image_(std::move(image)), limits_{image_.sectors(), segments_max, read_only || image_.read_only()},
      segments_(std::make_unique_for_overwrite<xvm_blk_segment[]>(std::size_t{batch_max} * segments_max)),
      pieces_(std::make_unique_for_overwrite<Piece[]>(std::size_t{batch_max} * segments_max)),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(buffer_bytes)), clock_(clock), trace_(trace) {
    jobs_.reserve(batch_max);
    heads_.reserve(batch_max);
    copies_.reserve(buffer_bytes / XVM_BLK_SECTOR_BYTES);
}

Device::Run Device::run() {
    if (next_ == jobs_.size()) take_batch();
    if (next_ == jobs_.size()) return {};
    const std::size_t end = fill_buffer();
    copy(end, Kind::write, port::Direction::from_guest);
    carry_out(end);
    copy(end, Kind::read, port::Direction::to_guest);
    counters_.most_in_batch = std::max<std::uint64_t>(counters_.most_in_batch, end - next_);
    ++counters_.batches;
    batch_.answered = stamp();
    for (; next_ < end; ++next_)
        answer(jobs_[next_]);
    return {true, server_.publish()};
}

/// Copies requests out of the ring and judges them; afterwards nothing raw is looked at.
void Device::take_batch() {
    jobs_.clear();
    heads_.clear();
    next_ = 0;
    xvm_blk_request raw{};
    while (jobs_.size() < batch_max && server_.take(raw) == ring::Take::taken) {
        const std::size_t at = jobs_.size();
        Job& job = jobs_.emplace_back();
        Transfer_head& transfer = heads_.emplace_back();
        if (at == 0) {
            batch_.event = std::exchange(event_, 0);
            batch_.taken = stamp();
        }
        job.id = raw.header.id;
        job.submitted = raw.header.t_submit;
        const Head head = parse_head(raw, limits_);
        if (const auto* verdict = std::get_if<Verdict>(&head)) {
            job.status = static_cast<std::int32_t>(*verdict);
            ++counters_.refused;
        } else if (std::holds_alternative<Flush>(head)) {
            job.kind = Kind::flush;
        } else {
            transfer = std::get<Transfer_head>(head);
            job.kind = transfer.op == Op::read ? Kind::read : Kind::write;
            job.pieces = transfer.segments;
            if (!transfer.indirect)
                std::copy_n(raw.segments, transfer.segments, &segments_[at * segments_max]);
        }
    }
    copy_indirect();
    for (std::size_t i = 0; i < jobs_.size(); ++i)
        judge(i);
}

/// Segments that lie in pages of the guest: one copy for all, and only of what is used.
void Device::copy_indirect() {
    copies_.clear();
    std::array<std::uint8_t, batch_max> of{};
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
        if (!heads_[i].indirect) continue;
        of[copies_.size()] = static_cast<std::uint8_t>(i);
        copies_.push_back(
            {*heads_[i].indirect, 0, static_cast<std::uint16_t>(heads_[i].segments * sizeof(xvm_blk_segment)),
             reinterpret_cast<std::byte*>(&segments_[i * segments_max]), port::Direction::from_guest, false});
    }
    if (copies_.empty()) return;
    const Status done = grants_.copy(guest_, copies_);
    for (std::size_t c = 0; c < copies_.size(); ++c) {
        if (done && copies_[c].ok) continue;
        Job& job = jobs_[of[c]];
        job.kind = Kind::answer;
        job.status = XVM_BLK_E_GRANT;
        ++counters_.failed;
    }
    if (!done && !failure_) failure_ = done.error();
}

void Device::judge(std::size_t at) {
    Job& job = jobs_[at];
    if (job.kind != Kind::read && job.kind != Kind::write) return;
    const std::span raw(&segments_[at * segments_max], job.pieces);
    const Verdict verdict = parse_segments(raw, heads_[at].sector, limits_, pieces(at), job.bytes);
    if (verdict != Verdict::ok) {
        job.kind = Kind::answer;
        job.status = static_cast<std::int32_t>(verdict);
        ++counters_.refused;
        return;
    }
    job.offset = heads_[at].sector * XVM_BLK_SECTOR_BYTES;
}

/// Gives the next jobs their parts of the buffer; the end of those that found room.
std::size_t Device::fill_buffer() {
    std::size_t used = 0;
    std::size_t end = next_;
    for (; end < jobs_.size(); ++end) {
        Job& job = jobs_[end];
        if (job.kind != Kind::read && job.kind != Kind::write) continue;
        if (job.bytes > buffer_bytes - used) break;
        job.buffer = used;
        used += job.bytes;
    }
    XVM_ASSERT(end > next_);
    return end;
}

/// All pages of all reads, or of all writes, in one call. A job with a page that was refused is over.
void Device::copy(std::size_t end, Kind kind, port::Direction direction) {
    copies_.clear();
    for (std::size_t i = next_; i < end; ++i) {
        if (jobs_[i].kind != kind || jobs_[i].status != XVM_BLK_OK) continue;
        std::byte* local = &buffer_[jobs_[i].buffer];
        for (const Piece& piece : pieces(i)) {
            copies_.push_back({piece.gref, piece.offset, piece.length, local, direction, false});
            local += piece.length;
        }
    }
    if (copies_.empty()) return;
    const Status done = grants_.copy(guest_, copies_);
    if (!done && !failure_) failure_ = done.error();
    auto element = copies_.begin();
    for (std::size_t i = next_; i < end; ++i) {
        Job& job = jobs_[i];
        if (job.kind != kind || job.status != XVM_BLK_OK) continue;
        const auto last = element + job.pieces;
        if (!done || !std::all_of(element, last, [](const port::Grant_copy& c) { return c.ok; })) {
            job.status = XVM_BLK_E_GRANT;
            ++counters_.failed;
        }
        element = last;
    }
}

/// The disk's part. One flush serves all that wait for one: each promises only what was answered before
/// it was sent.
void Device::carry_out(std::size_t end) {
    std::optional<Status> flushed;
    for (std::size_t i = next_; i < end; ++i) {
        Job& job = jobs_[i];
        if (job.status != XVM_BLK_OK || job.kind == Kind::answer) continue;
        Status done;
        if (job.kind == Kind::read) {
            done = image_.read(job.offset, buffer(job));
        } else if (job.kind == Kind::write) {
            done = image_.write(job.offset, buffer(job));
        } else {
            if (!flushed) flushed = limits_.read_only ? Status{} : image_.flush();
            done = *flushed;
        }
        if (!done)
            fail(job, done.error().fault == Fault::exhausted ? XVM_BLK_E_NO_SPACE : XVM_BLK_E_IO,
                 done.error());
    }
}

void Device::fail(Job& job, std::int32_t status, const Error& error) {
    job.status = status;
    ++counters_.failed;
    if (!failure_) failure_ = error;
}

void Device::answer(Job& job) {
    if (job.status == XVM_BLK_OK) {
        counters_.reads += job.kind == Kind::read;
        counters_.writes += job.kind == Kind::write;
        counters_.flushes += job.kind == Kind::flush;
        (job.kind == Kind::write ? counters_.written_bytes : counters_.read_bytes) += job.bytes;
    }
    xvm_blk_response response{};
    response.header.id = job.id;
    response.status = job.status;
    batch_.submitted = job.submitted;
    if (clock_ != nullptr) {
        response.header.t_handover = handed_over(batch_);
        response.header.t_complete = batch_.answered;
        profile_.add(batch_, clock_->tick_ns());
    }
    if (trace_ != nullptr)
        trace_->add({0, batch_, clock_ != nullptr ? clock_->tick_ns() : 0, job.offset / XVM_BLK_SECTOR_BYTES,
                     job.bytes, job.status, static_cast<Traced_op>(job.kind)});
    server_.respond(response);
}

} // namespace xvm::block
