// SPDX-License-Identifier: Apache-2.0
// Writes the seeds as files, for libFuzzer. Usage: pack-write-seeds DIRECTORY STAMP
#include "tests/fuzz/pack_seeds.hpp"

#include <filesystem>
#include <fstream>

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::filesystem::create_directories(argv[1]);
    unsigned number = 0;
    for (const auto& seed : xvm::pack::test::pack_seeds())
        std::ofstream(std::filesystem::path(argv[1]) / ("seed" + std::to_string(number++)), std::ios::binary)
            .write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
    std::ofstream(argv[2]) << number << " seeds\n";
}
