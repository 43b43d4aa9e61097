// SPDX-License-Identifier: Apache-2.0
// How much memory a guest is to have, at least, at most, and in proportion to others.
#include "toolstack/plan/config_keys.hpp"
#include "toolstack/plan/size.hpp"

#include <algorithm>
#include <array>

namespace xvm::plan {
namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t enough_for_a_linux_bytes = 64ULL << 20;

/// The same six by two sets of names.
struct Names {
    std::string_view size;
    std::string_view size_example;
    std::string_view most;
    std::string_view least;
    std::string_view weight;
    std::string_view weight_example;
    std::string_view reclaim;
    std::string_view reclaim_example;
    std::string_view engine;
};
constexpr Names flat{"memory",         "memory = \"256MiB\"",   "memory_max",
                     "memory_min",     "memory_weight",         "memory_weight = 100",
                     "memory_reclaim", "memory_reclaim = true", "memory_engine"};
constexpr Names in_table{"size",    "size = \"256MiB\"", "max",   "min", "weight", "weight = 100",
                         "reclaim", "reclaim = true",    "engine"};

void read_by(const Names& names, Table_reader& reader, Guest_config& guest) {
    const auto size = read_memory(reader, names.size);
    const auto most = read_memory(reader, names.most);
    const auto least = read_memory(reader, names.least);
    if (reader.node(names.size) == nullptr) reader.missing(names.size, names.size_example);
    guest.memory_bytes = size.value_or(0);
    guest.memory_max_bytes = most.value_or(guest.memory_bytes);
    guest.memory_min_bytes = least.value_or(memory_min_default(guest.memory_bytes));
    const std::string of_size = "'" + std::string(names.size) + "'";
    if (size && guest.memory_max_bytes < *size)
        reader.bad(names.most, "is less than " + of_size, "raise it, or leave it out");
    if (size && guest.memory_min_bytes > *size)
        reader.bad(names.least, "is more than " + of_size, "lower it, or leave it out");
    if (const auto weight = reader.integer(names.weight, names.weight_example)) {
        if (*weight < 1 || *weight > memory_weight_max)
            reader.bad(names.weight, "cannot be " + std::to_string(*weight),
                       "give 1 to " + std::to_string(memory_weight_max));
        else
            guest.memory_weight = static_cast<unsigned>(*weight);
    }
    guest.memory_reclaim = reader.boolean(names.reclaim, names.reclaim_example).value_or(false);
    guest.memory_engine = read_engine(reader, names.engine, guest.type);
}

} // namespace

std::uint64_t memory_min_default(std::uint64_t memory_bytes) noexcept {
    const std::uint64_t half = (memory_bytes / 2 + page_bytes - 1) / page_bytes * page_bytes;
    return std::min(memory_bytes, std::max(half, enough_for_a_linux_bytes));
}

void read_memory_keys(Table_reader& reader, Config_log& log, Guest_config& guest) {
    const toml::node* node = reader.node(flat.size);
    const toml::table* table = node != nullptr ? node->as_table() : nullptr;
    if (table == nullptr) return read_by(flat, reader, guest);
    for (const std::string_view beside : {flat.most, flat.least, flat.weight, flat.reclaim, flat.engine})
        if (reader.node(beside) != nullptr)
            reader.bad(beside, "and the table [memory] exclude each other", "write it into the table");
    Table_reader inner(*table, std::string(flat.size), log);
    read_by(in_table, inner, guest);
    inner.finish();
}

} // namespace xvm::plan
