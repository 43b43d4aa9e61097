// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/work.hpp"

#include "toolstack/pack/output.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace xvm::pack_tool {
namespace {

using namespace std::chrono_literals;

volatile std::sig_atomic_t caught = 0;

std::size_t terminal_columns() {
    struct winsize size {};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

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

double Work::seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
}

std::string Work::bytes_per_second() const {
    return human_bytes(static_cast<std::uint64_t>(static_cast<double>(done_) / seconds())) + "/s";
}

std::string Work::speed() const {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "in %.2f s", seconds());
    // In less than a hundredth of a second the clock says more about itself.
    return seconds() > 0.01 ? text.data() + (", " + bytes_per_second()) : text.data();
}

void Work::draw() {
    constexpr std::size_t width = 20;
    const double share =
        total_ == 0 ? 1 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * width);
    std::array<char, 16> percent{};
    std::snprintf(percent.data(), percent.size(), "%3.0f %%", share * 100);
    std::string line = title_ + " [" + std::string(filled, '#') + std::string(width - filled, '.') + "] " +
                       percent.data() + " of " + human_bytes(total_) + ", " + bytes_per_second();
    // A line that wraps could not be drawn over.
    line.resize(std::min(line.size(), terminal_columns() - 1));
    std::cerr << '\r' << line << "\x1b[K" << std::flush;
    drawn_ = true;
    next_draw_ = Clock::now() + 100ms;
}

} // namespace xvm::pack_tool
