// SPDX-License-Identifier: Apache-2.0
// Four ways to decide whether an event is sent, each as a front and a back end of one page with 32 slots:
// always, the plain sleep/wake flag, the flag with the claim, and the event index of Xen's io/ring.h.
// They have one interface, so a load is written once. A request is 64 bytes, its number is the first word.
#pragma once

#include "libvmshare/ring/client.hpp"
#include "libvmshare/ring/server.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#define xen_mb() std::atomic_thread_fence(std::memory_order_seq_cst)
#define xen_rmb() std::atomic_thread_fence(std::memory_order_acquire)
#define xen_wmb() std::atomic_thread_fence(std::memory_order_release)
#include <xen/io/ring.h>

namespace xvm::bench {

struct Req {
    xvm_ring_req_hdr hdr;
    std::array<std::uint64_t, 6> body;
};
struct Rsp {
    xvm_ring_rsp_hdr hdr;
    std::uint64_t body;
};

struct alignas(4096) Page {
    std::array<std::byte, 4096> bytes;
};

/// Reads every flag as SLEEPING: each publication sends.
struct Always_memory : ring::Shared_memory {
    static std::uint32_t load_flag(Index&) noexcept { return XVM_RING_SLEEPING; }
};

/// Ours, with another memory policy or feature.
template <class Memory, std::uint32_t features>
struct Flag_scheme {
    explicit Flag_scheme(Page& page) : region(ring::Region::create(page.bytes, features).value()) {}
    ring::Region region;

    struct Front {
        explicit Front(Flag_scheme& scheme) : client(scheme.region) {}
        bool room() { return client.room() > 0; }
        bool submit(std::uint64_t number) {
            client.push(Req{{number, 0}, {}});
            return client.publish();
        }
        void begin_wake() { client.begin_wake(); }
        bool take() {
            Rsp response;
            return client.take(response) == ring::Take::taken;
        }
        bool may_sleep() { return client.arm() == ring::Arm::sleep; }
        ring::Client<Req, Rsp, Memory> client;
    };
    struct Back {
        explicit Back(Flag_scheme& scheme) : server(scheme.region) {}
        void begin_wake() { server.begin_wake(); }
        bool take() { return server.take(request) == ring::Take::taken; }
        bool answer() {
            server.respond(Rsp{{request.hdr.id, 0, 0}, 0});
            return server.publish();
        }
        bool may_sleep() { return server.arm() == ring::Arm::sleep; }
        ring::Server<Req, Rsp, Memory> server;
        Req request;
    };
};

using Always = Flag_scheme<Always_memory, 0>;
using Plain_flag = Flag_scheme<ring::Shared_memory, 0>;
using Claim = Flag_scheme<ring::Shared_memory, XVM_RING_F_CLAIM>;

DEFINE_RING_TYPES(xen_bench, Req, Rsp);

/// Xen's: the consumer names the index at which it wants the next event.
struct Event_index {
    explicit Event_index(Page& page) : shared(reinterpret_cast<xen_bench_sring_t*>(page.bytes.data())) {
        page = {};
        SHARED_RING_INIT(shared);
    }
    xen_bench_sring_t* shared;

    struct Front {
        explicit Front(Event_index& scheme) { FRONT_RING_INIT(&ring, scheme.shared, 4096); }
        bool room() { return !RING_FULL(&ring); }
        bool submit(std::uint64_t number) {
            const Req request{{number, 0}, {}};
            std::memcpy(RING_GET_REQUEST(&ring, ring.req_prod_pvt), &request, sizeof request);
            ring.req_prod_pvt++;
            bool notify;
            RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring, notify);
            return notify;
        }
        void begin_wake() {}
        bool take() {
            if (!RING_HAS_UNCONSUMED_RESPONSES(&ring)) return false;
            xen_rmb();
            Rsp response;
            std::memcpy(&response, RING_GET_RESPONSE(&ring, ring.rsp_cons), sizeof response);
            ring.rsp_cons++;
            return true;
        }
        bool may_sleep() {
            bool work;
            RING_FINAL_CHECK_FOR_RESPONSES(&ring, work);
            return !work;
        }
        xen_bench_front_ring_t ring;
    };
    struct Back {
        explicit Back(Event_index& scheme) { BACK_RING_INIT(&ring, scheme.shared, 4096); }
        void begin_wake() {}
        bool take() {
            if (!RING_HAS_UNCONSUMED_REQUESTS(&ring)) return false;
            xen_rmb();
            std::memcpy(&request, RING_GET_REQUEST(&ring, ring.req_cons), sizeof request);
            ring.req_cons++;
            return true;
        }
        bool answer() {
            const Rsp response{{request.hdr.id, 0, 0}, 0};
            std::memcpy(RING_GET_RESPONSE(&ring, ring.rsp_prod_pvt), &response, sizeof response);
            ring.rsp_prod_pvt++;
            bool notify;
            RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&ring, notify);
            return notify;
        }
        bool may_sleep() {
            bool work;
            RING_FINAL_CHECK_FOR_REQUESTS(&ring, work);
            return !work;
        }
        xen_bench_back_ring_t ring;
        Req request;
    };
};

} // namespace xvm::bench
