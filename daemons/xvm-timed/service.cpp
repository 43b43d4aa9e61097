// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-timed/service.hpp"

#include "libvmshare/abi/timer.h"
#include "libvmshare/base/number.hpp"
#include "xenstore-schema/nodes.hpp"

#include <spdlog/spdlog.h>

namespace xvm::timed {

namespace asks = schema::xvtime::ask;
namespace offers = schema::xvtime::offer;

// What the guest's module says in C is what the schema says.
static_assert(asks::version == XVM_TIME_NODE_VERSION && offers::version == XVM_TIME_NODE_VERSION &&
              offers::ref == XVM_TIME_NODE_REF && offers::id == XVM_TIME_NODE_ID);

namespace {

const std::string domains = "/local/domain";
const std::string introduced = "introduced", released = "released"; // tokens; a guest's is its number

std::vector<port::Store_permission> permissions_for(Domid guest) {
    std::vector<port::Store_permission> all;
    for (const schema::Permission& permission : offers::permissions)
        all.push_back({schema::domid_of(permission, guest), permission.access == schema::Access::read
                                                                ? port::Store_access::read
                                                                : port::Store_access::none});
    return all;
}

} // namespace

Service::Service(boost::asio::io_context& context, std::shared_ptr<port::Store> store,
                 std::unique_ptr<Page_source> source, std::function<void(const Error&)> failed)
    : store_(std::move(store)), source_(std::move(source)), failed_(std::move(failed)),
      watch_(context, store_->fd()), again_(context) {}

Service::~Service() {
    if (watch_.is_open()) watch_.release(); // the descriptor is the store's
}

Status Service::start() {
    XVM_TRY_LET(const std::vector<Domid> holders, source_->holders());
    offered_.insert(holders.begin(), holders.end()); // of a daemon before us: settled in the first round
    XVM_TRY(store_->watch("@introduceDomain", introduced));
    XVM_TRY(store_->watch("@releaseDomain", released));
    wait(); // each watch fires once now
    return {};
}

void Service::wait() {
    watch_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code e) {
        if (!e && !stopped_) on_watch();
    });
}

void Service::on_watch() {
    std::set<Domid> changed;
    for (;;) {
        const auto event = store_->next_event();
        if (!event) return failed_(event.error());
        if (!*event) break;
        const auto guest = parse_number<std::uint16_t>((*event)->token);
        if (guest)
            changed.insert(Domid{*guest});
        else if ((*event)->token == released)
            find_gone(changed);
        else if (const Status found = find_new(changed); !found)
            return failed_(found.error());
    }
    for (const Domid guest : changed)
        settle(guest);
    wait();
}

/// Guests that are not watched yet: of the others their watch tells, and one request each is saved.
Status Service::find_new(std::set<Domid>& changed) {
    XVM_TRY_LET(const auto names, store_->list(domains));
    for (const std::string& name : names)
        if (const auto guest = parse_domid(name); guest && *guest != dom0 && !watched_.contains(*guest))
            changed.insert(*guest);
    return {};
}

void Service::find_gone(std::set<Domid>& changed) {
    std::set<Domid> known = watched_;
    known.insert(offered_.begin(), offered_.end());
    for (const Domid guest : known) {
        const auto present = store_->present(guest);
        if (!present || !*present) changed.insert(guest);
    }
}

void Service::settle(Domid guest) {
    const std::string token = std::to_string(number(guest));
    const auto present = store_->present(guest);
    if (!present) return spdlog::error("domain {}: {}", token, present.error().line());
    if (!*present) {
        if (watched_.erase(guest) > 0) store_->unwatch(asks::dir(guest), token);
        return withdraw(guest);
    }
    if (!watched_.contains(guest)) {
        // Fires at once, and then we come again; here is nothing to wait for.
        if (const Status watching = store_->watch(asks::dir(guest), token); !watching)
            return spdlog::error("domain {}: {}", token, watching.error().line());
        watched_.insert(guest);
    }
    const auto version = store_->read(schema::path(asks::dir(guest), asks::version));
    if (!version) return withdraw(guest);
    const Status done = *version == std::to_string(XVM_TIME_ABI_MAJOR)
                            ? offer(guest)
                            : refuse(guest, "the guest asks for another version of the timer page than 1");
    if (!done) spdlog::error("domain {}: {}", token, done.error().line());
}

Status Service::offer(Domid guest) {
    XVM_TRY_LET(const Gref gref, source_->give(guest));
    mapped_.erase(guest);
    const std::string dir = offers::dir(guest), id = std::to_string(source_->id());
    const std::string ref = std::to_string(number(gref));
    offered_.insert(guest);
    const auto was = store_->read(schema::path(dir, offers::ref));
    const auto was_id = store_->read(schema::path(dir, offers::id));
    if (was && *was == ref && was_id && *was_id == id) return {};
    spdlog::info("domain {}: gets the timer page by grant {}", number(guest), ref);
    return port::transact(*store_, [&](port::Txn txn) -> Status {
        XVM_TRY(store_->remove(dir, txn));
        XVM_TRY(store_->make(dir, txn));
        XVM_TRY(store_->set_permissions(dir, permissions_for(guest), txn));
        XVM_TRY(store_->write(schema::path(dir, offers::ref), ref, txn));
        XVM_TRY(store_->write(schema::path(dir, offers::id), id, txn));
        XVM_TRY(store_->write(schema::path(dir, offers::version), std::to_string(XVM_TIME_ABI_MAJOR), txn));
        return store_->write(schema::path(dir, offers::owner), source_->owner(), txn);
    });
}

Status Service::refuse(Domid guest, const std::string& why) {
    withdraw(guest);
    const std::string dir = offers::dir(guest);
    offered_.insert(guest);
    return port::transact(*store_, [&](port::Txn txn) -> Status {
        XVM_TRY(store_->make(dir, txn));
        XVM_TRY(store_->set_permissions(dir, permissions_for(guest), txn));
        return store_->write(schema::path(dir, offers::error), why, txn);
    });
}

/// No offer, and no grant as soon as nobody maps it.
void Service::withdraw(Domid guest) {
    if (!offered_.contains(guest)) return;
    // Only a living guest's directory is ours; a new domain of that number starts with an empty one.
    if (const Status gone = store_->remove(offers::dir(guest)); !gone)
        spdlog::error("domain {}: {}", number(guest), gone.error().line());
    const Status ended = source_->take_back(guest);
    if (!ended && ended.error().fault == Fault::busy) {
        mapped_.insert(guest);
        return try_again();
    }
    if (!ended) spdlog::error("domain {}: {}", number(guest), ended.error().line());
    offered_.erase(guest);
    mapped_.erase(guest);
    spdlog::info("domain {}: the timer page is taken back", number(guest));
}

void Service::try_again() {
    again_.expires_after(std::chrono::seconds(1));
    again_.async_wait([this](const boost::system::error_code& e) {
        if (e || stopped_) return;
        for (const Domid guest : std::set<Domid>(mapped_))
            settle(guest);
    });
}

void Service::stop() {
    stopped_ = true;
    watch_.release();
    again_.cancel();
    if (source_->owner() == "kernel") return;
    for (const Domid guest : offered_)
        (void)store_->remove(offers::dir(guest));
}

} // namespace xvm::timed
