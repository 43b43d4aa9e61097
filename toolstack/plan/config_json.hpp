// SPDX-License-Identifier: Apache-2.0
// A guest's configuration as JSON: how it travels in plans and in xvmd's book of guests. Keys are the
// members' names; an unknown or missing key is an error. Include it where conversions are made.
#pragma once

#include "toolstack/plan/config.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>

namespace xvm::plan {

BOOST_DESCRIBE_ENUM(Guest_type, pv, pvh)
BOOST_DESCRIBE_ENUM(Disk_kind, raw, pack)
BOOST_DESCRIBE_ENUM(Disk_backend, xvm, blkback)
BOOST_DESCRIBE_ENUM(On_stop, destroy, restart, preserve)
BOOST_DESCRIBE_STRUCT(Image_source, (), (path, entry))
BOOST_DESCRIBE_STRUCT(Disk_config, (), (dev, devid, kind, path, writable, backend))
BOOST_DESCRIBE_STRUCT(Net_config, (), (devid, mac, bridge))
BOOST_DESCRIBE_STRUCT(Guest_config, (),
                      (name, type, memory_bytes, memory_max_bytes, memory_min_bytes, memory_weight,
                       memory_reclaim, vcpus, pins, kernel, ramdisk, command_line, disks, nets, on_poweroff,
                       on_reboot, on_crash))

/// Any described value as an object.
template <class T>
[[nodiscard]] boost::json::object to_object(const T& value) {
    return boost::json::value_from(value).as_object();
}

/// The other way. usage: names what it was to be.
template <class T>
[[nodiscard]] Result<T> from_value(const boost::json::value& value, std::string_view what) {
    auto made = boost::json::try_value_to<T>(value);
    if (made.has_value()) return std::move(*made);
    return fail(Fault::usage, std::string(what),
                "is not as this version writes it: " + made.error().message(),
                "it was written by another version of xvmd, or is damaged");
}

} // namespace xvm::plan
