// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/direct_book.hpp"

#include "libvmshare/base/file.hpp"
#include "toolstack/plan/config_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <unistd.h>

namespace xvm::run {
namespace json = boost::json;
using plan::Direct_record;
namespace {

constexpr std::string_view extension = ".device";
constexpr std::size_t file_bytes_max = 1U << 20;

Result<Direct_record> parse_record(const std::string& path) {
    XVM_TRY_LET(const std::string text, read_text(path, file_bytes_max));
    json::error_code error;
    json::value value = json::parse(text, error);
    if (error)
        return fail(Fault::failed, path, "what is known of a device is not whole",
                    "'xvm device release' makes it whole again");
    return plan::from_value<Direct_record>(std::move(value), path);
}

} // namespace

Result<std::unique_ptr<Direct_book>> Direct_book::open(const std::string& directory,
                                                       std::vector<Error>& damaged) {
    XVM_TRY(make_directories(directory, 0700));
    std::unique_ptr<Direct_book> book(new Direct_book(directory));
    XVM_TRY(book->load(damaged));
    return book;
}

Status Direct_book::load(std::vector<Error>& damaged) {
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory_, error)) {
        const std::string path = file.path().string();
        if (file.path().extension() == ".new") ::unlink(path.c_str());
        if (file.path().extension() != extension) continue;
        auto record = parse_record(path);
        if (record) {
            const std::string device = record->device;
            records_.insert_or_assign(device, std::move(*record));
            continue;
        }
        std::error_code ignored;
        std::filesystem::rename(path, path + ".damaged", ignored);
        record.error().object += ".damaged";
        damaged.push_back(std::move(record.error()));
    }
    if (error) return fail_errno(error.value(), directory_, "cannot read");
    return {};
}

std::string Direct_book::path_of(const std::string& device) const {
    return directory_ + "/" + device + std::string(extension);
}

Status Direct_book::keep(const Direct_record& record) {
    const std::lock_guard lock(mutex_);
    // One that is about to be given has its pages counted by now.
    if (record.phase == plan::Direct_phase::host && record.reason.empty() && record.pages == 0) {
        ::unlink(path_of(record.device).c_str());
        records_.erase(record.device);
        return {};
    }
    XVM_TRY(replace_file(path_of(record.device), json::serialize(plan::to_object(record)), Durable::no));
    records_.insert_or_assign(record.device, record);
    return {};
}

Direct_record Direct_book::look(const std::string& device) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(device);
    if (found != records_.end()) return found->second;
    Direct_record none;
    none.device = device;
    return none;
}

std::vector<Direct_record> Direct_book::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Direct_record> records;
    for (const auto& [device, record] : records_)
        records.push_back(record);
    return records;
}

Result<std::shared_ptr<void>> Direct_book::turn(const std::string& device) {
    const std::lock_guard lock(mutex_);
    if (!turns_.insert(device).second)
        return fail(Fault::busy, "device " + device, "is just being given, moved or released",
                    "ask again when that is done: 'xvm operation list'");
    return std::shared_ptr<void>(this, [device](void* book) {
        auto* const self = static_cast<Direct_book*>(book);
        const std::lock_guard release(self->mutex_);
        self->turns_.erase(device);
    });
}

} // namespace xvm::run
