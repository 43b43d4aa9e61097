# SPDX-License-Identifier: Apache-2.0
# 128 MiB from a running guest to another: when the first of it arrives, and when all; and the same with xl's mem-set,
# one after the other, on guests of xl's own. Both as a host is run that trusts no guest to clear what it gives up: Xen
# clears it. xvm's guests are told so when they start, and do not do it once more.
# clock: scrub
# timeout: 900
# long: a measurement
# shows: M-14
# needs: xvmd xvm memory-probe
WORDS=''
. /usr/lib/xvm-test/memory_speed.inc
