// SPDX-License-Identifier: Apache-2.0
// toml++'s functions, for a program that is linked statically: the planner is compiled against its shared
// library.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
