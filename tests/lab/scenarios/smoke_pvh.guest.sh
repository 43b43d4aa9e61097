# SPDX-License-Identifier: Apache-2.0
until [ -e /dev/xvda ]; do sleep 0.1; done
echo "xvm: sum $(sha256sum /dev/xvda | cut -d' ' -f1)"
