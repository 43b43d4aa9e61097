// SPDX-License-Identifier: Apache-2.0
// toml++'s code, for a program that cannot have its shared library.
#define TOML_HEADER_ONLY 0
#define TOML_SHARED_LIB 1 // as those are compiled that call it
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
