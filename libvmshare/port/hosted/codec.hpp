// SPDX-License-Identifier: Apache-2.0
// The values of the hosted machine's calls as JSON: numbers for what ids.hpp and desk.hpp give types of their
// own, arrays of arguments, descriptors beside the text.
#pragma once

#include "libvmshare/port/hosted/desk.hpp"

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <optional>
#include <string_view>
#include <tuple>

// Boost.JSON finds these in the namespaces of the types.
#define XVM_ENUMS_AS_NUMBERS                                                                                 \
    template <class E>                                                                                       \
    requires std::is_enum_v<E>                                                                               \
    void tag_invoke(boost::json::value_from_tag, boost::json::value& json, E value) {                        \
        json = static_cast<std::uint64_t>(value);                                                            \
    }                                                                                                        \
    template <class E>                                                                                       \
    requires std::is_enum_v<E> E tag_invoke(boost::json::value_to_tag<E>, const boost::json::value& json) {  \
        return static_cast<E>(json.to_number<std::underlying_type_t<E>>());                                  \
    }

namespace xvm {
XVM_ENUMS_AS_NUMBERS
BOOST_DESCRIBE_STRUCT(Error, (), (fault, object, cause, remedy))
} // namespace xvm

namespace xvm::port {
XVM_ENUMS_AS_NUMBERS
BOOST_DESCRIBE_STRUCT(Store_permission, (), (domid, access))
BOOST_DESCRIBE_STRUCT(Watch_event, (), (path, token))
} // namespace xvm::port

namespace xvm::port::hosted {
XVM_ENUMS_AS_NUMBERS
BOOST_DESCRIBE_STRUCT(Page_place, (), (share, page))
BOOST_DESCRIBE_STRUCT(New_mapping, (), (id, places))
BOOST_DESCRIBE_STRUCT(Copy_wish, (), (gref, access))
BOOST_DESCRIBE_STRUCT(Copy_place, (), (granted, place))

using Fds = std::vector<Unique_fd>;

/// Takes the next descriptor that came with a message. A message with too few is not ours: throws.
[[nodiscard]] inline Unique_fd take(Fds& fds) {
    if (fds.empty()) throw std::runtime_error("a message without its descriptor");
    Unique_fd fd = std::move(fds.front());
    fds.erase(fds.begin());
    return fd;
}

/// How a T travels; the types with descriptors have their own.
template <class T>
struct Codec {
    static boost::json::value pack(T value, Fds&) { return boost::json::value_from(value); }
    static T unpack(const boost::json::value& json, Fds&) { return boost::json::value_to<T>(json); }
};

template <class T>
struct Codec<std::optional<T>> {
    static boost::json::value pack(std::optional<T> value, Fds& fds) {
        return value ? Codec<T>::pack(std::move(*value), fds) : boost::json::value();
    }
    static std::optional<T> unpack(const boost::json::value& json, Fds& fds) {
        if (json.is_null()) return std::nullopt;
        return Codec<T>::unpack(json, fds);
    }
};

template <>
struct Codec<Unique_fd> {
    static boost::json::value pack(Unique_fd value, Fds& fds) {
        fds.push_back(std::move(value));
        return nullptr;
    }
    static Unique_fd unpack(const boost::json::value&, Fds& fds) { return take(fds); }
};

template <>
struct Codec<Port_end> {
    static boost::json::value pack(Port_end value, Fds& fds) {
        fds.push_back(std::move(value.receive));
        fds.push_back(std::move(value.send));
        return number(value.port);
    }
    static Port_end unpack(const boost::json::value& json, Fds& fds) {
        Unique_fd receive = take(fds);
        return {boost::json::value_to<Evtchn_port>(json), std::move(receive), take(fds)};
    }
};

template <>
struct Codec<New_share> {
    static boost::json::value pack(New_share value, Fds& fds) {
        fds.push_back(std::move(value.memory));
        return boost::json::value_from(value.grefs);
    }
    static New_share unpack(const boost::json::value& json, Fds& fds) {
        return {boost::json::value_to<std::vector<Gref>>(json), take(fds)};
    }
};

/// What an argument is kept in on the far side: views become owners.
template <class T>
struct Argument {
    using type = std::decay_t<T>;
};
template <>
struct Argument<std::string_view> {
    using type = std::string;
};
template <class T>
struct Argument<std::span<const T>> {
    using type = std::vector<T>;
};
template <class... T>
using Arguments = std::tuple<typename Argument<T>::type...>;

} // namespace xvm::port::hosted
