// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/config_keys.hpp"

#include "libvmshare/base/suggest.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/size.hpp"

#include <array>
#include <filesystem>

namespace xvm::plan {
namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::int64_t vcpus_max = 128; // more APIC ids do not fit a local APIC entry's 8 bits
constexpr std::int64_t cpu_max = 4095;

/// One of `words`, by position; nothing if absent or bad.
template <std::size_t size>
std::optional<std::size_t> read_word(Table_reader& reader, std::string_view key,
                                     const std::array<std::string_view, size>& words) {
    const std::string example = std::string(key) + " = \"" + std::string(words[0]) + "\"";
    const auto text = reader.text(key, example);
    if (!text) return std::nullopt;
    for (std::size_t i = 0; i < size; ++i)
        if (words[i] == *text) return i;
    std::string all;
    for (const std::string_view word : words)
        all += (all.empty() ? "\"" : ", \"") + std::string(word) + "\"";
    const auto near = nearest(*text, words);
    reader.bad(key, "cannot be '" + *text + "'",
               near ? "did you mean '" + std::string(*near) + "'?" : "write one of " + all);
    return std::nullopt;
}

Image_source split_image(const std::string& text, const Base_directory& base) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return {base.absolute(text), {}};
    return {base.absolute(text.substr(0, colon)), text.substr(colon + 1)};
}

Image_source read_image_table(const toml::table& table, const std::string& key, Config_log& log,
                              const Base_directory& base) {
    Table_reader reader(table, key, log);
    const auto pack = reader.text("pack", "pack = \"boot.pack\"");
    const auto entry = reader.text("entry", "entry = \"" + key + "\"");
    const auto file = reader.text("file", "file = \"" + key + "\"");
    if (file && (pack || entry)) reader.bad("file", "and 'pack' exclude each other", "keep one of them");
    if (pack && !entry) reader.missing("entry", "entry = \"NAME\": which image of the pack");
    if (entry && !pack && !file) reader.missing("pack", "pack = \"FILE\": where the entry is");
    if (!file && !pack && !entry) reader.missing("file", "file = \"FILE\", or pack and entry", "pack");
    reader.finish();
    if (file) return {base.absolute(*file), {}};
    return {pack ? base.absolute(*pack) : std::string{}, entry.value_or("")};
}

Disk_config read_disk(const toml::table& table, Config_log& log, const Base_directory& base) {
    Table_reader reader(table, "disk", log);
    Disk_config disk;
    if (const auto dev = reader.text("dev", "dev = \"xvda\"")) {
        disk.dev = *dev;
        if (const auto devid = disk_devid(*dev))
            disk.devid = *devid;
        else
            reader.bad("dev", "cannot be '" + *dev + "'", "use xvda to xvdp");
    } else if (reader.node("dev") == nullptr) {
        reader.missing("dev", "dev = \"xvda\": its name in the guest");
    }
    const auto pack = reader.text("pack", "pack = \"boot.pack\"");
    const auto raw = reader.text("raw", "raw = \"disk.img\"");
    if (pack && raw) reader.bad("raw", "and 'pack' exclude each other", "keep one of them");
    if (reader.node("pack") == nullptr && reader.node("raw") == nullptr)
        reader.missing("pack", "pack = \"FILE\", or raw = \"FILE\"", "raw");
    disk.kind = pack ? Disk_kind::pack : Disk_kind::raw;
    if (pack || raw) {
        const std::string& given = pack ? *pack : *raw;
        if (given.empty()) reader.bad(pack ? "pack" : "raw", "is empty", "name a file");
        disk.path = base.absolute(given);
    }
    constexpr std::array<std::string_view, 2> modes{"r", "w"};
    disk.writable = read_word(reader, "mode", modes) == std::size_t{1};
    if (disk.writable && pack)
        reader.bad("mode", "cannot be 'w': a pack is served read-only",
                   "use mode = \"r\", or raw = \"FILE\"");
    constexpr std::array<std::string_view, 2> backends{"xvm", "blkback"};
    if (read_word(reader, "backend", backends) == std::size_t{1}) disk.backend = Disk_backend::blkback;
    if (disk.backend == Disk_backend::blkback && pack)
        reader.bad("backend", "cannot be 'blkback': the kernel knows no packs",
                   "leave it out, or use raw = \"FILE\"");
    if (is_part(disk.devid) && disk.backend == Disk_backend::xvm)
        reader.bad("dev", "'" + disk.dev + "' is a partition: dom0's kernel serves one, xvm-blkd whole disks",
                   "add backend = \"blkback\", or use " + disk.dev.substr(0, 4));
    reader.finish();
    return disk;
}

} // namespace

std::string Base_directory::absolute(const std::string& given) const {
    if (given.empty()) return given;
    return (std::filesystem::path(path) / given).lexically_normal().string();
}

std::string read_name(Table_reader& reader, bool replaced) {
    const auto name = reader.text("name", "name = \"web\"");
    if (!name) {
        if (!replaced && reader.node("name") == nullptr) reader.missing("name", "name = \"web\"");
        return {};
    }
    if (const auto fault = domain_name_fault(*name))
        reader.bad("name", *fault, "choose another, such as \"web-1\"");
    return *name;
}

Guest_type read_type(Table_reader& reader) {
    constexpr std::array<std::string_view, 2> types{"pv", "pvh"};
    const toml::node* const given = reader.node("type");
    if (given == nullptr) reader.missing("type", "type = \"pvh\" (or \"pv\")");
    if (given != nullptr && given->value<std::string_view>() == "hvm") {
        reader.bad("type", "is \"hvm\": xvm starts PV and PVH guests only",
                   "write type = \"pvh\": most Linux guests can be that");
        return Guest_type::pvh;
    }
    const auto type = read_word(reader, "type", types);
    return type == std::size_t{0} ? Guest_type::pv : Guest_type::pvh;
}

std::optional<std::uint64_t> read_memory(Table_reader& reader, std::string_view key) {
    const std::string example = std::string(key) + " = \"256MiB\"";
    const toml::node* node = reader.node(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_string()) {
        reader.wrong_type(key, *node, "a size with its unit", example);
        return std::nullopt;
    }
    const std::string text = node->as_string()->get();
    const auto bytes = parse_size(text);
    if (!bytes || *bytes == 0 || *bytes % page_bytes != 0) {
        reader.bad(key, "cannot be '" + text + "'",
                   bytes ? "give a multiple of 4KiB above zero"
                         : "give a whole number and KiB, MiB, GiB or TiB, such as \"256MiB\"");
        return std::nullopt;
    }
    return bytes;
}

Memory_engine read_engine(Table_reader& reader, std::string_view key, Guest_type type) {
    constexpr std::array<std::string_view, 2> engines{"balloon", "block"};
    if (read_word(reader, key, engines) != std::size_t{1}) return Memory_engine::balloon;
    if (type == Guest_type::pv)
        reader.bad(key, "cannot be 'block': only a guest of type 'pvh' has blocks",
                   "leave it out, or use type = \"pvh\"");
    return Memory_engine::block;
}

On_stop read_on_stop(Table_reader& reader, std::string_view key, On_stop otherwise) {
    constexpr std::array<std::string_view, 3> choices{"destroy", "restart", "preserve"};
    const auto choice = read_word(reader, key, choices);
    return choice ? static_cast<On_stop>(*choice) : otherwise;
}

unsigned read_vcpus(Table_reader& reader) {
    const auto vcpus = reader.integer("vcpus", "vcpus = 1");
    if (!vcpus) return 1;
    if (*vcpus < 1 || *vcpus > vcpus_max) {
        reader.bad("vcpus", "cannot be " + std::to_string(*vcpus), "give 1 to " + std::to_string(vcpus_max));
        return 1;
    }
    return static_cast<unsigned>(*vcpus);
}

std::vector<unsigned> read_pins(Table_reader& reader, unsigned vcpus) {
    const toml::node* node = reader.node("pin");
    if (node == nullptr) return {};
    const auto cpu_of = [&](const toml::node& item) -> std::optional<unsigned> {
        const auto* number = item.as_integer();
        if (number != nullptr && number->get() >= 0 && number->get() <= cpu_max)
            return static_cast<unsigned>(number->get());
        if (number != nullptr)
            reader.bad("pin", "cannot be " + std::to_string(number->get()),
                       "give 0 to " + std::to_string(cpu_max));
        else
            reader.wrong_type("pin", item, "the number of a processor",
                              "pin = [0, 1]: one for each of vcpus");
        return std::nullopt;
    };
    if (!node->is_array()) {
        const auto cpu = cpu_of(*node);
        return cpu ? std::vector<unsigned>(vcpus, *cpu) : std::vector<unsigned>{};
    }
    std::vector<unsigned> pins;
    for (const toml::node& item : *node->as_array()) {
        const auto cpu = cpu_of(item);
        if (!cpu) return {};
        pins.push_back(*cpu);
    }
    if (pins.size() != vcpus) {
        reader.bad("pin", "lists " + std::to_string(pins.size()) + ", but vcpus is " + std::to_string(vcpus),
                   "give one processor for each, or a single number for all");
        return {};
    }
    return pins;
}

Image_source read_image(Table_reader& reader, Config_log& log, std::string_view key,
                        const Base_directory& base) {
    const toml::node* node = reader.node(key);
    if (node == nullptr) return {};
    const std::string name(key);
    if (const auto* table = node->as_table()) return read_image_table(*table, name, log, base);
    const auto* text = node->as_string();
    if (text == nullptr) {
        reader.wrong_type(key, *node, "a text or a table",
                          name + " = \"FILE\", \"PACK:ENTRY\" or { pack = \"PACK\", entry = \"ENTRY\" }");
        return {};
    }
    const Image_source image = split_image(text->get(), base);
    const bool wants_entry = text->get().find(':') != std::string::npos;
    if (image.path.empty() || (wants_entry && image.entry.empty()))
        reader.bad(key, "cannot be '" + text->get() + "'", "write \"FILE\" or \"PACK:ENTRY\"");
    return image;
}

std::vector<Disk_config> read_disks(Table_reader& reader, Config_log& log, const Base_directory& base) {
    const toml::node* node = reader.node("disk");
    if (node == nullptr) return {};
    const auto* array = node->as_array();
    if (array == nullptr) {
        reader.wrong_type("disk", *node, "a list of tables", "[[disk]] with two brackets");
        return {};
    }
    std::vector<Disk_config> disks;
    for (const toml::node& item : *array) {
        const auto* table = item.as_table();
        if (table == nullptr) {
            reader.wrong_type("disk", item, "a table", "[[disk]] and its keys below");
            continue;
        }
        Disk_config disk = read_disk(*table, log, base);
        for (const Disk_config& earlier : disks)
            if (!disk.dev.empty() && earlier.dev == disk.dev)
                log.add(table->get("dev")->source(), "'dev': another disk is '" + disk.dev + "' already",
                        "give each disk a name of its own");
            else if (disk.devid != 0 && earlier.devid != 0 && overlap(earlier.devid, disk.devid))
                log.add(table->get("dev")->source(),
                        "'dev': '" + disk.dev + "' overlaps another disk, '" + earlier.dev + "'",
                        "use another letter for one of them");
        disks.push_back(std::move(disk));
    }
    return disks;
}

} // namespace xvm::plan
