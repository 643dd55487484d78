"""Draws curves over logarithmic axes as an SVG that is readable in light and in dark."""
import math

WIDTH, HEIGHT = 480, 230
# What the curves are stands at their right.
LEFT, RIGHT, TOP, BOTTOM = 52, 158, 34, 40
COLOURS = ["#2f7ed8", "#d9822b", "#3a9d5d", "#a557c6", "#c43d3d", "#8a8a2b"]


def number(value):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def span(values):
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def panel(x0, y0, title, across, up, curves):
    """One plot: `curves` are names with their points."""
    points = [point for line in curves.values() for point in line]
    (xl, xh), (yl, yh) = span([p[0] for p in points]), span([p[1] for p in points])
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    place_x = lambda v: x0 + LEFT + (math.log10(v) - xl) / (xh - xl) * wide
    place_y = lambda v: y0 + TOP + high - (math.log10(v) - yl) / (yh - yl) * high
    out = [f'<text class="title" x="{x0 + LEFT}" y="{y0 + 14}">{title}</text>']
    for power in range(yl, yh + 1):
        y = place_y(10**power)
        out.append(f'<path class="grid" d="M{x0 + LEFT} {y:.1f}h{wide}"/>')
        out.append(f'<text class="end" x="{x0 + LEFT - 5}" y="{y + 4:.1f}">{number(10.0**power)}</text>')
    for power in range(xl, xh + 1):
        x = place_x(10**power)
        out.append(f'<path class="grid" d="M{x:.1f} {y0 + TOP}v{high}"/>')
        out.append(f'<text class="mid" x="{x:.1f}" y="{y0 + TOP + high + 14}">{number(10.0**power)}</text>')
    out.append(f'<text class="mid" x="{x0 + LEFT + wide / 2:.1f}" y="{y0 + HEIGHT - 8}">{across}</text>')
    out.append(f'<text x="{x0 + 4}" y="{y0 + 28}">{up}</text>')
    for place, (name, line) in enumerate(curves.items()):
        colour = COLOURS[place % len(COLOURS)]
        path = "L".join(f"{place_x(x):.1f} {place_y(y):.1f}" for x, y in line)
        out.append(f'<path class="curve" stroke="{colour}" d="M{path}"/>')
        for x, y in line:
            out.append(f'<circle fill="{colour}" r="2.5" cx="{place_x(x):.1f}" cy="{place_y(y):.1f}"/>')
        label = y0 + TOP + 12 + 13 * place
        out.append(f'<text fill="{colour}" x="{x0 + LEFT + wide + 8}" y="{label}">{name}</text>')
    return "\n".join(out)


def draw(panels):
    """The page of all plots, two in a row."""
    rows = math.ceil(len(panels) / 2)
    body = [
        panel(place % 2 * WIDTH, place // 2 * HEIGHT, *one) for place, one in enumerate(panels)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {rows * HEIGHT}" '
        'font-family="sans-serif" font-size="11">\n'
        "<style>text:not([fill]){fill:#777}.title{font-weight:bold;font-size:12px}.end{text-anchor:end}"
        ".mid{text-anchor:middle}.grid{stroke:#7774;fill:none}"
        ".curve{fill:none;stroke-width:1.6}</style>\n"
        + "\n".join(body)
        + "\n</svg>\n"
    )
