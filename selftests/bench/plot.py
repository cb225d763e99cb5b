# SPDX-License-Identifier: GPL-2.0-or-later
"""Horizontal bars as SVG, with nothing but text to make them."""
from xml.sax.saxutils import escape

LEFT, WIDTH, BAR, GAP = 130, 420, 14, 4
OURS, OTHERS = "#c8511b", "#5b7a99"


def bars(title, groups):
    """groups: (what is measured, [(name, value or None)]). The text of an SVG file."""
    y, parts = 30, [f'<text x="10" y="20" font-size="15" font-weight="bold">{escape(title)}</text>']
    for what, values in groups:
        values = [(n, v) for n, v in values if v is not None and v > 0]
        if not values:
            continue
        top = max(v for _, v in values)
        y += 22
        parts.append(f'<text x="10" y="{y}" font-size="13">{escape(what)}</text>')
        y += 8
        for name, v in values:
            long = WIDTH * v / top
            colour = OURS if name.startswith("ipsvti") else OTHERS
            shown = f"{v:,.0f}" if v >= 100 else f"{v:.2f}"
            parts += [f'<text x="{LEFT - 6}" y="{y + 11}" font-size="11" text-anchor="end">{escape(name)}</text>',
                      f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="{BAR}" fill="{colour}"/>',
                      f'<text x="{LEFT + long + 5:.1f}" y="{y + 11}" font-size="11">{shown}</text>']
            y += BAR + GAP
    size = f'width="{LEFT + WIDTH + 80}" height="{y + 12}"'
    return "\n".join(['<!-- SPDX-License-Identifier: GPL-2.0-or-later -->',
                      f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">',
                      '<rect width="100%" height="100%" fill="white"/>'] + parts + ["</svg>\n"])
