// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/top_screen.hpp"

#include <algorithm>
#include <clocale>
#include <ncurses.h>
#include <unistd.h>

namespace xvm::cli {

std::unique_ptr<Screen> Screen::open() {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) return nullptr;
    std::setlocale(LC_CTYPE, "");
    SCREEN* terminal = ::newterm(nullptr, stdout, stdin);
    if (terminal == nullptr) return nullptr;
    std::unique_ptr<Screen> screen(new Screen);
    screen->terminal_ = terminal;
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    return screen;
}

Screen::~Screen() {
    ::endwin();
    ::delscreen(static_cast<SCREEN*>(terminal_));
}

void Screen::draw(const std::string& title, const std::string& table) {
    werase(stdscr);
    const int rows = getmaxy(stdscr);
    const int columns = getmaxx(stdscr);
    mvwaddnstr(stdscr, 0, 0, title.c_str(), columns);
    int row = 2;
    for (std::size_t at = 0; at < table.size() && row < rows; ++row) {
        const std::size_t end = std::min(table.find('\n', at), table.size());
        if (row == 2) wattr_on(stdscr, A_REVERSE, nullptr);
        mvwaddnstr(stdscr, row, 0, table.c_str() + at, std::min(columns, static_cast<int>(end - at)));
        if (row == 2) wattr_off(stdscr, A_REVERSE, nullptr);
        at = end + 1;
    }
    wrefresh(stdscr);
}

int Screen::key(std::chrono::milliseconds wait) {
    wtimeout(stdscr, static_cast<int>(wait.count()));
    const int pressed = wgetch(stdscr);
    return pressed == ERR ? 0 : pressed;
}

} // namespace xvm::cli
