// SPDX-License-Identifier: Apache-2.0
// Broken twins: hosted ports with one lie each, chosen by XVM_TWIN. The suite must fail on every one; with
// "none" it must pass, so that it is the lie that fails.
#include "libvmshare/base/assert.hpp"
#include "tests/contract/sharing/hosted_actor.hpp"

#include <cstdlib>
#include <cstring>

namespace xvm::test {
namespace {

bool twin(const char* name) {
    const char* chosen = std::getenv("XVM_TWIN");
    XVM_ASSERT(chosen != nullptr);
    return std::strcmp(chosen, name) == 0;
}

class Twin_events final : public port::Events {
  public:
    explicit Twin_events(port::Events& below) : below_(below) {}
    Result<Evtchn_port> alloc_unbound(Domid remote) override { return below_.alloc_unbound(remote); }
    Result<Evtchn_port> bind_interdomain(Domid remote, Evtchn_port remote_port) override {
        auto port = below_.bind_interdomain(remote, remote_port);
        if (port && twin("bound port not pending")) {
            static_cast<void>(below_.next());
            static_cast<void>(below_.unmask(*port));
        }
        return port;
    }
    Status notify(Evtchn_port port) override { return below_.notify(port); }
    Result<std::optional<Evtchn_port>> next() override {
        auto port = below_.next();
        if (port && *port && twin("no mask")) static_cast<void>(below_.unmask(**port));
        return port;
    }
    Status unmask(Evtchn_port port) override {
        if (twin("event lost under the mask")) {
            const Status done = below_.unmask(port);
            static_cast<void>(below_.next());
            static_cast<void>(below_.unmask(port));
            return done;
        }
        return below_.unmask(port);
    }
    void close(Evtchn_port port) noexcept override {
        if (!twin("port never closed")) below_.close(port);
    }
    int fd() const noexcept override { return below_.fd(); }

  private:
    port::Events& below_;
};

class Twin_grants final : public port::Grants {
  public:
    explicit Twin_grants(port::Grants& below) : below_(below) {}
    Result<port::Grant_map> map(Domid owner, std::span<const Gref> grefs, port::Access access) override {
        if (twin("mapped in another order")) {
            const std::vector<Gref> backwards(grefs.rbegin(), grefs.rend());
            return below_.map(owner, backwards, access);
        }
        return below_.map(owner, grefs, access);
    }
    Status copy(Domid owner, std::span<port::Grant_copy> elements) override {
        const Status done = below_.copy(owner, elements);
        for (port::Grant_copy& element : elements) {
            if (twin("every element fine")) element.ok = true;
            if (twin("one byte beyond") && element.ok && element.direction == port::Direction::from_guest)
                element.local[element.length] = std::byte{1};
        }
        if (twin("one spoils all"))
            for (port::Grant_copy& element : elements)
                for (const port::Grant_copy& other : elements)
                    element.ok = element.ok && other.ok;
        return done;
    }

  private:
    port::Grants& below_;
};

class Twin_store final : public port::Store {
  public:
    explicit Twin_store(port::Store& below) : below_(below) {}
    Result<std::string> read(const std::string& path, port::Txn txn) override {
        auto value = below_.read(path, twin("dirty reads") ? port::Txn::none : txn);
        if (value && twin("text only")) value = value->c_str();
        return value;
    }
    Status write(const std::string& path, std::string_view value, port::Txn txn) override {
        return below_.write(path, value, twin("no transactions") ? port::Txn::none : txn);
    }
    Status make(const std::string& path, port::Txn txn) override {
        return twin("make empties") ? below_.write(path, "", txn) : below_.make(path, txn);
    }
    Status remove(const std::string& path, port::Txn txn) override {
        if (twin("removal of nothing refused"))
            if (auto there = below_.read(path, txn); !there) return tl::unexpected<Error>(there.error());
        return below_.remove(path, txn);
    }
    Result<std::vector<std::string>> list(const std::string& path, port::Txn txn) override {
        return below_.list(path, txn);
    }
    Status set_permissions(const std::string& path, std::span<const port::Store_permission> permissions,
                           port::Txn txn) override {
        return below_.set_permissions(
            path, twin("first permission only") ? permissions.first(1) : permissions, txn);
    }
    Result<std::vector<port::Store_permission>> permissions(const std::string& path, port::Txn txn) override {
        return below_.permissions(path, txn);
    }
    Result<port::Txn> begin() override { return below_.begin(); }
    Status commit(port::Txn txn) override {
        Status done = below_.commit(txn);
        if (!done && done.error().fault == Fault::busy && twin("no conflicts")) return {};
        return done;
    }
    void abort(port::Txn txn) noexcept override {
        if (twin("abort commits"))
            static_cast<void>(below_.commit(txn));
        else
            below_.abort(txn);
    }
    Status introduce(Domid domid, std::uint64_t frame, Evtchn_port port) override {
        return below_.introduce(domid, frame, port);
    }
    void release(Domid domid) noexcept override { below_.release(domid); }
    Result<bool> present(Domid domid) override {
        if (twin("everybody present")) return true;
        return below_.present(domid);
    }
    Status watch(const std::string& path, const std::string& token) override {
        Status done = below_.watch(path, token);
        if (twin("watch silent at registration")) static_cast<void>(below_.next_event());
        return done;
    }
    void unwatch(const std::string& path, const std::string& token) noexcept override {
        if (!twin("unwatch ignored")) below_.unwatch(path, token);
    }
    Result<std::optional<port::Watch_event>> next_event() override { return below_.next_event(); }
    int fd() const noexcept override { return below_.fd(); }

  private:
    port::Store& below_;
};

class Twin_actor final : public Actor {
  public:
    Twin_actor(std::unique_ptr<port::hosted::Process> process, Domid domid)
        : process_(std::move(process)), domid_(domid) {}
    Domid domid() const override { return domid_; }
    port::Events& events() override { return events_; }
    port::Grants& grants() override { return grants_; }
    port::Granter* granter() override { return &process_->granter(); }
    port::Store& store() override { return store_; }

  private:
    std::unique_ptr<port::hosted::Process> process_;
    Domid domid_;
    Twin_events events_{process_->events()};
    Twin_grants grants_{process_->grants()};
    Twin_store store_{process_->store()};
};

class Twin_world final : public World {
  public:
    Twin_world() { XVM_ASSERT(host_->add_domain(hosted_guest)); }
    std::unique_ptr<Actor> near() override { return start(dom0); }
    std::unique_ptr<Actor> far() override { return start(twin("everybody is dom0") ? dom0 : hosted_guest); }
    Domid begin_domain() override {
        XVM_ASSERT(host_->add_unintroduced_domain(Domid{8}));
        return Domid{8};
    }
    void end_domain(Domid domid) override { host_->destroy_domain(domid); }

  private:
    std::unique_ptr<Actor> start(Domid domid) {
        auto process = port::hosted::start_process(host_, domid).value();
        return std::make_unique<Twin_actor>(std::move(process), domid);
    }
    std::shared_ptr<port::hosted::Host> host_ = port::hosted::Host::make();
};

} // namespace

std::unique_ptr<World> make_world() {
    return std::make_unique<Twin_world>();
}

} // namespace xvm::test
