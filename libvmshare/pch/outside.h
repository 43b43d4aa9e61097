// SPDX-License-Identifier: Apache-2.0
// What most of our sources include from outside, read by the compiler once for all libraries (meson.build).
// Nothing of ours is in it, and nothing relies on it: every source names what it uses itself
// (-Db_pch=false builds without).
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>
#include <tl/expected.hpp>
