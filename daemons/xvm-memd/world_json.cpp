// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/world_json.hpp"

#include "toolstack/api/target.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace xvm::memd {
namespace json = boost::json;
namespace {

constexpr std::string_view nobody = "free";

// These throw what at() and to_number() throw; parse_world() catches.
std::uint64_t number_in(const json::object& object, std::string_view key,
                        std::optional<std::uint64_t> otherwise = {}) {
    const json::value* value = object.if_contains(key);
    return value == nullptr && otherwise ? *otherwise : object.at(key).to_number<std::uint64_t>();
}

balance::Movable movable_named(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(balance::Movable::no_balloon); ++i)
        if (name_of(static_cast<balance::Movable>(i)) == name) return static_cast<balance::Movable>(i);
    return balance::Movable::busy; // of a newer xvmd: left alone
}

balance::Guest_view parse_guest(const json::object& object) {
    balance::Guest_view view;
    const auto uuid = Uuid::parse(object.at("uuid").as_string());
    if (!uuid) throw std::invalid_argument("no uuid");
    view.uuid = *uuid;
    view.name = object.at("name").as_string();
    view.memory_bytes = number_in(object, "memory_bytes");
    view.target_bytes = number_in(object, "target_bytes");
    view.min_bytes = number_in(object, "memory_min_bytes");
    view.max_bytes = number_in(object, "memory_max_bytes");
    view.home_bytes = number_in(object, "memory_home_bytes", 0);
    view.weight = static_cast<unsigned>(number_in(object, "memory_weight", balance::usual_weight));
    view.movable = movable_named(object.at("movable").as_string());
    view.step_bytes = number_in(object, "step_bytes", view.step_bytes);
    if (object.contains("report_seq"))
        view.report = balance::Report{number_in(object, "report_seq"),
                                      number_in(object, "report_total_bytes"),
                                      number_in(object, "report_available_bytes"),
                                      number_in(object, "report_working_set_bytes"),
                                      static_cast<unsigned>(number_in(object, "report_some_centipercent")),
                                      static_cast<unsigned>(number_in(object, "report_full_centipercent"))};
    return view;
}

std::string end_text(const std::optional<Uuid>& uuid) {
    return uuid ? uuid->text() : std::string(nobody);
}

std::string end_name(const balance::World& world, const std::optional<Uuid>& uuid,
                     std::string_view otherwise) {
    const balance::Guest_view* guest = uuid ? find(world, *uuid) : nullptr;
    return guest != nullptr ? "'" + guest->name + "'" : std::string(otherwise);
}

} // namespace

Result<balance::World> parse_world(const json::value& answer) {
    try {
        const json::object& object = answer.as_object();
        balance::World world;
        world.total_bytes = number_in(object, "total_bytes");
        world.free_bytes = number_in(object, "free_bytes");
        world.host_reserve_bytes = number_in(object, "host_reserve_bytes");
        world.promised_bytes = number_in(object, "promised_bytes");
        for (const json::value& domain : object.at("domains").as_array())
            world.guests.push_back(parse_guest(domain.as_object()));
        return world;
    } catch (const std::exception& why) { // Boost.JSON's way to say that something is not there
        return fail(Fault::failed, "xvmd's answer", std::string("is no xvm.memory/1: ") + why.what(),
                    "run xvmd and xvm-memd of one version");
    }
}

balance::Millis limit_of(const balance::Move& move) noexcept {
    return balance::Millis(2000 + static_cast<std::int64_t>(move.bytes / ((32ULL << 20) / 1000)));
}

api::Call call_of(const balance::Move& move) {
    const std::string limit = std::to_string(limit_of(move).count()) + "ms";
    const json::object body{{"from", end_text(move.from)}, {"to", end_text(move.to)}, {"amount", move.bytes}};
    return {"POST", api::target({"v1", "memory", "moves"}, {{"partial", "1"}, {"timeout", limit}}),
            json::serialize(body), "application/json"};
}

std::string line_of(const balance::World& world, const balance::Move& move) {
    constexpr std::array<std::string_view, 4> words{"it uses nearly all it has", "it waits for memory",
                                                    "it has less than its share",
                                                    "its configuration gives it that"};
    return std::to_string(move.bytes >> 20) + " MiB from " + end_name(world, move.from, "what is free") +
           " to " + end_name(world, move.to, "what is free") + ": " +
           std::string(words.at(static_cast<std::size_t>(move.reason)));
}

} // namespace xvm::memd
