// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/output.hpp"

namespace xvm::pack_tool {
namespace json = boost::json;

std::string image_count(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " image" : " images");
}

json::object json_answer(std::string_view verb, const std::string& pack) {
    return {{"schema", "xvm-pack." + std::string(verb) + "/1"}, {"pack", pack}};
}

json::object json_image(const pack::Image& image) {
    json::object object{{"name", image.name},
                        {"kind", pack::name_of(image.kind)},
                        {"size_bytes", image.size},
                        {"offset", image.offset}};
    object["sha256"] = image.sum ? json::value(pack::hex(*image.sum)) : json::value(nullptr);
    return object;
}

} // namespace xvm::pack_tool
