// SPDX-License-Identifier: Apache-2.0
// Runs the ring's own Producer and Consumer (libvmshare/ring/queue.hpp, wake.hpp) under every
// interleaving and every value that the C++ memory model lets an atomic load return.
//
// The memory policy is the only thing replaced. A defect is put in there: a fence left out or weakened,
// a re-check that sees the old index, an index published without release. Prints variant, expectation,
// executions, verdict; the run passes when the sound variants hold and every defect is found.
#include "libvmshare/ring/queue.hpp"

#include <cstdint>

#include <relacy/relacy.hpp> // last: it redefines new, delete, assert and memory orders

#include "tests/model/variants.hpp"

namespace {

using xvm::ring::Arm;
using xvm::ring::Take;

enum class Defect {
    none,
    no_f1,
    no_f2,
    no_fences,
    acq_rel_fences,
    no_recheck,
    relaxed_publish,
    relaxed_release
};

template <Defect defect>
struct Checked_memory {
    using Index = rl::atomic<std::uint32_t>;
    template <class Slot>
    using Slots = rl::var<Slot>*;

    static std::uint32_t load_acquire(Index& index) {
        if (rechecking) { // only with no_recheck: the load that follows F2 sees the old value
            rechecking = false;
            return last_read;
        }
        return last_read = index.load(rl::mo_acquire, RL_INFO);
    }
    static void store_release(Index& index, std::uint32_t value) {
        const bool relaxed =
            &index == published ? defect == Defect::relaxed_publish : defect == Defect::relaxed_release;
        index.store(value, relaxed ? rl::mo_relaxed : rl::mo_release, RL_INFO);
    }
    static std::uint32_t load_flag(Index& flag) { return flag.load(rl::mo_relaxed, RL_INFO); }
    static void store_flag(Index& flag, std::uint32_t value) { flag.store(value, rl::mo_relaxed, RL_INFO); }
    static bool compare_exchange_flag(Index& flag, std::uint32_t expected, std::uint32_t value) {
        return flag.compare_exchange(rl::bool_t<false>(), expected, value, rl::mo_acq_rel, rl::mo_relaxed,
                                     RL_INFO);
    }
    static void fence_after_publish() { fence(defect == Defect::no_f1); }
    static void fence_after_arm() {
        fence(defect == Defect::no_f2);
        rechecking = defect == Defect::no_recheck;
    }
    template <class Slot>
    static Slot load_slot(rl::var<Slot>* slots, std::uint32_t at) {
        return slots[at](RL_INFO).load();
    }
    template <class Slot>
    static void store_slot(rl::var<Slot>* slots, std::uint32_t at, Slot slot) {
        slots[at](RL_INFO).store(slot);
    }

    // Only the consumer's side touches these two; threads are fibres of one thread here.
    static inline bool rechecking = false;
    static inline std::uint32_t last_read = 0;
    static inline Index* published = nullptr; // the producer's index

  private:
    static void fence(bool left_out) {
        if (left_out || defect == Defect::no_fences) return;
        rl::atomic_thread_fence(defect == Defect::acq_rel_fences ? rl::mo_acq_rel : rl::mo_seq_cst, RL_INFO);
    }
};

/// One thread publishes `count` slots one by one, the other takes them and sleeps in between.
template <Defect defect, bool claim, std::uint32_t count, std::uint32_t nslots = 2>
struct Wake_test : rl::test_suite<Wake_test<defect, claim, count, nslots>, 2> {
    using Memory = Checked_memory<defect>;
    using Slot = unsigned;

    typename Memory::Index prod, cons, flag;
    rl::var<Slot> slots[nslots];
    rl::generic_event event;
    std::uint64_t sends = 0, arms = 0;

    void before() {
        for (auto* word : {&prod, &cons, &flag})
            word->store(0, rl::mo_relaxed, RL_INFO);
        event.init(false, false, RL_INFO);
        Memory::published = &prod;
        Memory::rechecking = false;
        Memory::last_read = 0;
        sends = arms = 0;
    }
    void after() {
        event.deinit(RL_INFO);
        // with the claim one send per sleep; without, one per slot published meanwhile more.
        RL_ASSERT(sends <= arms + 1 + (claim ? 0 : count));
    }
    void thread(unsigned index) {
        const xvm::ring::Queue<Slot, Memory> queue{prod, cons, flag, slots, nslots, claim};
        index == 0 ? produce(queue) : consume(queue);
    }
    void produce(const xvm::ring::Queue<Slot, Memory>& queue) {
        xvm::ring::Producer<Slot, Memory> producer(queue);
        for (unsigned i = 0; i < count; ++i) {
            while (producer.room() == 0)
                rl::yield(1, RL_INFO);
            producer.push(i);
            if (producer.publish()) event.set(RL_INFO);
        }
        xvm_ring_stats stats{};
        producer.count(stats);
        sends = stats.sends;
    }
    void consume(const xvm::ring::Queue<Slot, Memory>& queue) {
        xvm::ring::Consumer<Slot, Memory> consumer(queue);
        unsigned taken = 0;
        while (taken < count) {
            event.wait(false, false, RL_INFO);
            consumer.begin_wake();
            do {
                Slot slot = 0;
                while (consumer.take(slot) == Take::taken) {
                    RL_ASSERT(slot == taken);
                    ++taken;
                    if (count > nslots) consumer.release(); // the producer waits for it
                }
                RL_ASSERT(!consumer.broken());
            } while (consumer.arm() == Arm::work);
        }
        xvm_ring_stats stats{};
        consumer.count(stats);
        arms = stats.arms;
    }
};

} // namespace

int main(int argc, char** argv) {
    xvm::model::Variants variants(argc, argv);
    constexpr auto success = rl::test_result_success;
    constexpr auto deadlock = rl::test_result_deadlock;
    constexpr auto race = rl::test_result_data_race;
    variants.check<Wake_test<Defect::none, false, 2>>("flag, exhaustive, 2 slots", success);
    variants.check<Wake_test<Defect::none, true, 2>>("flag and claim, exhaustive, 2 slots", success);
    variants.check<Wake_test<Defect::none, true, 3>>("flag and claim, full queue, bound 5", success,
                                                     rl::sched_bound, 5);
    variants.check<Wake_test<Defect::none, true, 3, 4>>("flag and claim, 3 slots, bound 6", success,
                                                        rl::sched_bound, 6);
    variants.check<Wake_test<Defect::no_f1, false, 2>>("no fence after publishing (F1)", deadlock);
    variants.check<Wake_test<Defect::no_f2, false, 2>>("no fence after arming (F2)", deadlock);
    variants.check<Wake_test<Defect::no_fences, false, 2>>("no fence at all", deadlock);
    variants.check<Wake_test<Defect::acq_rel_fences, false, 2>>("acquire-release fences", deadlock);
    variants.check<Wake_test<Defect::no_recheck, false, 2>>("no re-check", deadlock);
    variants.check<Wake_test<Defect::relaxed_publish, false, 2>>("index published without release", race);
    variants.check<Wake_test<Defect::relaxed_release, false, 3>>("slots given back without release", race,
                                                                 rl::sched_bound, 4);
    variants.check<Wake_test<Defect::no_f1, true, 2>>("claim, no F1", deadlock);
    variants.check<Wake_test<Defect::no_f2, true, 2>>("claim, no F2", deadlock);
    variants.check<Wake_test<Defect::acq_rel_fences, true, 2>>("claim, acquire-release fences", deadlock);
    variants.check<Wake_test<Defect::no_recheck, true, 2>>("claim, no re-check", deadlock);
    return variants.finish();
}
