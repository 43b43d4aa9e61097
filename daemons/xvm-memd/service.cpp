// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/service.hpp"

#include <spdlog/spdlog.h>

namespace xvm::memd {
namespace {

constexpr balance::Millis retry{5'000};

} // namespace

Service::Service(boost::asio::io_context& context, Ways ways, Manner manner, std::function<void()> ended)
    : timer_(context), watchdog_(context), ways_(std::move(ways)), manner_(manner), ended_(std::move(ended)),
      mover_(context, ways_.move,
             [this](const balance::Move& move, const Outcome& outcome) { moved(move, outcome); }) {}

void Service::look() {
    if (stopped_) return;
    watchdog_.active();
    looked_at_ = ways_.now();
    const auto answer = ways_.look();
    const auto world = answer ? parse_world(*answer) : tl::unexpected<Error>(answer.error());
    if (!world) {
        // Said once: xvmd may be away for a while.
        if (is_reachable_) spdlog::warn("{}", world.error().line());
        is_reachable_ = false;
        code_ = static_cast<int>(world.error().fault);
        if (manner_.once) return ended_();
        return look_after(retry);
    }
    if (!is_reachable_) spdlog::info("xvmd answers again");
    is_reachable_ = true;
    code_ = 0;
    decide(*world);
}

void Service::decide(const balance::World& shown) {
    balance::World world = shown;
    for (balance::Guest_view& guest : world.guests)
        if (guest.movable == balance::Movable::yes && mover_.is_busy(guest.uuid))
            guest.movable = balance::Movable::busy;
    const balance::Millis now = ways_.now();
    past_.observe(world, now);
    const std::vector<balance::Move> moves = balance::decide(world, past_, now);
    for (const balance::Move& move : moves) {
        if (manner_.dry_run)
            spdlog::info("would move {}", line_of(world, move));
        else if (mover_.begin(move))
            spdlog::info("moves {}", line_of(world, move));
    }
    const bool lacking = !moves.empty() || balance::is_anybody_lacking(world, past_, now);
    if (manner_.once && mover_.is_idle()) return ended_();
    if (!manner_.once) look_after(next_look(lacking, is_changing(world, before_)));
    before_ = std::move(world);
}

void Service::moved(const balance::Move& move, const Outcome& outcome) {
    if (!outcome) spdlog::warn("a move of {} MiB: {}", move.bytes >> 20, outcome.error().line());
    // Whatever it was: who was asked and did not give is not asked again at once.
    if (move.from) past_.gave(*move.from, move.bytes, outcome.value_or(0), ways_.now());
    if (stopped_) return;
    if (!manner_.once) return look();
    if (mover_.is_idle()) ended_();
}

void Service::look_soon() {
    const balance::Millis wait = look_at_report(looked_at_, ways_.now());
    if (is_planned_ && next_at_ <= ways_.now() + wait) return;
    look_after(wait);
}

void Service::look_after(std::optional<balance::Millis> wait) {
    is_planned_ = wait && !stopped_;
    if (!is_planned_) {
        timer_.cancel();
        return;
    }
    next_at_ = ways_.now() + *wait;
    timer_.expires_after(*wait);
    timer_.async_wait([this](const boost::system::error_code& e) {
        if (!e) look();
    });
}

void Service::stop() {
    stopped_ = true;
    timer_.cancel();
    watchdog_.stop();
}

} // namespace xvm::memd
