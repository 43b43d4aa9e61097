// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/hosted_backends.hpp"

#include "xenstore-schema/state_text.hpp"

#include <filesystem>

namespace xvm::xvmd {
namespace {

using schema::Device_state;

constexpr std::uintmax_t sector_bytes = 512;

std::vector<std::string> children(port::Store& store, const std::string& path) {
    auto found = store.list(path);
    return found ? std::move(*found) : std::vector<std::string>{};
}

/// One device: its two sides as they stand, and the way to the next state.
class Device {
  public:
    Device(port::Store& store, std::string dir) : store_(store), dir_(std::move(dir)) {
        frontend_ = store_.read(dir_ + "/frontend").value_or("");
    }

    [[nodiscard]] bool is(const std::string& side, Device_state state) const {
        const auto said = store_.read(side + "/state");
        return said && *said == schema::text_of(state);
    }
    [[nodiscard]] bool has_frontend() const { return store_.read(frontend_ + "/state").has_value(); }
    void set(const std::string& side, Device_state state) {
        static_cast<void>(store_.write(side + "/state", schema::text_of(state)));
    }

    /// Whether its backend lets go of it now.
    bool leaves() {
        if (is(dir_, Device_state::closed)) return false;
        const bool asked = is(dir_, Device_state::closing) || is(frontend_, Device_state::closing) ||
                           store_.read(dir_ + "/online") == "0";
        if (!asked && has_frontend()) return false;
        if (has_frontend()) set(frontend_, Device_state::closed);
        set(dir_, Device_state::closed);
        return true;
    }
    [[nodiscard]] bool is_new() const { return is(dir_, Device_state::initialising); }
    void offer() { set(dir_, Device_state::init_wait); }
    void connect() {
        if (!is(dir_, Device_state::init_wait) || !is(frontend_, Device_state::initialising)) return;
        set(dir_, Device_state::connected);
        set(frontend_, Device_state::connected);
    }
    /// The size of a disk is its file's.
    void measure(const std::string& path_node) {
        const auto path = store_.read(path_node);
        if (!path || !is(dir_, Device_state::connected)) return;
        std::error_code error;
        const auto sectors = std::to_string(std::filesystem::file_size(*path, error) / sector_bytes);
        if (const auto said = store_.read(dir_ + "/sectors"); !error && (!said || *said != sectors))
            static_cast<void>(store_.write(dir_ + "/sectors", sectors));
    }

  private:
    port::Store& store_;
    std::string dir_;
    std::string frontend_;
};

void play(Hosted_machine& machine, port::Store& store, const std::string& device_class,
          const std::string& guest, const std::string& devid) {
    Device device(store, "/local/domain/0/backend/" + device_class + "/" + guest + "/" + devid);
    const std::string interface = "vif" + guest + "." + devid;
    if (device.leaves()) {
        if (device_class == "vif") machine.network().remove_interface(interface);
    } else if (device.is_new()) {
        if (device_class == "vif") machine.network().add_interface(interface);
        device.offer();
    } else {
        device.connect();
        device.measure("/xvm/domain/" + guest + "/xvbd/" + devid + "/path");
    }
}

} // namespace

void play_backends(Hosted_machine& machine, port::Store& store) {
    for (const std::string device_class : {"xvbd", "vbd", "vif"})
        for (const std::string& guest : children(store, "/local/domain/0/backend/" + device_class))
            for (const std::string& devid :
                 children(store, "/local/domain/0/backend/" + device_class + "/" + guest))
                play(machine, store, device_class, guest, devid);
}

} // namespace xvm::xvmd
