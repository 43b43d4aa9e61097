# SPDX-License-Identifier: Apache-2.0
"""The lab: real Xen, a Debian dom0 and Debian guests under QEMU emulation. See docs/lab.md."""
