// SPDX-License-Identifier: Apache-2.0
// A make-believe machine with a block backend that only moves states: what creating and destroying
// guests is tested on.
#pragma once

#include "daemons/xvmd/hosted_ports.hpp"
#include "tests/unit/daemons/common/scratch.hpp"
#include "tests/unit/toolstack/run/passing_store.hpp"
#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_life.hpp"
#include "toolstack/run/inventory.hpp"
#include "toolstack/run/perform.hpp"
#include "toolstack/run/store_trees.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

namespace xvm::tests {

/// Plays xvm-blkd whenever the code under test looks at the store: offers what is at 1, closes what is
/// at 5. It sits between that code and the store, so no thread and no time is involved.
class Backend_double final : public Passing_store {
  public:
    using Passing_store::Passing_store;

    enum class Mood { serves, refuses, hangs };
    Mood mood = Mood::serves;
    std::function<void(Domid)> on_release;
    /// What the guest does when the toolstack writes to one of its nodes.
    std::function<void(const std::string& path, std::string_view value)> on_write;

    int reads = 0;

    Result<std::string> read(const std::string& path, port::Txn txn) override {
        ++reads;
        if (txn == port::Txn::none) play();
        return store_.read(path, txn);
    }
    Status write(const std::string& path, std::string_view value, port::Txn txn) override {
        const Status written = store_.write(path, value, txn);
        if (on_write) on_write(path, value);
        return written;
    }
    void release(Domid domid) noexcept override {
        if (on_release) on_release(domid);
        store_.release(domid);
    }

  private:
    void play() {
        const std::string root = "/local/domain/0/backend/xvbd";
        const auto guests = store_.list(root);
        if (!guests || mood == Mood::hangs) return;
        for (const std::string& guest : *guests) {
            const auto disks = store_.list(root + "/" + guest);
            if (!disks) continue;
            for (const std::string& disk : *disks)
                serve(root + "/" + guest + "/" + disk);
        }
    }
    void serve(const std::string& dir) {
        const auto state = store_.read(dir + "/state");
        if (state == "1" && mood == Mood::refuses) {
            REQUIRE(store_.write(dir + "/error", "the image is haunted"));
            REQUIRE(store_.write(dir + "/state", "5"));
        } else if (state == "1") {
            REQUIRE(store_.write(dir + "/state", "2"));
        } else if (state == "5") {
            REQUIRE(store_.write(dir + "/state", "6"));
        }
    }
};

class Machine {
  public:
    /// Domains that the store was told to forget while they lived.
    int released_alive = 0;

    Machine()
        : hosted_(xvmd::Hosted_machine::make()), set_(std::move(*hosted_->open())), backend_(set_->store()) {
        REQUIRE(run::make_roots(set_->store()));
        std::vector<Error> damaged;
        book_ = std::move(*run::Guest_book::open(scratch_ / "guests", damaged));
        journal_.emplace(std::move(*run::Journal::open(scratch_ / "journal")));
        REQUIRE(damaged.empty());
        backend_.on_release = [this](Domid domid) {
            const auto info = set_->domains().info(domid);
            released_alive += info && !info->dying ? 1 : 0;
        };
        std::ofstream(scratch_ / "kernel", std::ios::binary) << "\x7f"
                                                                "ELF\x02\x01\x01"
                                                             << std::string(4096, '\0');
        std::ofstream(scratch_ / "disk", std::ios::binary) << std::string(8192, '\0');
    }

    [[nodiscard]] run::Ports ports() {
        using namespace std::chrono_literals;
        return {set_->domains(), backend_, [this] { return block_status; }, {20ms, 20ms}, *book_, &*journal_};
    }
    [[nodiscard]] Result<Domain_id> create(const plan::Guest_config& guest, bool paused = false) {
        auto all = ports();
        return run::perform(all, plan::plan_create(guest, Uuid::random(), paused));
    }
    [[nodiscard]] Status destroy(const run::Domain_entry& entry) {
        auto all = ports();
        const auto done =
            run::perform(all, plan::plan_destroy({entry.name, entry.info.id}), {}, entry.info.id.domid);
        return done ? Status{} : Status(tl::unexpected<Error>(done.error()));
    }
    /// Keeps what the journal holds now, and brings it back after its owner removed it.
    void keep_journal() { std::filesystem::copy(scratch_ / "journal", scratch_ / "kept"); }
    void put_journal_back() {
        std::filesystem::copy(scratch_ / "kept", scratch_ / "journal",
                              std::filesystem::copy_options::recursive |
                                  std::filesystem::copy_options::overwrite_existing);
        std::filesystem::remove_all(scratch_ / "kept");
    }
    /// How often the code under test has read a node.
    [[nodiscard]] int reads() const { return backend_.reads; }
    [[nodiscard]] std::string path(const std::string& name) const { return scratch_ / name; }
    void write_file(const std::string& name, const std::string& text) const {
        std::ofstream(scratch_ / name, std::ios::binary) << text;
    }
    [[nodiscard]] run::Guest_book& book() { return *book_; }
    [[nodiscard]] const run::Journal& journal() const { return *journal_; }
    /// A guest with two disks, both served.
    [[nodiscard]] plan::Guest_config guest(const std::string& name = "web") const {
        plan::Guest_config guest;
        guest.name = name;
        guest.memory_bytes = guest.memory_max_bytes = 64ULL << 20;
        guest.pins = {1};
        guest.kernel.path = scratch_ / "kernel";
        guest.disks = {{"xvda", 51712, plan::Disk_kind::raw, scratch_ / "disk", false},
                       {"xvdb", 51728, plan::Disk_kind::raw, scratch_ / "disk", false}};
        return guest;
    }
    /// All that a guest takes, and what is known and under way: equal before and after, or something leaked.
    [[nodiscard]] std::string ledger() const {
        std::string text = boost::json::serialize(hosted_->ledger());
        for (const char* directory : {"guests", "journal"})
            for (const auto& file : std::filesystem::directory_iterator(scratch_ / directory))
                text += "\n" + file.path().filename().string();
        return text;
    }
    [[nodiscard]] Backend_double& backend() { return backend_; }
    [[nodiscard]] port::Store& store() { return set_->store(); }
    [[nodiscard]] xvmd::Hosted_machine& hosted() { return *hosted_; }
    [[nodiscard]] port::Domains& domains() { return set_->domains(); }

    Status block_status;

  private:
    Scratch scratch_;
    std::shared_ptr<xvmd::Hosted_machine> hosted_;
    std::unique_ptr<xvmd::Port_set> set_;
    Backend_double backend_;
    std::unique_ptr<run::Guest_book> book_;
    std::optional<run::Journal> journal_;
};

} // namespace xvm::tests
