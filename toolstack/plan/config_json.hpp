// SPDX-License-Identifier: Apache-2.0
// A guest's configuration as JSON: how it travels in plans, in xvmd's book of guests, and in saved files.
// Keys are the members' names. What an older version wrote lacks the keys that came later, and reads as if
// nobody had set them (earlier()); a key of a newer version, or one that is missing otherwise, is an error
// that names it. Include it where conversions are made.
#pragma once

#include "toolstack/plan/config.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <boost/mp11/algorithm.hpp>
#include <optional>
#include <type_traits>

namespace xvm::plan {

BOOST_DESCRIBE_ENUM(Guest_type, pv, pvh)
BOOST_DESCRIBE_ENUM(Memory_engine, balloon, block)
BOOST_DESCRIBE_ENUM(Disk_kind, raw, pack)
BOOST_DESCRIBE_ENUM(Disk_backend, xvm, blkback)
BOOST_DESCRIBE_ENUM(On_stop, destroy, restart, preserve)
BOOST_DESCRIBE_STRUCT(Image_source, (), (path, entry))
BOOST_DESCRIBE_STRUCT(Disk_config, (), (dev, devid, kind, path, writable, backend))
BOOST_DESCRIBE_STRUCT(Net_config, (), (devid, mac, bridge))
BOOST_DESCRIBE_STRUCT(Vcpu_affinity, (), (vcpu, soft, cpus))
BOOST_DESCRIBE_STRUCT(Guest_changes, (), (memory_bytes, vcpus, affinities))
BOOST_DESCRIBE_STRUCT(Guest_config, (),
                      (name, type, memory_bytes, memory_max_bytes, memory_min_bytes, memory_weight,
                       memory_reclaim, memory_engine, vcpus, pins, kernel, ramdisk, command_line, disks, nets,
                       on_poweroff, on_reboot, on_crash, direct, changes))

/// Any described value as an object.
template <class T>
[[nodiscard]] boost::json::object to_object(const T& value) {
    return boost::json::value_from(value).as_object();
}

/// What a member is where it is missing; nothing for one that was there from the first version on.
template <class T>
[[nodiscard]] std::optional<boost::json::value> earlier(std::string_view /*member*/,
                                                        const boost::json::object& /*written*/) {
    return std::nullopt;
}
template <>
[[nodiscard]] inline std::optional<boost::json::value>
earlier<Guest_config>(std::string_view member, const boost::json::object& written) {
    if (member == "memory_min_bytes") {
        const boost::json::value* memory = written.if_contains("memory_bytes");
        if (memory == nullptr || !memory->is_number()) return std::nullopt;
        boost::system::error_code inexact;
        return memory_min_default(memory->to_number<std::uint64_t>(inexact));
    }
    if (member == "memory_weight") return memory_weight_ordinary;
    if (member == "memory_reclaim") return false;
    if (member == "memory_engine") return boost::json::value_from(Memory_engine::balloon);
    if (member == "direct") return false;
    if (member == "changes") return to_object(Guest_changes{});
    return std::nullopt;
}

namespace detail {

template <class T>
struct Element {};
template <class T>
struct Element<std::vector<T>> {
    using type = T;
};

/// Adds what `value` lacks because it is older; a key in it that no T has, if there is one.
template <class T>
std::string bring_up_to_date(boost::json::value& value) {
    std::string unknown;
    if constexpr (requires { typename Element<T>::type; }) {
        if (value.is_array())
            for (boost::json::value& one : value.get_array())
                if (unknown.empty()) unknown = bring_up_to_date<typename Element<T>::type>(one);
    } else if constexpr (boost::describe::has_describe_members<T>::value) {
        boost::json::object* const object = value.if_object();
        if (object == nullptr) return {};
        using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
        for (const auto& field : *object) {
            const std::string_view key = field.key();
            bool known = false;
            boost::mp11::mp_for_each<Members>([&](auto member) { known = known || key == member.name; });
            if (!known) return std::string(key);
        }
        boost::mp11::mp_for_each<Members>([&](auto member) {
            using Type = std::remove_cvref_t<decltype(std::declval<T>().*member.pointer)>;
            if (!object->contains(member.name))
                if (auto added = earlier<T>(member.name, *object)) (*object)[member.name] = std::move(*added);
            boost::json::value* const there = object->if_contains(member.name);
            if (there != nullptr && unknown.empty()) unknown = bring_up_to_date<Type>(*there);
        });
    }
    return unknown;
}

} // namespace detail

/// The other way. usage: names what it was to be, and a key that is too new for this version.
template <class T>
[[nodiscard]] Result<T> from_value(boost::json::value value, std::string_view what) {
    if (const std::string unknown = detail::bring_up_to_date<T>(value); !unknown.empty())
        return fail(Fault::usage, std::string(what),
                    "has '" + unknown + "', which this version does not know",
                    "it was written by a newer version: use that one");
    auto made = boost::json::try_value_to<T>(value);
    if (made.has_value()) return std::move(*made);
    return fail(Fault::usage, std::string(what),
                "is not as this version writes it: " + made.error().message(),
                "it was written by another version of xvmd, or is damaged");
}

} // namespace xvm::plan
