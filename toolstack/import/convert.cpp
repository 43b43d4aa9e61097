// SPDX-License-Identifier: Apache-2.0
#include "toolstack/import/convert.hpp"

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/number.hpp"
#include "toolstack/import/conversion.hpp"
#include "toolstack/import/xl_keys.hpp"
#include "toolstack/plan/names.hpp"

#include <array>
#include <optional>
#include <set>

namespace xvm::import {
namespace {

constexpr std::int64_t memory_mebibytes_max = std::int64_t{1} << 24;

/// A whole number, decimal or with 0x before it, or noted as wrong.
std::optional<std::int64_t> number(Conversion& work, const std::string& key, std::int64_t least,
                                   std::int64_t most) {
    if (work.file.find(key) == nullptr) return std::nullopt;
    const auto text = work.file.text(key);
    const auto value = text ? parse_number<std::int64_t>(*text) : std::nullopt;
    if (value && *value >= least && *value <= most) return value;
    work.refuse(work.place(key), "'" + key + "' cannot be " + (text ? "'" + *text + "'" : "a list"),
                "give a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<std::string> text(Conversion& work, const std::string& key) {
    if (work.file.find(key) == nullptr) return std::nullopt;
    auto value = work.file.text(key);
    if (!value)
        work.refuse(work.place(key), "'" + key + "' is a list, not a text", "write " + key + " = \"...\"");
    return value;
}

/// A key that has to be there is not: it may only be misspelt.
void note_missing(Conversion& work, std::string_view key, const std::string& remedy) {
    const std::string quoted = "'" + std::string(key) + "'";
    for (const Setting& setting : work.file.settings())
        if (find_key(setting.name) == nullptr && near_key(setting.name) == key)
            return work.refuse(work.file.place(setting),
                               "unknown key '" + setting.name + "', and no " + quoted,
                               "did you mean " + quoted + "?");
    work.refuse(work.file.source(), quoted + " is missing", remedy);
}

void convert_name(Conversion& work, const Choices& choices) {
    const bool chosen = !choices.name.empty();
    const auto name = chosen ? std::optional(choices.name) : text(work, "name");
    if (!name) {
        if (work.file.find("name") == nullptr)
            note_missing(work, "name", "add name = \"web\", or give --name NAME");
        return;
    }
    if (const auto fault = plan::domain_name_fault(*name))
        work.refuse(chosen ? "--name" : work.place("name"), "name '" + *name + "' " + *fault,
                    "choose another: --name web-1");
    work.toml.text("name", *name);
}

void convert_type(Conversion& work) {
    std::string key = "type";
    auto type = text(work, key);
    if (!type && (type = text(work, "builder"))) {
        key = "builder";
        if (*type == "generic" || *type == "linux") type = "pv";
    }
    if (!type) type = "pv"; // xl's default
    if (*type == "pv" || *type == "pvh") return work.toml.text("type", *type);
    if (*type == "hvm")
        return work.refuse(work.place(key), "'" + key + "' is \"hvm\": xvm starts PV and PVH guests only",
                           "a Linux guest can be PVH: type = \"pvh\" and kernel = \"/path/to/vmlinuz\"; else "
                           "keep it with xl");
    work.refuse(work.place(key), "'" + key + "' cannot be '" + *type + "'", "write \"pv\" or \"pvh\"");
}

void convert_memory(Conversion& work) {
    auto memory = number(work, "memory", 1, memory_mebibytes_max);
    const auto most = number(work, "maxmem", 1, memory_mebibytes_max);
    if (work.file.find("memory") == nullptr) {
        if (!most) {
            if (work.file.find("maxmem") == nullptr) note_missing(work, "memory", "add memory = 256 (MiB)");
            return;
        }
        memory = most;
    }
    if (memory) work.toml.text("memory", std::to_string(*memory) + "MiB");
    if (!memory || !most) return;
    if (*most < *memory)
        work.refuse(work.place("maxmem"), "'maxmem' is less than 'memory'", "raise it, or leave it out");
    else if (*most > *memory)
        work.toml.text("memory_max", std::to_string(*most) + "MiB");
}

/// The one processor that the words name, if it is one.
std::optional<unsigned> one_processor(const std::string& words) {
    return parse_number<unsigned>(words);
}

void convert_processors(Conversion& work) {
    constexpr std::int64_t vcpus_max = 128;
    const auto vcpus = number(work, "vcpus", 1, vcpus_max);
    const auto most = number(work, "maxvcpus", 1, vcpus_max);
    const std::int64_t count = vcpus ? *vcpus : most.value_or(1);
    if (vcpus || most) work.toml.number("vcpus", count);
    if (vcpus && most && *most != *vcpus)
        work.warn(work.place("maxvcpus"),
                  "'maxvcpus' is left out: the guest has the processors it starts with",
                  "raise 'vcpus' if it is to have more");
    if (work.file.find("cpus") == nullptr) return;
    const std::string remedy = "xvm pins to one processor, or to one for each of vcpus: pin = [0, 1]";
    if (const auto words = work.file.text("cpus")) {
        if (*words == "all") return work.toml.comment("cpus = \"all\": as without it");
        if (const auto cpu = one_processor(*words)) return work.toml.number("pin", *cpu);
        return work.warn(work.place("cpus"), "'cpus' is left out: '" + *words + "' is several processors",
                         remedy);
    }
    std::vector<unsigned> pins;
    const auto words = work.file.list("cpus");
    for (const std::string& one : words.value_or(std::vector<std::string>{}))
        if (const auto cpu = one_processor(one)) pins.push_back(*cpu);
    if (words && !words->empty() && pins.size() == words->size() &&
        pins.size() == static_cast<std::size_t>(count))
        return work.toml.numbers("pin", pins);
    work.warn(work.place("cpus"), "'cpus' is left out: it is no list of one processor for each of vcpus",
              remedy);
}

void convert_image(Conversion& work, const std::string& key) {
    const auto path = text(work, key);
    if (!path) {
        if (key == "kernel" && work.file.find(key) == nullptr && work.file.find("bootloader") == nullptr &&
            work.file.find("firmware") == nullptr && work.file.text("type") != "hvm" &&
            work.file.text("builder") != "hvm")
            note_missing(work, "kernel", "add kernel = \"/path/to/vmlinuz\"");
        return;
    }
    if (path->empty()) {
        if (key == "kernel") work.refuse(work.place(key), "'kernel' is empty", "name the kernel's file");
        return;
    }
    if (path->front() != '/')
        work.warn(work.place(key),
                  "'" + key + "' is a relative path: xl starts at where it is run, xvm at the file",
                  "see whether it is " + work.absolute(*path));
    work.toml.file(key, work.absolute(*path));
}

void convert_command_line(Conversion& work) {
    const auto whole = text(work, "cmdline");
    const auto root = text(work, "root");
    const auto extra = text(work, "extra");
    if (whole) {
        for (const char* const key : {"root", "extra"})
            if (work.file.find(key) != nullptr)
                work.warn(work.place(key),
                          "'" + std::string(key) + "' is left out: xl too takes 'cmdline' alone",
                          "put it into 'cmdline'");
        return work.toml.text("command_line", *whole);
    }
    if (!root && !extra) return;
    const std::string first = root ? "root=" + *root : std::string{};
    work.toml.text("command_line", first + (root && extra ? " " : "") + extra.value_or(""));
}

struct Action {
    std::string_view name;
    std::string_view ours;
    std::string_view lost;
};
constexpr std::array actions{
    Action{"destroy", "destroy", {}},
    Action{"restart", "restart", {}},
    Action{"preserve", "preserve", {}},
    Action{"rename-restart", "restart", "the old guest is not kept under another name"},
    Action{"coredump-destroy", "destroy", "no core is dumped"},
    Action{"coredump-restart", "restart", "no core is dumped"},
};

void convert_action(Conversion& work, const std::string& key, std::string_view initial) {
    const auto given = text(work, key);
    const std::string word = given.value_or(std::string(initial));
    const auto* const action =
        std::find_if(actions.begin(), actions.end(), [&](const Action& one) { return one.name == word; });
    if (action == actions.end())
        return work.refuse(work.place(key), "'" + key + "' cannot be '" + word + "'",
                           "write \"destroy\", \"restart\" or \"preserve\"");
    if (!action->lost.empty())
        work.warn(work.place(key),
                  "'" + key + "' becomes \"" + std::string(action->ours) + "\": " + std::string(action->lost),
                  "choose \"destroy\", \"restart\" or \"preserve\"");
    work.toml.text(key, action->ours);
}

/// Switched off, or nothing: there is nothing to carry.
bool is_off(const Xl_file& file, const std::string& key) {
    if (const auto list = file.list(key)) return list->empty();
    const auto text = file.text(key);
    return text &&
           (text->empty() || *text == "0" || *text == "none" || *text == "disabled" || *text == "default");
}

void judge_others(Conversion& work) {
    std::set<std::string> seen;
    for (const Setting& setting : work.file.settings()) {
        const std::string place = work.file.place(setting);
        const std::string name = "'" + setting.name + "'";
        const Xl_key* const key = find_key(setting.name);
        const bool adds = setting.words.find("+=") < setting.words.find_first_of("\"'[") && key != nullptr;
        if (!seen.insert(setting.name).second && !adds)
            work.warn(place, name + " is set again: the last one counts, as with xl", "remove the others");
        if (key == nullptr) {
            const std::string_view near = near_key(setting.name);
            work.warn(place, "unknown key " + name + ": xl ignores it, too",
                      near.empty() ? "remove it: xl.cfg(5) knows no such key"
                                   : "did you mean '" + std::string(near) + "'?");
            continue;
        }
        if (key->treatment == Treatment::carried) continue;
        if (key->treatment == Treatment::hvm_only)
            work.toml.comment(setting.name + ": for HVM guests only, xl ignores it as well");
        else if (is_off(work.file, setting.name))
            work.toml.comment(setting.name + ": off, nothing to carry");
        else if (key->treatment == Treatment::refused)
            work.refuse(place, name + " cannot be carried: " + std::string(key->why),
                        std::string(key->remedy));
        else
            work.warn(place, name + " is left out: " + std::string(key->why), std::string(key->remedy));
    }
}

/// The number behind the n-th last colon of "FILE:LINE:COLUMN", 0 if there is none.
std::size_t part_of(const std::string& place, int nth) {
    std::size_t end = place.size();
    for (; nth > 1; --nth)
        end = std::min(place.rfind(':', end - 1), place.size());
    const std::size_t colon = place.rfind(':', end - 1);
    if (colon == std::string::npos) return 0;
    return parse_number<std::size_t>(std::string_view(place).substr(colon + 1, end - colon - 1)).value_or(0);
}

} // namespace

Imported convert(const Xl_file& file, const Choices& choices) {
    Conversion work{file, {}, {}};
    work.toml.comment("From " + file.source() + ", by xvm-import.");
    convert_name(work, choices);
    if (const auto uuid = text(work, "uuid")) {
        if (Uuid::parse(*uuid))
            work.warn(work.place("uuid"), "'uuid' is left out: xvm gives each new guest one of its own",
                      "use the guest's name to find it again");
        else
            work.refuse(work.place("uuid"), "'uuid' cannot be '" + *uuid + "'",
                        "write 32 hexadecimal digits as 8-4-4-4-12, or leave it out");
    }
    convert_type(work);
    convert_memory(work);
    convert_processors(work);
    convert_image(work, "kernel");
    convert_image(work, "ramdisk");
    convert_command_line(work);
    convert_action(work, "on_poweroff", "destroy");
    convert_action(work, "on_reboot", "restart");
    convert_action(work, "on_crash", "destroy");
    judge_others(work);
    convert_disks(work);
    convert_nets(work);
    std::stable_sort(work.notes.begin(), work.notes.end(), [](const Note& a, const Note& b) {
        const auto order = [](const Note& note) {
            const std::size_t line = part_of(note.what.object, 2);
            // What has no place in the file comes after what has one.
            return std::tuple(!note.is_error, line == 0, line, part_of(note.what.object, 1));
        };
        return order(a) < order(b);
    });
    return {work.toml.all(), std::move(work.notes)};
}

} // namespace xvm::import
