// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/path_remedy.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace xvm;

TEST_CASE("A misspelt file's neighbour is offered, in the same words") {
    const auto directory =
        std::filesystem::temp_directory_path() / ("xvm-remedy." + std::to_string(::getpid()));
    std::filesystem::create_directory(directory);
    std::ofstream(directory / "vmlinux") << "x";
    const std::string dir = directory.string();
    CHECK(path_remedy(ENOENT, dir + "/vmlinxu") == "did you mean '" + dir + "/vmlinux'?");
    CHECK(path_remedy(ENOENT, dir + "/initrd") == "see what is there: ls " + dir);
    CHECK(path_remedy(ENOENT, dir + "/sub/vmlinux") ==
          "there is no directory " + dir + "/sub: see where it is meant to be");
    CHECK(path_remedy(EACCES, dir + "/vmlinux") == "see who may: ls -ld " + dir + "/vmlinux");
    CHECK(path_remedy(ENOSPC, dir + "/new") == "make room: df " + dir);
    CHECK(path_remedy(EINVAL, dir).empty());
    std::filesystem::create_symlink("nothing", directory / "gone");
    CHECK(path_remedy(ENOENT, dir + "/gone") ==
          "it is a link to what is not there: see ls -l " + dir + "/gone");
    CHECK(path_remedy(ELOOP, dir + "/gone") ==
          "its links lead back to themselves: see ls -l " + dir + "/gone");
    std::filesystem::remove_all(directory);
}
