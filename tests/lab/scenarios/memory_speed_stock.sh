# SPDX-License-Identifier: Apache-2.0
# 128 MiB from a running guest to another on a Xen as Debian starts it, and the same with xl's mem-set. The guests' command
# line says what is Debian's default, that the kernel clears each page it hands out; so its balloon driver does not.
# clock: icount
# timeout: 900
# long: a measurement
# shows: M-14
# needs: xvmd xvm memory-probe
WORDS='init_on_alloc=1'
. /usr/lib/xvm-test/memory_speed.inc
