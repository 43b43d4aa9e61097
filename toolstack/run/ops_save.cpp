// SPDX-License-Identifier: Apache-2.0
// A guest into a file.
#include "toolstack/run/args.hpp"
#include "toolstack/run/inventory.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/wait.hpp"
#include "toolstack/run/wishes.hpp"
#include "toolstack/saved/writer.hpp"
#include "xenstore-schema/nodes.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

namespace home = schema::domain::home;
constexpr std::string_view suspend_word = "suspend";
/// What a file takes beside the guest's memory: its head, and Xen's records.
constexpr std::uint64_t beside_bytes = 4ULL << 20;

/// What the steps of a save know of themselves; unknown after a crash of xvmd.
struct Saving {
    enum class Did : std::uint8_t { unknown, no, yes };
    Did asked = Did::unknown;   ///< the guest, to suspend
    Did created = Did::unknown; ///< the file
};

std::string shutdown_node(Domid domid) {
    return schema::path(home::dir(domid), home::control_shutdown);
}

bool is_suspended(const port::Domain_info& info) {
    return info.shut_down && info.shutdown_reason == static_cast<unsigned>(port::Stop_reason::suspend);
}

/// The step's own Error is of no interest to somebody who cancelled it.
Status or_cancelled(Work& work, Status done) {
    if (!done && work.go_on) XVM_TRY(work.go_on());
    return done;
}

port::Stream_hooks stream_hooks(Work& work) {
    return {work.moved, [&work] { return work.go_on && !work.go_on(); }};
}

/// A physical device's state is on no page of its guest.
Status check_no_direct(Work& work, const Uuid& guest) {
    if (work.ports().devices == nullptr) return {};
    for (const plan::Direct_record& record : work.ports().devices->all())
        if (record.holder.uuid == guest.text())
            return fail(Fault::busy, work.object(),
                        "has device " + record.device + ", whose state no file can keep",
                        "first: xvm device release " + record.device);
    return {};
}

Status check_save(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto path, argument<std::string>(args, "path"));
    XVM_TRY_LET(const auto replace, argument<bool>(args, "replace"));
    XVM_TRY_LET(const Domid domid, work.domid());
    XVM_TRY_LET(const auto info, work.ports().domains.info(domid));
    if (info.paused)
        return fail(Fault::failed, work.object(), "is paused, so it cannot suspend itself",
                    "first: xvm unpause " + work.name());
    if (info.shut_down && !is_suspended(info))
        return fail(Fault::failed, work.object(), "has stopped", "see xvm show " + work.name());
    XVM_TRY_LET(const auto slots, work.ports().store.read_all(std::vector{schema::path(
                                      schema::xvmem::host::dir(domid), schema::xvmem::host::version)}));
    if (slots.front())
        return fail(Fault::failed, work.object(), "has memory in blocks, whose places a file does not keep",
                    "shut it down instead, or create it with memory_engine = \"balloon\"");
    XVM_TRY(check_no_direct(work, info.id.uuid));
    return saved::check_target(path, info.memory_bytes + beside_bytes, replace);
}

Result<bool> offers_to_suspend(Work& work, Domid domid) {
    XVM_TRY_LET(const auto all, offers(work.ports().store, domid));
    return std::find(all.begin(), all.end(), suspend_word) != all.end();
}

Status await_suspended(Work& work, Domid domid, std::chrono::milliseconds limit) {
    bool stopped_otherwise = false;
    const auto reached = [&]() -> Result<bool> {
        XVM_TRY_LET(const auto info, work.ports().domains.info(domid));
        stopped_otherwise = info.shut_down && !is_suspended(info);
        return info.shut_down;
    };
    XVM_TRY_LET(const bool in_time,
                wait_until(work.ports().store, "@releaseDomain", limit, reached, work.go_on));
    if (stopped_otherwise)
        return fail(Fault::failed, work.object(), "stopped while it was to suspend",
                    "see xvm show " + work.name());
    if (in_time) return {};
    return fail(Fault::timeout, work.object(),
                "did not suspend within " + std::to_string(limit.count() / 1000) + " s",
                "wait longer with --timeout; its console may say why: xvm console " + work.name());
}

Status suspend(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto limit_ms, argument<std::int64_t>(args, "limit_ms"));
    XVM_TRY_LET(const Domid domid, work.domid());
    auto& saving = work.facts<Saving>();
    saving.asked = Saving::Did::no;
    saving.created = Saving::Did::no;
    XVM_TRY_LET(const auto info, work.ports().domains.info(domid));
    if (is_suspended(info)) return {};
    XVM_TRY_LET(const bool offers, offers_to_suspend(work, domid));
    if (!offers)
        return fail(Fault::failed, work.object(), "does not know how to suspend, or is not up yet",
                    "wait until it is up; its kernel must be built with CONFIG_HIBERNATE_CALLBACKS");
    saving.asked = Saving::Did::unknown; // a write that failed may have been done
    XVM_TRY(work.ports().store.write(shutdown_node(domid), suspend_word));
    saving.asked = Saving::Did::yes;
    return await_suspended(work, domid, std::chrono::milliseconds(limit_ms));
}

/// True: the guest had not seen the request, and will not any more.
Result<bool> take_back_request(port::Store& store, Domid domid) {
    bool unseen = false;
    const Status done = port::transact(store, [&](port::Txn txn) -> Status {
        auto text = store.read(shutdown_node(domid), txn);
        unseen = text && *text == suspend_word;
        return unseen ? store.write(shutdown_node(domid), "", txn) : Status{};
    });
    XVM_TRY(done);
    return unseen;
}

Status let_go_on(Work& work, const json::object&) {
    XVM_TRY_LET(const bool alive, work.alive());
    if (!alive) return {};
    const Domid domid = *work.known_domid();
    XVM_TRY_LET(const bool unseen, take_back_request(work.ports().store, domid));
    const auto asked = work.facts<Saving>().asked;
    XVM_TRY_LET(auto info, work.ports().domains.info(domid));
    if (!unseen && asked != Saving::Did::no && !info.shut_down) {
        // It has seen the request, and is on its way: it would lie there suspended with nobody to wake it.
        const auto limit = asked == Saving::Did::yes ? std::chrono::seconds(10) : std::chrono::seconds(1);
        const auto stopped = [&]() -> Result<bool> {
            XVM_TRY_LET(info, work.ports().domains.info(domid));
            return info.shut_down;
        };
        XVM_TRY(wait_until(work.ports().store, "@releaseDomain", limit, stopped));
    }
    if (!is_suspended(info)) return {};
    XVM_TRY(work.ports().domains.resume(domid));
    work.ports().store.resumed(domid);
    return {};
}

Status write_saved(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto path, argument<std::string>(args, "path"));
    saved::Saved_guest guest;
    XVM_TRY_LET(guest.save, argument<std::string>(args, "save"));
    XVM_TRY_LET(guest.version, argument<std::string>(args, "version"));
    XVM_TRY_LET(guest.guest, argument<plan::Guest_config>(args, "guest"));
    XVM_TRY_LET(const Domid domid, work.domid());
    Ports& ports = work.ports();
    XVM_TRY_LET(const auto info, ports.domains.info(domid));
    guest.uuid = work.uuid().text();
    guest.saved_at_s =
        static_cast<std::uint64_t>(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
    guest.memory_bytes = info.memory_bytes;
    XVM_TRY_LET(guest.target_bytes, memory_target(ports.store, domid, guest.guest.memory_bytes));
    XVM_TRY_LET(guest.offline, offline_vcpus(ports.store, domid, guest.guest.vcpus));
    XVM_TRY_LET(guest.offers, offers(ports.store, domid));

    XVM_TRY_LET(saved::Writer writer, saved::Writer::create(path));
    work.facts<Saving>().created = Saving::Did::yes;
    const port::Stream_hooks hooks = stream_hooks(work);
    XVM_TRY(or_cancelled(work, ports.domains.save(domid, writer.fd(), hooks)));
    return or_cancelled(work, writer.finish(std::move(guest), hooks.cancelled));
}

/// Not what somebody else writes under that name.
Status discard_saved(Work& work, const json::object& args) {
    if (work.facts<Saving>().created == Saving::Did::no) return {};
    XVM_TRY_LET(const auto path, argument<std::string>(args, "path"));
    XVM_TRY_LET(const auto save, argument<std::string>(args, "save"));
    saved::discard(path, save);
    return {};
}

Status publish_saved(Work&, const json::object& args) {
    XVM_TRY_LET(const auto path, argument<std::string>(args, "path"));
    XVM_TRY_LET(const auto replace, argument<bool>(args, "replace"));
    return saved::publish(path, replace);
}

} // namespace

std::span<const Op> save_ops() noexcept {
    static constexpr std::array<Op, 5> ops{{
        {"check-save", check_save, nullptr},
        {"suspend", suspend, let_go_on},
        {"write-saved", write_saved, discard_saved},
        {"publish-saved", publish_saved, discard_saved},
        {"go-on", let_go_on, nullptr},
    }};
    return ops;
}

} // namespace xvm::run
