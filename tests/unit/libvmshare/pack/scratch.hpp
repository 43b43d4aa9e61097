// SPDX-License-Identifier: Apache-2.0
// A directory for one test, gone with it, and files in it.
#pragma once

#include "libvmshare/base/file.hpp"
#include "libvmshare/pack/writer.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>

namespace xvm::pack::test {

class Scratch {
  public:
    Scratch() {
        const char* const parent = std::getenv("TMPDIR");
        path_ = std::string(parent != nullptr ? parent : "/tmp") + "/xvm-pack-test.XXXXXX";
        REQUIRE(::mkdtemp(path_.data()) != nullptr);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string path(const std::string& name = {}) const {
        return name.empty() ? path_ : path_ + "/" + name;
    }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream file(path(name), std::ios::binary);
        REQUIRE(file);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// Names in a directory, sorted; hidden ones too.
    [[nodiscard]] std::vector<std::string> list(const std::string& name = {}) const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(path(name)))
            names.push_back(entry.path().filename());
        std::sort(names.begin(), names.end());
        return names;
    }

  private:
    std::string path_;
};

inline Status ignore_progress(std::uint64_t) {
    return {};
}

/// One image of a pack under test: its name, and the file it comes from.
struct Input {
    std::string name;
    std::string path;
    Kind kind = Kind::data;
};

/// Builds the pack at `out` and returns its index as the writer gave it.
inline Index build(const std::string& out, const std::vector<Input>& inputs, const Pack_spec& spec = {}) {
    std::vector<Source> sources;
    for (const Input& input : inputs) {
        auto source = Source::open(input.name, input.path, input.kind);
        REQUIRE(source);
        sources.push_back(std::move(*source));
    }
    auto index = plan_pack(sources, spec, out);
    REQUIRE(index);
    const auto fd = open_file(out, O_RDWR | O_CREAT | O_TRUNC);
    REQUIRE(fd);
    auto written = write_pack(fd->get(), out, std::move(*index), sources, ignore_progress);
    REQUIRE(written);
    return std::move(*written);
}

} // namespace xvm::pack::test
