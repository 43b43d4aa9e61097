// SPDX-License-Identifier: Apache-2.0
// The Desk of a process that shares its address space with the Host, and the store it sees.
#pragma once

#include "libvmshare/port/hosted/host.hpp"

namespace xvm::port::hosted {

/// The store as one process of one domain sees it. Of a domain that was not introduced: unreachable.
class Local_store final : public Store {
  public:
    Local_store(std::shared_ptr<Host> host, Process_id process, Domid domid, Unique_fd wake)
        : host_(std::move(host)), process_(process), domid_(domid), wake_(std::move(wake)) {}

    [[nodiscard]] Result<std::string> read(const std::string& path, Txn txn) override;
    [[nodiscard]] Status write(const std::string& path, std::string_view value, Txn txn) override;
    [[nodiscard]] Status make(const std::string& path, Txn txn) override;
    [[nodiscard]] Status remove(const std::string& path, Txn txn) override;
    [[nodiscard]] Result<std::vector<std::string>> list(const std::string& path, Txn txn) override;
    [[nodiscard]] Status set_permissions(const std::string& path,
                                         std::span<const Store_permission> permissions, Txn txn) override;
    [[nodiscard]] Result<std::vector<Store_permission>> permissions(const std::string& path,
                                                                    Txn txn) override;
    [[nodiscard]] Result<Txn> begin() override;
    [[nodiscard]] Status commit(Txn txn) override;
    void abort(Txn txn) noexcept override;
    [[nodiscard]] Status introduce(Domid domid, std::uint64_t frame, Evtchn_port port) override;
    void release(Domid domid) noexcept override;
    [[nodiscard]] Result<bool> present(Domid domid) override;
    [[nodiscard]] Status watch(const std::string& path, const std::string& token) override;
    void unwatch(const std::string& path, const std::string& token) noexcept override;
    [[nodiscard]] Result<std::optional<Watch_event>> next_event() override;
    [[nodiscard]] int fd() const noexcept override { return wake_.get(); }

  private:
    /// The host locked and the store serving us, or why not.
    [[nodiscard]] Result<std::unique_lock<std::mutex>> enter() const;
    template <class Operation>
    auto run(Txn txn, Operation&& operation) -> decltype(operation(std::declval<Store_tree&>(), Domid{}));

    std::shared_ptr<Host> host_;
    Process_id process_;
    Domid domid_;
    Unique_fd wake_;
};

class Local_desk final : public Desk {
  public:
    Local_desk(std::shared_ptr<Host> host, Process_id process, Domid domid, Unique_fd store_wake)
        : host_(host), process_(process), domid_(domid),
          store_(std::move(host), process, domid, std::move(store_wake)) {}
    ~Local_desk() override;

    [[nodiscard]] Result<Port_end> open_port(Domid remote) override;
    [[nodiscard]] Result<Port_end> bind_port(Domid remote, Evtchn_port remote_port) override;
    void close_port(Evtchn_port port) noexcept override;
    [[nodiscard]] Result<New_share> share(Domid peer, std::uint32_t pages, Access access) override;
    [[nodiscard]] Status end_share(const std::vector<Gref>& grefs) override;
    [[nodiscard]] Result<New_mapping> map(Domid owner, const std::vector<Gref>& grefs,
                                          Access access) override;
    void unmap(Mapping_id mapping) noexcept override;
    [[nodiscard]] Result<Unique_fd> share_file(Share_id share, Access access) override;
    [[nodiscard]] Result<std::vector<Copy_place>> copy_places(Domid owner,
                                                              const std::vector<Copy_wish>& wishes) override;
    [[nodiscard]] Store& store() noexcept override { return store_; }

  private:
    std::shared_ptr<Host> host_;
    Process_id process_;
    Domid domid_;
    Local_store store_;
};

} // namespace xvm::port::hosted
