// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/xenbus/session.hpp"

#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

#include <fmt/format.h>

namespace xvm::xenbus {
namespace {

namespace back = schema::xvbd::backend; // every class of device names `state` and `error` alike

Party party_of(Side side) noexcept {
    return side == Side::frontend ? Party::frontend : Party::backend;
}

} // namespace

Result<Device_state> Session::state_below(const std::string& dir, port::Txn txn) {
    auto text = store_.read(schema::path(dir, back::state), txn);
    if (text) return parse_state(*text);
    if (text.error().fault == Fault::not_found || text.error().fault == Fault::denied)
        return Device_state::unknown;
    return tl::unexpected<Error>(std::move(text.error()));
}

Result<Session::States> Session::states() {
    const std::vector<std::string> paths{schema::path(paths_.own, back::state),
                                         schema::path(paths_.peer, back::state)};
    auto values = store_.read_all(paths);
    if (values) return States{parse_state(values->front()), parse_state(values->back())};
    if (values.error().fault != Fault::denied) return tl::unexpected<Error>(std::move(values.error()));
    States states; // one of them is not ours to read
    XVM_TRY_LET(states.own, state_below(paths_.own, port::Txn::none));
    XVM_TRY_LET(states.peer, state_below(paths_.peer, port::Txn::none));
    return states;
}

Status Session::check(const States& states, Device_state to) const {
    if (states.own == Device_state::unknown)
        return fail(Fault::not_found, paths_.own, "no such device any more");
    if (is_legal(transitions_, side_, party_of(side_), states.own, to, states.peer)) return {};
    return fail(Fault::busy, paths_.own,
                fmt::format("cannot go from {} to {} while the peer is {}", schema::name(states.own),
                            schema::name(to), schema::name(states.peer)));
}

Status Session::put(std::span<const Node_value> nodes) {
    std::vector<port::Store_change> changes;
    for (const Node_value& node : nodes)
        changes.push_back(
            {port::Store_change::Kind::write, schema::path(paths_.own, node.name), node.value, {}, false});
    return store_.change_all(changes);
}

/// Nodes written while somebody removed the device made its directory anew. Where no state stands in it, it
/// is nobody's.
Status Session::sweep() {
    return port::transact(store_, [&](port::Txn txn) -> Status {
        XVM_TRY_LET(const Device_state own, state_below(paths_.own, txn));
        if (own != Device_state::unknown) return {};
        XVM_TRY(store_.remove(paths_.own, txn));
        const std::string all = paths_.own.substr(0, paths_.own.rfind('/'));
        const auto others = store_.list(all, txn);
        if (others && others->empty()) return store_.remove(all, txn);
        return {};
    });
}

Status Session::go(Device_state to, std::span<const Node_value> nodes) {
    if (!nodes.empty()) {
        XVM_TRY_LET(const States now, states());
        XVM_TRY(check(now, to));
        XVM_TRY(put(nodes));
    }
    Status gone = port::transact(store_, [&](port::Txn txn) -> Status {
        States now;
        XVM_TRY_LET(now.own, state_below(paths_.own, txn));
        XVM_TRY_LET(now.peer, state_below(paths_.peer, txn));
        XVM_TRY(check(now, to));
        return store_.write(schema::path(paths_.own, back::state), schema::text_of(to), txn);
    });
    if (!gone && gone.error().fault == Fault::not_found && !nodes.empty()) XVM_TRY(sweep());
    return gone;
}

Status Session::tell(Device_state in, std::span<const Node_value> nodes) {
    return port::transact(store_, [&](port::Txn txn) -> Status {
        XVM_TRY_LET(const Device_state own, state_below(paths_.own, txn));
        if (own != in) return fail(Fault::busy, paths_.own, fmt::format("is {} by now", schema::name(own)));
        for (const Node_value& node : nodes)
            XVM_TRY(store_.write(schema::path(paths_.own, node.name), node.value, txn));
        return store_.write(schema::path(paths_.own, back::state), schema::text_of(in), txn);
    });
}

Status Session::refuse(const std::string& why) {
    const Node_value error{std::string(back::error), why};
    return go(Device_state::closing, std::span(&error, 1));
}

} // namespace xvm::xenbus
