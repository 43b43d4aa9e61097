// SPDX-License-Identifier: Apache-2.0
// A file of a given size, gone with the object.
#pragma once

#include <cstdlib>
#include <string>
#include <unistd.h>

namespace xvm::test {

class Temporary_file {
  public:
    explicit Temporary_file(std::uint64_t bytes) {
        char name[] = "/tmp/xvm-test-XXXXXX";
        const int fd = ::mkstemp(name);
        if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) std::abort();
        ::close(fd);
        path_ = name;
    }
    Temporary_file(const Temporary_file&) = delete;
    Temporary_file& operator=(const Temporary_file&) = delete;
    ~Temporary_file() { ::unlink(path_.c_str()); }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

} // namespace xvm::test
