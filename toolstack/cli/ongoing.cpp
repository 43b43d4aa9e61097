// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/ongoing.hpp"

#include "libvmshare/base/unique_fd.hpp"
#include "toolstack/api/target.hpp"
#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/daemon.hpp"

#include <boost/json/array.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <sys/signalfd.h>
#include <unistd.h>

namespace xvm::cli {
namespace json = boost::json;
namespace {

using namespace std::chrono_literals;

/// How long the side questions may take: the change itself is what is waited for.
constexpr auto aside_max = 2s;
constexpr auto progress_period = 250ms;

/// Signals that ask the command to end are read from here instead.
Unique_fd end_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    return Unique_fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

class Ongoing {
  public:
    explicit Ongoing(const Arguments& arguments)
        : arguments_(arguments), signals_(end_signals()), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

    tl::expected<json::value, api::Failure> ask(const api::Call& call) {
        api::Waiting waiting{api::wait_for_ever, signals_.get(), [this] { return cancel(); }, 0ms, {}};
        if (on_terminal_) {
            waiting.tick = progress_period;
            waiting.ticked = [this] { show_step(); };
        }
        auto answer = client_of(arguments_, waiting).call(call);
        if (line_shown_) std::fputs("\r\033[K", stderr);
        if (!answer && hung_up_) return tl::unexpected<api::Failure>(hung_up());
        return answer;
    }

  private:
    /// xvmd's record of the operation that this process asked for, while it goes on.
    std::optional<json::value> operation() const {
        const auto listed = aside({"GET", "/v1/operations", {}, {}});
        const json::value* all = listed ? member(*listed, "operations") : nullptr;
        if (all == nullptr || !all->is_array()) return std::nullopt;
        std::optional<json::value> found;
        for (const json::value& one : all->get_array())
            if (plain(member(one, "client_pid")) == std::to_string(::getpid()) &&
                member(one, "ended_ms") == nullptr)
                found = one;
        return found;
    }

    tl::expected<json::value, api::Failure> aside(const api::Call& call) const {
        return api::Http_client(arguments_.text("socket"), "xvmd", aside_max).call(call);
    }

    /// Whether to go on waiting.
    bool cancel() {
        signalfd_siginfo signal{};
        [[maybe_unused]] const ssize_t got = ::read(signals_.get(), &signal, sizeof signal);
        const auto found = cancelled_ ? std::nullopt : operation();
        cancelled_ = true;
        hung_up_ = !found ||
                   !aside({"DELETE", api::target({"v1", "operations", plain(member(*found, "id"))}), {}, {}});
        if (!hung_up_ && on_terminal_) say("cancelling; Ctrl-C again to leave it to xvmd");
        return !hung_up_;
    }

    void show_step() {
        if (cancelled_) return;
        if (const auto found = operation()) {
            const std::string step = plain(member(*found, "step"));
            if (!step.empty()) say(plain(member(*found, "name")) + ": " + step);
        }
    }

    /// A line that the next one replaces.
    void say(const std::string& text) {
        std::fprintf(stderr, "\r\033[K%s", text.c_str());
        std::fflush(stderr);
        line_shown_ = true;
    }

    [[nodiscard]] api::Failure hung_up() const {
        return Error{Fault::failed, std::string(arguments_.verb().words),
                     "interrupted; xvmd undoes what was done",
                     "'xvm operation list' shows when that is over"};
    }

    const Arguments& arguments_;
    Unique_fd signals_;
    bool on_terminal_;
    bool cancelled_ = false;
    bool hung_up_ = false;
    bool line_shown_ = false;
};

} // namespace

tl::expected<json::value, api::Failure> ask_for_change(const Arguments& arguments, const api::Call& call) {
    return Ongoing(arguments).ask(call);
}

} // namespace xvm::cli
