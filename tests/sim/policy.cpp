// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/policy.hpp"

namespace xvm::sim {
namespace {

class None : public Policy {
  public:
    void tick(Machine& machine) override {
        for (std::size_t i = 0; i < machine.guests().size(); ++i)
            if (machine.is_asked_for(i) && !machine.start(i, machine.guests()[i].spec->size_bytes))
                machine.refuse(i);
    }
};

} // namespace

std::unique_ptr<Policy> make_none() {
    return std::make_unique<None>();
}

const std::vector<Rival>& all_policies() {
    static const std::vector<Rival> all{{"xvm", [] { return make_xvm(); }},
                                        {"qmemman", make_qmemman},
                                        {"squeezed", make_squeezed},
                                        {"none", make_none}};
    return all;
}

Metrics play(const Scenario& scenario, Policy& policy) {
    Machine machine(scenario);
    while (!machine.is_over()) {
        policy.tick(machine);
        machine.step();
    }
    return machine.metrics();
}

} // namespace xvm::sim
