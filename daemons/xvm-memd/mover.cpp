// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/mover.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/object.hpp>

namespace xvm::memd {
namespace {

constexpr std::size_t moves_max = 16;

} // namespace

Mover::~Mover() {
    for (std::thread& thread : threads_)
        thread.join();
}

bool Mover::begin(const balance::Move& move) {
    if (threads_.size() >= moves_max || (move.from && is_busy(*move.from)) || (move.to && is_busy(*move.to)))
        return false;
    if (move.from) busy_.insert(*move.from);
    if (move.to) busy_.insert(*move.to);
    const auto at = threads_.emplace(threads_.end());
    *at = std::thread([this, at, move] {
        const Outcome outcome = ask_(move);
        boost::asio::post(context_, [this, at, move, outcome] { end(at, move, outcome); });
    });
    return true;
}

void Mover::end(std::list<std::thread>::iterator thread, const balance::Move& move, const Outcome& outcome) {
    thread->join();
    threads_.erase(thread);
    if (move.from) busy_.erase(*move.from);
    if (move.to) busy_.erase(*move.to);
    done_(move, outcome);
}

Outcome ask_for_move(const std::string& socket, int stop_fd, const balance::Move& move) {
    api::Waiting waiting;
    waiting.silence_max = limit_of(move) + std::chrono::seconds(30);
    waiting.interrupt_fd = stop_fd;
    waiting.interrupted = [] { return false; };
    const auto answer = api::Http_client(socket, "xvmd", std::move(waiting)).call(call_of(move));
    if (!answer) return tl::unexpected<api::Failure>(answer.error());
    const boost::json::object* object = answer->if_object();
    const boost::json::value* moved = object != nullptr ? object->if_contains("moved_bytes") : nullptr;
    boost::json::error_code no_number;
    const auto bytes = moved != nullptr ? moved->to_number<std::uint64_t>(no_number) : 0;
    if (moved == nullptr || no_number)
        return tl::unexpected<api::Failure>(
            Error{Fault::failed, "xvmd's answer", "is no xvm.memory_move/1", {}});
    return bytes;
}

} // namespace xvm::memd
