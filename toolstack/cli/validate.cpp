// SPDX-License-Identifier: Apache-2.0
// xvm validate: checks a guest's configuration, here.
#include "toolstack/cli/guest_file.hpp"
#include "toolstack/cli/request.hpp"
#include "toolstack/cli/verbs.hpp"

#include <boost/json/object.hpp>

namespace xvm::cli {

tl::expected<plan::Guest_config, api::Failure> read_guest(const std::string& path) {
    XVM_ASK(const std::string text, read_config(path));
    auto guest = plan::parse_config({text, absolute_path(path == "-" ? "stdin" : path), {}});
    if (guest) return std::move(*guest);
    api::Failure failure{guest.error().front()};
    failure.more.assign(guest.error().begin() + 1, guest.error().end());
    return tl::unexpected<api::Failure>(std::move(failure));
}

Outcome run_validate(const Run& run) {
    const std::string path = run.arguments.text("file");
    XVM_ASK(const plan::Guest_config guest, read_guest(path));
    run.print(boost::json::object{{"schema", "xvm.validation/1"},
                                  {"file", absolute_path(path)},
                                  {"name", guest.name},
                                  {"type", boost::json::string_view(name_of(guest.type))},
                                  {"memory_bytes", guest.memory_bytes},
                                  {"vcpus", guest.vcpus},
                                  {"disks", guest.disks.size()}});
    return {};
}

} // namespace xvm::cli
