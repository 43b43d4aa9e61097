// SPDX-License-Identifier: Apache-2.0
// Stored configurations in an SQLite database of the service's own.
//
// Invariant: what write() and remove() have returned from is there after a loss of power (write-ahead log,
// synchronous). A database that is damaged is never written to: it is kept aside under another name, and
// told.
#pragma once

#include "toolstack/decide/shelf.hpp"

#include <memory>

struct sqlite3;
struct sqlite3_stmt;

namespace xvm::service {

class Config_database final : public decide::Shelf {
  public:
    /// Opens DIRECTORY/configs.db, makes it if it is not there, and looks through all of it.
    [[nodiscard]] static Result<std::unique_ptr<Config_database>> open(const std::string& directory);
    ~Config_database() override;

    Result<std::optional<std::string>> read(const std::string& name) override;
    Status write(const std::string& name, const std::string& text) override;
    Result<bool> remove(const std::string& name) override;
    Result<std::vector<std::string>> names() override;
    std::string place(const std::string& name) const override { return path_ + ":" + name; }

    /// Where the damaged database lies that was found in place of this one; empty: none was.
    [[nodiscard]] const std::string& damaged() const noexcept { return damaged_; }

  private:
    class Statement;
    explicit Config_database(std::string path) : path_(std::move(path)) {}
    /// What is wrong with the file, in SQLite's words; empty: nothing.
    [[nodiscard]] Result<std::string> look_through();
    [[nodiscard]] Status connect();
    [[nodiscard]] Status keep_aside(const std::string& why);
    void disconnect();
    [[nodiscard]] tl::unexpected<Error> failed() const;

    std::string path_;
    std::string damaged_;
    sqlite3* connection_ = nullptr;
};

} // namespace xvm::service
