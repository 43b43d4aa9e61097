// SPDX-License-Identifier: Apache-2.0
// xvmd's end of the page of commands (libvmshare/abi/device.h): one request, its answer, in a bounded time.
//
// Invariant: nothing that the guest writes is looked at twice, nor believed beyond what ask() checks: the
// answer's number, its kind, and that what it says is among what can be said. A guest that answers garbage,
// or out of order, has not answered (timeout).
#pragma once

#include "libvmshare/abi/device.h"
#include "libvmshare/port/events.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/store.hpp"

#include <chrono>
#include <functional>
#include <vector>

namespace xvm::device {

/// What a link is made of; all outlive it.
struct Link_ports {
    port::Store& store;
    port::Grants& grants;
    port::Events& events;
};

struct Request {
    std::uint32_t kind = 0;
    std::uint32_t device = 0;
    std::array<std::uint64_t, 6> arg{};
};

struct Answer {
    std::uint32_t status = XVM_DEV_OK;
    std::uint32_t state = XVM_DEV_ABSENT;
    std::array<std::uint64_t, 4> value{};
    [[nodiscard]] bool ok() const noexcept { return status == XVM_DEV_OK; }
};

class Link {
  public:
    /// exhausted: the guest has no module that listens, or one of another version; not_found: it is gone.
    [[nodiscard]] static Result<Link> open(const Link_ports& ports, const Domain_id& guest, std::string name);

    /// timeout: no answer, or one that is none.
    [[nodiscard]] Result<Answer> ask(const Request& request, std::chrono::milliseconds limit);
    /// ask(), and what is not OK is an Error.
    [[nodiscard]] Result<Answer> order(const Request& request, std::chrono::milliseconds limit);

    // Beside the lines; read after an answer, written before a request.
    [[nodiscard]] std::vector<std::uint8_t> context(std::size_t bytes) const;
    [[nodiscard]] std::vector<std::uint64_t> frames(std::size_t count) const;
    [[nodiscard]] std::vector<Gref> refs(std::size_t count) const;
    void write_frames(const std::vector<std::uint64_t>& frames);
    void write_refs(const std::vector<Gref>& refs);

    /// "domain 'a'"
    [[nodiscard]] const std::string& object() const noexcept { return object_; }

  private:
    Link(port::Grant_map map, port::Events& events, port::Evtchn port, std::string object)
        : map_(std::move(map)), events_(&events), port_(std::move(port)), object_(std::move(object)) {}
    [[nodiscard]] xvm_dev_page* page() const noexcept;
    /// Until the answer has that number.
    [[nodiscard]] Status await(std::uint32_t number, std::chrono::milliseconds limit);

    port::Grant_map map_;
    port::Events* events_;
    port::Evtchn port_;
    std::string object_;
    std::uint32_t number_ = 0; ///< of the last request
};

/// The Error of an answer that is not OK.
[[nodiscard]] Error error_of(const std::string& object, std::uint32_t kind, std::uint32_t status);

} // namespace xvm::device
