// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/file_shelf.hpp"

#include "libvmshare/base/file.hpp"
#include "toolstack/plan/names.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <unistd.h>

namespace xvm::xvmd {
namespace {

constexpr std::size_t config_bytes_max = 1024 * 1024; // what a request may bring
constexpr std::string_view suffix = ".toml";

} // namespace

Result<std::optional<std::string>> File_shelf::read(const std::string& name) {
    auto text = read_text(place(name), config_bytes_max);
    if (text) return std::optional(std::move(*text));
    if (text.error().fault == Fault::not_found) return std::nullopt;
    return tl::unexpected<Error>(std::move(text.error()));
}

Status File_shelf::write(const std::string& name, const std::string& text) {
    XVM_TRY(make_directories(directory_));
    return replace_file(place(name), text, Durable::yes, 0640);
}

Result<bool> File_shelf::remove(const std::string& name) {
    if (::unlink(place(name).c_str()) == 0) return true;
    if (errno == ENOENT) return false;
    return fail_errno(errno, place(name), "cannot remove");
}

Result<std::vector<std::string>> File_shelf::names() {
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

} // namespace xvm::xvmd
