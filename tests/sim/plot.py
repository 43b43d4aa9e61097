#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what memory-sim measured as bars, for docs/memory.md.

    memory-sim --seeds 10000 -o json | tests/sim/plot.py > docs/memory.svg"""

import json
import sys

MEASURES = [("unmet_gib_s", "unmet demand, GiB·s"), ("moved_gib", "moved, GiB"), ("starved_s", "starved, s")]
POLICIES = [("xvm", "#1b7837"), ("qmemman", "#af8dc3"), ("squeezed", "#e08214"), ("none", "#bbbbbb")]
WIDTH, BAR, GAP, LEFT = 640, 16, 6, 90


def main():
    sums = json.load(sys.stdin)
    y, parts = 30, [f'<text x="8" y="18" font-weight="bold">{sums["worlds"]} seeded worlds: less is better</text>']
    for key, title in MEASURES:
        most = max(sums[name][key] for name, _ in POLICIES) or 1
        parts.append(f'<text x="8" y="{y + 14}" font-weight="bold">{title}</text>')
        y += 22
        for name, colour in POLICIES:
            value = sums[name][key]
            length = value / most * (WIDTH - LEFT - 90)
            parts.append(f'<text x="{LEFT - 6}" y="{y + 13}" text-anchor="end">{name}</text>'
                         f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>'
                         f'<text x="{LEFT + length + 5:.1f}" y="{y + 13}">{value:,.0f}</text>')
            y += BAR + GAP
        y += 8
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="12">\n'
          f'<rect width="{WIDTH}" height="{y}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>")


if __name__ == "__main__":
    main()
