// SPDX-License-Identifier: Apache-2.0
#include "toolstack/decide/configs.hpp"

#include "libvmshare/base/suggest.hpp"
#include "toolstack/plan/absolute_paths.hpp"
#include "toolstack/plan/names.hpp"

#include <boost/json/array.hpp>

namespace xvm::decide {
namespace json = boost::json;
namespace {

template <class T>
Decision refused(const T& result) {
    return tl::unexpected<api::Failure>(result.error());
}

std::string object_of(const std::string& name) {
    return "configuration '" + name + "'";
}

/// What goes wrong where it lies, about the configuration a user named.
Error about(const std::string& name, const Shelf& shelf, Error error) {
    error.cause = error.object + ": " + error.cause;
    error.object = object_of(name);
    if (!error.remedy.empty()) return error;
    const std::string place = shelf.place(name);
    const std::string directory = place.substr(0, place.rfind('/'));
    error.remedy = error.fault == Fault::exhausted ? "make room: df " + directory
                                                   : "see the directory: ls -ld " + directory;
    return error;
}

Error unknown(const std::string& name, Shelf& shelf) {
    Error error{Fault::not_found, object_of(name), "no such configuration",
                "'xvm config list' shows those there are"};
    if (const auto all = shelf.names()) {
        const std::vector<std::string_view> views(all->begin(), all->end());
        if (const auto near = nearest(name, views))
            error.remedy = "did you mean '" + std::string(*near) + "'?";
    }
    return error;
}

Result<std::string> text_of(const std::string& name, Shelf& shelf) {
    if (plan::domain_name_fault(name)) return tl::unexpected<Error>(unknown(name, shelf));
    auto text = shelf.read(name);
    if (!text) return tl::unexpected<Error>(about(name, shelf, std::move(text.error())));
    if (!*text) return tl::unexpected<Error>(unknown(name, shelf));
    return std::move(**text);
}

tl::expected<plan::Guest_config, api::Failure> guest_of(const std::string& name, const std::string& text,
                                                        const Shelf& shelf) {
    auto guest = plan::parse_config({text, shelf.place(name), name});
    if (guest) return std::move(*guest);
    return tl::unexpected<api::Failure>(failure_of(guest.error()));
}

/// A configuration that cannot be read any more is shown as well, so that it can be removed.
json::object config_json(const std::string& name, const std::string& text, const Shelf& shelf) {
    const auto guest = guest_of(name, text, shelf);
    return {{"schema", "xvm.config/1"},
            {"name", name},
            {"type", guest ? plan::name_of(guest->type) : "damaged"},
            {"memory_bytes", guest ? guest->memory_bytes : 0},
            {"vcpus", guest ? guest->vcpus : 0},
            {"path", shelf.place(name)}};
}

Decision add(const Question& question, Shelf& shelf) {
    const std::string name = question.text("name");
    const std::string source = question.text("source");
    if (source.empty()) return tl::unexpected<api::Failure>(no_source());
    auto text = plan::with_absolute_paths({question.body, source, name});
    if (!text) return tl::unexpected<api::Failure>(failure_of(text.error()));
    Status written = shelf.write(name, *text);
    if (!written) return tl::unexpected<api::Failure>(about(name, shelf, std::move(written.error())));
    return Decision(config_json(name, *text, shelf));
}

Decision list(Shelf& shelf) {
    const auto names = shelf.names();
    if (!names) return refused(names);
    json::array configs;
    for (const std::string& name : *names) {
        const auto text = shelf.read(name);
        if (text && *text) configs.push_back(config_json(name, **text, shelf));
    }
    return Decision(json::object{{"schema", "xvm.configs/1"}, {"configs", std::move(configs)}});
}

Decision show(const Question& question, Shelf& shelf) {
    const std::string name = question.text("name");
    const auto text = text_of(name, shelf);
    if (!text) return refused(text);
    json::object shown = config_json(name, *text, shelf);
    shown["toml"] = *text;
    return Decision(std::move(shown));
}

Decision remove(const Question& question, Shelf& shelf) {
    // What it was, as far as it can be read: afterwards there is nothing to tell.
    const std::string name = question.text("name");
    const auto text = text_of(name, shelf);
    if (!text) return refused(text);
    json::object was = config_json(name, *text, shelf);
    auto removed = shelf.remove(name);
    if (!removed) return tl::unexpected<api::Failure>(about(name, shelf, std::move(removed.error())));
    if (!*removed) return tl::unexpected<api::Failure>(unknown(name, shelf));
    return Decision(std::move(was));
}

} // namespace

api::Failure failure_of(const plan::Config_errors& errors) {
    api::Failure failure{errors.front()};
    failure.more.assign(errors.begin() + 1, errors.end());
    return failure;
}

api::Failure no_source() {
    return Error{Fault::usage, "parameter 'source'", "is missing",
                 "name the configuration file: relative paths in it start there"};
}

tl::expected<plan::Guest_config, api::Failure> stored_guest(const std::string& name, Shelf& shelf) {
    const auto text = text_of(name, shelf);
    if (!text) return tl::unexpected<api::Failure>(text.error());
    return guest_of(name, *text, shelf);
}

Decision decide_config(const Question& question, Shelf& shelf) {
    if (question.verb == "config.add") return add(question, shelf);
    if (question.verb == "config.show") return show(question, shelf);
    if (question.verb == "config.remove") return remove(question, shelf);
    return list(shelf);
}

} // namespace xvm::decide
