# SPDX-License-Identifier: Apache-2.0
# A guest that reads its disk, 32 MiB a round, and says how long each took.
round=0 errors=0
while :; do
    round=$((round + 1))
    read -r from _ </proc/uptime
    dd if=/dev/xvda of=/dev/null bs=64k count=512 iflag=direct 2>/dev/null || errors=$((errors + 1))
    read -r to _ </proc/uptime
    from=${from%.*}${from#*.} to=${to%.*}${to#*.}
    echo "xvm: round $round ms $(((to - from) * 10)) errors $errors"
done
