// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/path_remedy.hpp"

#include "libvmshare/base/suggest.hpp"

#include <cerrno>
#include <filesystem>
#include <vector>

namespace xvm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t names_max = 4096; // a hint is not worth more

std::string where_from(const fs::path& directory) {
    return directory.empty() ? "." : directory.string();
}

/// The file is not there: what is there instead?
std::string missing(const fs::path& path) {
    const fs::path directory = path.parent_path();
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator it(where_from(directory), error); !error && it != fs::directory_iterator();
         it.increment(error)) {
        names.push_back(it->path().filename().string());
        if (names.size() == names_max) break;
    }
    if (!fs::is_directory(where_from(directory), error))
        return "there is no directory " + where_from(directory) + ": see where it is meant to be";
    const std::vector<std::string_view> views(names.begin(), names.end());
    if (const auto near = nearest(path.filename().string(), views))
        return "did you mean '" + (directory / *near).string() + "'?";
    return "see what is there: ls " + where_from(directory);
}

bool is_link(const fs::path& path) {
    std::error_code error;
    return fs::is_symlink(fs::symlink_status(path, error));
}

} // namespace

std::string path_remedy(int error_number, const std::string& path) {
    switch (error_number) {
    case ENOENT:
        return is_link(path) ? "it is a link to what is not there: see ls -l " + path : missing(path);
    case ELOOP:
        return "its links lead back to themselves: see ls -l " + path;
    case ENAMETOOLONG:
        return "give a shorter path";
    case ENXIO:
    case ENODEV:
        return "name a file: this is a socket, or a device that is not there";
    case ETXTBSY:
        return "wait until nobody runs it: see fuser " + path;
    case EIO:
        return "look for the disk's errors: dmesg";
    case ENOTDIR:
        return "a part of the path is a file, not a directory: see ls -l";
    case EISDIR:
        return "is a directory: name a file in it";
    case EACCES:
    case EPERM:
        return "see who may: ls -ld " + path;
    case EROFS:
        return "the file system is read-only: use another one";
    case EMFILE:
    case ENFILE:
        return "close something: too many files are open";
    case ENOSPC:
    case EDQUOT:
        return "make room: df " + where_from(fs::path(path).parent_path());
    default:
        return {};
    }
}

} // namespace xvm
