# SPDX-License-Identifier: Apache-2.0
# A guest that asks the host about others, and about itself; and once more when the service has gone to sleep.
code() { # VERB TARGET -> exit code
    xvm-guest --timeout 60 "$@" >>/answers 2>&1
    echo $?
}
name=panel # of both: to each of them the other is a stranger
echo "xvm: show $(code show web) pause $(code pause web) destroy $(code destroy web) self $(code shutdown $name)"
echo "xvm: asked all"
sleep 12
again=$(code unpause web)
echo "xvm: unpause $again"
sed 's/^/answer: /' /answers
echo "xvm: asked again"
sleep 1000
