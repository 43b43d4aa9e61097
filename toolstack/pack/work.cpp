// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/work.hpp"

#include "toolstack/pack/output.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace xvm::pack_tool {
namespace {

using namespace std::chrono_literals;

volatile std::sig_atomic_t caught = 0;

extern "C" void note_signal(int number) {
    caught = number;
}

} // namespace

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND); // a second Ctrl-C ends at once
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        ::sigaction(number, &action, nullptr);
}

std::optional<int> interrupted_by() {
    if (caught == 0) return std::nullopt;
    return static_cast<int>(caught);
}

// Short work shows no bar: it would only flicker.
Work::Work(std::string title, std::uint64_t total)
    : title_(std::move(title)), total_(total), terminal_(::isatty(STDERR_FILENO) == 1),
      next_draw_(start_ + 300ms) {}

Work::~Work() {
    if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
}

Status Work::step(std::uint64_t bytes) {
    done_ += bytes;
    if (interrupted_by())
        return fail(Fault::failed, title_, "interrupted", "nothing incomplete is left behind");
    if (terminal_ && Clock::now() >= next_draw_) draw();
    return {};
}

std::string Work::speed() const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "in %.2f s", seconds);
    std::string answer = text.data();
    if (seconds > 0.01)
        answer += ", " + human_bytes(static_cast<std::uint64_t>(static_cast<double>(done_) / seconds)) + "/s";
    return answer;
}

void Work::draw() {
    constexpr std::size_t width = 30;
    const double share =
        total_ == 0 ? 1 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * width);
    std::array<char, 16> percent{};
    std::snprintf(percent.data(), percent.size(), "%3.0f %%", share * 100);
    std::cerr << '\r' << title_ << " [" << std::string(filled, '#') << std::string(width - filled, '.')
              << "] " << percent.data() << "  " << human_bytes(done_) << " of " << human_bytes(total_) << "  "
              << speed() << "\x1b[K" << std::flush;
    drawn_ = true;
    next_draw_ = Clock::now() + 100ms;
}

} // namespace xvm::pack_tool
