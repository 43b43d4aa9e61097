// SPDX-License-Identifier: Apache-2.0
// The whole terminal as one page that is drawn again and again (ncurses).
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace xvm::cli {

class Screen {
  public:
    /// Null when standard input and output are no terminal that ncurses knows.
    [[nodiscard]] static std::unique_ptr<Screen> open();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen(); ///< the terminal is as it was

    /// The title, then the table, whose first line stands out; what does not fit is cut off.
    void draw(const std::string& title, const std::string& table);

    /// The key that was pressed, or 0 when the time is up.
    [[nodiscard]] int key(std::chrono::milliseconds wait);

  private:
    Screen() = default;
    void* terminal_ = nullptr; ///< ncurses' SCREEN
};

} // namespace xvm::cli
