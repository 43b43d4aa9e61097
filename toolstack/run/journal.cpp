// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/journal.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/base/number.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace xvm::run {
namespace json = boost::json;
namespace {

// The first line has a fixed width, so that it is replaced in place; the plan follows.
constexpr std::size_t line_bytes = 64;
constexpr std::string_view extension = ".plan";
constexpr std::size_t file_bytes_max = 4U << 20;
constexpr unsigned no_domid = 0xffff;

std::string line_of(const Progress& progress) {
    std::array<char, line_bytes + 1> text{};
    std::snprintf(text.data(), text.size(), "xvm.journal/1 step=%05zu undoing=%d domid=%05u", progress.step,
                  progress.undoing ? 1 : 0, progress.domid ? number(*progress.domid) : no_domid);
    std::string line = text.data();
    line.resize(line_bytes - 1, ' ');
    return line + '\n';
}

std::optional<Progress> parse_line(const std::string& line) {
    std::size_t step = 0;
    int undoing = 0;
    unsigned domid = 0;
    if (std::sscanf(line.c_str(), "xvm.journal/1 step=%5zu undoing=%1d domid=%5u", &step, &undoing, &domid) !=
        3)
        return std::nullopt;
    Progress progress{step, undoing == 1, {}};
    if (domid < domid_first_reserved) progress.domid = Domid{static_cast<std::uint16_t>(domid)};
    return progress;
}

Result<Unfinished> read_entry(const std::string& path) {
    const auto damaged = [&](const std::string& why) {
        return fail(Fault::failed, path, "the journal of an unfinished operation " + why,
                    "look with 'xvm list' whether anything was left, then remove the file");
    };
    XVM_TRY_LET(const std::string text, read_text(path, file_bytes_max));
    const auto progress = text.size() < line_bytes ? std::nullopt : parse_line(text.substr(0, line_bytes));
    if (!progress) return damaged("has no first line");
    json::error_code error;
    const json::value value = json::parse(std::string_view(text).substr(line_bytes), error);
    if (error) return damaged("is not whole");
    auto plan = plan::parse_plan(value);
    if (!plan) return damaged("cannot be understood: " + plan.error().cause);
    if (progress->step >= plan->steps.size()) return damaged("is at a step that its plan does not have");
    return Unfinished{path, std::move(*plan), *progress};
}

} // namespace

Journal_entry::~Journal_entry() {
    if (fd_ && !path_.empty()) ::unlink(path_.c_str());
}

Status Journal_entry::write(const Progress& progress) {
    const std::string line = line_of(progress);
    return write_exactly(fd_.get(), std::as_bytes(std::span(line)), 0, "journal");
}

Result<Journal> Journal::open(const std::string& directory) {
    XVM_TRY(make_directories(directory, 0700));
    return Journal(directory);
}

Result<Journal_entry> Journal::begin(const plan::Plan& plan) const {
    // A rising name keeps the order in which plans began; the uuid keeps two at once apart.
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    std::array<char, 32> rising{};
    std::snprintf(rising.data(), rising.size(), "%020llu", static_cast<unsigned long long>(now.count()));
    const std::string path =
        directory_ + "/" + rising.data() + "-" + plan.uuid.text() + std::string(extension);
    const std::string content = line_of({}) + json::serialize(plan_json(plan));
    // Appears whole: an xvmd that dies here has not begun.
    XVM_TRY(replace_file(path, content, Durable::no));
    auto fd = open_file(path, O_RDWR);
    if (!fd) {
        ::unlink(path.c_str());
        return tl::unexpected<Error>(std::move(fd.error()));
    }
    return Journal_entry(std::move(*fd), path);
}

Result<std::vector<Unfinished>> Journal::unfinished(std::vector<Error>& damaged) const {
    std::vector<std::string> paths;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory_, error)) {
        if (file.path().extension() == extension) paths.push_back(file.path().string());
        if (file.path().extension() == ".new") ::unlink(file.path().c_str());
    }
    if (error) return fail_errno(error.value(), directory_, "cannot read");
    std::sort(paths.begin(), paths.end());
    std::vector<Unfinished> left;
    for (const std::string& path : paths) {
        auto entry = read_entry(path);
        if (entry) {
            left.push_back(std::move(*entry));
        } else {
            std::filesystem::rename(path, path + ".damaged", error);
            entry.error().object += ".damaged";
            damaged.push_back(std::move(entry.error()));
        }
    }
    return left;
}

Result<Journal_entry> Journal::resume(const Unfinished& left) {
    XVM_TRY_LET(Unique_fd fd, open_file(left.path, O_RDWR));
    return Journal_entry(std::move(fd), left.path);
}

} // namespace xvm::run
