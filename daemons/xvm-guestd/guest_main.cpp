// SPDX-License-Identifier: Apache-2.0
// xvm-guest: a guest's command; asks the host about guests, over a channel of its own. Static, and by stock
// devices alone (gntalloc, evtchn, xenbus), so that it runs in any Linux guest.
#include "libvmshare/abi/channel_grants.h"
#include "libvmshare/base/number.hpp"
#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/channel/end.hpp"
#include "libvmshare/port/xen/guest_channel.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace xvm;
namespace json = boost::json;

constexpr const char* usage = R"(Usage: xvm-guest [--timeout SECONDS] VERB TARGET
Asks the host about guests; the host's rules say what this guest may.

  show TARGET       its state
  start TARGET      a stored configuration
  pause, unpause, shutdown, reboot, destroy TARGET

TARGET is a name; the answer is JSON. Exit codes are those of xvm(1): 7 is "may not".
)";

/// Also if dom0 never answers.
void too_late(int) {
    constexpr std::string_view text = "xvm-guest: the host: does not answer; does xvm-guestd run there?\n";
    static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
    ::_exit(static_cast<int>(Fault::timeout));
}

/// Its channel goes with it, and dom0 is told so.
class Asking {
  public:
    static Result<std::string> ask(const std::string& question) {
        // One at a time in this guest: there is one node.
        const Unique_fd lock(::open("/dev/xen/gntalloc", O_RDWR | O_CLOEXEC));
        if (!lock)
            return fail_errno(errno, "/dev/xen/gntalloc", "cannot be opened",
                              "be root, and: modprobe xen-gntalloc");
        if (::flock(lock.get(), LOCK_EX) != 0)
            return fail_errno(errno, "/dev/xen/gntalloc", "cannot be locked");
        XVM_TRY_LET(const auto wires, port::xen::Guest_channel::open(XVM_GUEST_NODE));
        Result<std::string> answer = talk(*wires, question);
        static_cast<void>(wires->withdraw());
        return answer;
    }

  private:
    static Result<std::string> talk(port::xen::Guest_channel& wires, const std::string& question) {
        XVM_TRY(wires.await());
        XVM_TRY_LET(channel::End end, channel::End::attach(wires.region()));
        channel::Message request;
        request.id = 1;
        request.payload = question;
        if (!end.put(request)) return fail(Fault::usage, "request", "is too long", "shorten it");
        for (;;) {
            const auto turn = end.turn();
            if (turn.notify) XVM_TRY(wires.notify());
            for (const channel::Message& message : turn.got)
                if (message.kind == channel::Kind::answer && message.id == request.id) return message.payload;
            if (!end.fault().empty())
                return fail(Fault::failed, "channel", "the host's end is broken: " + std::string(end.fault()),
                            {});
            if (!turn.more) XVM_TRY(wires.await());
        }
    }
};

int run(const std::vector<std::string>& words, unsigned timeout_s) {
    std::signal(SIGALRM, too_late);
    ::alarm(timeout_s);
    const auto said = Asking::ask(json::serialize(
        json::object{{"schema", "xvm.guest_request/1"}, {"verb", words[0]}, {"target", words[1]}}));
    if (!said) {
        std::cerr << "xvm-guest: " << said.error().line() << '\n';
        return static_cast<int>(said.error().fault);
    }
    json::error_code wrong;
    const json::value answer = json::parse(*said, wrong);
    const json::object* all = wrong ? nullptr : answer.if_object();
    const json::value* code = all == nullptr ? nullptr : all->if_contains("exit_code");
    if (code == nullptr || !code->is_int64()) {
        std::cerr << "xvm-guest: the host: answers nonsense\n";
        return static_cast<int>(Fault::failed);
    }
    if (const json::value* error = all->if_contains("error"); error != nullptr && error->is_string())
        std::cerr << "xvm-guest: " << std::string(error->get_string()) << '\n';
    else
        std::cout << json::serialize(answer) << '\n';
    return static_cast<int>(code->get_int64());
}

} // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    unsigned timeout_s = 240;
    if (words.size() > 1 && words[0] == "--timeout") {
        const auto seconds = parse_number<std::uint16_t>(words[1]);
        if (!seconds || *seconds == 0) words.clear();
        timeout_s = seconds.value_or(1);
        if (!words.empty()) words.erase(words.begin(), words.begin() + 2);
    }
    if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
        std::cout << usage;
        return 0;
    }
    if (words.size() == 1 && words[0] == "--version") {
        std::cout << "xvm-guest " XVM_VERSION "\n";
        return 0;
    }
    if (words.size() != 2) {
        std::cerr << usage;
        return static_cast<int>(Fault::usage);
    }
    try {
        return run(words, timeout_s);
    } catch (const std::exception& error) {
        std::cerr << "xvm-guest: " << error.what() << '\n';
        return 1;
    }
}
