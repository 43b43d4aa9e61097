// SPDX-License-Identifier: Apache-2.0
// Guests into files, and out of them.
#include "daemons/xvmd/domain_json.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/plan_save.hpp"
#include "toolstack/saved/reader.hpp"

#include <algorithm>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

/// For a guest to suspend; a busy one takes a while to bring its processes to a halt.
constexpr std::chrono::minutes suspend_limit{1};

tl::unexpected<api::Failure> refuse(Error error) {
    return tl::unexpected<api::Failure>(std::move(error));
}

Status check_absolute(const std::string& path) {
    if (path.starts_with('/')) return {};
    return fail(Fault::usage, "file '" + path + "'", "is no absolute path", "begin it with /");
}

Planned plan_of_save(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    const auto record = ports.book.by_uuid(entry.info.id.uuid);
    if (!record)
        return refuse({Fault::failed, "domain '" + entry.name + "'",
                       "its configuration is not known any more",
                       "end it, and start it again with 'xvm create'"});
    plan::Save_order order;
    order.path = call.text("file");
    if (const Status absolute = check_absolute(order.path); !absolute) return refuse(absolute.error());
    order.replace = call.flag("force");
    order.running = call.flag("running");
    order.limit = call.duration("timeout").value_or(suspend_limit);
    order.save = Uuid::random().text();
    order.version = XVM_VERSION;
    return plan::plan_save({entry.name, entry.info.id}, record->guest, order);
}

/// A copy that was left running may still be there: two guests never have one uuid.
Result<Uuid> uuid_of(run::Ports& ports, const saved::Saved_guest& guest) {
    const auto uuid = Uuid::parse(guest.uuid);
    XVM_TRY_LET(const auto infos, ports.domains.list());
    const bool taken = std::any_of(infos.begin(), infos.end(),
                                   [&](const port::Domain_info& info) { return info.id.uuid == uuid; });
    return uuid && !taken ? *uuid : Uuid::random();
}

Planned plan_of_restore(run::Ports& ports, const Call& call) {
    plan::Restore_order order;
    order.path = call.text("file");
    if (const Status absolute = check_absolute(order.path); !absolute) return refuse(absolute.error());
    const auto file = saved::Reader::open(order.path);
    if (!file) return refuse(file.error());
    const saved::Saved_guest& saved = file->head().guest;
    plan::Guest_config guest = saved.guest;
    if (call.has("name")) guest.name = call.text("name");
    if (const auto fault = plan::domain_name_fault(guest.name))
        return refuse({Fault::usage, "name '" + guest.name + "'", *fault, "choose another, such as web-1"});
    const auto uuid = uuid_of(ports, saved);
    if (!uuid) return refuse(uuid.error());
    order.paused = call.flag("paused");
    order.memory_bytes = saved.memory_bytes;
    order.target_bytes = saved.target_bytes;
    order.offline = saved.offline;
    order.offers = saved.offers;
    return plan::plan_restore(guest, *uuid, order);
}

} // namespace

void add_save_verbs(Verbs& verbs) {
    verbs.change("save", {plan_of_save,
                          [](run::Ports& ports, const Call& call, const run::Domain_entry& before) -> Answer {
                              if (call.flag("running"))
                                  return domain_answer(ports, before.info.id.uuid.text());
                              return json::value(domain_json(before));
                          }});
    verbs.make("restore", {plan_of_restore});
}

} // namespace xvm::xvmd
