# SPDX-License-Identifier: Apache-2.0
# xvm starts a PV guest from a pack; xl sees it as one of its own; nothing stays of it.
# timeout: 300
# needs: xvmd xvm xvm-pack
. /usr/lib/xvm-test/create_guest.inc
create_guest pv
