// SPDX-License-Identifier: Apache-2.0
// How a model's variants are run and told: each under every schedule, and what came of it beside what must.
// To be included after relacy, which redefines new, delete, assert and memory orders.
#pragma once

#include <cstdio>
#include <iostream>
#include <string_view>

namespace xvm::model {

class Variants {
  public:
    /// With "-v" as the first word the histories are printed: how each defect shows.
    Variants(int argc, char** argv) : show_histories_(argc > 1 && std::string_view(argv[1]) == "-v") {
        std::printf("%-48s %-22s %-22s %10s\n", "variant", "must", "does", "executions");
    }

    /// `bound`: of context switches, with rl::sched_bound.
    template <class Test>
    void check(const char* title, rl::test_result_e expected, rl::scheduler_type_e search = rl::sched_full,
               unsigned bound = 1) {
        static std::ostream quiet(nullptr);
        rl::test_params params;
        params.output_stream = params.progress_stream = show_histories_ ? &std::cout : &quiet;
        params.search_type = search;
        params.context_bound = bound;
        params.iteration_count = ~rl::iteration_t{0}; // until the search is complete
        rl::simulate<Test>(params);
        const bool as_must = params.test_result == expected;
        ++variants_;
        twins_ += expected != rl::test_result_success;
        wrong_ += !as_must;
        std::printf("%-48s %-22s %-22s %10llu%s\n", title, rl::test_result_str(expected),
                    rl::test_result_str(params.test_result),
                    static_cast<unsigned long long>(params.stop_iteration), as_must ? "" : "  <-- WRONG");
        std::fflush(stdout);
    }

    /// The program's exit code.
    [[nodiscard]] int finish() const {
        std::printf("%u variants, %u of them broken twins; %u not as they must be\n", variants_, twins_,
                    wrong_);
        return wrong_ == 0 ? 0 : 1;
    }

  private:
    bool show_histories_;
    unsigned wrong_ = 0;
    unsigned variants_ = 0;
    unsigned twins_ = 0;
};

} // namespace xvm::model
