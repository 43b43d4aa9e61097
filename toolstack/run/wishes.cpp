// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/wishes.hpp"

#include "libvmshare/base/number.hpp"
#include "toolstack/run/store_trees.hpp"
#include "xenstore-schema/nodes.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace {

namespace home = schema::domain::home;
constexpr std::string_view online = "online";
constexpr std::string_view offline_word = "offline";

std::string availability(Domid domid, unsigned vcpu) {
    return schema::path(home::dir(domid), home::cpu_availability(vcpu));
}

struct Feature {
    std::string_view word;
    std::string_view node;
};
constexpr std::array<Feature, 3> features{{{"poweroff", home::control_feature_poweroff},
                                           {"reboot", home::control_feature_reboot},
                                           {"suspend", home::control_feature_suspend}}};

} // namespace

Result<std::vector<std::string>> offers(port::Store& store, Domid domid) {
    std::vector<std::string> all;
    for (const Feature& feature : features) {
        XVM_TRY_LET(const auto text, read_if_there(store, schema::path(home::dir(domid), feature.node)));
        if (text == "1") all.emplace_back(feature.word);
    }
    return all;
}

Status offer(port::Store& store, Domid domid, const std::vector<std::string>& all) {
    for (const Feature& feature : features)
        if (std::find(all.begin(), all.end(), feature.word) != all.end())
            XVM_TRY(store.write(schema::path(home::dir(domid), feature.node), "1"));
    return {};
}

Result<std::uint64_t> memory_target(port::Store& store, Domid domid, std::uint64_t otherwise) {
    XVM_TRY_LET(const auto text, read_if_there(store, schema::path(home::dir(domid), home::memory_target)));
    const auto kib = parse_number<std::uint64_t>(text.value_or(""));
    return kib && *kib < (1ULL << 54) ? *kib << 10 : otherwise;
}

Status ask_memory(port::Store& store, Domid domid, std::uint64_t bytes) {
    return store.write(schema::path(home::dir(domid), home::memory_target), std::to_string(bytes >> 10));
}

Result<std::vector<unsigned>> offline_vcpus(port::Store& store, Domid domid, unsigned vcpus) {
    std::vector<unsigned> offline;
    for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu) {
        XVM_TRY_LET(const auto text, read_if_there(store, availability(domid, vcpu)));
        if (text == offline_word) offline.push_back(vcpu);
    }
    return offline;
}

Status ask_vcpus(port::Store& store, Domid domid, unsigned vcpus, const std::vector<unsigned>& offline) {
    return port::transact(store, [&](port::Txn txn) -> Status {
        for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu) {
            const bool off = std::find(offline.begin(), offline.end(), vcpu) != offline.end();
            XVM_TRY(store.write(availability(domid, vcpu), off ? offline_word : online, txn));
        }
        return {};
    });
}

} // namespace xvm::run
