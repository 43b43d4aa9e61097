// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/guest_book.hpp"

#include "libvmshare/base/file.hpp"
#include "toolstack/plan/config_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <unistd.h>

namespace xvm::run {
namespace json = boost::json;
namespace {

constexpr std::string_view extension = ".guest";
constexpr std::string_view schema = "xvm.guest/1";
constexpr std::size_t file_bytes_max = 1U << 20;

std::string text_of(const Guest_record& record) {
    json::array lent;
    for (const Loan& loan : record.lent)
        lent.push_back({{"borrower", loan.borrower.text()}, {"bytes", loan.bytes}});
    return json::serialize(json::object{{"schema", schema},
                                        {"uuid", record.id.uuid.text()},
                                        {"domid", number(record.id.domid)},
                                        {"restarting", record.restarting},
                                        {"lent", std::move(lent)},
                                        {"guest", plan::to_object(record.guest)}});
}

/// Loans that can be read: one that cannot is memory that nobody waits for.
std::vector<Loan> loans_of(const json::value* lent) {
    std::vector<Loan> loans;
    const json::array* all = lent != nullptr ? lent->if_array() : nullptr;
    if (all == nullptr) return loans;
    for (const json::value& one : *all) {
        const json::object* loan = one.if_object();
        const json::value* borrower = loan != nullptr ? loan->if_contains("borrower") : nullptr;
        const json::value* bytes = loan != nullptr ? loan->if_contains("bytes") : nullptr;
        if (borrower == nullptr || !borrower->is_string() || bytes == nullptr || !bytes->is_int64()) continue;
        const auto uuid = Uuid::parse(borrower->get_string());
        if (uuid && bytes->get_int64() > 0)
            loans.push_back({*uuid, static_cast<std::uint64_t>(bytes->get_int64())});
    }
    return loans;
}

Result<Guest_record> parse_record(const std::string& path) {
    const auto damaged = [&](const std::string& why) {
        return fail(Fault::failed, path, "what is known of a guest " + why,
                    "the guest goes on; 'xvm destroy' and 'xvm create' make it whole again");
    };
    XVM_TRY_LET(const std::string text, read_text(path, file_bytes_max));
    json::error_code error;
    const json::value value = json::parse(text, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return damaged("is not whole");
    const auto member = [&](std::string_view key) { return object->if_contains(key); };
    const json::value* named = member("schema");
    const json::value* uuid_text = member("uuid");
    const json::value* domid = member("domid");
    const json::value* restarting = member("restarting");
    const json::value* config = member("guest");
    if (named == nullptr || *named != json::value(schema) || uuid_text == nullptr ||
        !uuid_text->is_string() || domid == nullptr || !domid->is_int64() || restarting == nullptr ||
        !restarting->is_bool() || config == nullptr)
        return damaged("lacks a part");
    const auto uuid = Uuid::parse(uuid_text->get_string());
    if (!uuid || domid->get_int64() < 0 || domid->get_int64() >= domid_first_reserved)
        return damaged("names no domain");
    auto guest = plan::from_value<plan::Guest_config>(*config, path);
    if (!guest) return damaged(guest.error().cause);
    return Guest_record{{Domid{static_cast<std::uint16_t>(domid->get_int64())}, *uuid},
                        std::move(*guest),
                        restarting->get_bool(),
                        loans_of(member("lent"))};
}

} // namespace

Result<std::unique_ptr<Guest_book>> Guest_book::open(const std::string& directory,
                                                     std::vector<Error>& damaged) {
    XVM_TRY(make_directories(directory, 0700));
    std::unique_ptr<Guest_book> book(new Guest_book(directory));
    XVM_TRY(book->load(damaged));
    return book;
}

Status Guest_book::load(std::vector<Error>& damaged) {
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory_, error)) {
        const std::string path = file.path().string();
        if (file.path().extension() == ".new") ::unlink(path.c_str());
        if (file.path().extension() != extension) continue;
        auto record = parse_record(path);
        if (record) {
            const Uuid uuid = record->id.uuid;
            records_.insert_or_assign(uuid, std::move(*record));
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

std::string Guest_book::path_of(const Uuid& uuid) const {
    return directory_ + "/" + uuid.text() + std::string(extension);
}

Status Guest_book::keep(const Guest_record& record) {
    const std::lock_guard lock(mutex_);
    XVM_TRY(replace_file(path_of(record.id.uuid), text_of(record), Durable::no));
    records_.insert_or_assign(record.id.uuid, record);
    return {};
}

void Guest_book::forget(const Uuid& uuid) {
    const std::lock_guard lock(mutex_);
    ::unlink(path_of(uuid).c_str());
    records_.erase(uuid);
}

std::optional<Guest_record> Guest_book::by_uuid(const Uuid& uuid) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(uuid);
    return found != records_.end() ? std::optional(found->second) : std::nullopt;
}

std::optional<Guest_record> Guest_book::by_name(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [uuid, record] : records_)
        if (record.guest.name == name) return record;
    return std::nullopt;
}

bool Guest_book::knows(const Domain_id& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(id.uuid);
    return found != records_.end() && found->second.id == id;
}

std::vector<Guest_record> Guest_book::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Guest_record> records;
    for (const auto& [uuid, record] : records_)
        records.push_back(record);
    return records;
}

} // namespace xvm::run
