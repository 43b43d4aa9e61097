# SPDX-License-Identifier: Apache-2.0
# A PV guest reads the timer page: of a program, of dom0's kernel, across the death of either; it cannot write.
# long: timer_pvh shows the same with a PVH guest
# clock: normal
# timeout: 500
# shows: T-1 T-2 T-8 T-9 T-10 T-11
# needs: xvm-timed xvm_timer.ko xvm_time_owner.ko xvm_timer_poke.ko time-probe
. /usr/lib/xvm-test/timer.inc
type=pv
. /usr/lib/xvm-test/timer_guest.inc
