// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-blkd/backend.hpp"

#include "libvmshare/base/number.hpp"
#include "xenstore-schema/nodes.hpp"

#include <spdlog/spdlog.h>

namespace xvm::blkd {

namespace asio = boost::asio;
namespace back = schema::xvbd::backend;
namespace front = schema::xvbd::frontend;

namespace {

// Tokens of our watches.
const std::string ours = "backend";
const std::string theirs = "frontend"; // followed by " DOMID DEVID"
const std::string released = "released";

/// "7/0/…" → {7, 0}; nothing for what is above a device.
std::optional<Vbd_id> parse_id(std::string_view text, char between) {
    const std::size_t first = text.find(between);
    if (first == std::string_view::npos) return std::nullopt;
    const auto guest = parse_domid(text.substr(0, first));
    text.remove_prefix(first + 1);
    const auto devid = parse_number<std::uint32_t>(text.substr(0, text.find('/')));
    if (!guest || !devid) return std::nullopt;
    return Vbd_id{*guest, *devid};
}

/// Whether "7/51712/sectors" is a node that others move us with; the rest is ours, or comes before the state.
/// The directory itself concerns us when it goes: it comes with a state of its own.
bool concerns_us(std::string_view text, bool known) {
    const std::size_t device = text.find('/', text.find('/') + 1);
    if (device == std::string_view::npos) return known;
    const std::string_view node = text.substr(device + 1);
    return node == back::state || node == back::online;
}

std::string token_of(Vbd_id id) {
    return theirs + " " + std::to_string(number(id.guest)) + " " + std::to_string(id.devid);
}

std::string front_state(Vbd_id id) {
    return schema::path(front::dir(id.guest, id.devid), front::state);
}

/// The names below a directory; none if it is not there.
Result<std::vector<std::string>> list(port::Store& store, const std::string& path) {
    auto names = store.list(path);
    if (!names && names.error().fault == Fault::not_found) return std::vector<std::string>{};
    return names;
}

} // namespace

Backend::Backend(asio::io_context& context, asio::any_io_executor pool, World world,
                 std::function<void(const Error&)> failed, std::function<void(bool)> at_work)
    : world_(std::move(world)), shop_{world_,
                                      {},
                                      context.get_executor(),
                                      std::move(pool),
                                      std::move(at_work)},
      failed_(std::move(failed)), watch_(context, world_.store->fd()) {}

Backend::~Backend() {
    if (watch_.is_open()) watch_.release(); // the descriptor is the store's
}

Status Backend::start() {
    port::Store& store = *world_.store;
    XVM_TRY(store.make(std::string(back::root)));
    XVM_TRY(store.watch(std::string(back::root), ours));
    XVM_TRY(store.watch("@releaseDomain", released));
    wait(); // each watch fires once now: that is the first scan
    return {};
}

void Backend::wait() {
    watch_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code e) {
        if (!e && !stopped_) on_watch();
    });
}

void Backend::on_watch() {
    std::set<Vbd_id> changed;
    for (;;) {
        const auto event = world_.store->next_event();
        if (!event) return failed_(event.error());
        if (!*event) break;
        if (const Status read = read_event(**event, changed); !read) return failed_(read.error());
    }
    for (const Vbd_id id : changed)
        wake(id);
    wait();
}

/// Adds what the event may concern to `changed`.
Status Backend::read_event(const port::Watch_event& event, std::set<Vbd_id>& changed) {
    if (event.token == released) {
        for (const auto& [id, vbd] : vbds_)
            changed.insert(id);
        return {};
    }
    std::string_view text = event.token == ours ? event.path : event.token;
    const std::string_view before = event.token == ours ? back::root : std::string_view(theirs);
    if (text.substr(0, before.size()) != before) return {};
    text.remove_prefix(std::min(text.size(), before.size() + 1));
    if (const auto id = parse_id(text, event.token == ours ? '/' : ' ')) {
        if (event.token != ours || concerns_us(text, vbds_.contains(*id))) changed.insert(*id);
        return {};
    }
    return scan(changed);
}

/// All devices there are, and all that we know: what is gone notices that itself.
Status Backend::scan(std::set<Vbd_id>& changed) {
    port::Store& store = *world_.store;
    for (const auto& [id, vbd] : vbds_)
        changed.insert(id);
    XVM_TRY_LET(const auto domids, list(store, std::string(back::root)));
    for (const std::string& domid : domids) {
        XVM_TRY_LET(const auto devids, list(store, schema::path(back::root, domid)));
        for (const std::string& devid : devids)
            if (const auto id = parse_id(schema::path(domid, devid), '/')) changed.insert(*id);
    }
    return {};
}

void Backend::wake(Vbd_id id) {
    auto found = vbds_.find(id);
    if (found == vbds_.end()) {
        // A removed directory fires too: no session for what is not there.
        if (!world_.store->read(schema::path(back::dir(id.guest, id.devid), back::state))) return;
        if (const Status watched = world_.store->watch(front_state(id), token_of(id)); !watched)
            return spdlog::error("vbd {}/{}: {}", number(id.guest), id.devid, watched.error().line());
        found = vbds_.emplace(id, std::make_shared<Vbd>(shop_, id, [this, id] { forget(id); })).first;
    }
    const std::shared_ptr<Vbd> vbd = found->second;
    vbd->look();
}

void Backend::forget(Vbd_id id) {
    world_.store->unwatch(front_state(id), token_of(id));
    vbds_.erase(id);
    if (!stopped_) wake(id); // a device of the same name may have come meanwhile
}

void Backend::stop(std::function<void()> done) {
    stopped_ = true;
    watch_.release();
    const auto left = std::make_shared<std::size_t>(vbds_.size());
    if (*left == 0) return done();
    const auto vbds = vbds_; // forget() may still change the map
    for (const auto& [id, vbd] : vbds)
        vbd->shut_down([left, done] {
            if (--*left == 0) done();
        });
}

} // namespace xvm::blkd
