// SPDX-License-Identifier: Apache-2.0
// Grants as memory files: mapping one is mapping the granter's file, copying is reading or writing it.
// The Desk is asked first each time, so that what is not granted is refused as Xen would.
#pragma once

#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/hosted/desk.hpp"

#include <deque>
#include <map>
#include <mutex>

namespace xvm::port::hosted {

/// Memory files this process has open, the latest used ones.
class Share_files {
  public:
    explicit Share_files(Desk& desk) : desk_(desk) {}
    /// Good until the next call.
    [[nodiscard]] Result<int> get(Share_id share, Access access);

  private:
    struct File {
        Share_id share{};
        Access access{};
        Unique_fd fd;
    };
    Desk& desk_;
    std::deque<File> files_; ///< oldest first
};

/// Safe to use from several threads. The Desk outlives it.
class Hosted_grants final : public Grants {
  public:
    explicit Hosted_grants(Desk& desk) : desk_(desk), files_(desk) {}

    [[nodiscard]] Result<Grant_map> map(Domid owner, std::span<const Gref> grefs, Access access) override;
    [[nodiscard]] Status copy(Domid owner, std::span<Grant_copy> elements) override;

  private:
    [[nodiscard]] bool transfer(const Grant_copy& element, const Page_place& place);

    Desk& desk_;
    std::mutex mutex_;
    Share_files files_;
};

/// Safe to use from several threads. The Desk outlives it.
class Hosted_granter final : public Granter {
  public:
    explicit Hosted_granter(Desk& desk) : desk_(desk) {}
    ~Hosted_granter() override;
    Hosted_granter(const Hosted_granter&) = delete;
    Hosted_granter& operator=(const Hosted_granter&) = delete;

    [[nodiscard]] Result<Shared> share(Domid peer, std::size_t pages, Access access) override;
    [[nodiscard]] Status end(std::span<const Gref> grefs) override;

  private:
    struct Kept {
        std::byte* at = nullptr;
        std::vector<Gref> grefs;
    };
    Desk& desk_;
    std::mutex mutex_;
    std::map<Gref, Kept> shares_; ///< by first reference
};

} // namespace xvm::port::hosted
