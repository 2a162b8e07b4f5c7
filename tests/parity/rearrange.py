"""Records what PyTorch computes for the layers that rearrange elements, and for values that are repeated to fit others.

    venv/bin/python tests/parity/rearrange.py       # writes rearrange.txt and rearrange.safetensors beside this file

See `make.py`, whose generator and form of a case these are.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import nn

import make
from make import case

make.CASES.clear()


# PyTorch's own functions on one image's tensor, as axes are counted without the batch.
def alone(name, inputs, lines, compute):
    case(name, inputs, lines, lambda w, *xs: compute(*(x[0] for x in xs))[None])


def called(*parts):
    text = "_".join(str(part) for part in parts).replace("-", "m").replace("(", "").replace(")", "").replace(",", "").replace(" ", "x")
    return text.replace("[", "").replace("]", "").replace("None", "")


SHAPES = [(21,), (6, 11), (6, 4, 5), (20, 3, 7), (1, 6, 5), (17, 1, 1)]
for shape in SHAPES:
    for axis in range(-len(shape), len(shape)):
        n = shape[axis]
        ranges = {(0, max(n // 2, 1), 1), (n // 3, n, 1), (-min(n, 3), None, 1), (None, None, 2), (min(1, n - 1), None, 3), (None, -1 if n > 1 else None, 1)}
        for start, end, step in sorted(ranges, key=str) if axis >= 0 else sorted(ranges, key=str)[:2]:
            written = f"{'' if start is None else start}..{'' if end is None else end}"
            index = (slice(None),) * (axis % len(shape)) + (slice(start, end, step),)
            alone(
                called("slice", shape, axis, start, "to", end, step),
                [shape],
                [f"slice(%0, range = {written}, axis = {axis}, step = {step})"],
                lambda x, i=index: x[i],
            )
            if len(shape) == 3 and axis == 0 and step < 3:
                # Between convolutions: a view of channels with the border of its reader.
                c = len(range(*slice(start, end, step).indices(n)))
                case(
                    called("slice_between", shape, start, "to", end, step),
                    [shape],
                    [
                        f'conv(%0, filters = {n}, window = 1x1) "a"',
                        f"slice(%1, range = {written}, step = {step})",
                        f'conv(%2, filters = 5, window = 3x3, pad = 1) "b"',
                    ],
                    lambda w, x, i=index, n=n, c=c: F.conv2d(
                        F.conv2d(x, w("a.weight", n, n, 1, 1), w("a.bias", n))[(slice(None), *i)], w("b.weight", 5, c, 3, 3), w("b.bias", 5), 1, 1
                    ),
                )
    for axes in itertools.permutations(range(len(shape))):
        alone(called("permute", shape, axes), [shape], [f"permute(%0, axes = {list(axes)})"], lambda x, a=axes: x.permute(a))
        if len(shape) == 3:
            moved = [shape[axis] for axis in axes]
            case(
                called("permute_between", shape, axes),
                [shape],
                ["relu(%0)", f"permute(%1, axes = {[axis - 3 for axis in axes]})", 'conv(%2, filters = 4, window = 1x1) "c"'],
                lambda w, x, a=axes, c=moved[0]: F.conv2d(F.relu(x).permute(0, *(axis + 1 for axis in a)), w("c.weight", 4, c, 1, 1), w("c.bias", 4)),
            )
    for n_axes in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), n_axes):
            for keep in [True, False]:
                alone(
                    called("mean", shape, axes, "keep" if keep else "drop"),
                    [shape],
                    [f"mean(%0, axes = {list(axes)}, keep = {str(keep).lower()})"],
                    lambda x, a=axes, k=keep: x.mean(a, k).reshape(1) if not k and len(a) == x.dim() else x.mean(a, k),
                )
for shape, sizes in [
    ((6, 4, 5), (6, 20)),
    ((6, 4, 5), (24, 5)),
    ((6, 4, 5), (-1,)),
    ((6, 4, 5), (6, 2, 10)),
    ((6, 4, 5), (3, 8, -1)),
    ((6, 4, 5), (2, 3, 20)),
    ((6, 4, 5), (5, 4, 6)),
    ((6, 4, 5), (8, -1, 3)),
    ((6, 4, 5), (1, 1, 120)),
    ((120,), (6, 4, 5)),
    ((120,), (8, -1)),
    ((120,), (1, 10, 12)),
    ((10, 12), (12, 10)),
    ((10, 12), (10, 4, 3)),
    ((10, 12), (2, 5, 12)),
    ((1, 10, 12), (120, 1, 1)),
    ((1, 10, 12), (10, 12)),
    ((17, 1, 1), (1, 17)),
]:
    line = f"reshape(%{{}}, sizes = {list(sizes)})"
    alone(called("reshape", shape, sizes), [shape], [line.format(0)], lambda x, s=sizes: x.reshape(s))
    alone(called("reshape_between", shape, sizes), [shape], ["tanh(%0)", line.format(1), "relu(%2)"], lambda x, s=sizes: x.tanh().reshape(s).relu())
for shape, groups in [((12, 5), 2), ((12, 3, 4), 2), ((12, 3, 4), 3), ((12, 3, 4), 6), ((64, 5, 3), 2), ((58, 4, 4), 2), ((30, 1, 3), 5), ((8, 2, 2), 8)]:
    line = f"shuffle_channels(%{{}}, groups = {groups})"
    case(called("shuffle", shape, groups), [shape], [line.format(0)], lambda w, x, g=groups: nn.ChannelShuffle(g)(x))
    case(called("shuffle_between", shape, groups), [shape], ["relu(%0)", line.format(1), "tanh(%2)"], lambda w, x, g=groups: nn.ChannelShuffle(g)(x.relu()).tanh())

# Sizes of 1 that are repeated.
for a, b in [
    ((9, 4, 5), (9, 1, 1)),
    ((9, 4, 5), (1, 4, 5)),
    ((9, 4, 5), (1, 1, 5)),
    ((9, 4, 5), (1, 4, 1)),
    ((9, 4, 5), (9, 1, 5)),
    ((9, 4, 5), (1, 1, 1)),
    ((9, 4, 5), (5,)),
    ((9, 4, 5), (1,)),
    ((9, 4, 5), (4, 5)),
    ((9, 4, 5), (4, 1)),
    ((9, 1, 1), (1, 4, 5)),
    ((9, 4, 1), (1, 1, 5)),
    ((19, 1, 1), (5,)),
    ((6, 11), (6, 1)),
    ((6, 11), (11,)),
    ((6, 1), (1, 11)),
    ((6, 1), (11,)),
    ((7,), (1,)),
    ((70, 3, 3), (70, 1, 1)),
    ((70, 3, 3), (3, 1)),
]:
    for word, op in [("add", torch.add), ("mul", torch.mul)]:
        alone(called(word, a, b), [a, b], [f"{word}(%0, %1)"], op)
        alone(called(word, b, a, "between"), [b, a], ["tanh(%0)", "relu(%1)", f"{word}(%2, %3)", "relu(%4)"], lambda a, b, op=op: op(a.tanh(), b.relu()).relu())


def shuffle_unit(w, x):
    """ShuffleNet v2 (Ma et al., 2018): half of the channels as they are, half through three convolutions, then shuffled."""
    a, b = x.chunk(2, 1)
    b = F.relu(F.conv2d(b, w("c1.weight", 12, 12, 1, 1), w("c1.bias", 12)))
    b = F.conv2d(b, w("c2.weight", 12, 1, 3, 3), w("c2.bias", 12), 1, 1, 1, 12)
    b = F.relu(F.conv2d(b, w("c3.weight", 12, 12, 1, 1), w("c3.bias", 12)))
    return nn.ChannelShuffle(2)(torch.cat([a, b], 1))


case(
    "shuffle_unit",
    [(24, 7, 6)],
    [
        "split(%0, parts = 2)",
        "slice(%1, range = 0..12)",
        "slice(%1, range = 12..24)",
        'conv(%3, filters = 12, window = 1x1) "c1"',
        "relu(%4)",
        'depthwise_conv(%5, window = 3x3, pad = 1) "c2"',
        'conv(%6, filters = 12, window = 1x1) "c3"',
        "relu(%7)",
        "concat(%2, %8)",
        "shuffle_channels(%9, groups = 2)",
    ],
    shuffle_unit,
)


def spatial_attention(w, x):
    """CBAM (Woo et al., 2018) with the mean alone, and channels weighed by a vector."""
    mask = torch.sigmoid(F.conv2d(x.mean(1, True), w("m.weight", 1, 1, 3, 3), w("m.bias", 1), 1, 1))
    gate = torch.sigmoid(F.linear(x.mean((2, 3)), w("g.weight", 10, 10), w("g.bias", 10)))
    return x * mask * gate[:, :, None, None]


case(
    "spatial_attention",
    [(10, 6, 7)],
    [
        "mean(%0, axes = [0], keep = true)",
        'conv(%1, filters = 1, window = 3x3, pad = 1) "m"',
        "sigmoid(%2)",
        "mean(%0, axes = [1, 2])",
        'linear(%4, outputs = 10) "g"',
        "sigmoid(%5)",
        "reshape(%6, sizes = [10, 1, 1])",
        "mul(%0, %3)",
        "mul(%8, %7)",
    ],
    spatial_attention,
)

if __name__ == "__main__":
    make.write("rearrange.py", "rearrange.txt", "rearrange.safetensors")
