// SPDX-License-Identifier: Apache-2.0
// Stored configurations, and guests that are started from them.
#include "daemons/xvmd/config_store.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/plan/plan_create.hpp"

#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

/// A configuration that cannot be read any more is shown as well, so that it can be removed.
json::object config_json(const Config_store& store, const Stored_config& stored) {
    const auto guest = store.guest(stored);
    return {{"schema", "xvm.config/1"},
            {"name", stored.name},
            {"type", guest ? name_of(guest->type) : "damaged"},
            {"memory_bytes", guest ? guest->memory_bytes : 0},
            {"vcpus", guest ? guest->vcpus : 0},
            {"path", stored.path}};
}

template <class T>
Answer refused(const T& result) {
    return tl::unexpected<api::Failure>(result.error());
}

Answer add(const Config_store& store, const Call& call) {
    const std::string source = call.text("source");
    if (source.empty())
        return tl::unexpected<api::Failure>(
            Error{Fault::usage, "parameter 'source'", "is missing",
                  "name the configuration file: relative paths in it start there"});
    const auto stored = store.add(call.text("name"), call.body, source);
    return stored ? Answer(config_json(store, *stored)) : refused(stored);
}

Answer list(const Config_store& store) {
    const auto names = store.names();
    if (!names) return refused(names);
    json::array configs;
    for (const std::string& name : *names)
        if (const auto stored = store.get(name)) configs.push_back(config_json(store, *stored));
    return json::object{{"schema", "xvm.configs/1"}, {"configs", std::move(configs)}};
}

Answer show(const Config_store& store, const Call& call) {
    const auto stored = store.get(call.text("name"));
    if (!stored) return refused(stored);
    json::object shown = config_json(store, *stored);
    shown["toml"] = stored->toml;
    return shown;
}

Answer remove(const Config_store& store, const Call& call) {
    // What it was, as far as it can be read: afterwards there is nothing to tell.
    const auto stored = store.get(call.text("name"));
    if (!stored) return refused(stored);
    json::object was = config_json(store, *stored);
    const auto removed = store.remove(stored->name);
    return removed ? Answer(std::move(was)) : refused(removed);
}

Planned plan_of_start(const Config_store& store, const Call& call) {
    const auto stored = store.get(call.text("name"));
    if (!stored) return tl::unexpected<api::Failure>(stored.error());
    const auto guest = store.guest(*stored);
    if (!guest) return tl::unexpected<api::Failure>(guest.error());
    return plan::plan_create(*guest, Uuid::random(), call.flag("paused"));
}

std::string key_of(const Call& call) {
    return "configuration " + call.text("name");
}

} // namespace

void add_config_verbs(Verbs& verbs, Service& service) {
    const Config_store store(service.state_dir + "/configs");
    verbs.act("config.add", {key_of, [store](run::Ports&, const Call& call) { return add(store, call); }});
    verbs.act("config.remove",
              {key_of, [store](run::Ports&, const Call& call) { return remove(store, call); }});
    verbs.read("config.list", [store](run::Ports&, const Call&) { return list(store); });
    verbs.read("config.show", [store](run::Ports&, const Call& call) { return show(store, call); });
    verbs.make("start", {[store](run::Ports&, const Call& call) { return plan_of_start(store, call); }});
}

} // namespace xvm::xvmd
