// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/memory_picture.hpp"

#include "toolstack/cli/cells.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <vector>

namespace xvm::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t width_least = 40, name_most = 20, bar_most = 60, bar_least = 10, note_least = 18;
constexpr std::size_t size_width = 11; ///< "1048576 MiB"

std::uint64_t number_at(const json::value& value, std::string_view key, std::uint64_t otherwise = 0) {
    const json::value* found = member(value, key);
    json::error_code no_number;
    const auto number = found != nullptr ? found->to_number<std::uint64_t>(no_number) : otherwise;
    return no_number ? otherwise : number;
}

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string((bytes + (1 << 19)) >> 20);
}

std::string cut(std::string text, std::size_t width) {
    if (text.size() > width) text.resize(width);
    return text;
}
std::string padded(std::string text, std::size_t width) {
    text = cut(std::move(text), width);
    return text.append(width - text.size(), ' ');
}

/// The note beside a bar: what moves, why nothing can, or what is in use.
std::string note_of(const json::value& domain) {
    constexpr std::string_view usual = "memory "; // of "memory move 'a' to 'b'": there is little room
    if (const std::string moves = plain(member(domain, "moves")); !moves.empty())
        return moves.starts_with(usual) ? moves.substr(usual.size()) : moves;
    const std::string movable = plain(member(domain, "movable"));
    if (movable == "host") return "the host's own";
    if (!movable.empty() && movable != "yes") return movable == "no_balloon" ? "not xvm's" : movable;
    if (member(domain, "used_bytes") == nullptr) return "says nothing of its use";
    std::string note = "uses " + mebibytes(number_at(domain, "used_bytes")) + " MiB";
    const std::uint64_t some = number_at(domain, "report_some_centipercent");
    if (some >= 100) note += ", waits " + std::to_string(some / 100) + " %";
    return note;
}

class Bar {
  public:
    Bar(std::uint64_t scale, std::size_t width) : scale_(std::max<std::uint64_t>(scale, 1)), width_(width) {}

    std::string draw(const json::value& domain, bool colour) const {
        const std::uint64_t has = number_at(domain, "memory_bytes"),
                            most = number_at(domain, "memory_max_bytes", has);
        const std::uint64_t used = std::min(has, number_at(domain, "used_bytes", has));
        const std::uint64_t target = number_at(domain, "target_bytes", has);
        std::string bar(width_, ' ');
        fill(bar, 0, most, '.');
        fill(bar, 0, has, '+');
        fill(bar, 0, used, '#');
        if (const auto least = number_at(domain, "memory_min_bytes"); least > 0 && least < has)
            mark(bar, least, '|');
        if (mebibytes(target) != mebibytes(has) && target <= std::max(has, most)) mark(bar, target, 'T');
        return colour ? coloured(bar) : bar;
    }

  private:
    [[nodiscard]] std::size_t place(std::uint64_t bytes) const {
        return std::min(width_,
                        static_cast<std::size_t>(static_cast<double>(bytes) / static_cast<double>(scale_) *
                                                     static_cast<double>(width_) +
                                                 0.5));
    }
    void fill(std::string& bar, std::uint64_t from, std::uint64_t to, char c) const {
        for (std::size_t at = place(from); at < place(to); ++at)
            bar[at] = c;
    }
    void mark(std::string& bar, std::uint64_t at, char c) const {
        const std::size_t where = place(at);
        bar[std::min(where > 0 ? where - 1 : 0, width_ - 1)] = c;
    }
    static std::string coloured(const std::string& bar) {
        std::string text;
        char before = ' ';
        for (const char c : bar) {
            if (c != before)
                text += c == '#'   ? "\033[32m"
                        : c == '+' ? "\033[36m"
                        : c == 'T' ? "\033[33;1m"
                        : c == '|' ? "\033[0;1m"
                                   : "\033[0;2m";
            before = c;
            text += c;
        }
        return text + "\033[0m";
    }

    std::uint64_t scale_;
    std::size_t width_;
};

std::string host_line(const json::value& memory, std::uint64_t of_guests) {
    std::string line = "host  " + mebibytes(number_at(memory, "total_bytes")) + " MiB: domains " +
                       mebibytes(of_guests) + ", available " +
                       mebibytes(number_at(memory, "available_bytes"));
    if (const auto promised = number_at(memory, "promised_bytes"); promised > 0)
        line += ", promised " + mebibytes(promised);
    if (const auto reserve = number_at(memory, "host_reserve_bytes"); reserve > 0)
        line += ", reserve " + mebibytes(reserve);
    return line;
}

} // namespace

std::string memory_picture(const json::value& memory, std::size_t width, bool colour) {
    width = std::max(width, width_least);
    std::vector<const json::value*> domains;
    if (const json::value* list = member(memory, "domains"); list != nullptr && list->is_array())
        for (const json::value& domain : list->get_array())
            domains.push_back(&domain);
    std::uint64_t scale = 1, of_guests = 0;
    std::size_t name_width = 4;
    for (const json::value* domain : domains) {
        const std::uint64_t has = number_at(*domain, "memory_bytes");
        of_guests += has;
        scale = std::max({scale, has, number_at(*domain, "memory_max_bytes")});
        name_width = std::max(name_width, std::min(name_most, plain(member(*domain, "name")).size()));
    }
    if (width < 60) name_width = std::min<std::size_t>(name_width, 8);
    const std::size_t fixed = name_width + 2 + size_width + 2;
    std::size_t bar_width = width - fixed;
    const bool has_note = bar_width >= bar_least + 2 + note_least;
    if (has_note) bar_width = std::clamp((width - fixed) * 3 / 5, bar_least, bar_most);
    std::string text = cut(host_line(memory, of_guests), width) + "\n";
    const Bar bar(scale, bar_width);
    for (const json::value* domain : domains) {
        const std::string size = mebibytes(number_at(*domain, "memory_bytes")) + " MiB";
        std::string line = padded(plain(member(*domain, "name")), name_width) + "  " +
                           std::string(size_width - std::min(size_width, size.size()), ' ') + size + "  " +
                           bar.draw(*domain, colour);
        if (has_note) line += "  " + cut(note_of(*domain), width - fixed - bar_width - 2);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

} // namespace xvm::cli
