// SPDX-License-Identifier: Apache-2.0
// libxlutil's header, which does not know that C++ exists.
#pragma once

#include <cstdarg>
#include <cstdbool>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <sys/time.h>
#include <sys/wait.h>

extern "C" {
#include <libxlutil.h>
}
