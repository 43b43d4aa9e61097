// SPDX-License-Identifier: Apache-2.0
// What libxlutil prints, caught: it complains to a FILE and says nothing else.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

namespace xvm::import {

class Report {
  public:
    Report() : stream_(::open_memstream(&text_, &size_)) {
        if (stream_ == nullptr) throw std::bad_alloc();
    }
    ~Report() {
        std::fclose(stream_);
        std::free(text_);
    }
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;

    [[nodiscard]] std::FILE* stream() const noexcept { return stream_; }
    /// All that was said so far.
    [[nodiscard]] std::string text() const {
        std::fflush(stream_);
        return {text_, size_};
    }

  private:
    char* text_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* stream_;
};

} // namespace xvm::import
