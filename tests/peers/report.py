"""What `run.py` has measured, as a table in Markdown and as a plot in SVG."""

import math
from html import escape

# By engine, as told apart by people who do not see all colours.
COLOURS = {"convoke": "#222222", "onnxruntime": "#0072b2", "openvino": "#009e73", "torch": "#d55e00", "tract": "#cc79a7", "rten": "#e69f00"}


def engines_of(results):
    """Those that ran at least one network, convoke first."""
    found = [engine for result in results for engine in result["median_ms"]]
    return sorted(set(found), key=list(COLOURS).index)


def best_peer(result):
    """The least time of another engine."""
    return min((ms for engine, ms in result["median_ms"].items() if engine != "convoke"), default=None)


def milliseconds(ms):
    return f"{ms:#.3g}" if ms < 100 else f"{ms:.0f}"


def table(results, names, about):
    """A table for each number of threads and images, without and with a limit."""
    text = ""
    kind = lambda result: (result["avx2"], result["batch"], result["threads"])
    for avx2, batch, threads in sorted(set(map(kind, results))):
        limit = ", no more than AVX2" if avx2 else ""
        text += f"Median time of a call in ms, f32, batch {batch}, {threads} thread{'s' if threads > 1 else ''}{limit} ({about}):\n\n"
        own = [result for result in results if kind(result) == (avx2, batch, threads)]
        engines = engines_of(own)
        head = [names[engine] for engine in engines]
        text += f"| Network | {' | '.join(head)} | best peer / convoke |\n|---{'|---' * (len(head) + 1)}|\n"
        ratios = []
        for result in own:
            times, best = result["median_ms"], best_peer(result)
            cells = [milliseconds(times[engine]) if engine in times else "–" for engine in engines]
            ratio = best / times["convoke"] if best else None
            ratios += [ratio] if ratio else []
            text += f"| {result['network']} | {' | '.join(cells)} | {f'{ratio:.2f}' if ratio else '–'} |\n"
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            text += f"| geometric mean |{'  |' * len(head)} {mean:.2f} |\n"
        text += "\n"
    engines = engines_of(results)
    worst = {engine: max(result["difference"].get(engine, 0.0) for result in results) for engine in engines if engine != "convoke"}
    differences = ", ".join(f"{names[engine]} {value:.0e}" for engine, value in worst.items())
    return text + f"Largest difference of an output from convoke's, in parts of the largest output: {differences}.\n"


def plot(results, names):
    """Each engine's time over convoke's, on a logarithmic axis: right of the line it takes longer."""
    engines = engines_of(results)
    ratios = [ms / result["median_ms"]["convoke"] for result in results for ms in result["median_ms"].values()]
    low, high = min(0.5, *ratios) * 0.9, max(4.0, *ratios) * 1.1
    left, width, row, top = 230, 560, 26, 58
    x = lambda ratio: left + width * math.log(ratio / low) / math.log(high / low)
    bottom = top + row * len(results)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 20} {bottom + 50}" font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    at = 14
    for engine in engines:
        parts.append(f'<circle cx="{at}" cy="18" r="5" fill="{COLOURS[engine]}"/>')
        parts.append(f'<text x="{at + 10}" y="22" fill="#222222">{escape(names[engine])}</text>')
        at += 28 + 7 * len(names[engine])
    for tick in [0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024]:
        if low <= tick <= high:
            weight = 2 if tick == 1 else 1
            parts.append(f'<line x1="{x(tick):.1f}" y1="{top - 14}" x2="{x(tick):.1f}" y2="{bottom}" stroke="#cccccc" stroke-width="{weight}"/>')
            parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555555">{tick:g}</text>')
    parts.append(f'<text x="{left + width / 2}" y="{bottom + 36}" text-anchor="middle" fill="#555555">time of a call over convoke\'s</text>')
    for index, result in enumerate(results):
        y = top + row * index
        label = f"{result['network']}, {result['threads']} thread{'s' if result['threads'] > 1 else ''}"
        label += f", batch {result['batch']}" if result["batch"] > 1 else ""
        label += ", AVX2" if result["avx2"] else ""
        parts.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end" fill="#222222">{escape(label)}</text>')
        parts.append(f'<line x1="{left}" y1="{y}" x2="{left + width}" y2="{y}" stroke="#eeeeee"/>')
        ours = result["median_ms"]["convoke"]
        for engine, ms in result["median_ms"].items():
            title = f"{names[engine]}: {milliseconds(ms)} ms"
            parts.append(f'<circle cx="{x(ms / ours):.1f}" cy="{y}" r="5" fill="{COLOURS[engine]}"><title>{escape(title)}</title></circle>')
    return "\n".join([*parts, "</svg>", ""])
