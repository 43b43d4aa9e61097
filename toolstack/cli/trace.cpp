// SPDX-License-Identifier: Apache-2.0
// xvm trace: a guest's disk requests as they are answered, or a picture of them.
//
// Invariant: xvmd is asked again and again, each time for what came since; between two questions the backend
// keeps a bounded number, and what it could not keep is told.
#include "libvmshare/base/number.hpp"
#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/request.hpp"
#include "toolstack/cli/trace_picture.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/plan/size.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <thread>

namespace xvm::cli {
namespace json = boost::json;
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds pause_between{200};
constexpr milliseconds usual_duration{10'000}; ///< of what is shown only when it is over
constexpr std::size_t column_width = 8;

std::string padded(const model::Field& field, std::string cell) {
    const std::size_t missing = column_width - std::min(column_width, cell.size());
    return is_number(field) ? std::string(missing, ' ') + cell : std::move(cell) + std::string(missing, ' ');
}

/// In columns as wide as they will ever be: the rows that follow are not known yet.
std::string table_line(const Columns& columns, const json::value* row) {
    std::string line;
    for (const model::Field* field : columns)
        line += padded(*field, row != nullptr           ? shown(*field, member(*row, field->name))
                               : field->heading.empty() ? fact_name(*field)
                                                        : std::string(field->heading)) +
                "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

class Follower {
  public:
    explicit Follower(const Run& run)
        : run_(run), svg_(run.arguments.text("svg")),
          whole_(!svg_.empty() || run.arguments.format() == Format::json),
          left_(parse_number<std::uint64_t>(run.arguments.text("count"))) {
        auto duration = plan::parse_duration(run.arguments.text("duration"));
        if (!duration && whole_ && !left_) duration = usual_duration.count();
        if (duration) until_ = Clock::now() + milliseconds(*duration);
    }

    Outcome follow() {
        if (!whole_) {
            if (Outcome written = begin(); !written) return written;
        }
        std::string next;
        for (;;) {
            Arguments arguments = run_.arguments;
            if (!next.empty()) arguments.give("after", next);
            XVM_ASK(const api::Call call, call_of(arguments));
            XVM_ASK(json::value answer, ask(run_.arguments, call));
            if (Outcome taken = take(answer); !taken) return taken;
            next = plain(member(answer, "next"));
            last_ = std::move(answer);
            if (left_ == 0U || (until_ && Clock::now() >= *until_)) break;
            wait();
        }
        if (lost_ != 0)
            std::fprintf(stderr,
                         "xvm: trace: %llu requests are missing: they came faster than they were read\n",
                         static_cast<unsigned long long>(lost_));
        return end();
    }

  private:
    Outcome begin() const {
        return run_.arguments.format() != Format::table
                   ? write_out(heading_line(run_.arguments, run_.columns))
               : run_.arguments.is_on("no_header") ? Outcome{}
                                                   : write_out(table_line(run_.columns, nullptr));
    }

    void wait() const {
        const Clock::time_point soon = Clock::now() + pause_between;
        std::this_thread::sleep_until(until_ ? std::min(*until_, soon) : soon);
    }

    Outcome take(json::value& answer) {
        if (const json::value* lost = member(answer, "lost"); lost != nullptr && lost->is_number())
            lost_ += lost->to_number<std::uint64_t>();
        const json::value* rows = member(answer, "requests");
        if (rows == nullptr || !rows->is_array()) return {};
        std::string text;
        for (const json::value& row : rows->get_array()) {
            if (left_ == 0U) break;
            if (left_) --*left_;
            if (whole_)
                rows_.push_back(row);
            else if (run_.arguments.format() == Format::table)
                text += table_line(run_.columns, &row);
            else if (run_.arguments.format() == Format::csv)
                text += row_line(run_.arguments, run_.columns, row);
            else
                text += answer_text(run_.arguments, run_.columns,
                                    {{"schema", "xvm.trace/1"}, {"requests", {row}}});
        }
        return text.empty() ? Outcome{} : write_out(text);
    }

    /// What is shown only when it is over.
    Outcome end() {
        if (!svg_.empty()) return draw();
        if (!whole_) return {};
        json::object all = last_.is_object() ? last_.get_object() : json::object{};
        all["lost"] = lost_;
        all["requests"] = std::move(rows_);
        run_.print(json::value(std::move(all)));
        return {};
    }

    Outcome draw() const {
        const json::value* name = member(last_, "name");
        const std::string picture = picture_of(plain(name), requests_of(rows_));
        if (svg_ == "-") return write_out(picture);
        std::ofstream file(absolute_path(svg_), std::ios::binary | std::ios::trunc);
        if (!(file << picture << std::flush))
            return tl::unexpected<api::Failure>(
                Error{Fault::failed, svg_, "cannot be written", "give a path where you may write, or -"});
        return {};
    }

    const Run& run_;
    std::string svg_;
    bool whole_;
    std::optional<std::uint64_t> left_; ///< requests, if they are counted
    std::optional<Clock::time_point> until_;
    json::value last_;
    json::array rows_;
    std::uint64_t lost_ = 0;
};

} // namespace

Outcome run_trace(const Run& run) {
    return Follower(run).follow();
}

} // namespace xvm::cli
