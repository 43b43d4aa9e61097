// SPDX-License-Identifier: Apache-2.0
// Network interfaces of guests.
#include "daemons/xvmd/verbs.hpp"
#include "libvmshare/base/number.hpp"
#include "toolstack/plan/names.hpp"
#include "toolstack/plan/plan_device.hpp"
#include "toolstack/run/device_list.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <memory>
#include <mutex>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

tl::unexpected<api::Failure> refuse(Error error) {
    return tl::unexpected<api::Failure>(std::move(error));
}

json::object net_json(const run::Net_entry& net) {
    json::object all{{"net", net.devid},
                     {"mac", net.mac},
                     {"bridge", net.bridge},
                     {"interface", net.interface},
                     {"backend_state", schema::name(net.backend)},
                     {"frontend_state", schema::name(net.frontend)}};
    if (!net.info) return all;
    all["up"] = net.info->up && net.info->bridge == net.bridge;
    // What dom0's end has received, the guest has sent.
    all["sent_bytes"] = net.info->received_bytes;
    all["sent_packets"] = net.info->received_packets;
    all["received_bytes"] = net.info->sent_bytes;
    all["received_packets"] = net.info->sent_packets;
    all["dropped_packets"] = net.info->dropped;
    return all;
}

Answer net_answer(const run::Net_entry& net) {
    json::object answer = net_json(net);
    answer["schema"] = "xvm.net/1";
    return json::value(std::move(answer));
}

Answer list(run::Ports& ports, const Call& call) {
    const auto entry = run::find_domain(ports, call.text("id"));
    if (!entry) return refuse(entry.error());
    json::array all;
    if (entry->managed) {
        const auto nets = run::nets_of(ports, entry->info.id.domid);
        if (!nets) return refuse(nets.error());
        for (const run::Net_entry& net : *nets)
            all.push_back(net_json(net));
    }
    return json::value{{"schema", "xvm.nets/1"},
                       {"domid", number(entry->info.id.domid)},
                       {"name", entry->name},
                       {"nets", std::move(all)}};
}

Result<plan::Net_config> net_of(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    plan::Net_config net;
    net.bridge = call.text("bridge");
    if (const auto fault = plan::bridge_name_fault(net.bridge))
        return fail(Fault::usage, "bridge '" + net.bridge + "'", *fault,
                    "name a bridge of dom0, such as br0");
    XVM_TRY_LET(const auto nets, run::nets_of(ports, entry.info.id.domid));
    const auto taken = [&] {
        return std::any_of(nets.begin(), nets.end(),
                           [&](const run::Net_entry& one) { return one.devid == net.devid; });
    };
    while (taken())
        ++net.devid;
    if (!call.has("mac")) {
        net.mac = plan::made_up_mac(entry.name, net.devid);
        return net;
    }
    const auto mac = plan::parse_mac(call.text("mac"));
    if (!mac)
        return fail(Fault::usage, "address '" + call.text("mac") + "'", "is none of one interface",
                    "write it as 00:16:3e:01:02:03, or leave it out");
    net.mac = *mac;
    return net;
}

Planned plan_of_attach(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    const auto net = net_of(ports, call, entry);
    if (!net) return refuse(net.error());
    plan::Attach_options options;
    options.limit = call.duration("timeout").value_or(options.limit);
    return plan::plan_attach_net({entry.name, entry.info.id}, *net, options);
}

/// By its number or its address.
Result<run::Net_entry> find_net(run::Ports& ports, const run::Domain_entry& entry, const std::string& id) {
    XVM_TRY_LET(const auto nets, run::nets_of(ports, entry.info.id.domid));
    const auto devid = parse_number<std::uint32_t>(id);
    const auto mac = plan::parse_mac(id);
    for (const run::Net_entry& net : nets)
        if ((devid && net.devid == *devid) || (mac && net.mac == *mac)) return net;
    return fail(Fault::not_found, "net " + id, "domain '" + entry.name + "' has no such interface",
                "see: xvm net list " + entry.name);
}

/// Interfaces that are being detached: when there is an answer to give, they are gone. One a guest, since its
/// changes follow each other.
class Leaving {
  public:
    void put(const Uuid& guest, const run::Net_entry& net) {
        const std::lock_guard lock(mutex_);
        nets_[guest] = net;
    }
    run::Net_entry take(const Uuid& guest) {
        const std::lock_guard lock(mutex_);
        auto node = nets_.extract(guest);
        return node ? std::move(node.mapped()) : run::Net_entry{};
    }

  private:
    std::mutex mutex_; ///< guards nets_
    std::map<Uuid, run::Net_entry> nets_;
};

} // namespace

void add_net_verbs(Verbs& verbs) {
    verbs.read("net.list", list);
    verbs.change(
        "net.attach",
        {plan_of_attach, [](run::Ports& ports, const Call&, const run::Domain_entry& before) -> Answer {
             // The newest is what this call has made: changes of a guest follow each other.
             const auto record = ports.book.by_uuid(before.info.id.uuid);
             if (!record || record->guest.nets.empty())
                 return refuse({Fault::failed, "net", "is gone again", {}});
             const auto net = find_net(ports, before, record->guest.nets.back().mac);
             if (!net) return refuse(net.error());
             return net_answer(*net);
         }});
    const auto leaving = std::make_shared<Leaving>();
    verbs.change("net.detach",
                 {[leaving](run::Ports& ports, const Call& call, const run::Domain_entry& entry) -> Planned {
                      const auto net = find_net(ports, entry, call.text("net"));
                      if (!net) return refuse(net.error());
                      leaving->put(entry.info.id.uuid, *net);
                      plan::Detach_options options;
                      options.force = call.flag("force");
                      options.limit = call.duration("timeout").value_or(options.limit);
                      return plan::plan_detach({entry.name, entry.info.id},
                                               {plan::Device_class::vif, net->devid},
                                               "net " + std::to_string(net->devid), options);
                  },
                  [leaving](run::Ports&, const Call&, const run::Domain_entry& before) -> Answer {
                      return net_answer(leaving->take(before.info.id.uuid));
                  }});
}

} // namespace xvm::xvmd
