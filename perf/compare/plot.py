"""Bar charts as SVG that can be read on a light and on a dark page."""

import html
import os

from compare import figures, goals

STYLE = """text{font:13px system-ui,sans-serif;fill:#24292f}.t{font-size:16px;font-weight:600}.s{fill:#57606a;font-size:12px}
.axis{stroke:#8c959f;stroke-width:1}.range{stroke:#24292f;stroke-width:1.2}
.c0{fill:#0969da}.c1{fill:#8c959f}.c2{fill:#2da44e}.c3{fill:#bf8700}.c4{fill:#8250df}.c5{fill:#cf222e}.c6{fill:#57606a}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.range{stroke:#e6edf3}
.c0{fill:#4493f8}.c1{fill:#6e7681}.c2{fill:#3fb950}.c3{fill:#d29922}.c4{fill:#ab7df8}.c5{fill:#f85149}.c6{fill:#9198a1}}"""
COLOURS = ("cardea", "limit", "nginx", "haproxy", "nginx-seed", "caddy", "traefik")
WIDTH, LABELS, VALUES, BAR, GAP = 760, 190, 110, 13, 14


def bars(title, subtitle, groups, names, mark=None):
    """`groups`: (label, {name: Interval}). Horizontal bars from zero, with the interval of each as a line, its median as text; `mark` is
    where a vertical line stands."""
    colours = {name: f"c{COLOURS.index(name) if name in COLOURS else 0}" for name in names}
    largest = max((value.high for _, values in groups for value in values.values()), default=1.0) or 1.0
    scale = (WIDTH - LABELS - VALUES) / largest
    body, x = [], LABELS
    for name in names:
        body.append(f'<rect class="{colours[name]}" x="{x}" y="52" width="11" height="11" rx="2"/>'
                    f'<text class="s" x="{x + 16}" y="62">{html.escape(name)}</text>')
        x += 34 + 7 * len(name)
    y = 78
    for label, values in groups:
        shown = [name for name in names if name in values]
        middle = y + (BAR + 2) * len(shown) / 2 + 3
        body.append(f'<text x="{LABELS - 10}" y="{middle:.1f}" text-anchor="end">{html.escape(label)}</text>')
        for name in shown:
            value = values[name]
            at = y + BAR / 2
            body.append(f'<rect class="{colours[name]}" x="{LABELS}" y="{y}" width="{value.median * scale:.1f}" height="{BAR}" rx="2"/>')
            if value.samples > 1:
                body.append(f'<path class="range" d="M{LABELS + value.low * scale:.1f} {at}H{LABELS + value.high * scale:.1f}"/>')
            body.append(f'<text class="s" x="{LABELS + value.high * scale + 6:.1f}" y="{y + BAR - 2}">{shorter(value.median)}</text>')
            y += BAR + 2
        y += GAP
    for at in (0, *([] if mark is None else [mark])):
        body.append(f'<path class="axis" d="M{LABELS + at * scale:.1f} 72V{y - GAP + 4}"/>')
    title, subtitle = html.escape(title), html.escape(subtitle)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img" aria-label="{title}">\n'
            f'<style>{STYLE}</style>\n<text class="t" x="12" y="24">{title}</text>\n<text class="s" x="12" y="42">{subtitle}</text>\n'
            + "\n".join(body) + "\n</svg>\n")


def shorter(number):
    return f"{number:,.0f}".replace(",", " ") if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def in_order(names):
    return [name for name in COLOURS if name in names]


def charts(found):
    """File name to SVG."""
    versions = ", ".join(f"{name} {found['versions'][name]}".strip() for name in in_order(found["versions"]))
    made = {}
    loads = {name: kept for name, kept in found["scenarios"].items() if "limit" in kept.get("rounds", {})}
    groups = [(name, {peer: value for peer in kept["rounds"] if peer != "limit" and (value := goals.compared(found, name, peer, "limit"))})
              for name, kept in loads.items()]
    if groups:
        names = in_order({peer for _, values in groups for peer in values})
        made["cpu.svg"] = bars("CPU time of a request, as a multiple of a relay that parses nothing (the line)", versions, groups, names, 1.0)
    if "one" in loads:
        p50 = {peer: value for peer in loads["one"]["rounds"] if (value := figures.interval(goals.column(found, "one", peer, "p50_us")))}
        made["latency.svg"] = bars("Median latency through one connection, microseconds", versions, [("1 KiB", p50)], in_order(p50))
    for file, title, keys in (("instructions.svg", "User instructions of a request", ("code", "instructions")),
                              ("calls.svg", "System calls of a request, one connection", ("system_calls",)),
                              ("memory.svg", "Bytes of an idle keep-alive connection", ("memory", "connection_bytes"))):
        values = {name: goals.counted(found, name, *keys) for name in found["counts"]}
        values = {name: figures.exact(value) for name, value in values.items() if value is not None}
        if values:
            made[file] = bars(title, versions, [("1 KiB" if keys[0] != "memory" else "", values)], in_order(values))
    return made


def write(found, folder):
    os.makedirs(folder, exist_ok=True)
    for name, svg in charts(found).items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(svg)
