// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/config.hpp"

#include "toolstack/plan/config_keys.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/syntax_error.hpp"

#include <array>
#include <filesystem>
#include <optional>

namespace xvm::plan {
namespace {

Guest_config read_guest(const toml::table& table, const Config_text& text, Config_log& log) {
    Table_reader reader(table, "", log);
    const Base_directory base{std::filesystem::path(text.source).parent_path().string()};
    Guest_config guest;
    guest.name = read_name(reader, !text.name.empty());
    guest.type = read_type(reader);
    read_memory_keys(reader, log, guest);
    guest.vcpus = read_vcpus(reader);
    guest.pins = read_pins(reader, guest.vcpus);
    guest.kernel = read_image(reader, log, "kernel", base);
    if (reader.node("kernel") == nullptr) reader.missing("kernel", "kernel = \"FILE\" or \"PACK:ENTRY\"");
    guest.ramdisk = read_image(reader, log, "ramdisk", base);
    guest.command_line = reader.text("command_line", "command_line = \"console=hvc0\"").value_or("");
    if (guest.command_line.find_first_of("\n\r\0", 0, 3) != std::string::npos)
        reader.bad("command_line", "has more than one line", "write it in one");
    const std::size_t fits = guest.type == Guest_type::pv ? 1023 : 2047; // what the boot protocols take
    if (guest.command_line.size() > fits)
        reader.bad("command_line",
                   "has " + std::to_string(guest.command_line.size()) + " bytes, a " +
                       (guest.type == Guest_type::pv ? "PV" : "PVH") + " guest takes " + std::to_string(fits),
                   "shorten it");
    guest.disks = read_disks(reader, log, base);
    guest.nets = read_nets(reader, log, guest.name);
    guest.direct = reader.boolean("direct", "direct = true").value_or(false);
    guest.on_poweroff = read_on_stop(reader, "on_poweroff", guest.on_poweroff);
    guest.on_reboot = read_on_stop(reader, "on_reboot", guest.on_reboot);
    guest.on_crash = read_on_stop(reader, "on_crash", guest.on_crash);
    reader.finish();
    return guest;
}

/// What only an xl.cfg has: a list of texts for the disks or the interfaces.
std::optional<Error> xl_cfg(const toml::table& table, const std::string& source) {
    for (const std::string_view key : {"disk", "vif"}) {
        const toml::array* const list = table.get_as<toml::array>(key);
        if (list == nullptr || list->empty() || !list->front().is_string()) continue;
        const toml::source_position at = list->source().begin;
        return Error{Fault::usage, source + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
                     "'" + std::string(key) + "' is a list of texts, as in an xl.cfg",
                     "make TOML of it: xvm import " + source};
    }
    return std::nullopt;
}

tl::unexpected<Config_errors> refuse(Error error) {
    Config_errors errors;
    errors.push_back(std::move(error));
    return tl::unexpected<Config_errors>(std::move(errors));
}

} // namespace

std::string_view name_of(Guest_type type) noexcept {
    constexpr std::array<std::string_view, 2> names{"pv", "pvh"};
    return names[static_cast<std::size_t>(type)];
}

std::string_view name_of(Disk_kind kind) noexcept {
    constexpr std::array<std::string_view, 2> names{"raw", "pack"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Disk_backend backend) noexcept {
    constexpr std::array<std::string_view, 2> names{"xvm", "blkback"};
    return names[static_cast<std::size_t>(backend)];
}

tl::expected<Guest_config, Config_errors> parse_config(const Config_text& text) {
    Config_log log(text.source);
    Guest_config guest;
    try {
        const toml::table table = toml::parse(text.toml);
        if (table.empty())
            return refuse({Fault::usage, text.source, "is empty",
                           "write what the guest is: xvm.toml(5) has an example"});
        guest = read_guest(table, text, log);
        if (auto error = xl_cfg(table, text.source)) return refuse(std::move(*error));
    } catch (const toml::parse_error& error) {
        return refuse(explain(error, text.toml, text.source));
    }
    if (!text.name.empty()) {
        guest.name = text.name;
        if (const auto fault = domain_name_fault(text.name))
            return refuse(
                {Fault::usage, "name '" + text.name + "'", *fault, "choose another, such as web-1"});
    }
    if (auto errors = log.take(); !errors.empty()) return tl::unexpected<Config_errors>(std::move(errors));
    return guest;
}

} // namespace xvm::plan
