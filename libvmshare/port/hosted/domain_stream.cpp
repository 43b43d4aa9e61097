// SPDX-License-Identifier: Apache-2.0
// Stopping, going on, and a stream that stands for a domain's memory: a head, a block for each MiB whose
// bytes depend on the domain and the block's number, an end. So a stream that is cut short, changed, or of
// another domain's middle is found out, as Xen's is by its records.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/hosted/domains.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace xvm::port::hosted {

namespace {

constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::array<char, 8> head_magic{'x', 'v', 'm', 'h', 'o', 's', 't', '1'};
constexpr std::array<char, 8> end_magic{'x', 'v', 'm', 'h', 'o', 's', 't', '.'};

struct Head {
    std::array<char, 8> magic = head_magic;
    std::array<std::uint8_t, 16> uuid{};
    std::uint64_t memory_bytes = 0;
    std::uint32_t type = 0;
    std::uint32_t vcpus = 0;
};
static_assert(sizeof(Head) == 40);

using Block = std::array<std::uint8_t, 4096>;

std::uint64_t blocks_of(std::uint64_t memory_bytes) {
    return (memory_bytes + mib - 1) / mib;
}

Block block(const Head& head, std::uint64_t index) {
    Block bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(head.uuid[i % head.uuid.size()] + index + i / 16);
    return bytes;
}

/// Both move all bytes, or say why not; they go on from the descriptor's offset.
Status put(int fd, const void* from, std::size_t bytes, Domid domid) {
    for (const char* at = static_cast<const char*>(from); bytes > 0;) {
        const ssize_t moved = ::write(fd, at, bytes);
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) return fail_errno(errno, domain_text(domid), "cannot be saved");
        at += moved;
        bytes -= static_cast<std::size_t>(moved);
    }
    return {};
}

tl::unexpected<Error> fail_stream(Domid domid, std::string cause) {
    return fail(Fault::usage, domain_text(domid), "cannot be made from this file (" + std::move(cause) + ")",
                "it is cut short, or damaged, or of another Xen");
}

Status get(int fd, void* into, std::size_t bytes, Domid domid) {
    for (char* at = static_cast<char*>(into); bytes > 0;) {
        const ssize_t moved = ::read(fd, at, bytes);
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) return fail_errno(errno, domain_text(domid), "cannot be restored");
        if (moved == 0) return fail_stream(domid, "it ends too early");
        at += moved;
        bytes -= static_cast<std::size_t>(moved);
    }
    return {};
}

/// After each block: the caller's turn to hear and to speak.
Status pause_for(const Stream_hooks& hooks, std::uint64_t bytes, Domid domid, std::string_view what) {
    if (hooks.progress) hooks.progress(bytes);
    if (hooks.cancelled && hooks.cancelled()) return tl::unexpected(stream_cancelled(domid, what));
    return {};
}

bool is_suspended(const Domain_info& info) {
    return info.shut_down && info.shutdown_reason == static_cast<unsigned>(Stop_reason::suspend);
}

} // namespace

Status Domain_ledger::stop(Domid domid, Stop_reason reason) {
    XVM_TRY(refuse_dom0(domid, "stopped"));
    XVM_TRY_LET(const Record* const record, alive(domid));
    if (!record->info.shut_down) shut_down(domid, static_cast<unsigned>(reason));
    return {};
}

Status Domain_ledger::resume(Domid domid) {
    XVM_TRY_LET(Record* const record, alive(domid));
    if (!is_suspended(record->info)) return tl::unexpected(not_suspended(domid));
    record->info.shut_down = false;
    record->info.shutdown_reason = 0;
    record->info.running = !record->info.paused;
    return {};
}

Status Domain_ledger::save(Domid domid, int fd, const Stream_hooks& hooks) {
    XVM_TRY(refuse_dom0(domid, "saved"));
    XVM_TRY_LET(const Record* const record, alive(domid));
    const Domain_info& info = record->info;
    if (!is_suspended(info)) return tl::unexpected(not_suspended(domid));
    Head head;
    head.uuid = info.id.uuid.bytes;
    head.memory_bytes = info.memory_bytes;
    head.type = static_cast<std::uint32_t>(info.type);
    head.vcpus = info.vcpus_max;
    XVM_TRY(put(fd, &head, sizeof head, domid));
    for (std::uint64_t i = 0; i < blocks_of(head.memory_bytes); ++i) {
        const Block bytes = block(head, i);
        XVM_TRY(put(fd, bytes.data(), bytes.size(), domid));
        XVM_TRY(pause_for(hooks, sizeof head + (i + 1) * sizeof(Block), domid, "saving"));
    }
    return put(fd, end_magic.data(), end_magic.size(), domid);
}

Result<Built_domain> Domain_ledger::restore(Domid domid, const Domain_shape& shape, int fd,
                                            const Stream_hooks& hooks) {
    XVM_TRY(check_shape(shape));
    XVM_TRY_LET(Record* const record, empty_domain(domid, shape.type));
    if (free_bytes() < shape.memory_bytes)
        return tl::unexpected(not_enough_memory(domid, shape.memory_bytes, free_bytes()));
    Head head;
    XVM_TRY(get(fd, &head, sizeof head, domid));
    if (head.magic != head_magic) return fail_stream(domid, "it is no stream of a domain");
    if (head.type != static_cast<std::uint32_t>(shape.type)) return fail_stream(domid, "of another type");
    if (head.memory_bytes > shape.memory_max_bytes) return fail_stream(domid, "of a larger domain");
    for (std::uint64_t i = 0; i < blocks_of(head.memory_bytes); ++i) {
        Block bytes{};
        XVM_TRY(get(fd, bytes.data(), bytes.size(), domid));
        if (bytes != block(head, i)) return fail_stream(domid, "its memory is not what was saved");
        XVM_TRY(pause_for(hooks, sizeof head + (i + 1) * sizeof(Block), domid, "restoring"));
    }
    std::array<char, 8> end{};
    XVM_TRY(get(fd, end.data(), end.size(), domid));
    if (end != end_magic) return fail_stream(domid, "it has no end");
    return fill(*record, head.memory_bytes);
}

} // namespace xvm::port::hosted
