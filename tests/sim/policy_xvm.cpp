// SPDX-License-Identifier: Apache-2.0
// toolstack/balance at work: xvm-memd decides, xvmd moves. A move hands on what has been given as it comes;
// who starts gets what is free and what reclaim() names.
#include "tests/sim/policy.hpp"
#include "toolstack/balance/reclaim.hpp"

#include <algorithm>

namespace xvm::sim {
namespace {

using balance::Millis;
constexpr std::uint64_t reserve_bytes = 32 * mib;
constexpr std::int64_t patience_ms = 30'000; ///< of a start
constexpr std::int64_t look_again_ms = 2'000;
constexpr std::size_t nobody = SIZE_MAX;

Uuid uuid_of(std::size_t index) {
    Uuid uuid;
    uuid.bytes[15] = static_cast<std::uint8_t>(index);
    uuid.bytes[0] = 1;
    return uuid;
}
std::size_t index_of(const std::optional<Uuid>& uuid) {
    return uuid ? uuid->bytes[15] : nobody;
}

struct Transfer {
    std::size_t from = nobody, to = nobody; ///< nobody: free memory
    std::size_t starts = nobody;            ///< it is for this one's start
    std::uint64_t bytes = 0;
    std::uint64_t from_bytes = 0, to_bytes = 0; ///< what they had
    std::int64_t until_ms = 0;
};

struct Start {
    std::size_t guest = nobody;
    std::int64_t since_ms = 0;
};

class Xvm : public Policy {
  public:
    Xvm(Decider decide, bool with_minimums) : decide_(std::move(decide)), with_minimums_(with_minimums) {}

    void tick(Machine& machine) override {
        now_ = machine.now_ms();
        advance(machine);
        start(machine);
        const bool look = machine.changes() != seen_ || (lacking_ && now_ >= again_ms_);
        if (look) balance(machine);
    }

  private:
    [[nodiscard]] std::uint64_t given(const Machine& machine, const Transfer& transfer) const {
        if (transfer.from == nobody) return transfer.bytes;
        const std::uint64_t has = machine.guests()[transfer.from].memory_bytes;
        return std::min(transfer.bytes, transfer.from_bytes > has ? transfer.from_bytes - has : 0);
    }

    void advance(Machine& machine) {
        const auto is_over = [&](const Transfer& transfer) { return !goes_on(machine, transfer); };
        const auto end = std::remove_if(transfers_.begin(), transfers_.end(), is_over);
        if (end == transfers_.end()) return;
        transfers_.erase(end, transfers_.end());
        seen_ = 0; // look again
    }

    bool goes_on(Machine& machine, const Transfer& transfer) {
        const std::uint64_t has_given = given(machine, transfer);
        const auto runs = [&](std::size_t i) {
            return i == nobody || machine.guests()[i].life == Life::runs;
        };
        bool is_done = has_given >= transfer.bytes;
        if (transfer.to != nobody && runs(transfer.to)) {
            const std::uint64_t have = transfer.to_bytes + has_given;
            machine.ask(transfer.to, have, have);
            is_done = is_done && machine.guests()[transfer.to].memory_bytes >= have;
        }
        const bool not_wanted = transfer.starts != nobody &&
                                std::none_of(starts_.begin(), starts_.end(),
                                             [&](const Start& s) { return s.guest == transfer.starts; });
        if (!is_done && now_ < transfer.until_ms && runs(transfer.from) && runs(transfer.to) && !not_wanted)
            return true;
        if (transfer.from != nobody && runs(transfer.from)) {
            const std::uint64_t keeps = machine.guests()[transfer.from].memory_bytes;
            machine.ask(transfer.from, keeps, keeps);
            if (!not_wanted) past_.gave(uuid_of(transfer.from), transfer.bytes, has_given, Millis(now_));
        }
        return false;
    }

    [[nodiscard]] bool is_busy(std::size_t index) const {
        return std::any_of(transfers_.begin(), transfers_.end(), [&](const Transfer& transfer) {
            return transfer.from == index || transfer.to == index;
        });
    }

    /// What xvmd shows of this instant.
    [[nodiscard]] balance::World world(const Machine& machine) const {
        balance::World world;
        world.total_bytes = machine.total_bytes();
        world.free_bytes = machine.free_bytes();
        world.host_reserve_bytes = reserve_bytes;
        for (const Transfer& transfer : transfers_)
            if (transfer.to != nobody) {
                const std::uint64_t has = machine.guests()[transfer.to].memory_bytes;
                const std::uint64_t due = transfer.to_bytes + given(machine, transfer);
                world.promised_bytes += due > has ? due - has : 0;
            }
        for (const Start& start : starts_)
            world.promised_bytes += machine.guests()[start.guest].spec->size_bytes;
        for (std::size_t i = 0; i < machine.guests().size(); ++i) {
            const Guest& guest = machine.guests()[i];
            if (guest.life != Life::runs) continue;
            balance::Guest_view view;
            view.uuid = uuid_of(i);
            view.memory_bytes = guest.memory_bytes;
            view.target_bytes = guest.target_bytes;
            view.min_bytes = with_minimums_ ? guest.spec->min_bytes : 0;
            view.max_bytes = guest.spec->max_bytes;
            view.home_bytes = guest.spec->size_bytes;
            view.movable = guest.paused                              ? balance::Movable::paused
                           : is_busy(i)                              ? balance::Movable::busy
                           : past_.is_stuck(view.uuid, Millis(now_)) ? balance::Movable::stuck
                                                                     : balance::Movable::yes;
            if (guest.module.seq > 0)
                view.report = balance::Report{guest.module.seq,
                                              guest.module.memory_bytes,
                                              guest.module.memory_bytes > guest.module.used_bytes
                                                  ? guest.module.memory_bytes - guest.module.used_bytes
                                                  : 0,
                                              guest.module.used_bytes,
                                              guest.module.some_centipercent,
                                              0};
            world.guests.push_back(view);
        }
        return world;
    }

    void begin(Machine& machine, std::size_t from, std::size_t to, std::size_t starts, std::uint64_t bytes) {
        Transfer transfer{from, to, starts, bytes, 0, 0, 0};
        transfer.until_ms = now_ + 2000 + static_cast<std::int64_t>(bytes * 1000 / (64 * mib));
        if (to != nobody) transfer.to_bytes = machine.guests()[to].memory_bytes;
        if (from != nobody) {
            transfer.from_bytes = machine.guests()[from].memory_bytes;
            machine.ask(from, transfer.from_bytes - bytes, transfer.from_bytes);
        }
        transfers_.push_back(transfer);
    }

    void balance(Machine& machine) {
        seen_ = machine.changes();
        const balance::World now = world(machine);
        past_.observe(now, Millis(now_));
        const auto moves = decide_(now, past_, Millis(now_));
        for (const balance::Move& move : moves)
            begin(machine, index_of(move.from), index_of(move.to), nobody, move.bytes);
        lacking_ = !moves.empty() || balance::is_anybody_lacking(now, past_, Millis(now_));
        again_ms_ = now_ + look_again_ms;
    }

    void start(Machine& machine) {
        for (std::size_t i = 0; i < machine.guests().size(); ++i)
            if (machine.is_asked_for(i) &&
                std::none_of(starts_.begin(), starts_.end(), [&](const Start& s) { return s.guest == i; }))
                starts_.push_back({i, now_});
        const auto pending = starts_;
        for (const Start& start : pending)
            if (is_settled(machine, start))
                starts_.erase(std::find_if(starts_.begin(), starts_.end(),
                                           [&](const Start& s) { return s.guest == start.guest; }));
    }

    /// Started, refused, or wanted no more.
    bool is_settled(Machine& machine, const Start& start) {
        const Guest& guest = machine.guests()[start.guest];
        if (guest.life != Life::waits) return true;
        const std::uint64_t size = guest.spec->size_bytes;
        balance::World now = world(machine);
        now.promised_bytes -= size;
        const std::uint64_t lacks = balance::lacking_bytes(now, size);
        if (lacks == 0) return machine.start(start.guest, size);
        std::uint64_t comes = 0;
        for (const Transfer& transfer : transfers_)
            if (transfer.starts != nobody) comes += transfer.bytes - given(machine, transfer);
        if (comes >= lacks) return false;
        if (const auto takes = balance::reclaim(now, lacks - comes)) {
            for (const balance::Take& take : *takes)
                begin(machine, index_of(take.uuid), nobody, start.guest, take.bytes);
            return false;
        }
        // Guests that are in a move may have something to give when it is over.
        if (now_ - start.since_ms < patience_ms && !transfers_.empty()) return false;
        machine.refuse(start.guest);
        return true;
    }

    Decider decide_;
    bool with_minimums_;
    balance::Past past_;
    std::vector<Transfer> transfers_;
    std::vector<Start> starts_;
    std::uint64_t seen_ = 0;
    bool lacking_ = false;
    std::int64_t again_ms_ = 0;
    std::int64_t now_ = 0;
};

} // namespace

std::unique_ptr<Policy> make_xvm(Decider decide, bool with_minimums) {
    return std::make_unique<Xvm>(std::move(decide), with_minimums);
}

} // namespace xvm::sim
