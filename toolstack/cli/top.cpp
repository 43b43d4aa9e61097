// SPDX-License-Identifier: Apache-2.0
// xvm top: what domains use, as the difference between two counts.
#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/request.hpp"
#include "toolstack/cli/top_screen.hpp"
#include "toolstack/cli/usage_rates.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/plan/size.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <chrono>
#include <thread>

namespace xvm::cli {
namespace json = boost::json;
namespace {

using std::chrono::milliseconds;

std::string title_of(const json::value& counted, const model::Field& sorted_by) {
    const model::Schema* schema = model::find_schema("xvm.top/1");
    const auto text = [&](std::string_view name) {
        return shown(*model::find_field(*schema, name), member(counted, name));
    };
    const json::value* domains = member(counted, "domains");
    const std::size_t count = domains != nullptr && domains->is_array() ? domains->get_array().size() : 0;
    return "xvm top: " + std::to_string(count) + " domains, " + text("cpus") + " processors, " +
           text("memory_free_bytes") + " of " + text("memory_total_bytes") + " free; by " +
           std::string(sorted_by.heading.empty() ? sorted_by.name : sorted_by.heading) + "; s sorts, q ends";
}

/// The disks of all domains, as an answer of their own.
json::value disks_of(const json::value& counted) {
    json::array disks;
    if (const json::value* domains = member(counted, "domains"); domains != nullptr && domains->is_array())
        for (const json::value& domain : domains->get_array())
            if (const json::value* own = member(domain, "disks"); own != nullptr && own->is_array())
                disks.insert(disks.end(), own->get_array().begin(), own->get_array().end());
    return {{"schema", "xvm.top_disks/1"}, {"disks", std::move(disks)}};
}

/// What is asked for of a count: its domains, its disks, or for people both.
std::string text_of(const Run& run, const json::value& counted) {
    const json::value disks = disks_of(counted);
    if (run.arguments.is_on("disks")) return answer_text(run.arguments, {}, disks);
    std::string text = answer_text(run.arguments, run.columns, counted);
    const bool any = !member(disks, "disks")->get_array().empty();
    if (any && run.arguments.format() == Format::table && run.arguments.given("columns") == nullptr)
        text += "\n" + answer_text(run.arguments, {}, disks);
    return text;
}

Outcome watch(const Run& run, const api::Call& call, milliseconds delay, Screen& screen) {
    const auto by_cpu = std::find_if(run.columns.begin(), run.columns.end(),
                                     [](const model::Field* field) { return field->name == "cpu_permille"; });
    auto sort_by = by_cpu != run.columns.end() ? by_cpu : run.columns.begin();
    XVM_ASK(json::value before, ask(run.arguments, call));
    json::value now = before;
    for (;;) {
        sort_domains(now, (*sort_by)->name);
        screen.draw(title_of(now, **sort_by), text_of(run, now));
        const int key = screen.key(delay);
        if (key == 'q' || key == 'Q') return {};
        if (key == 's' || key == 'S') {
            if (++sort_by == run.columns.end()) sort_by = run.columns.begin();
            continue;
        }
        XVM_ASK(now, ask(run.arguments, call));
        add_rates(now, before);
        before = now;
    }
}

} // namespace

Outcome run_top(const Run& run) {
    XVM_ASK(const api::Call call, call_of(run.arguments));
    const milliseconds delay(plan::parse_duration(run.arguments.text("delay")).value_or(2000));
    if (!run.arguments.is_on("once") && run.arguments.format() == Format::table)
        if (const auto screen = Screen::open()) return watch(run, call, delay, *screen);
    XVM_ASK(const json::value before, ask(run.arguments, call));
    std::this_thread::sleep_for(delay);
    XVM_ASK(json::value now, ask(run.arguments, call));
    add_rates(now, before);
    sort_domains(now, "cpu_permille");
    run.out += text_of(run, now);
    return {};
}

} // namespace xvm::cli
