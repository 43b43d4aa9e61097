// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/new_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xvm::pack {
namespace {

std::string hidden_name() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz012345"; // 32: no bias
    std::array<unsigned char, 12> random{};
    // Only a kernel without entropy gives fewer bytes; O_EXCL then still keeps names apart.
    (void)!::getrandom(random.data(), random.size(), 0);
    std::string name = ".xvm-pack.";
    for (const unsigned char byte : random)
        name += letters[byte % letters.size()];
    return name;
}

tl::unexpected<Error> taken(const std::string& shown) {
    return fail(Fault::busy, shown, "exists already", "give --force to replace it");
}

} // namespace

Result<New_file> New_file::create(int directory, std::string name, std::string shown) {
    New_file file(directory, std::move(name), std::move(shown));
    file.hidden_name_ = hidden_name();
    file.fd_.reset(::openat(directory, file.hidden_name_.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!file.fd_) return fail_errno(errno, file.shown_, "cannot create a file beside it");
    return file;
}

New_file::~New_file() {
    if (fd_) ::unlinkat(directory_, hidden_name_.c_str(), 0);
}

Status New_file::publish(Existing existing) {
    const unsigned flags = existing == Existing::keep ? RENAME_NOREPLACE : 0;
    if (::renameat2(directory_, hidden_name_.c_str(), directory_, name_.c_str(), flags) != 0) {
        if (errno == EEXIST) return taken(shown_);
        return fail_errno(errno, shown_, "cannot give the new file its name");
    }
    fd_.reset();
    return {};
}

Status refuse_taken(int directory, const std::string& name, const std::string& shown) {
    struct stat info {};
    if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return taken(shown);
    if (errno != ENOENT) return fail_errno(errno, shown, "cannot look at");
    return {};
}

} // namespace xvm::pack
