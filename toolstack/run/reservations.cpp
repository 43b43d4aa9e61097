// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/reservations.hpp"

#include "libvmshare/base/file.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <unistd.h>

namespace xvm::run {
namespace json = boost::json;
namespace {

constexpr std::string_view extension = ".reservation";
constexpr std::string_view schema = "xvm.reservation/1";
constexpr std::size_t file_bytes_max = 1U << 20;

/// What it has; nothing when it is gone, or going: then all that it had is free, or about to be.
std::optional<std::uint64_t> memory_of(const std::vector<port::Domain_info>& domains,
                                       const Uuid& uuid) noexcept {
    for (const port::Domain_info& info : domains)
        if (info.id.uuid == uuid && !info.dying) return info.memory_bytes;
    return std::nullopt;
}

std::string text_of(const Reservation& one) {
    json::array givers;
    for (const Reserved_giver& giver : one.givers)
        givers.push_back({{"uuid", giver.uuid.text()},
                          {"memory_bytes", giver.memory_bytes},
                          {"leave_bytes", giver.leave_bytes}});
    return json::serialize(json::object{{"schema", schema},
                                        {"id", one.id.text()},
                                        {"what", one.what},
                                        {"free_bytes", one.free_bytes},
                                        {"givers", std::move(givers)},
                                        {"taker", one.taker.text()},
                                        {"taker_memory_bytes", one.taker_memory_bytes}});
}

Uuid uuid_in(const json::object& object, std::string_view key) {
    const auto uuid = Uuid::parse(object.at(key).as_string());
    if (!uuid) throw std::invalid_argument("no uuid");
    return *uuid;
}

/// Throws what at(), as_...() and to_number() throw for what is not as text_of() writes it.
Reservation parse_text(const std::string& text) {
    const json::value value = json::parse(text);
    const json::object& object = value.as_object();
    if (object.at("schema").as_string() != schema) throw std::invalid_argument("another schema");
    Reservation one;
    one.id = uuid_in(object, "id");
    one.what = object.at("what").as_string();
    one.free_bytes = object.at("free_bytes").to_number<std::uint64_t>();
    one.taker = uuid_in(object, "taker");
    one.taker_memory_bytes = object.at("taker_memory_bytes").to_number<std::uint64_t>();
    for (const json::value& giver : object.at("givers").as_array())
        one.givers.push_back({uuid_in(giver.as_object(), "uuid"),
                              giver.at("memory_bytes").to_number<std::uint64_t>(),
                              giver.at("leave_bytes").to_number<std::uint64_t>()});
    return one;
}

Result<Reservation> parse_file(const std::string& path) {
    XVM_TRY_LET(const std::string text, read_text(path, file_bytes_max));
    try {
        return parse_text(text);
    } catch (const std::exception&) {
        return fail(Fault::failed, path, "a reservation of memory cannot be read",
                    "it is set aside; what it promised is free");
    }
}

} // namespace

std::uint64_t promised_bytes(const Reservation& reservation,
                             const std::vector<port::Domain_info>& domains) noexcept {
    std::uint64_t promised = reservation.free_bytes;
    for (const Reserved_giver& giver : reservation.givers) {
        const std::uint64_t has = std::max(memory_of(domains, giver.uuid).value_or(0), giver.leave_bytes);
        promised += giver.memory_bytes - std::min(has, giver.memory_bytes);
    }
    const std::uint64_t has = memory_of(domains, reservation.taker).value_or(0);
    const std::uint64_t taken = has - std::min(has, reservation.taker_memory_bytes);
    return promised - std::min(taken, promised);
}

Result<std::unique_ptr<Reservations>> Reservations::open(const std::string& directory,
                                                         std::uint64_t host_reserve_bytes,
                                                         std::vector<Error>& damaged) {
    std::unique_ptr<Reservations> made(new Reservations(directory, host_reserve_bytes));
    if (directory.empty()) return made;
    XVM_TRY(make_directories(directory, 0700));
    XVM_TRY(made->load(damaged));
    return made;
}

Status Reservations::load(std::vector<Error>& damaged) {
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory_, error)) {
        const std::string path = file.path().string();
        if (file.path().extension() == ".new") ::unlink(path.c_str());
        if (file.path().extension() != extension) continue;
        auto one = parse_file(path);
        if (one) {
            all_.push_back(std::move(*one));
            continue;
        }
        std::error_code ignored;
        std::filesystem::rename(path, path + ".damaged", ignored);
        damaged.push_back(std::move(one.error()));
    }
    if (error) return fail_errno(error.value(), directory_, "cannot read");
    return {};
}

std::string Reservations::path_of(const Uuid& id) const {
    return directory_ + "/" + id.text() + std::string(extension);
}

Result<std::uint64_t> Reservations::available_locked(port::Domains& domains, const Uuid& except) const {
    const auto promised_by = [&](const std::vector<port::Domain_info>& seen) {
        std::vector<std::uint64_t> each;
        for (const Reservation& one : all_)
            each.push_back(one.id == except ? 0 : promised_bytes(one, seen));
        return each;
    };
    // Memory moves while it is counted: what was free at either moment is promised.
    std::vector<std::uint64_t> before;
    if (!all_.empty()) {
        XVM_TRY_LET(const auto seen, domains.list());
        before = promised_by(seen);
    }
    XVM_TRY_LET(const port::Host_info host, domains.host());
    std::uint64_t kept = host_reserve_bytes_;
    if (!all_.empty()) {
        XVM_TRY_LET(const auto seen, domains.list());
        const auto after = promised_by(seen);
        for (std::size_t i = 0; i < after.size(); ++i)
            kept += std::max(before[i], after[i]);
    }
    return host.free_bytes - std::min(kept, host.free_bytes);
}

Status Reservations::reserve(port::Domains& domains, const Reservation& reservation, Kept kept) {
    const std::lock_guard lock(mutex_);
    std::erase_if(all_, [&](const Reservation& one) { return one.id == reservation.id; });
    if (reservation.free_bytes > 0) {
        XVM_TRY_LET(const std::uint64_t available, available_locked(domains, reservation.id));
        if (available < reservation.free_bytes)
            return fail(Fault::exhausted, reservation.what,
                        "needs " + std::to_string(reservation.free_bytes >> 20) + "MiB of memory, " +
                            std::to_string(available >> 20) + "MiB are free and promised to nobody",
                        "wait until others are done, or take memory of a guest");
    }
    if (kept == Kept::in_file && !directory_.empty())
        XVM_TRY(replace_file(path_of(reservation.id), text_of(reservation), Durable::no));
    all_.push_back(reservation);
    return {};
}

void Reservations::drop(const Uuid& id) {
    const std::lock_guard lock(mutex_);
    if (!directory_.empty()) ::unlink(path_of(id).c_str());
    std::erase_if(all_, [&](const Reservation& one) { return one.id == id; });
}

std::size_t Reservations::drop_all() {
    const auto left = all();
    for (const Reservation& one : left)
        drop(one.id);
    return left.size();
}

std::vector<Reservation> Reservations::all() const {
    const std::lock_guard lock(mutex_);
    return all_;
}

Result<std::uint64_t> Reservations::promised(port::Domains& domains, const Uuid& except) const {
    const std::lock_guard lock(mutex_);
    if (all_.empty()) return std::uint64_t{0};
    XVM_TRY_LET(const auto seen, domains.list());
    std::uint64_t sum = 0;
    for (const Reservation& one : all_)
        if (one.id != except) sum += promised_bytes(one, seen);
    return sum;
}

Result<std::uint64_t> Reservations::available(port::Domains& domains, const Uuid& except) const {
    const std::lock_guard lock(mutex_);
    return available_locked(domains, except);
}

std::shared_ptr<void> held(Reservations& reservations, const Uuid& id) {
    return {nullptr, [&reservations, id](void*) { reservations.drop(id); }};
}

} // namespace xvm::run
