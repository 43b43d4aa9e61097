// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/log.hpp"

#include "libvmshare/base/suggest.hpp"

#include <array>
#include <cstdlib>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace xvm::daemon {
namespace {

constexpr std::array<std::string_view, 5> levels{"trace", "debug", "info", "warn", "error"};

/// "<4>": the priority that journald reads from the start of a line (sd-daemon(3)).
class Priority_flag final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        char priority = '6';
        if (message.level <= spdlog::level::debug) priority = '7';
        if (message.level == spdlog::level::warn) priority = '4';
        if (message.level >= spdlog::level::err) priority = '3';
        out.push_back(priority);
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<Priority_flag>();
    }
};

} // namespace

Status set_up_log(const std::string& program, const std::string& level) {
    bool known = false;
    for (const std::string_view name : levels)
        known = known || name == level;
    if (!known) {
        const auto near = nearest(level, levels);
        return fail(Fault::usage, "--log-level", "'" + level + "' is no level",
                    near ? "did you mean '" + std::string(*near) + "'?"
                         : "use trace, debug, info, warn or error");
    }
    auto logger = spdlog::stderr_logger_mt(program);
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    if (std::getenv("JOURNAL_STREAM") != nullptr)
        formatter->add_flag<Priority_flag>('*').set_pattern("<%*>%v");
    else
        formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%e %n %l: %v");
    logger->set_formatter(std::move(formatter));
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    return {};
}

} // namespace xvm::daemon
