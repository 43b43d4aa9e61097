// SPDX-License-Identifier: Apache-2.0
// What most tests include from outside, read by the compiler once for all test programs (meson.build).
#include "libvmshare/pch/outside.h"

#include <catch2/catch.hpp>
