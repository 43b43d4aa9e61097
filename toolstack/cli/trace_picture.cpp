// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/trace_picture.hpp"

#include "toolstack/cli/cells.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

namespace xvm::cli {
namespace json = boost::json;
namespace {

constexpr double width = 960, height = 640, left = 80, right = 930;
constexpr double mean_top = 100, mean_bottom = 320, each_top = 380, each_bottom = 580;
constexpr std::size_t bins_max = 85, dots_max = 3000;

/// Colours of Okabe and Ito, which colour-blind people tell apart; in the lower panel shapes say the same.
struct Phase {
    const char* name;
    const char* colour;
    const char* what;
    std::uint64_t Timed_request::*ns;
};
constexpr std::array<Phase, 3> phases{{
    {"wake", "#e69f00", "until the backend got the event", &Timed_request::wake_ns},
    {"queue", "#56b4e9", "until it was taken from the ring", &Timed_request::queue_ns},
    {"service", "#009e73", "until it was answered", &Timed_request::service_ns},
}};

std::string n(double value) {
    std::array<char, 32> text{};
    const int length = std::snprintf(text.data(), text.size(), "%.4g", std::abs(value) < 1e-9 ? 0.0 : value);
    return {text.data(), static_cast<std::size_t>(length)};
}
std::string at(double value) { // a place in the picture: a tenth of a unit is finer than any screen
    return n(std::round(value * 10) / 10);
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text)
        switch (c) {
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '&':
            out += "&amp;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += static_cast<unsigned char>(c) < ' ' ? ' ' : c; // no other control is allowed in XML
        }
    return out;
}

std::string label(double x, double y, const std::string& text, const char* anchor = "start",
                  const char* more = "") {
    return "<text x=\"" + at(x) + "\" y=\"" + at(y) + "\" text-anchor=\"" + anchor + "\"" + more + ">" +
           escaped(text) + "</text>\n";
}
std::string line(double x1, double y1, double x2, double y2, const char* colour) {
    return "<line x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" + at(x2) + "\" y2=\"" + at(y2) +
           "\" stroke=\"" + colour + "\"/>\n";
}
std::string rectangle(double x, double y, double w, double h, const char* colour) {
    return "<rect x=\"" + at(x) + "\" y=\"" + at(y) + "\" width=\"" + at(w) + "\" height=\"" + at(h) +
           "\" fill=\"" + colour + "\"/>\n";
}

struct Unit {
    const char* name;
    double ns;
};
Unit unit_of(double ns) {
    return ns < 2e3   ? Unit{"ns", 1}
           : ns < 2e6 ? Unit{"\xc2\xb5s", 1e3}
           : ns < 2e9 ? Unit{"ms", 1e6}
                      : Unit{"s", 1e9};
}

/// As everywhere, but with a sign for micro, as the axes have.
std::string told(double ns) {
    std::string text = short_time(static_cast<std::uint64_t>(ns));
    if (text.ends_with(" us")) text.replace(text.size() - 2, 1, "\xc2\xb5");
    return text;
}

/// 1, 2 or 5 times a power of ten, so that about `wanted` steps reach `most`.
double step_of(double most, int wanted) {
    const double rough = std::max(most, 1e-9) / wanted, decade = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (rough <= factor * decade * 1.0001) return factor * decade;
    return 10 * decade;
}

/// Time along both panels, from the first submission on.
struct Span {
    std::uint64_t from = 0;
    double ns = 1;

    [[nodiscard]] double x(std::uint64_t when) const {
        return left + (right - left) * static_cast<double>(when - from) / ns;
    }
};

std::string time_axis(const Span& span, double y, bool numbers) {
    const Unit unit = unit_of(span.ns);
    const double most = span.ns / unit.ns, step = step_of(most, 8);
    std::string text = line(left, y, right, y, "#000");
    for (double value = 0; value <= most * 1.0001; value += step) {
        const double x = left + (right - left) * value / most;
        text += line(x, y, x, y + 5, "#000");
        if (numbers) text += label(x, y + 20, n(value), "middle");
    }
    if (numbers)
        text += label((left + right) / 2, y + 42,
                      std::string("time since the first request was submitted, ") + unit.name, "middle");
    return text;
}

std::string upright(double y, const std::string& text) {
    const std::string turn = " transform=\"rotate(-90 20 " + at(y) + ")\"";
    return label(20, y, text, "middle", turn.c_str());
}

/// Upper panel: the mean time of the requests that were submitted in each part of the span, phase upon phase.
std::string means(const std::vector<Timed_request>& all, const Span& span) {
    struct Bin {
        std::array<double, 3> sums{};
        std::size_t count = 0;
        [[nodiscard]] double mean(std::size_t phase) const {
            return sums[phase] / static_cast<double>(count);
        }
        [[nodiscard]] double whole() const { return count == 0 ? 0 : mean(0) + mean(1) + mean(2); }
    };
    std::vector<Bin> bins(std::clamp<std::size_t>(all.size() / 4, 1, bins_max));
    for (const Timed_request& one : all) {
        const double place =
            static_cast<double>(one.at_ns - span.from) / span.ns * static_cast<double>(bins.size());
        Bin& bin = bins[std::min(static_cast<std::size_t>(place), bins.size() - 1)];
        for (std::size_t p = 0; p < phases.size(); ++p)
            bin.sums[p] += static_cast<double>(one.*phases[p].ns);
        ++bin.count;
    }
    double most = 1;
    for (const Bin& bin : bins)
        most = std::max(most, bin.whole());
    const Unit unit = unit_of(most);
    const double step = step_of(most / unit.ns, 5), top = std::ceil(most / unit.ns / step - 1e-6) * step;
    const auto y = [&](double ns) { return mean_bottom - (mean_bottom - mean_top) * ns / unit.ns / top; };
    std::string text = label(left, mean_top - 12, "Mean of a request, by when it was submitted", "start",
                             " font-weight=\"bold\"");
    for (double value = 0; value <= top * 1.0001; value += step) {
        text += line(left, y(value * unit.ns), right, y(value * unit.ns), "#ddd");
        text += label(left - 8, y(value * unit.ns) + 4, n(value), "end");
    }
    const double wide = (right - left) / static_cast<double>(bins.size());
    for (std::size_t b = 0; b < bins.size(); ++b) {
        if (bins[b].count == 0) continue;
        std::string said = std::to_string(bins[b].count) + " requests";
        text += "<g>";
        double below = 0;
        for (std::size_t p = 0; p < phases.size(); ++p) {
            const double mean = bins[b].mean(p);
            text += rectangle(left + wide * static_cast<double>(b) + wide * 0.05, y(below + mean), wide * 0.9,
                              y(below) - y(below + mean), phases[p].colour);
            below += mean;
            said += std::string(", ") + phases[p].name + " " + told(mean);
        }
        text += "<title>" + escaped(said) + "</title></g>\n";
    }
    return text + upright((mean_top + mean_bottom) / 2, std::string("mean time, ") + unit.name) +
           time_axis(span, mean_bottom, false);
}

std::size_t longest_phase(const Timed_request& one) {
    std::size_t longest = 2;
    for (const std::size_t p : {std::size_t{0}, std::size_t{1}})
        if (one.*phases[p].ns > one.*phases[longest].ns) longest = p;
    return longest;
}

std::string mark(std::size_t phase, double x, double y) {
    const std::string fill =
        std::string("\" fill=\"") + phases[phase].colour + "\" stroke=\"#fff\" stroke-width=\".5\"/>";
    if (phase == 0) return "<circle cx=\"" + at(x) + "\" cy=\"" + at(y) + "\" r=\"3" + fill;
    if (phase == 1)
        return "<rect x=\"" + at(x - 2.7) + "\" y=\"" + at(y - 2.7) + "\" width=\"5.4\" height=\"5.4" + fill;
    return "<path d=\"M" + at(x) + " " + at(y - 3.4) + "l3.4 6h-6.8z" + fill;
}

/// It has no longest phase.
std::string no_time(double x, double y) {
    return "<circle cx=\"" + at(x) + "\" cy=\"" + at(y) + "\" r=\"3\" fill=\"#fff\" stroke=\"#777\"/>";
}

/// Of more requests than there are to be dots: the slowest half, of the others every n-th; slowest first.
void thin_out(std::vector<Timed_request>& all) {
    std::sort(all.begin(), all.end(),
              [](const Timed_request& a, const Timed_request& b) { return a.whole_ns() > b.whole_ns(); });
    if (all.size() <= dots_max) return;
    const std::size_t half = dots_max / 2, rest = all.size() - half;
    for (std::size_t i = 0; i < half; ++i)
        all[half + i] = all[half + i * rest / half];
    all.resize(dots_max);
}

/// The lower panel's times: decades, and below them a row of its own for those that took no time.
class Decades {
  public:
    explicit Decades(const std::vector<Timed_request>& slowest_first) {
        const auto most = static_cast<double>(slowest_first.front().whole_ns());
        double least = most;
        for (const Timed_request& one : slowest_first) {
            const auto ns = static_cast<double>(one.whole_ns());
            if (ns >= 1) least = std::min(least, ns);
        }
        with_zero_ = slowest_first.back().whole_ns() == 0;
        precise_ = slowest_first.front().precise;
        low_ = static_cast<int>(std::floor(std::log10(std::max(1.0, least))));
        high_ = std::max(low_ + 1, static_cast<int>(std::ceil(std::log10(std::max(1.0, most)))));
    }
    [[nodiscard]] double y(double ns) const {
        if (ns < 1) return each_bottom;
        const double bottom = each_bottom - (with_zero_ ? zero_row : 0);
        return bottom - (bottom - each_top) * std::clamp((std::log10(ns) - low_) / (high_ - low_), 0.0, 1.0);
    }
    [[nodiscard]] std::string grid() const {
        std::string text;
        for (int decade = low_; decade <= high_; ++decade) {
            text += rule(std::pow(10, decade), "#bbb", true);
            if (decade == high_) break;
            for (const int factor : {2, 5})
                text += rule(factor * std::pow(10, decade), "#e8e8e8", high_ - low_ <= 2);
        }
        if (with_zero_) text += label(left - 8, each_bottom + 4, precise_ ? "0 ns" : "< 1 tick", "end");
        return text;
    }

  private:
    static constexpr double zero_row = 24;
    [[nodiscard]] std::string rule(double ns, const char* colour, bool named) const {
        return line(left, y(ns), right, y(ns), colour) +
               (named ? label(left - 8, y(ns) + 4, told(ns), "end") : std::string());
    }
    int low_ = 0, high_ = 1;
    bool with_zero_ = false, precise_ = true;
};

/// Lower panel: each request at its whole time. Of more than fit, the slowest are all there.
std::string each(std::vector<Timed_request> all, const Span& span) {
    const bool sampled = all.size() > dots_max;
    thin_out(all);
    const Decades decades(all);
    std::string text = label(left, each_top - 12,
                             "Each request: its whole time, marked by its longest phase" +
                                 (sampled ? " (the slowest, and a sample)" : std::string()),
                             "start", " font-weight=\"bold\"") +
                       decades.grid() + "<g>\n";
    for (auto one = all.rbegin(); one != all.rend(); ++one) {
        const double x = span.x(one->at_ns), y = decades.y(static_cast<double>(one->whole_ns()));
        text += (one->whole_ns() == 0 ? no_time(x, y) : mark(longest_phase(*one), x, y)) + "\n";
    }
    return text + "</g>\n" + upright((each_top + each_bottom) / 2, "time of a request") +
           time_axis(span, each_bottom, true);
}

std::string legend() {
    std::string text;
    double x = left;
    for (std::size_t p = 0; p < phases.size(); ++p) {
        text += rectangle(x, 58, 14, 14, phases[p].colour) + mark(p, x + 24, 65) + "\n";
        text += label(x + 34, 70, std::string(phases[p].name) + ": " + phases[p].what);
        x += 290;
    }
    return text;
}

/// The time at or below which 99 of 100 requests are.
std::uint64_t slow_ns(std::vector<Timed_request>& all) {
    const auto place = all.begin() + static_cast<std::ptrdiff_t>((all.size() - 1) * 99 / 100);
    std::nth_element(all.begin(), place, all.end(), [](const Timed_request& a, const Timed_request& b) {
        return a.whole_ns() < b.whole_ns();
    });
    return place->whole_ns();
}

std::string summary(std::vector<Timed_request> all, const Span& span) {
    std::set<std::string> devs;
    for (const Timed_request& one : all)
        devs.insert(one.dev);
    std::string text = std::to_string(all.size()) + " requests of";
    for (const std::string& dev : devs)
        text += " " + dev;
    text += " in " + told(span.ns) + "; 99 % of them took " + told(static_cast<double>(slow_ns(all))) +
            " at most";
    if (!all.front().precise) text += "; without a precise clock, times are whole ticks";
    return text;
}

} // namespace

std::vector<Timed_request> requests_of(const json::array& rows) {
    std::vector<Timed_request> requests;
    for (const json::value& row : rows) {
        const auto number = [&](std::string_view name) -> std::uint64_t {
            const json::value* value = member(row, name);
            json::error_code error;
            const auto found =
                value != nullptr && value->is_number() ? value->to_number<std::uint64_t>(error) : 0;
            return error ? 0 : found;
        };
        if (number("submitted_ns") == 0) continue;
        requests.push_back({plain(member(row, "dev")), number("submitted_ns"), number("wake_ns"),
                            number("queue_ns"), number("service_ns"), plain(member(row, "clock")) != "tick"});
    }
    return requests;
}

std::string picture_of(const std::string& guest, std::vector<Timed_request> requests) {
    const std::string title = "Guest " + guest + ": where its disk requests spend their time";
    std::string text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
        n(width) + "\" height=\"" + n(height) + "\" viewBox=\"0 0 " + n(width) + " " + n(height) +
        "\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>" + escaped(title) +
        "</title>\n" + rectangle(0, 0, width, height, "#fff") +
        label(left, 26, title, "start", " font-size=\"18\"");
    if (requests.empty())
        return text + label(left, 46, "No request with time stamps was answered meanwhile.") + "</svg>\n";
    const auto [first, last] =
        std::minmax_element(requests.begin(), requests.end(),
                            [](const Timed_request& a, const Timed_request& b) { return a.at_ns < b.at_ns; });
    const Span span{first->at_ns, std::max(1.0, static_cast<double>(last->at_ns - first->at_ns))};
    text += label(left, 46, summary(requests, span)) + legend();
    text += means(requests, span);
    text += each(std::move(requests), span);
    return text + "</svg>\n";
}

} // namespace xvm::cli
