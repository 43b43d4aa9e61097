// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/config_store.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/base/suggest.hpp"
#include "toolstack/plan/absolute_paths.hpp"
#include "toolstack/plan/names.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <unistd.h>

namespace xvm::xvmd {
namespace {

constexpr std::size_t config_bytes_max = 1024 * 1024; // what a request may bring
constexpr std::string_view suffix = ".toml";

std::string object_of(const std::string& name) {
    return "configuration '" + name + "'";
}

/// The error of a file, about the configuration a user named.
Error about(const std::string& name, const std::string& directory, Error error) {
    error.cause = error.object + ": " + error.cause;
    error.object = object_of(name);
    if (error.remedy.empty())
        error.remedy = error.fault == Fault::exhausted ? "make room: df " + directory
                                                       : "see the directory: ls -ld " + directory;
    return error;
}

} // namespace

api::Failure failure_of(const plan::Config_errors& errors) {
    api::Failure failure{errors.front()};
    failure.more.assign(errors.begin() + 1, errors.end());
    return failure;
}

tl::expected<Stored_config, api::Failure> Config_store::add(const std::string& name, const std::string& toml,
                                                            const std::string& source) const {
    auto text = plan::with_absolute_paths({toml, source, name});
    if (!text) return tl::unexpected<api::Failure>(failure_of(text.error()));
    Status written = make_directories(directory_);
    if (written) written = replace_file(path_of(name), *text, Durable::yes, 0640);
    if (!written) return tl::unexpected<api::Failure>(about(name, directory_, std::move(written.error())));
    return Stored_config{name, path_of(name), std::move(*text)};
}

Result<Stored_config> Config_store::get(const std::string& name) const {
    if (plan::domain_name_fault(name)) return tl::unexpected<Error>(unknown(name));
    auto text = read_text(path_of(name), config_bytes_max);
    if (text) return Stored_config{name, path_of(name), std::move(*text)};
    if (text.error().fault == Fault::not_found) return tl::unexpected<Error>(unknown(name));
    return tl::unexpected<Error>(about(name, directory_, std::move(text.error())));
}

tl::expected<plan::Guest_config, api::Failure> Config_store::guest(const Stored_config& stored) const {
    auto guest = plan::parse_config({stored.toml, stored.path, stored.name});
    if (guest) return std::move(*guest);
    return tl::unexpected<api::Failure>(failure_of(guest.error()));
}

Result<Stored_config> Config_store::remove(const std::string& name) const {
    XVM_TRY_LET(Stored_config stored, get(name));
    if (::unlink(stored.path.c_str()) == 0) return stored;
    if (errno == ENOENT) return tl::unexpected<Error>(unknown(name));
    return tl::unexpected<Error>(
        about(name, directory_, std::move(fail_errno(errno, stored.path, "cannot remove").value())));
}

Result<std::vector<std::string>> Config_store::names() const {
    std::vector<std::string> names;
    std::error_code error;
    namespace fs = std::filesystem;
    for (fs::directory_iterator it(directory_, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
        const std::string file = it->path().filename().string();
        if (!file.ends_with(suffix)) continue;
        std::string name = file.substr(0, file.size() - suffix.size());
        if (!plan::domain_name_fault(name)) names.push_back(std::move(name));
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return fail_errno(error.value(), directory_, "cannot list", "see who may: ls -ld " + directory_);
    std::sort(names.begin(), names.end());
    return names;
}

Error Config_store::unknown(const std::string& name) const {
    Error error{Fault::not_found, object_of(name), "no such configuration",
                "'xvm config list' shows those there are"};
    if (const auto all = names()) {
        const std::vector<std::string_view> views(all->begin(), all->end());
        if (const auto near = nearest(name, views))
            error.remedy = "did you mean '" + std::string(*near) + "'?";
    }
    return error;
}

} // namespace xvm::xvmd
