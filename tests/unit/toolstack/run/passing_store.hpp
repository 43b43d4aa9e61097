// SPDX-License-Identifier: Apache-2.0
// A store that hands every call on to another: what a double that listens to a few of them begins with.
//
// Invariant: what is below outlives it.
#pragma once

#include "libvmshare/port/store.hpp"

namespace xvm::tests {

class Passing_store : public port::Store {
  public:
    explicit Passing_store(port::Store& below) : store_(below) {}

    Result<std::string> read(const std::string& path, port::Txn txn) override {
        return store_.read(path, txn);
    }
    Status write(const std::string& path, std::string_view value, port::Txn txn) override {
        return store_.write(path, value, txn);
    }
    Status make(const std::string& path, port::Txn txn) override { return store_.make(path, txn); }
    Status remove(const std::string& path, port::Txn txn) override { return store_.remove(path, txn); }
    Result<std::vector<std::string>> list(const std::string& path, port::Txn txn) override {
        return store_.list(path, txn);
    }
    Status set_permissions(const std::string& path, std::span<const port::Store_permission> permissions,
                           port::Txn txn) override {
        return store_.set_permissions(path, permissions, txn);
    }
    Result<std::vector<port::Store_permission>> permissions(const std::string& path, port::Txn txn) override {
        return store_.permissions(path, txn);
    }
    Result<port::Txn> begin() override { return store_.begin(); }
    Status commit(port::Txn txn) override { return store_.commit(txn); }
    void abort(port::Txn txn) noexcept override { store_.abort(txn); }
    Status introduce(Domid domid, std::uint64_t frame, Evtchn_port port) override {
        return store_.introduce(domid, frame, port);
    }
    void release(Domid domid) noexcept override { store_.release(domid); }
    Result<bool> present(Domid domid) override { return store_.present(domid); }
    Status watch(const std::string& path, const std::string& token) override {
        return store_.watch(path, token);
    }
    void unwatch(const std::string& path, const std::string& token) noexcept override {
        store_.unwatch(path, token);
    }
    Result<std::optional<port::Watch_event>> next_event() override { return store_.next_event(); }
    int fd() const noexcept override { return store_.fd(); }

  protected:
    port::Store& store_;
};

} // namespace xvm::tests
