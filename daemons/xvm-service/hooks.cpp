// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-service/hooks.hpp"

#include "libvmshare/base/file.hpp"
#include "toolstack/plan/config_json.hpp"
#include "toolstack/plan/plan_create.hpp"

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace xvm::service {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int look_every = 1000; // instructions
constexpr std::uint64_t mib = 1ULL << 20;

struct Field {
    const char* key;
    const char* text; ///< null: the number
    lua_Integer number;
};

/// A call of a function of the script. Plain: Lua leaves its functions by longjmp.
struct Call {
    const char* script;
    std::size_t script_bytes;
    const char* function;
    std::array<Field, 4> fields;
    std::size_t count;
    Clock::time_point deadline;
    std::size_t used; ///< memory
    bool refused;
    char said[256]; ///< why
    lua_Integer memory_mib;
    lua_Integer vcpus; ///< 0, both: as it is
};

/// lua_Alloc
void* allocate(void* context, void* block, std::size_t old_bytes, std::size_t bytes) {
    auto& call = *static_cast<Call*>(context);
    const std::size_t had = block == nullptr ? 0 : old_bytes;
    if (bytes == 0) {
        std::free(block);
        call.used -= had;
        return nullptr;
    }
    if (call.used - had + bytes > Hooks::memory_bytes) return nullptr;
    void* const now = std::realloc(block, bytes);
    if (now != nullptr) call.used = call.used - had + bytes;
    return now;
}

Call& call_of(lua_State* lua) {
    void* context = nullptr;
    lua_getallocf(lua, &context);
    return *static_cast<Call*>(context);
}

void look_at_clock(lua_State* lua, lua_Debug*) {
    if (Clock::now() > call_of(lua).deadline) luaL_error(lua, "takes too long");
}

void forget(lua_State* lua, const char* table, std::initializer_list<const char*> names) {
    lua_getglobal(lua, table);
    for (const char* name : names) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, name);
    }
    lua_pop(lua, 1);
}

/// What reaches files, keeps an error to itself, or can work for long without an instruction of the script's.
void open_libraries(lua_State* lua) {
    luaL_requiref(lua, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
    lua_settop(lua, 0);
    forget(lua, LUA_GNAME,
           {"dofile", "loadfile", "load", "require", "print", "warn", "collectgarbage", "pcall", "xpcall",
            "setmetatable", "getmetatable"});
    forget(lua, LUA_STRLIBNAME,
           {"find", "match", "gmatch", "gsub", "rep", "dump", "pack", "unpack", "packsize"});
    forget(lua, LUA_TABLIBNAME, {"move", "concat", "unpack"});
}

lua_Integer number_at(lua_State* lua, const char* key) {
    lua_getfield(lua, -1, key);
    if (!lua_isnil(lua, -1) && (!lua_isinteger(lua, -1) || lua_tointeger(lua, -1) < 1))
        luaL_error(lua, "%s is no whole number above 0", key);
    const lua_Integer number = lua_tointeger(lua, -1);
    lua_pop(lua, 1);
    return number;
}

/// lua_CFunction; all that may fail in Lua happens here.
int run(lua_State* lua) {
    Call& call = call_of(lua);
    open_libraries(lua);
    if (luaL_loadbufferx(lua, call.script, call.script_bytes, "=hooks.lua", "t") != LUA_OK) lua_error(lua);
    lua_call(lua, 0, 0);
    if (lua_getglobal(lua, call.function) == LUA_TNIL) return 0;
    lua_createtable(lua, 0, static_cast<int>(call.count));
    for (std::size_t i = 0; i < call.count; ++i) {
        const Field& field = call.fields[i];
        if (field.text != nullptr)
            lua_pushstring(lua, field.text);
        else
            lua_pushinteger(lua, field.number);
        lua_setfield(lua, -2, field.key);
    }
    lua_call(lua, 1, 1);
    if (lua_type(lua, -1) == LUA_TSTRING) {
        call.refused = true;
        std::strncpy(call.said, lua_tostring(lua, -1), sizeof call.said - 1);
    } else if (lua_istable(lua, -1)) {
        call.memory_mib = number_at(lua, "memory_mib");
        call.vcpus = number_at(lua, "vcpus");
    } else if (!lua_isnil(lua, -1)) {
        luaL_error(lua, "%s returned neither a reason, a table nor nothing", call.function);
    }
    return 0;
}

/// What people see is one line of printable text.
std::string printable(std::string text) {
    for (char& one : text)
        if (static_cast<unsigned char>(one) < 0x20 || static_cast<unsigned char>(one) >= 0x7f) one = '?';
    return text;
}

Status perform(Call& call) {
    const std::unique_ptr<lua_State, decltype(&lua_close)> lua(lua_newstate(allocate, &call), lua_close);
    if (!lua) return fail(Fault::exhausted, "hooks.lua", "has no memory", "make it smaller");
    lua_sethook(lua.get(), look_at_clock, LUA_MASKCOUNT, look_every);
    lua_pushcfunction(lua.get(), run);
    if (lua_pcall(lua.get(), 0, 0, 0) != LUA_OK) {
        const char* why = lua_tostring(lua.get(), -1);
        return fail(Fault::failed, "hooks.lua", printable(why == nullptr ? "failed" : why),
                    "mend the script; until then it refuses what it is asked about");
    }
    if (!call.refused) return {};
    return fail(Fault::denied, "hooks.lua", "refuses it: " + printable(call.said), {});
}

/// Whether the plan makes a guest, and which.
std::optional<plan::Guest_config> guest_of(const plan::Plan& plan) {
    for (const plan::Step& step : plan.steps)
        if (step.op == "keep-guest")
            if (const auto* guest = step.args.if_contains("guest"))
                if (auto config = plan::from_value<plan::Guest_config>(*guest, "guest")) return *config;
    return std::nullopt;
}

bool only_looks(std::string_view verb) {
    return verb == "config.list" || verb == "config.show";
}

} // namespace

Result<Hooks> Hooks::read(const std::string& path) {
    const auto file = open_file(path, O_RDONLY | O_NOFOLLOW);
    if (!file) {
        if (file.error().fault == Fault::not_found) return Hooks();
        return tl::unexpected<Error>(file.error());
    }
    std::string text(script_bytes + 1, '\0');
    const ssize_t got = ::read(file->get(), text.data(), text.size());
    if (got < 0) return fail_errno(errno, path, "cannot be read");
    if (static_cast<std::size_t>(got) > script_bytes)
        return fail(Fault::usage, path, "is longer than 64 KiB", "shorten it");
    text.resize(static_cast<std::size_t>(got));
    return Hooks(std::move(text));
}

decide::Decision Hooks::decide(const decide::Question& question, decide::Shelf& shelf) const {
    if (script_.empty() || only_looks(question.verb)) return decide::decide(question, shelf);
    Call call{};
    call.script = script_.data();
    call.script_bytes = script_.size();
    call.deadline = Clock::now() + time_max;
    call.function = "on_request";
    const std::string name = question.name.empty() ? question.text("name") : question.name;
    call.fields = {Field{"verb", question.verb.c_str(), 0}, Field{"name", name.c_str(), 0}};
    call.count = 2;
    if (const Status passed = perform(call); !passed) return tl::unexpected<api::Failure>(passed.error());
    decide::Decision decision = decide::decide(question, shelf);
    const auto* plan = decision ? std::get_if<plan::Plan>(&*decision) : nullptr;
    auto guest = plan == nullptr || question.proposal ? std::nullopt : guest_of(*plan);
    if (!guest) return decision;
    call.function = "on_create";
    call.fields = {Field{"name", guest->name.c_str(), 0},
                   Field{"type", guest->type == plan::Guest_type::pv ? "pv" : "pvh", 0},
                   Field{"memory_mib", nullptr, static_cast<lua_Integer>(guest->memory_bytes / mib)},
                   Field{"vcpus", nullptr, static_cast<lua_Integer>(guest->vcpus)}};
    call.count = 4;
    call.used = 0;
    call.memory_mib = call.vcpus = 0;
    if (const Status passed = perform(call); !passed) return tl::unexpected<api::Failure>(passed.error());
    if (call.memory_mib == 0 && call.vcpus == 0) return decision;
    // What is beyond all limits is refused by the broker.
    if (call.memory_mib > 0) {
        guest->memory_bytes =
            static_cast<std::uint64_t>(std::min<lua_Integer>(call.memory_mib, 1 << 24)) * mib;
        guest->memory_max_bytes = std::max(guest->memory_max_bytes, guest->memory_bytes);
        guest->memory_min_bytes = std::min(guest->memory_min_bytes, guest->memory_bytes);
    }
    if (call.vcpus > 0) guest->vcpus = static_cast<unsigned>(std::min<lua_Integer>(call.vcpus, 4096));
    return decide::Decision(plan::plan_create(*guest, question.uuid, question.flag("paused")));
}

} // namespace xvm::service
