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
    States states;
    XVM_TRY(port::transact(store_, [&](port::Txn txn) -> Status {
        XVM_TRY_LET(states.own, state_below(paths_.own, txn));
        XVM_TRY_LET(states.peer, state_below(paths_.peer, txn));
        return {};
    }));
    return states;
}

Status Session::go(Device_state to, std::span<const Node_value> nodes) {
    return port::transact(store_, [&](port::Txn txn) -> Status {
        XVM_TRY_LET(const Device_state own, state_below(paths_.own, txn));
        XVM_TRY_LET(const Device_state peer, state_below(paths_.peer, txn));
        if (own == Device_state::unknown)
            return fail(Fault::not_found, paths_.own, "no such device any more");
        if (!is_legal(transitions_, side_, party_of(side_), own, to, peer))
            return fail(Fault::busy, paths_.own,
                        fmt::format("cannot go from {} to {} while the peer is {}", schema::name(own),
                                    schema::name(to), schema::name(peer)));
        for (const Node_value& node : nodes)
            XVM_TRY(store_.write(schema::path(paths_.own, node.name), node.value, txn));
        return store_.write(schema::path(paths_.own, back::state), schema::text_of(to), txn);
    });
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
