// SPDX-License-Identifier: Apache-2.0
// [T-9] Runs the timer page's own sequence protocol (libvmshare/timer/seq.h) under every interleaving and
// every value that the C++ memory model lets a load return: one owner that updates, one reader.
//
// Held: what a reader accepts is of one update, whole; and its counter was taken before the next update's,
// so a new line that begins on the old one is never behind what anybody has read. Only the memory
// operations are replaced; a defect is a fence of theirs left out, or an owner that takes its counter
// before it announces the update. Prints variant, expectation, executions, verdict.
#include <cstdint>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <relacy/relacy.hpp> // after the standard's: it redefines new, delete, assert and memory orders

#include "tests/model/variants.hpp"

namespace {
enum class Defect { none, no_a, no_b, no_c, no_d, counter_first, no_check };
Defect defect = Defect::none;

void fence(Defect without, rl::memory_order order) {
    if (defect != without) rl::atomic_thread_fence(order, RL_INFO);
}
} // namespace

#define XVM_TIME_MEMORY
using xvm_time_word32 = rl::atomic<std::uint32_t>;
using xvm_time_word64 = rl::atomic<std::uint64_t>;
#define XVM_TIME_LOAD(word) (word).load(rl::mo_relaxed, RL_INFO)
#define XVM_TIME_STORE(word, value) (word).store(value, rl::mo_relaxed, RL_INFO)
#define XVM_TIME_FENCE_FULL() fence(Defect::no_a, rl::mo_seq_cst)
#define XVM_TIME_FENCE_WRITE() fence(Defect::no_b, rl::mo_release)
// C is the first read fence of a reader, D the second.
#define XVM_TIME_FENCE_READ() fence(read_fences++ % 2 == 0 ? Defect::no_c : Defect::no_d, rl::mo_acquire)
static unsigned read_fences = 0;
#include "libvmshare/timer/seq.h"

namespace {

constexpr unsigned words = 2;

template <unsigned updates, unsigned reads>
struct Page_test : rl::test_suite<Page_test<updates, reads>, 2> {
    xvm_time_word32 seq;
    xvm_time_word64 page[words];
    rl::atomic<unsigned> counter; // every taking of it is another value, in one order for all
    unsigned base[updates + 1];   // the owner's counter at each update
    struct {
        std::uint64_t update;
        unsigned counter;
    } seen[reads];
    unsigned accepted;

    void before() {
        seq.store(0, rl::mo_relaxed, RL_INFO);
        for (auto& word : page)
            word.store(0, rl::mo_relaxed, RL_INFO);
        counter.store(0, rl::mo_relaxed, RL_INFO);
        accepted = 0;
        read_fences = 0;
    }
    void after() {
        for (unsigned i = 0; i < accepted; ++i)
            if (seen[i].update < updates) RL_ASSERT(seen[i].counter < base[seen[i].update + 1]);
    }
    unsigned take_counter() { return counter.fetch_add(1, rl::mo_relaxed, RL_INFO); }

    void thread(unsigned index) { index == 0 ? own() : read(); }
    void own() {
        for (std::uint64_t update = 1; update <= updates; ++update) {
            if (defect == Defect::counter_first) base[update] = take_counter();
            xvm_time_write_begin(&seq);
            if (defect != Defect::counter_first) base[update] = take_counter();
            std::uint64_t values[words];
            for (auto& value : values)
                value = update;
            xvm_time_write_words(page, values, words);
            xvm_time_write_end(&seq);
        }
    }
    void read() {
        std::uint64_t last = 0;
        for (unsigned tries = 0; tries < reads; ++tries) {
            std::uint32_t begun = 0;
            std::uint64_t values[words];
            read_fences = 0;
            if (!xvm_time_read_begin(&seq, &begun) && defect != Defect::no_check) continue;
            xvm_time_read_words(page, values, words);
            const unsigned now = take_counter();
            if (!xvm_time_read_end(&seq, begun) && defect != Defect::no_check) continue;
            for (const std::uint64_t value : values)
                RL_ASSERT(value == values[0]);
            RL_ASSERT(values[0] >= last);
            if (defect != Defect::no_check) RL_ASSERT(values[0] == begun / 2);
            last = values[0];
            seen[accepted].update = values[0];
            seen[accepted].counter = now;
            ++accepted;
        }
    }
};

template <unsigned updates, unsigned reads>
void check(xvm::model::Variants& variants, const char* title, Defect with, rl::test_result_e expected,
           rl::scheduler_type_e search = rl::sched_full, unsigned bound = 1) {
    defect = with;
    variants.check<Page_test<updates, reads>>(title, expected, search, bound);
}

} // namespace

int main(int argc, char** argv) {
    xvm::model::Variants variants(argc, argv);
    constexpr auto torn = rl::test_result_user_assert_failed;
    check<1, 1>(variants, "one update, one read, exhaustive", Defect::none, rl::test_result_success);
    check<2, 1>(variants, "two updates, one read, exhaustive", Defect::none, rl::test_result_success);
    check<2, 2>(variants, "two updates, two reads, bound 5", Defect::none, rl::test_result_success,
                rl::sched_bound, 5);
    check<1, 1>(variants, "no fence after the odd sequence (A)", Defect::no_a, torn);
    check<1, 1>(variants, "no fence before the even sequence (B)", Defect::no_b, torn);
    check<1, 1>(variants, "no fence after the reader's first look (C)", Defect::no_c, torn);
    check<1, 1>(variants, "no fence before the reader's last look (D)", Defect::no_d, torn);
    check<1, 1>(variants, "the owner takes its counter too early", Defect::counter_first, torn);
    check<1, 1>(variants, "the reader does not look at the sequence", Defect::no_check, torn);
    return variants.finish();
}
