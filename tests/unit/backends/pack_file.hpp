// SPDX-License-Identifier: Apache-2.0
// A pack with one image, gone with the object.
#pragma once

#include "libvmshare/pack/writer.hpp"
#include "tests/unit/backends/temporary_file.hpp"

#include <fcntl.h>
#include <random>
#include <vector>

namespace xvm::test {

class Pack_file {
  public:
    /// The image "data" has `bytes` bytes of noise.
    explicit Pack_file(std::uint64_t bytes) : source_(bytes), pack_(0) {
        std::vector<unsigned char> noise(bytes);
        std::mt19937 random(1);
        for (unsigned char& byte : noise)
            byte = static_cast<unsigned char>(random());
        const Unique_fd fd(::open(source_.path().c_str(), O_WRONLY | O_CLOEXEC));
        if (::pwrite(fd.get(), noise.data(), bytes, 0) != static_cast<ssize_t>(bytes)) std::abort();
        std::vector<pack::Source> sources;
        sources.push_back(*pack::Source::open("data", source_.path(), pack::Kind::data));
        const auto index = pack::plan_pack(sources, {}, pack_.path());
        const Unique_fd out(::open(pack_.path().c_str(), O_RDWR | O_CLOEXEC));
        if (!index || !pack::write_pack(out.get(), pack_.path(), *index, sources,
                                        [](std::uint64_t) -> Status { return {}; }))
            std::abort();
        disk_bytes_ = index->disk_bytes;
    }
    [[nodiscard]] const std::string& path() const { return pack_.path(); }
    [[nodiscard]] std::uint64_t disk_bytes() const { return disk_bytes_; }

  private:
    Temporary_file source_;
    Temporary_file pack_;
    std::uint64_t disk_bytes_ = 0;
};

} // namespace xvm::test
