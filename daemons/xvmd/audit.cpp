// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/audit.hpp"

#include "daemons/common/service_manager.hpp"
#include "libvmshare/base/file.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

constexpr std::size_t text_bytes_max = 256;
constexpr std::array<std::string_view, 5> secret_words{"password", "passwd", "secret", "token", "key"};

bool is_secret(std::string_view name) {
    for (const std::string_view word : secret_words)
        if (name == word || name.ends_with("_" + std::string(word))) return true;
    return false;
}

json::value presentable_value(const json::value& value) {
    if (const json::string* text = value.if_string(); text != nullptr && text->size() > text_bytes_max)
        return json::object{{"bytes", text->size()}};
    if (const json::object* object = value.if_object()) return presentable(*object);
    if (const json::array* list = value.if_array()) {
        json::array all;
        for (const json::value& item : *list)
            all.push_back(presentable_value(item));
        return all;
    }
    return value;
}

std::string time_text() {
    const auto now = std::chrono::system_clock::now();
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                       std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
                           1000);
}

json::object json_of(const Audit_record& record) {
    json::object line{{"schema", "xvm.audit/1"},   {"time", time_text()},
                      {"uid", record.peer.uid},    {"gid", record.peer.gid},
                      {"pid", record.peer.pid},    {"verb", record.verb},
                      {"object", record.object},   {"arguments", presentable(record.arguments)},
                      {"outcome", record.outcome}, {"duration_ms", record.duration.count()}};
    if (!record.cause.empty()) line["cause"] = record.cause;
    return line;
}

void tell_journal(const Audit_record& record) {
    const std::string object = record.object.empty() ? "host" : "'" + record.object + "'";
    daemon::write_to_journal(
        {fmt::format("MESSAGE={} {}: {} (uid {}, pid {}, {} ms)", record.verb, object, record.outcome,
                     record.peer.uid, record.peer.pid, record.duration.count()),
         "PRIORITY=5", "XVM_VERB=" + record.verb, "XVM_OBJECT=" + record.object,
         fmt::format("XVM_UID={}", record.peer.uid), "XVM_OUTCOME=" + record.outcome});
}

} // namespace

json::object presentable(const json::object& arguments) {
    json::object shown;
    for (const auto& [name, value] : arguments)
        shown[name] = is_secret(name) ? json::value("…") : presentable_value(value);
    return shown;
}

/// Lines at the end of a file that is replaced when it is full. Not a logger's file: a line that does not
/// fit the disk is taken back, so that what is there always parses.
class Audit::File {
  public:
    File(std::string path, Limits limits) : path_(std::move(path)), limits_(limits) {}

    Status open() {
        XVM_TRY_LET(file_, open_file(path_, O_WRONLY | O_CREAT | O_APPEND, 0640));
        struct stat status {};
        if (::fstat(file_.get(), &status) != 0) return fail_errno(errno, path_, "look at");
        bytes_ = static_cast<std::size_t>(status.st_size);
        return {};
    }

    Status add(std::string_view line) {
        if (!file_ || (bytes_ > 0 && bytes_ + line.size() > limits_.file_bytes)) {
            if (file_) rotate();
            XVM_TRY(open());
        }
        const ssize_t written = ::write(file_.get(), line.data(), line.size());
        if (written == static_cast<ssize_t>(line.size())) {
            bytes_ += line.size();
            return {};
        }
        const int error = written < 0 ? errno : ENOSPC;
        if (written > 0 && ::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0)
            file_.reset(); // begins anew with the next line
        return fail_errno(error, path_, "write");
    }

  private:
    [[nodiscard]] std::string old(std::size_t index) const {
        const std::size_t dot = path_.rfind('.');
        const std::size_t name = path_.rfind('/') + 1;
        if (dot == std::string::npos || dot <= name) return path_ + "." + std::to_string(index);
        return path_.substr(0, dot) + "." + std::to_string(index) + path_.substr(dot);
    }

    void rotate() {
        file_.reset();
        if (limits_.old_files == 0) ::unlink(path_.c_str());
        // The oldest goes by being replaced. A step that fails only means that a file grows on.
        for (std::size_t index = limits_.old_files; index > 0; --index)
            std::rename((index == 1 ? path_ : old(index - 1)).c_str(), old(index).c_str());
    }

    std::string path_;
    Limits limits_;
    Unique_fd file_;
    std::size_t bytes_ = 0;
};

Audit::Audit(std::unique_ptr<File> file, bool journal) : file_(std::move(file)), journal_(journal) {}
Audit::~Audit() = default;

Result<std::unique_ptr<Audit>> Audit::open(const std::string& path, bool journal, Limits limits) {
    if (const std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0)
        XVM_TRY(make_directories(path.substr(0, slash)));
    auto file = std::make_unique<File>(path, limits);
    XVM_TRY(file->open());
    return std::unique_ptr<Audit>(new Audit(std::move(file), journal));
}

void Audit::write(const Audit_record& record) {
    const std::string line = json::serialize(json_of(record)) + "\n";
    {
        const std::lock_guard lock(mutex_);
        const Status added = file_->add(line);
        if (!added && !broken_)
            spdlog::error("the audit misses '{}' and what follows: {}", record.verb, added.error().line());
        if (added && broken_) spdlog::warn("the audit goes on");
        broken_ = !added;
    }
    if (journal_) tell_journal(record);
}

} // namespace xvm::xvmd
