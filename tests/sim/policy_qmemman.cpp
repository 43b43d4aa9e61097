// SPDX-License-Identifier: Apache-2.0
// Qubes OS's qmemman by its published policy and constants (doc/qubes-tools/qmemmand.rst, and what
// docs/memory.md names), written anew:
//
// - a guest prefers 1.3 times what it says it uses (swap counted), at least 200 MiB, at most its maximum;
// - with enough for all preferences, what is left is given out in proportion to them, but for 50 MiB;
// - without, guests above their preference come down to it, and the others share what that gives;
// - a change is made only if more than 150 MiB move altogether, or a guest below its preference gets more
//   than 15 MiB;
// - who gives is asked first; before each who gets, up to five waits of 0.1 s for the memory; then what is
//   there is given, who did not move at all is left out until it does, and the round is over;
// - to free memory for a start, all who are above their preference give in proportion, times 1.05, in
//   rounds of 0.1 s; it fails if they have too little above it, or if 3 s brought less than 300 MiB;
// - guests that say nothing, or are paused, are not touched.
#include "tests/sim/policy.hpp"

#include <algorithm>
#include <deque>

namespace xvm::sim {
namespace {

constexpr double margin = 1.3, safety = 1.05, rounding = 0.999;
constexpr double pref_min = 200.0 * mib, free_left = 50.0 * mib, free_min = 25.0 * mib;
constexpr double transfer_min = 150.0 * mib, under_pref_min = 15.0 * mib, donor_min = 10.0 * mib;
constexpr std::size_t check_rounds = 30;
constexpr double check_bytes = 300.0 * mib;
constexpr int waits_max = 5;
constexpr std::size_t nobody = SIZE_MAX;

struct Order {
    std::size_t guest = 0;
    double bytes = 0;
};

class Qmemman : public Policy {
  public:
    void tick(Machine& machine) override {
        machine_ = &machine;
        sides_.resize(machine.guests().size());
        look();
        if (freeing_ != nobody) return free_for_start();
        if (!orders_.empty()) return carry_on();
        for (std::size_t i = 0; i < sides_.size(); ++i)
            if (machine.is_asked_for(i)) return begin_start(i);
        if (!is_due_) return;
        is_due_ = false;
        begin_balance();
    }

  private:
    struct Side {
        bool runs = false, known = false;
        double used = 0, has = 0, most = 0, last_target = 0;
        bool no_progress = false;
        std::uint64_t seq = 0;

        [[nodiscard]] double actual() const { return std::max(has, last_target); }
        [[nodiscard]] double pref() const { return std::max(std::min(used * margin, most), pref_min); }
        [[nodiscard]] double needed() const { return pref() - actual(); }
        [[nodiscard]] bool takes_part() const { return runs && known && !no_progress; }
    };

    void look() {
        for (std::size_t i = 0; i < sides_.size(); ++i) {
            const Guest& guest = machine_->guests()[i];
            Side& side = sides_[i];
            const bool runs = guest.life == Life::runs;
            if (runs && !side.runs) side.last_target = static_cast<double>(guest.target_bytes);
            if (runs != side.runs) is_due_ = true;
            side.runs = runs;
            side.has = runs ? static_cast<double>(guest.memory_bytes) : 0;
            if (!runs) side.last_target = 0;
            side.most = static_cast<double>(guest.spec->max_bytes);
            side.known = guest.meminfo.seq > 0 && !guest.paused;
            if (guest.meminfo.seq != side.seq) {
                side.seq = guest.meminfo.seq;
                side.used = static_cast<double>(guest.meminfo.used_bytes);
                is_due_ = true;
            }
        }
    }

    [[nodiscard]] double free_bytes() const {
        double unused = 0;
        for (const Side& side : sides_)
            unused += std::max(0.0, side.last_target - side.has);
        return static_cast<double>(machine_->free_bytes()) - unused;
    }

    void set(std::size_t i, double bytes) {
        sides_[i].last_target = std::max(0.0, bytes);
        const auto target = static_cast<std::uint64_t>(sides_[i].last_target);
        machine_->ask(i, target, target + mib);
    }

    // Balance.
    void begin_balance() {
        for (Side& side : sides_)
            if (side.actual() <= side.last_target + free_left / 2 || side.actual() < side.pref())
                side.no_progress = false;
        std::vector<Order> orders = shares();
        if (!is_worth_it(orders)) return;
        before_.clear();
        for (const Side& side : sides_)
            before_.push_back(side.actual());
        orders_.assign(orders.begin(), orders.end());
        waits_ = waits_max;
        carry_on();
    }

    [[nodiscard]] std::vector<Order> shares() const {
        double needed = 0, prefs = 0, getters_prefs = 0;
        for (const Side& side : sides_) {
            if (!side.takes_part()) continue;
            needed += side.needed();
            prefs += side.pref();
            if (side.needed() >= 0 && side.actual() < side.most) getters_prefs += side.pref();
        }
        const double free = free_bytes() - free_left;
        const double left = free - needed;
        return left > 0 ? rich(left, prefs) : poor(free, getters_prefs);
    }

    [[nodiscard]] std::vector<Order> rich(double left, double prefs) const {
        std::vector<Order> all;
        double rest = 0;
        int open = 0;
        for (std::size_t i = 0; i < sides_.size(); ++i) {
            const Side& side = sides_[i];
            if (!side.takes_part()) continue;
            double target = rounding * (side.pref() + side.pref() / prefs * left);
            if (target > side.most) {
                rest += target - side.most;
                target = side.most;
            } else {
                ++open;
            }
            all.push_back({i, target});
        }
        while (rest > 1 && open > 0) {
            const double bonus = rounding * rest / open;
            double still = 0;
            int still_open = open;
            for (Order& order : all) {
                const double most = sides_[order.guest].most;
                if (order.bytes >= most) continue;
                if (order.bytes + bonus >= most) {
                    still += order.bytes + bonus - most;
                    order.bytes = most;
                    --still_open;
                } else {
                    order.bytes += bonus;
                }
            }
            rest = still;
            open = still_open;
        }
        std::stable_partition(all.begin(), all.end(),
                              [&](const Order& order) { return order.bytes < sides_[order.guest].actual(); });
        return all;
    }

    [[nodiscard]] std::vector<Order> poor(double free, double getters_prefs) const {
        std::vector<Order> all;
        double squeezed = free;
        for (std::size_t i = 0; i < sides_.size(); ++i) {
            const Side& side = sides_[i];
            if (!side.takes_part() || (side.needed() >= 0 && side.actual() < side.most)) continue;
            if (-side.needed() < donor_min) continue;
            squeezed -= side.needed();
            all.push_back({i, side.pref()});
        }
        if (squeezed < 0) return all;
        for (std::size_t i = 0; i < sides_.size(); ++i) {
            const Side& side = sides_[i];
            if (!side.takes_part() || side.needed() < 0 || side.actual() >= side.most) continue;
            all.push_back({i, std::min(rounding * (side.actual() + side.pref() / getters_prefs * squeezed),
                                       side.most)});
        }
        return all;
    }

    [[nodiscard]] bool is_worth_it(const std::vector<Order>& orders) const {
        const double free = free_bytes();
        if (free_left - free > under_pref_min) return true;
        double moves = 0;
        for (const Order& order : orders) {
            const Side& side = sides_[order.guest];
            const double change = order.bytes - side.last_target;
            moves += std::abs(change);
            if (side.last_target > 0 && side.last_target < side.pref() && change > under_pref_min)
                return true;
        }
        return moves + std::abs(free - free_left) > transfer_min;
    }

    /// Asks one after the other; waits where the memory is not yet there.
    void carry_on() {
        while (!orders_.empty()) {
            const Order order = orders_.front();
            Side& side = sides_[order.guest];
            if (side.runs && free_bytes() - (order.bytes - side.actual()) < 0.9 * free_left) {
                if (--waits_ > 0) return;
                for (const Order& asked : asked_) {
                    Side& giver = sides_[asked.guest];
                    if (giver.actual() > giver.last_target + free_left / 4 &&
                        before_[asked.guest] == giver.actual())
                        giver.no_progress = true;
                }
                set(order.guest, free_bytes() + side.actual() - free_left);
                orders_.clear();
                break;
            }
            if (side.runs) set(order.guest, order.bytes);
            asked_.push_back(order);
            orders_.pop_front();
            waits_ = waits_max;
        }
        asked_.clear();
    }

    // Starts.
    void begin_start(std::size_t i) {
        freeing_ = i;
        ring_.clear();
        asked_before_.clear();
        for (Side& side : sides_)
            side.no_progress = false;
        free_for_start();
    }

    void free_for_start() {
        const Guest& guest = machine_->guests()[freeing_];
        if (guest.life != Life::waits) return end_start();
        const auto size = static_cast<double>(guest.spec->size_bytes);
        const double free = free_bytes();
        if (free >= size + free_min) {
            for (std::size_t i = 0; i < sides_.size(); ++i) // nobody grows into it
                if (sides_[i].runs && sides_[i].has + 200 * 1024 < sides_[i].last_target)
                    set(i, sides_[i].has);
            if (!machine_->start(freeing_, guest.spec->size_bytes)) machine_->refuse(freeing_);
            return end_start();
        }
        ring_.push_back(free);
        if (ring_.size() > check_rounds) {
            if (free < ring_.front() + check_bytes) return give_up();
            ring_.pop_front();
        }
        for (const Order& order : asked_before_)
            if (sides_[order.guest].actual() == order.bytes) sides_[order.guest].no_progress = true;
        const double wanted = size + free_left - free;
        double spare = 0;
        for (const Side& side : sides_)
            if (side.takes_part()) spare += std::max(0.0, -side.needed());
        if (spare < wanted) return give_up();
        asked_before_.clear();
        for (std::size_t i = 0; i < sides_.size(); ++i) {
            const Side& side = sides_[i];
            if (!side.takes_part() || side.needed() >= 0) continue;
            asked_before_.push_back({i, side.actual()});
            set(i, side.actual() + side.needed() * wanted / spare * safety);
        }
    }

    void give_up() {
        machine_->refuse(freeing_);
        end_start();
    }
    void end_start() {
        freeing_ = nobody;
        is_due_ = true;
    }

    Machine* machine_ = nullptr;
    std::vector<Side> sides_;
    bool is_due_ = true;
    std::deque<Order> orders_;
    std::vector<Order> asked_;
    std::vector<double> before_;
    int waits_ = 0;
    std::size_t freeing_ = nobody;
    std::deque<double> ring_;
    std::vector<Order> asked_before_;
};

} // namespace

std::unique_ptr<Policy> make_qmemman() {
    return std::make_unique<Qmemman>();
}

} // namespace xvm::sim
