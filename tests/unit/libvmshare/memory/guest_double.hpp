// SPDX-License-Identifier: Apache-2.0
// A guest of the BLOCK engine: what xvm_mem.ko does, with its own core, on a make-believe machine. A test
// says how it behaves, and calls step() wherever the guest is to run.
#pragma once

#include "libvmshare/memory/block_engine.hpp" // it holds templates, the next may not
extern "C" {
#include "frontends/linux/xvm_mem_core.h"
}
#include "libvmshare/port/hosted/domains.hpp"
#include "libvmshare/port/hosted/process.hpp"
#include "xenstore-schema/nodes.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <set>

namespace xvm::tests {

inline constexpr std::uint64_t mib = 1ULL << 20;
/// Small blocks: what is tested does not depend on their size.
inline constexpr std::uint64_t block_bytes = mib;
inline constexpr std::uint64_t boot_bytes = 8 * mib;

class Guest_double {
  public:
    enum class Mood { willing, busy, starving, silent, only_words };
    Mood mood = Mood::willing;
    /// Between the look and the transaction of an ejection: the host may change its mind there.
    std::function<void()> before_eject;
    std::vector<std::uint32_t> eject_notices; ///< slots it was told of, by answers
    std::vector<std::uint32_t> insert_notices;

    Guest_double(Domid domid, port::Store& store, port::hosted::Domain_ledger& ledger, std::uint32_t slots)
        : domid_(domid), store_(store), ledger_(ledger), slots_(slots) {}

    void load() {
        write("version", "1");
        told_ = number_or_0(read(host_dir() + "/event"));
        for (std::uint32_t slot = 0; slot < slots_; ++slot)
            visit(slot);
    }
    void unload() { REQUIRE(store_.remove(guest_dir())); }

    /// Everything it can do now. Silent: nothing.
    void step() {
        if (mood == Mood::silent) return;
        take_answer();
        const std::uint32_t events = number_or_0(read(host_dir() + "/event"));
        if (static_cast<std::int32_t>(events - told_) > 0 && (!asked_ || asked_for_ != events)) {
            asked_ = ++query_;
            asked_for_ = events;
            write("query", std::to_string(query_) + " " + std::to_string(told_));
        }
        use();
    }
    /// It writes to all the memory it has.
    void use() {
        for (const std::uint32_t slot : present)
            ledger_.soil(domid_, frames(slot));
    }
    [[nodiscard]] memory::Layout layout() const { return {XVM_MEM_BASE_MIN, block_bytes, slots_}; }
    [[nodiscard]] port::Frames frames(std::uint32_t slot) const { return layout().frames_of(slot); }
    void write(const std::string& node, const std::string& text) {
        REQUIRE(store_.write(guest_dir() + "/" + node, text));
    }
    [[nodiscard]] std::string word(std::uint32_t slot) const {
        return read(host_dir() + "/slot/" + std::to_string(slot));
    }

    std::set<std::uint32_t> present; ///< what its kernel has

  private:
    [[nodiscard]] std::string host_dir() const { return schema::xvmem::host::dir(domid_); }
    [[nodiscard]] std::string guest_dir() const { return schema::xvmem::guest::dir(domid_); }
    [[nodiscard]] std::string read(const std::string& path, port::Txn txn = port::Txn::none) const {
        return store_.read(path, txn).value_or("");
    }
    static std::uint32_t number_or_0(const std::string& text) {
        std::uint64_t value = 0;
        return xvm_mem_parse_u64(text.c_str(), &value) ? static_cast<std::uint32_t>(value) : 0;
    }
    void tell(std::uint32_t slot, std::uint32_t serial, std::uint32_t event, std::uint32_t status) {
        std::array<char, XVM_MEM_TEXT_MAX> text{};
        REQUIRE(xvm_mem_format_ost(text.data(), text.size(), serial, event, status) != 0);
        write("ost/" + std::to_string(slot), text.data());
    }
    void take_answer() {
        xvm_mem_answer answer{};
        if (!asked_ || !xvm_mem_parse_answer(read(host_dir() + "/answer").c_str(), slots_, &answer) ||
            answer.query != *asked_)
            return;
        asked_.reset();
        told_ = answer.serial;
        if (answer.code == XVM_MEM_NOTIFY_EJECT) eject_notices.push_back(answer.slot);
        if (answer.code == XVM_MEM_NOTIFY_INSERT) insert_notices.push_back(answer.slot);
        if (answer.code != XVM_MEM_NOTIFY_NONE) visit(answer.slot);
    }
    void visit(std::uint32_t slot) {
        xvm_mem_word at{};
        if (!xvm_mem_parse_word(word(slot).c_str(), &at)) return;
        const auto known = refused_.find(slot);
        const bool refused = known != refused_.end() && known->second == at.serial;
        switch (xvm_mem_next(&at, present.contains(slot) ? XVM_MEM_PRESENT : XVM_MEM_ABSENT, refused)) {
        case XVM_MEM_DO_ADD:
            add(slot, at);
            break;
        case XVM_MEM_DO_GIVE:
        case XVM_MEM_DO_EJECT:
            give(slot, at.serial);
            break;
        case XVM_MEM_DO_MOURN:
            FAIL("slot " << slot << " was taken without an ejection");
            break;
        case XVM_MEM_DO_NOTHING:
            break;
        }
    }
    void add(std::uint32_t slot, const xvm_mem_word& at) {
        const bool asked = at.state == XVM_MEM_IS_INSERT_PENDING;
        if (asked && !settle(slot, at, "insert-pending", XVM_MEM_NOTIFY_INSERT, XVM_MEM_OST_INSERT_PROGRESS))
            return;
        if (mood == Mood::busy) {
            refused_[slot] = at.serial;
            return tell(slot, at.serial, XVM_MEM_NOTIFY_INSERT, XVM_MEM_OST_INSERT_LOAD_FAILED);
        }
        // No guest sees what was in it before.
        CHECK(ledger_.filled(domid_, frames(slot)) == frames(slot).count);
        if (asked) CHECK(ledger_.soiled(domid_, frames(slot)) == 0);
        present.insert(slot);
        if (asked) tell(slot, at.serial, XVM_MEM_NOTIFY_INSERT, XVM_MEM_OST_SUCCESS);
    }
    void give(std::uint32_t slot, std::uint32_t serial) {
        tell(slot, serial, XVM_MEM_NOTIFY_EJECT, XVM_MEM_OST_EJECT_PROGRESS);
        if (mood == Mood::busy || mood == Mood::starving) {
            refused_[slot] = serial;
            return tell(slot, serial, XVM_MEM_NOTIFY_EJECT,
                        mood == Mood::busy ? XVM_MEM_OST_EJECT_BUSY : XVM_MEM_OST_EJECT_IN_USE);
        }
        if (mood == Mood::only_words) return tell(slot, serial, XVM_MEM_NOTIFY_EJECT, XVM_MEM_OST_SUCCESS);
        if (before_eject) before_eject();
        if (settle(slot, {XVM_MEM_IS_EJECT_PENDING, serial}, "eject-pending", XVM_MEM_NOTIFY_EJECT,
                   XVM_MEM_OST_SUCCESS))
            present.erase(slot);
    }
    bool settle(std::uint32_t slot, const xvm_mem_word& at, const std::string& state, std::uint32_t event,
                std::uint32_t status) {
        bool stands = false;
        REQUIRE(port::transact(store_, [&](port::Txn txn) -> Status {
            const std::string node = std::to_string(slot);
            stands = read(host_dir() + "/slot/" + node, txn) == state + " " + std::to_string(at.serial);
            if (!stands) return {};
            if (event == XVM_MEM_NOTIFY_EJECT)
                XVM_TRY(store_.write(guest_dir() + "/eject/" + node, std::to_string(at.serial), txn));
            std::array<char, XVM_MEM_TEXT_MAX> text{};
            xvm_mem_format_ost(text.data(), text.size(), at.serial, event, status);
            return store_.write(guest_dir() + "/ost/" + node, text.data(), txn);
        }));
        return stands;
    }

    Domid domid_;
    port::Store& store_;
    port::hosted::Domain_ledger& ledger_;
    std::uint32_t slots_;
    std::uint32_t told_ = 0;
    std::uint32_t query_ = 0;
    std::optional<std::uint32_t> asked_;
    std::uint32_t asked_for_ = 0;
    std::map<std::uint32_t, std::uint32_t> refused_;
};

/// A host with guests that have slots, some of them filled as a create fills them.
class Block_machine {
  public:
    explicit Block_machine(std::uint64_t free_bytes = 4 * block_bytes, std::uint32_t count = 2)
        : ledger({256 * mib + count * (boot_bytes + mib / 4 + 2 * block_bytes) + free_bytes, 256 * mib}) {
        process_ = port::hosted::start_process(host_, dom0).value();
        for (std::uint32_t i = 0; i < count; ++i)
            add_guest(2, 4);
    }

    [[nodiscard]] port::Store& store() { return process_->store(); }
    [[nodiscard]] std::uint64_t memory(std::size_t guest) const {
        return const_cast<port::hosted::Domain_ledger&>(ledger).info(ids.at(guest).domid)->memory_bytes;
    }
    [[nodiscard]] std::uint64_t free_bytes() { return ledger.host()->free_bytes; }
    /// Nothing that a guest wrote has got out, nothing is kept for anybody.
    void check_tidy() {
        CHECK(ledger.leaked_pages() == 0);
        for (const Domain_id& id : ids)
            if (ledger.info(id.domid)) CHECK(ledger.claimed_bytes(id.domid) == 0);
    }
    void destroy(std::size_t guest) {
        REQUIRE(ledger.destroy(ids.at(guest).domid));
        host_->destroy_domain(ids.at(guest).domid);
    }

    port::hosted::Domain_ledger ledger;
    std::vector<Domain_id> ids;
    std::vector<std::unique_ptr<Guest_double>> guests;

  private:
    void add_guest(std::uint32_t filled, std::uint32_t slots) {
        port::Domain_shape shape;
        shape.uuid = Uuid::random();
        shape.memory_bytes = boot_bytes;
        shape.memory_max_bytes = boot_bytes + slots * block_bytes;
        const Domid domid = ledger.create(shape).value();
        REQUIRE(host_->add_domain(domid));
        ids.push_back({domid, shape.uuid});
        ledger.balloon(domid, boot_bytes); // what it booted with
        processes_.push_back(port::hosted::start_process(host_, domid).value());
        auto guest = std::make_unique<Guest_double>(domid, processes_.back()->store(), ledger, slots);
        const std::string dir = schema::xvmem::host::dir(domid);
        const auto write = [&](const std::string& node, std::uint64_t value) {
            REQUIRE(store().write(dir + "/" + node, std::to_string(value)));
        };
        const std::array<port::Store_permission, 2> reads{
            {{dom0, port::Store_access::none}, {domid, port::Store_access::read}}};
        REQUIRE(store().make(dir));
        REQUIRE(store().set_permissions(dir, reads));
        const std::array<port::Store_permission, 1> owns{{{domid, port::Store_access::none}}};
        const std::string data = "/local/domain/" + std::to_string(number(domid)) + "/data";
        REQUIRE(store().make(data));
        REQUIRE(store().set_permissions(data, owns));
        write("version", XVM_MEM_VERSION);
        write("base", XVM_MEM_BASE_MIN);
        write("slot-bytes", block_bytes);
        write("slots", slots);
        for (std::uint32_t slot = 0; slot < filled; ++slot) {
            REQUIRE(ledger.fill_frames(domid, guest->frames(slot)));
            REQUIRE(store().write(dir + "/slot/" + std::to_string(slot), "assigned 0"));
        }
        guest->load();
        guest->use();
        guests.push_back(std::move(guest));
    }

    std::shared_ptr<port::hosted::Host> host_ = port::hosted::Host::make();
    std::unique_ptr<port::hosted::Process> process_;
    std::vector<std::unique_ptr<port::hosted::Process>> processes_;
};

} // namespace xvm::tests
