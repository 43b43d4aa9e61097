// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/verbs.hpp"

#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/request.hpp"
#include "toolstack/command/output.hpp"
#include "toolstack/plan/config_place.hpp"

#include <array>
#include <cerrno>
#include <cstdio>

namespace xvm::cli {
namespace {

struct Special {
    std::string_view id;
    Outcome (*run)(const Run& run);
};

constexpr std::array specials{
    Special{"completion", run_completion},   Special{"config.add", run_config_add},
    Special{"console", run_console},         Special{"disk.stats", run_disk_stats},
    Special{"disk.trace", run_trace},        Special{"events", run_events},
    Special{"import", run_import},           Special{"memory.explain", run_memory_explain},
    Special{"memory.show", run_memory_show}, Special{"top", run_top},
    Special{"validate", run_validate},       Special{"version", run_version},
};

/// A refusal of what stands in a file says where in it.
api::Failure placed(const Arguments& arguments, const api::Call& call, api::Failure failure) {
    if (call.content_type != "application/toml") return failure;
    const std::string path = arguments.text("file");
    const plan::Config_text text{call.body, absolute_path(path == "-" ? "stdin" : path), {}};
    if (const auto place = plan::place_of(text, failure)) failure.object = *place + ": " + failure.object;
    return failure;
}

} // namespace

Outcome run_verb(const Run& run) {
    for (const Special& special : specials)
        if (special.id == run.arguments.verb().id) return special.run(run);
    return run_by_model(run);
}

Outcome run_by_model(const Run& run) {
    XVM_ASK(const api::Call call, call_of(run.arguments));
    const auto answer = ask(run.arguments, call);
    if (!answer) return tl::unexpected<api::Failure>(placed(run.arguments, call, answer.error()));
    run.print(*answer);
    return {};
}

Outcome write_out(std::string_view text) {
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
        return {};
    return tl::unexpected<api::Failure>(command::output_error(errno));
}

} // namespace xvm::cli
