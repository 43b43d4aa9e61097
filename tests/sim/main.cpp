// SPDX-License-Identifier: Apache-2.0
// memory-sim: plays seeded worlds through every balance policy, and says how each fared.
#include "tests/sim/policy.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>
#include <thread>

namespace {

using namespace xvm::sim;
namespace json = boost::json;
namespace po = boost::program_options;

void add(Metrics& sum, const Metrics& one) {
    sum.unmet_byte_s += one.unmet_byte_s;
    sum.moved_bytes += one.moved_bytes;
    sum.starved_s += one.starved_s;
    sum.waited_s += one.waited_s;
    sum.refused += one.refused;
    sum.below_min += one.below_min;
    sum.turns += one.turns;
}

struct Played {
    std::uint64_t seed = 0;
    std::array<Metrics, 8> by_policy{};
};

std::vector<Played> play_all(std::uint64_t first, std::uint64_t count, unsigned jobs) {
    std::vector<Played> all(count);
    std::atomic<std::uint64_t> next{0};
    std::vector<std::thread> workers;
    for (unsigned job = 0; job < jobs; ++job)
        workers.emplace_back([&] {
            for (std::uint64_t i = next++; i < count; i = next++) {
                all[i].seed = first + i;
                const Scenario scenario = make_scenario(first + i);
                for (std::size_t p = 0; p < all_policies().size(); ++p)
                    all[i].by_policy.at(p) = play(scenario, *all_policies()[p].make());
            }
        });
    for (std::thread& worker : workers)
        worker.join();
    return all;
}

json::object json_of(const Metrics& metrics) {
    return {{"unmet_gib_s", metrics.unmet_byte_s / (1ULL << 30)},
            {"moved_gib", metrics.moved_bytes / (1ULL << 30)},
            {"starved_s", metrics.starved_s},
            {"waited_s", metrics.waited_s},
            {"refused", metrics.refused},
            {"below_min", metrics.below_min},
            {"turns", metrics.turns}};
}

void print_world(const Played& played) {
    json::object line{{"seed", played.seed}};
    for (std::size_t p = 0; p < all_policies().size(); ++p)
        line[all_policies()[p].name] = json_of(played.by_policy.at(p));
    std::cout << json::serialize(line) << "\n";
}

void print_sums(const std::vector<Played>& all, bool as_json) {
    json::object out{{"worlds", all.size()}};
    if (!as_json)
        std::printf("%-9s %14s %12s %11s %11s %8s %8s %6s %s\n", "policy", "unmet GiB s", "moved GiB",
                    "starved s", "waited s", "refused", "belowmin", "turns",
                    "worlds where xvm is as good or better: unmet moved starved");
    for (std::size_t p = 0; p < all_policies().size(); ++p) {
        Metrics sum;
        std::array<unsigned, 3> good{};
        for (const Played& played : all) {
            const Metrics& one = played.by_policy.at(p);
            const Metrics& ours = played.by_policy[0];
            add(sum, one);
            good[0] += ours.unmet_byte_s <= one.unmet_byte_s;
            good[1] += ours.moved_bytes <= one.moved_bytes;
            good[2] += ours.starved_s <= one.starved_s;
        }
        json::object figures = json_of(sum);
        figures["xvm_no_worse"] = {{"unmet", good[0]}, {"moved", good[1]}, {"starved", good[2]}};
        if (!as_json)
            std::printf("%-9s %14.1f %12.1f %11.0f %11.0f %8u %8u %6u %u %u %u\n",
                        all_policies()[p].name.data(), sum.unmet_byte_s / (1ULL << 30),
                        sum.moved_bytes / (1ULL << 30), sum.starved_s, sum.waited_s, sum.refused,
                        sum.below_min, sum.turns, good[0], good[1], good[2]);
        out[all_policies()[p].name] = std::move(figures);
    }
    if (as_json) std::cout << json::serialize(out) << "\n";
}

} // namespace

int main(int argc, char** argv) {
    std::uint64_t first = 1, count = 200;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
    std::string output = "table";
    po::options_description known("Usage: memory-sim [OPTION]...\n\nOptions");
    known.add_options()                                                                                 //
        ("seeds", po::value(&count)->value_name("N"), "how many worlds (200)")                          //
        ("first", po::value(&first)->value_name("SEED"), "of the first world (1)")                      //
        ("jobs,j", po::value(&jobs)->value_name("N"), "how many at once")                               //
        ("output,o", po::value(&output)->value_name("FORMAT"), "table, json, or jsonl: a line a world") //
        ("help", "print this");
    try {
        po::variables_map given;
        po::store(po::command_line_parser(argc, argv).options(known).positional({}).run(), given);
        po::notify(given);
        if (given.count("help") != 0) {
            std::cout << known;
            return 0;
        }
        const std::vector<Played> all = play_all(first, count, std::max(1U, jobs));
        if (output == "jsonl") {
            for (const Played& played : all)
                print_world(played);
        } else {
            print_sums(all, output == "json");
        }
    } catch (const std::exception& why) {
        std::cerr << "memory-sim: " << why.what() << "\n";
        return 1;
    }
    return 0;
}
