// SPDX-License-Identifier: Apache-2.0
// One input of the policy fuzzer: an order that toolstack/plan makes, changed by a hostile service, and what
// must hold if it passes: it is, to the last argument, what toolstack/plan would have ordered for a guest
// within the limits.
//
// An input is one byte that says which order, then changes of three bytes each: where, what, with which
// value.
#pragma once

#include "tests/unit/toolstack/policy/orders.hpp"
#include "toolstack/plan/config_json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <span>
#include <stdexcept>

namespace xvm::policy::test {

namespace json = boost::json;

inline void must(bool holds, const char* what, const plan::Plan& order) {
    if (holds) return;
    throw std::logic_error(what + (": " + json::serialize(plan::plan_json(order))));
}

/// Values that services of bad will put where others were.
inline json::value bad_value(std::uint8_t which) {
    static const json::array all = {nullptr,
                                    true,
                                    0,
                                    1,
                                    -1,
                                    4096,
                                    68719476736,
                                    "",
                                    "web",
                                    "shop",
                                    "/etc/shadow",
                                    "/srv/../etc/shadow",
                                    "/srv/other.img",
                                    "/dev/sda",
                                    "destroy-domain",
                                    "kill-domain",
                                    "unpause",
                                    "pv",
                                    "xvdd",
                                    "restart",
                                    "preserve",
                                    "Domain-0",
                                    "6a1f0fd2-7b0e-4f7e-9a39-000000000000",
                                    "keep-guest",
                                    json::object{},
                                    json::array{},
                                    json::array{0, 1, 2},
                                    1e300,
                                    "00:16:3e:01:02:05",
                                    "\n",
                                    51744,
                                    8192};
    return all[which % all.size()];
}

/// Every value within, the root first.
inline void collect(json::value& value, std::vector<json::value*>& into) {
    into.push_back(&value);
    if (auto* object = value.if_object())
        for (auto& member : *object)
            collect(member.value(), into);
    if (auto* array = value.if_array())
        for (json::value& item : *array)
            collect(item, into);
}

inline void change(json::value& order, std::uint8_t where, std::uint8_t what, std::uint8_t with) {
    std::vector<json::value*> all;
    collect(order, all);
    json::value& victim = *all[(where * 7U + with) % all.size()];
    json::value* const found = order.as_object().if_contains("steps");
    json::array* const steps = found == nullptr ? nullptr : found->if_array();
    switch (what % 6) {
    case 0:
    case 1:
        victim = bad_value(with);
        break;
    case 2:
        if (victim.is_object()) victim.get_object()[with % 2 == 0 ? "path" : "domid"] = bad_value(with);
        break;
    case 3: // one value in the place of another
        victim = json::value(*all[(with * 13U) % all.size()]);
        break;
    case 4: // a step gone, or twice
        if (steps == nullptr || steps->empty()) break;
        if (with % 2 == 0)
            steps->erase(steps->begin() + where % steps->size());
        else
            steps->push_back(json::value((*steps)[where % steps->size()]));
        break;
    default: // everywhere the same other value: what is consistent may still be too much
        const json::value old = victim;
        const json::value now = bad_value(with);
        if (old.is_object() || old.is_array()) break;
        for (json::value* one : all)
            if (*one == old) *one = now;
    }
}

inline plan::Plan as_it_must_be(const Subject& subject, const plan::Plan& order) {
    const plan::Guest_ref guest{subject.name, {static_cast<Domid>(7), subject.uuid}};
    if (subject.verb == "pause") return plan_pause(guest);
    if (subject.verb == "unpause") return plan_unpause(guest);
    if (subject.verb == "rename") return plan_rename(guest, subject.new_name);
    if (subject.verb == "destroy") return plan_destroy(guest);
    if (subject.verb == "shutdown" || subject.verb == "reboot") {
        const auto limit = order.steps.at(1).args.at("limit_ms").as_int64();
        must(limit >= 0 && limit <= 86400000, "a wait without limit passed", order);
        return plan_stop(guest,
                         subject.verb == "reboot" ? plan::Stop_request::reboot : plan::Stop_request::poweroff,
                         std::chrono::milliseconds(limit), subject.on_stop);
    }
    for (const plan::Step& step : order.steps)
        if (step.op == "keep-guest") {
            const auto config = plan::from_value<plan::Guest_config>(step.args.at("guest"), "guest");
            must(config.has_value(), "no guest passed", order);
            const auto sound = [&](const std::string& path) {
                return (path.starts_with("/srv/") || path.starts_with("/boot/")) &&
                       path.find("..") == std::string::npos;
            };
            must(sound(config->kernel.path), "a kernel elsewhere passed", order);
            must(config->ramdisk.path.empty() || sound(config->ramdisk.path), "a ramdisk elsewhere passed",
                 order);
            for (const plan::Disk_config& disk : config->disks)
                must(sound(disk.path), "a disk elsewhere passed", order);
            must(config->memory_max_bytes <= 1ULL << 30, "memory beyond the limit passed", order);
            must(subject.name.empty() || config->name == subject.name, "another guest passed", order);
            return plan_create(*config, subject.uuid, subject.paused);
        }
    must(false, "an order without a guest passed", order);
    return {};
}

enum class Outcome { no_plan, refused, passed };

/// What the oracle of as_it_must_be() knows, too.
inline Limits tight() {
    Limits limits;
    limits.roots = {"/srv", "/boot"};
    limits.memory_bytes = 1ULL << 30;
    return limits;
}

/// Throws a std::logic_error if an order beyond policy passed.
inline Outcome check_order(std::span<const std::uint8_t> input, const Limits& limits) {
    static const auto all = tests::all_orders();
    if (input.empty()) return Outcome::no_plan;
    const tests::Case& base = all[input[0] % all.size()];
    json::value order = plan::plan_json(base.order);
    for (std::size_t i = 1; i + 3 <= input.size() && order.is_object(); i += 3)
        change(order, input[i], input[i + 1], input[i + 2]);
    const auto parsed = plan::parse_plan(order);
    if (!parsed) return Outcome::no_plan;
    if (!check(*parsed, base.subject, limits)) return Outcome::refused;
    const plan::Plan right = as_it_must_be(base.subject, *parsed);
    must(plan::plan_json(*parsed) == plan::plan_json(right), "an order beyond policy passed", *parsed);
    return Outcome::passed;
}

} // namespace xvm::policy::test
