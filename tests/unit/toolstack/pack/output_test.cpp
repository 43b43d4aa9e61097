// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/output.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <sstream>

using namespace xvm;
using namespace xvm::pack_tool;

TEST_CASE("Sizes are shown in the unit that fits", "[P-3]") {
    CHECK(human_bytes(0) == "0 B");
    CHECK(human_bytes(1023) == "1023 B");
    CHECK(human_bytes(1024) == "1.0 KiB");
    CHECK(human_bytes(1536) == "1.5 KiB");
    CHECK(human_bytes((1 << 20) - 1) == "1.0 MiB");
    CHECK(human_bytes(5ULL << 30) == "5.0 GiB");
    CHECK(human_bytes(~0ULL) == "16.0 EiB");
}

TEST_CASE("A table's columns are as wide as their widest cell", "[P-3]") {
    std::ostringstream out;
    print_table(out, {{"NAME", ">BYTES", "KIND"}, {"a-long-name", "7", "data"}, {"b", "1234567", "kernel"}});
    CHECK(out.str() == "NAME           BYTES  KIND\n"
                       "a-long-name        7  data\n"
                       "b            1234567  kernel\n");
}

TEST_CASE("JSON answers name their schema, and read back as what was printed", "[P-3]") {
    pack::Image image{"kernel", 5, 65536, pack::Sum{}, pack::Kind::kernel};
    auto answer = json_answer("ls", "a \"quoted\"\npack");
    answer["images"] = {json_image(image)};
    answer["none"] = boost::json::array();
    std::ostringstream out;
    print_json(out, answer);
    const auto read = boost::json::parse(out.str());
    CHECK((read == boost::json::value(answer)));
    CHECK(read.at("schema").as_string() == "xvm-pack.ls/1");
    CHECK(read.at("images").at(0).at("sha256").as_string() == std::string(64, '0'));
    image.sum.reset();
    CHECK(json_image(image).at("sha256").is_null());
}
