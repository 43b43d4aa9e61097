// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-service/config_database.hpp"

#include <cerrno>
#include <cstdio>
#include <sqlite3.h>
#include <unistd.h>

namespace xvm::service {
namespace {

constexpr int busy_ms = 2000;
constexpr const char* set_up =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "CREATE TABLE IF NOT EXISTS configs (name TEXT PRIMARY KEY, toml TEXT NOT NULL) "
    "STRICT, WITHOUT ROWID;";

bool is_damage(int code) {
    const int primary = code & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

Fault fault_of(int code) {
    switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
        return Fault::exhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return Fault::busy;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return Fault::denied;
    default:
        return Fault::failed;
    }
}

} // namespace

/// One statement, finalised however it ends.
class Config_database::Statement {
  public:
    Statement(const Config_database& database, const char* sql) : database_(database) {
        ready_ = sqlite3_prepare_v2(database.connection_, sql, -1, &statement_, nullptr) == SQLITE_OK;
    }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() { sqlite3_finalize(statement_); }

    void bind(int at, const std::string& text) {
        ready_ = ready_ && sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()),
                                             SQLITE_TRANSIENT) == SQLITE_OK;
    }
    /// True: there is a row; false: there is none any more.
    Result<bool> step() {
        if (!ready_) return database_.failed();
        const int code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE) return false;
        return database_.failed();
    }
    std::string text() const {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, 0));
        return bytes == nullptr
                   ? std::string{}
                   : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, 0)));
    }

  private:
    const Config_database& database_;
    sqlite3_stmt* statement_ = nullptr;
    bool ready_ = false;
};

Result<std::unique_ptr<Config_database>> Config_database::open(const std::string& directory) {
    std::unique_ptr<Config_database> database(new Config_database(directory + "/configs.db"));
    XVM_TRY(database->connect());
    XVM_TRY_LET(const std::string wrong, database->look_through());
    if (wrong.empty()) return database;
    XVM_TRY(database->keep_aside(wrong));
    XVM_TRY(database->connect());
    XVM_TRY_LET(const std::string still, database->look_through());
    if (!still.empty()) return fail(Fault::failed, database->path_, still, "see the disk: dmesg");
    return database;
}

Config_database::~Config_database() {
    disconnect();
}

void Config_database::disconnect() {
    sqlite3_close(connection_);
    connection_ = nullptr;
}

Status Config_database::connect() {
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_FULLMUTEX;
    if (sqlite3_open_v2(path_.c_str(), &connection_, flags, nullptr) != SQLITE_OK) return failed();
    sqlite3_extended_result_codes(connection_, 1);
    sqlite3_busy_timeout(connection_, busy_ms);
    return {};
}

Result<std::string> Config_database::look_through() {
    if (const int code = sqlite3_exec(connection_, set_up, nullptr, nullptr, nullptr); code != SQLITE_OK) {
        if (is_damage(code)) return std::string(sqlite3_errmsg(connection_));
        return failed();
    }
    Statement check(*this, "PRAGMA integrity_check(1)");
    const auto row = check.step();
    if (!row)
        return is_damage(sqlite3_extended_errcode(connection_)) ? row.error().cause
                                                                : std::string("is unreadable");
    const std::string said = check.text();
    return said == "ok" ? std::string{} : said;
}

Status Config_database::keep_aside(const std::string& why) {
    disconnect();
    std::string aside = path_ + ".damaged";
    for (int i = 1; ::access(aside.c_str(), F_OK) == 0; ++i)
        aside = path_ + ".damaged." + std::to_string(i);
    if (std::rename(path_.c_str(), aside.c_str()) != 0)
        return fail_errno(errno, path_, "is damaged (" + why + ") and cannot be kept aside");
    // Its log goes with it: beside another database it would be taken for that one's.
    for (const char* suffix : {"-wal", "-shm"})
        if (std::rename((path_ + suffix).c_str(), (aside + suffix).c_str()) != 0 && errno != ENOENT)
            return fail_errno(errno, path_ + suffix, "cannot be kept aside");
    damaged_ = aside;
    return {};
}

tl::unexpected<Error> Config_database::failed() const {
    const int code = connection_ == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(connection_);
    return fail(fault_of(code), path_,
                connection_ == nullptr ? "out of memory" : sqlite3_errmsg(connection_));
}

Result<std::optional<std::string>> Config_database::read(const std::string& name) {
    Statement select(*this, "SELECT toml FROM configs WHERE name = ?1");
    select.bind(1, name);
    XVM_TRY_LET(const bool found, select.step());
    return found ? std::optional(select.text()) : std::nullopt;
}

Status Config_database::write(const std::string& name, const std::string& text) {
    Statement insert(*this, "INSERT INTO configs (name, toml) VALUES (?1, ?2) "
                            "ON CONFLICT (name) DO UPDATE SET toml = excluded.toml");
    insert.bind(1, name);
    insert.bind(2, text);
    XVM_TRY(insert.step());
    return {};
}

Result<bool> Config_database::remove(const std::string& name) {
    Statement erase(*this, "DELETE FROM configs WHERE name = ?1");
    erase.bind(1, name);
    XVM_TRY(erase.step());
    return sqlite3_changes(connection_) == 1;
}

Result<std::vector<std::string>> Config_database::names() {
    Statement select(*this, "SELECT name FROM configs ORDER BY name");
    std::vector<std::string> all;
    for (;;) {
        XVM_TRY_LET(const bool found, select.step());
        if (!found) return all;
        all.push_back(select.text());
    }
}

} // namespace xvm::service
