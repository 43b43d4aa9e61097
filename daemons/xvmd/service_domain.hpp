// SPDX-License-Identifier: Apache-2.0
// The management service as a domain: a guest like any other, made and ended by the same plans, whose
// channel lies in memory that it grants to dom0.
//
// Invariant: the domain is made and ended on workers, in turn with other changes of it; the channel is let
// go before the domain is ended. ended() says so only when Xen knows no such domain and the store holds
// nothing of it, or when why not was said in the log.
#pragma once

#include "daemons/xvmd/port_set.hpp"
#include "daemons/xvmd/service_channel.hpp"
#include "daemons/xvmd/service_instance.hpp"
#include "daemons/xvmd/workers.hpp"
#include "toolstack/plan/plan.hpp"

namespace xvm::xvmd {

/// All service domains have this uuid: there is one at a time, and one that an xvmd left behind is known by
/// it.
[[nodiscard]] Uuid service_domain_uuid() noexcept;
inline constexpr std::string_view service_domain_name = "xvm-service";

/// Ends the service domain that an earlier xvmd left behind, if there is one.
[[nodiscard]] Status end_left_service(run::Ports& ports);

class Service_domain final : public Service_instance {
  public:
    /// What it is made of.
    struct Image {
        std::string pack; ///< with "kernel" and "initrd"
        std::string disk; ///< a raw file with an ext4 file system: its configurations
        std::uint64_t memory_bytes = 0;
        bool operator==(const Image&) const = default;
    };
    struct Wiring {
        Workers& workers;
        Open_ports open;
        Open_channel_ports open_channel;
        /// Runs a plan as an operation that nobody asked for.
        std::function<Result<Domain_id>(run::Ports&, const plan::Plan&, std::optional<Domid>)> run;
        Image image;
    };

    /// Begins to make it; what becomes of that, ended() and turn() tell. All of the wiring outlives it.
    [[nodiscard]] static Result<std::unique_ptr<Service_domain>> start(const Wiring& wiring);
    /// One for later: when it has booted, and would be asked, it is paused until it is released.
    [[nodiscard]] static Result<std::unique_ptr<Service_domain>> start_held(const Wiring& wiring);
    [[nodiscard]] bool is_held() const noexcept { return stage_ == Stage::held; }
    /// From now on it is as any other.
    void release();
    ~Service_domain() override;

    [[nodiscard]] std::string text() const override;
    void describe(boost::json::object& all) const override;
    [[nodiscard]] bool same_clock() const noexcept override { return false; }
    [[nodiscard]] std::vector<int> fds() const override;
    void look() override;
    [[nodiscard]] bool put(const channel::Message& message) override;
    [[nodiscard]] channel::End::Turn turn() override;
    [[nodiscard]] std::string_view fault() const noexcept override;
    void kill() override;
    [[nodiscard]] std::optional<Ending> ended(int wait_ms) override;

    /// Its configuration; the plan makes the rest.
    [[nodiscard]] static plan::Guest_config guest_of(const Image& image);

  private:
    enum class Stage : std::uint8_t { making, booting, held, connected, ending, gone };
    struct Box; ///< what jobs on workers tell

    Service_domain(const Wiring& wiring, std::unique_ptr<Port_set> set, Channel_ports ports,
                   std::shared_ptr<Box> box);
    void take_made(const Result<Domain_id>& made);
    void look_at_domain();
    void try_connect();
    void hold_it();
    void begin_end(std::string how);
    void hear();

    const Wiring& wiring_;
    std::unique_ptr<Port_set> set_;
    Channel_ports ports_;
    std::shared_ptr<Box> box_;
    std::optional<Service_channel> channel_;
    Stage stage_ = Stage::making;
    Domain_id id_;
    Ending ending_;
    bool killed_ = false;
    bool hold_ = false;      ///< it is for later
    bool submitted_ = false; ///< the job that ends it
    std::string fault_;
};

} // namespace xvm::xvmd
