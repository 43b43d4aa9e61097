// SPDX-License-Identifier: Apache-2.0
// The schema as rows: what the generated table.hpp is made of.
//
// Invariant: rows are constants that refer to one another by name only; a text that is empty, or a
// span without elements, means "no such rule".
#pragma once

#include "xenstore-schema/states.hpp"
#include "xenstore-schema/types.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace xvm::schema {

enum class Type : std::uint8_t {
    u32,
    u64,
    domid,
    uuid,
    flag,
    evtchn,
    gref,
    frame,
    bits,
    state,
    enum_, ///< one of Node_row::values
    path,
    store_path,
    text,
    dir,
    tree,
};

/// In which states of its own side a node must be there: bit n is the state with number n.
struct Required {
    std::uint16_t mask;
};
inline constexpr std::uint16_t always = 0xffff;

struct Node_row {
    std::string_view path; ///< below its directory; may hold placeholders: "ring-ref-{i}"
    Type type;
    Party writer;
    Required required;
    std::uint64_t min;
    std::uint64_t max;
    std::span<const std::string_view> values;
    std::string_view equals;  ///< the value, placeholders filled in
    std::string_view same_as; ///< full path of a node with the same value
    std::string_view count;   ///< sibling that says how many of this numbered node there are
    bool may_be_empty;
    std::span<const Permission> permissions;
    std::string_view doc;
};

struct Directory_row {
    std::string_view file; ///< of the schema
    std::string_view name_space;
    std::string_view name;
    std::string_view path;
    std::span<const Permission> permissions;
    std::span<const Node_row> nodes;
    bool open; ///< other nodes may be there: a stock driver's own, which nobody judges
};

struct Class_row {
    std::string_view name; ///< name_space of its directories "frontend", "backend", "config"
    std::span<const Transition> transitions;
    std::span<const std::uint16_t> legal_backends; ///< by the front end's state
    bool stock; ///< other toolstacks have such devices, too: only those of xvm's guests are judged
};

} // namespace xvm::schema
