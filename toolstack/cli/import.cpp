// SPDX-License-Identifier: Apache-2.0
// xvm import: an xl.cfg file as TOML. The program beside it that knows xl's syntax (libxlutil) does it, so
// that this one needs no library of Xen.
#include "libvmshare/base/file.hpp"
#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/verbs.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace xvm::cli {
namespace json = boost::json;
namespace {

constexpr const char* helper = "/usr/libexec/xvm/xvm-import";

struct Child {
    std::string output;
    int exit_code = 0;
};

/// Runs the helper; its standard error is ours, its standard output what it has to say as JSON.
Result<Child> run_helper(std::vector<std::string> words) {
    const std::string program = words[0];
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(errno, "pipe", "make");
    const Unique_fd reading(ends[0]);
    Unique_fd writing(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return fail_errno(error, program, "start", "install the package xvm, or set XVM_IMPORT");
    writing.reset();
    Child child;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = ::read(reading.get(), piece.data(), piece.size())) != 0;)
        if (got > 0) child.output.append(piece.data(), static_cast<std::size_t>(got));
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    child.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(Fault::failed);
    return child;
}

/// The TOML is for a file, the notes are for whoever looks on.
void print_for_people(const Run& run, const json::value& answer) {
    const json::value* notes = member(answer, "notes");
    if (notes != nullptr && notes->is_array())
        for (const json::value& note : notes->get_array())
            std::fprintf(stderr, "xvm: %s: %s: %s; %s\n", plain(member(note, "level")).c_str(),
                         plain(member(note, "object")).c_str(), plain(member(note, "cause")).c_str(),
                         plain(member(note, "remedy")).c_str());
    if (run.arguments.given("to") == nullptr) run.out += plain(member(answer, "toml"));
}

} // namespace

Outcome run_import(const Run& run) {
    const char* given = std::getenv("XVM_IMPORT");
    std::vector<std::string> words{given != nullptr ? given : helper, "-o", "json", "--quiet"};
    if (run.arguments.is_on("strict")) words.emplace_back("--strict");
    for (const std::string option : {"to", "name"})
        if (const std::string* value = run.arguments.given(option))
            words.insert(words.end(), {"--" + option, *value});
    words.insert(words.end(), {"--", run.arguments.text("file")});
    XVM_ASK(const Child child, run_helper(std::move(words)));
    json::error_code error;
    const json::value answer = json::parse(child.output, error);
    if (!error)
        if (auto failure = api::parse_failure(answer))
            return tl::unexpected<api::Failure>(std::move(*failure));
    if (error || child.exit_code != 0)
        return tl::unexpected<api::Failure>(Error{Fault::failed, "xvm-import",
                                                  "ended with exit code " + std::to_string(child.exit_code),
                                                  "run it alone to see why: xvm-import FILE"});
    if (run.arguments.format() == Format::table)
        print_for_people(run, answer);
    else
        run.print(answer);
    return {};
}

} // namespace xvm::cli
