"""Expected outputs of the layers on sequences `[C, L]`, as `make.py` does it for those on maps.

    python3 tests/parity/sequences.py     # writes sequences.txt and sequences.safetensors beside this file
"""

import torch
import torch.nn.functional as F

import make
from make import case, norm, own_norm

make.CASES.clear()  # Those of make.py itself.


def ends(pad):
    return pad if isinstance(pad, tuple) else (pad, pad)


def conv(name, shape, filters, window, stride=1, pad=0, dilation=1, groups=1, bias=True, then=()):
    if pad == "same":
        total = max((-(-shape[1] // stride) - 1) * stride + dilation * (window - 1) + 1 - shape[1], 0)
        sides = (total // 2, total - total // 2)
    else:
        sides = ends(pad)

    def compute(w, x):
        weight, b = w("c.weight", filters, shape[0] // groups, window), w("c.bias", filters) if bias else None
        x = F.conv1d(F.pad(x, sides), weight, b, stride, 0, dilation, groups)
        if "norm" in then:
            x = norm(w, x, "bn", filters)
        return F.relu(x) if "relu" in then else x

    line = f"conv(%0, filters = {filters}, window = {window}, stride = {stride}, pad = {pad}, dilation = {dilation}, "
    lines = [line + f'groups = {groups}, bias = {str(bias).lower()}, round = floor) "c"']
    lines += ['batch_norm(%1) "bn"'] if "norm" in then else []
    lines += [f"relu(%{len(lines)})"] if "relu" in then else []
    case("sequence_" + name, [shape], lines, compute)


conv("conv", (2, 100), 8, 5)
conv("conv_one", (17, 31), 33, 1)
conv("conv_one_stride", (16, 9), 20, 1, stride=2)
conv("conv_one_channel", (1, 53), 6, 7, stride=3, pad=2)
conv("conv_pad", (16, 27), 32, 3, pad=1)
conv("conv_left_pad", (5, 21), 18, 4, pad=(3, 0))
conv("conv_uneven_pad_stride", (9, 22), 7, 5, stride=2, pad=(1, 3))
conv("conv_dilation", (6, 37), 11, 3, pad=4, dilation=4)
conv("conv_dilation_stride", (19, 40), 16, 3, stride=3, pad=(2, 5), dilation=3)
conv("conv_same", (3, 10), 8, 4, pad="same")
conv("conv_same_stride", (3, 11), 8, 3, stride=2, pad="same")
conv("conv_whole", (7, 13), 40, 13, bias=False)
conv("conv_one_position", (21, 1), 34, 3, pad=1)
conv("conv_wide", (130, 19), 70, 3, pad=1)
conv("conv_groups", (12, 23), 16, 3, pad=1, groups=4)
conv("conv_groups_stride", (32, 23), 64, 5, stride=2, pad=2, groups=2)
conv("conv_depthwise", (21, 30), 21, 3, pad=1, groups=21)
conv("conv_depthwise_dilation", (16, 30), 32, 5, pad=(8, 0), dilation=2, groups=16, bias=False)
conv("conv_norm_relu", (9, 25), 20, 3, pad=1, bias=False, then=("norm", "relu"))


def transpose(name, shape, filters, window, stride=1, pad=0, output_pad=0, dilation=1, groups=1, bias=True):
    def compute(w, x):
        weight, b = w("c.weight", shape[0], filters // groups, window), w("c.bias", filters) if bias else None
        return F.conv_transpose1d(x, weight, b, stride, pad, output_pad, groups, dilation)

    line = f"conv_transpose(%0, filters = {filters}, window = {window}, stride = {stride}, pad = {pad}, output_pad = {output_pad}, "
    line += f'dilation = {dilation}, groups = {groups}, bias = {str(bias).lower()}) "c"'
    case("sequence_" + name, [shape], [line], compute)


transpose("transpose", (5, 13), 17, 3)
transpose("transpose_stride", (16, 9), 10, 4, 2, 1)
transpose("transpose_output_pad", (6, 7), 9, 3, 2, 1, 1)
transpose("transpose_dilation", (7, 8), 5, 3, 3, 2, 2, dilation=4, bias=False)
transpose("transpose_groups", (12, 11), 8, 5, 2, 2, groups=4)
transpose("transpose_one_position", (20, 1), 18, 4, 4)


def depthwise_words(name, shape, window, stride=1, pad=0, multiplier=1, filters=None):
    c, mc = shape[0], shape[0] * multiplier

    def compute(w, x):
        prefix = "c.depthwise" if filters else "c"
        x = F.conv1d(F.pad(x, ends(pad)), w(f"{prefix}.weight", mc, 1, window), w(f"{prefix}.bias", mc), stride, 0, 1, c)
        return F.conv1d(x, w("c.pointwise.weight", filters, mc, 1), w("c.pointwise.bias", filters)) if filters else x

    word = f"separable_conv(%0, filters = {filters}" if filters else "depthwise_conv(%0"
    line = f'{word}, window = {window}, stride = {stride}, pad = {pad}, multiplier = {multiplier}, round = floor) "c"'
    case("sequence_" + name, [shape], [line], compute)


for filters in [None, 21]:
    word = "separable" if filters else "depthwise"
    depthwise_words(f"{word}_conv", (19, 17), 3, pad=1, filters=filters)
    depthwise_words(f"{word}_conv_stride_multiplier", (5, 24), 4, stride=3, pad=(2, 1), multiplier=2, filters=filters)


def pool(name, shape, kind, window, stride=None, pad=0, dilation=1, round="floor", count_pad=True):
    stride, ceil = stride or window, round == "ceil"
    line = f"{kind}_pool(%0, window = {window}, stride = {stride}, pad = {pad}, round = {round}"
    if kind == "max":
        line += f", dilation = {dilation})"
        compute = lambda w, x: F.max_pool1d(x, window, stride, pad, dilation, ceil)
    else:
        line += f", count_pad = {str(count_pad).lower()})"
        compute = lambda w, x: F.avg_pool1d(x, window, stride, pad, ceil, count_pad)
    case("sequence_" + name, [shape], [line], compute)


pool("max", (5, 18), "max", 2)
pool("max_stride_pad", (17, 23), "max", 3, 2, 1)
pool("max_ceil", (16, 14), "max", 3, 2, round="ceil")
pool("max_ceil_pad", (4, 8), "max", 3, 2, 1, round="ceil")
pool("max_starts_in_padding", (2, 5), "max", 2, 2, 1, round="ceil")
pool("max_dilation", (33, 19), "max", 3, 1, 1, dilation=4)
pool("avg", (6, 28), "avg", 4)
pool("avg_pad", (9, 13), "avg", 3, 2, 1)
pool("avg_pad_not_counted", (9, 13), "avg", 3, 2, 1, count_pad=False)
pool("avg_ceil", (18, 10), "avg", 3, 2, 1, round="ceil")
pool("avg_ceil_not_counted", (18, 11), "avg", 4, 3, 2, round="ceil", count_pad=False)
for n, out in [(7, 1), (13, 6), (5, 8)]:
    for kind, torch_pool in [("avg", F.adaptive_avg_pool1d), ("max", F.adaptive_max_pool1d)]:
        case(
            f"sequence_adaptive_{kind}_{n}_to_{out}",
            [(19, n)],
            [f"adaptive_{kind}_pool(%0, size = {out})"],
            lambda w, x, p=torch_pool, s=out: p(x, s),
        )
case("sequence_global_avg_pool", [(18, 23)], ["global_avg_pool(%0)"], lambda w, x: F.adaptive_avg_pool1d(x, 1))

# At another length.
for c, n, scale in [(3, 5, 2), (16, 4, 3), (37, 1, 2), (1, 6, 5)]:
    for mode, corners in [("nearest", False), ("linear", False), ("linear", True)]:
        case(
            f"sequence_upsample_{c}_{mode}{'_corners' if corners else ''}_{scale}",
            [(c, n)],
            [f"upsample(%0, scale = {scale}, mode = {mode}, align_corners = {str(corners).lower()})"],
            lambda w, x, m=mode, a=corners, s=scale: F.interpolate(
                x, scale_factor=s, mode=m, **({"align_corners": a} if m == "linear" else {})
            ),
        )
for c, n, out in [(3, 5, 8), (17, 9, 4), (8, 7, 1)]:
    for mode, corners in [("nearest", False), ("linear", False), ("linear", True)]:
        case(
            f"sequence_resize_{c}_{mode}{'_corners' if corners else ''}_{out}",
            [(c, n)],
            [f"resize(%0, size = {out}, mode = {mode}, align_corners = {str(corners).lower()})"],
            lambda w, x, m=mode, a=corners, s=out: F.interpolate(
                x, size=s, mode=m, **({"align_corners": a} if m == "linear" else {})
            ),
        )

# Layers that keep their size, those with weights under PyTorch's names and shapes.
case("sequence_batch_norm", [(21, 13)], ['batch_norm(%0) "bn"'], lambda w, x: norm(w, x, "bn", 21))
for c, groups in [(6, 2), (34, 2), (24, 24)]:
    own_norm(
        f"sequence_group_norm_{c}_in_{groups}",
        (c, 11),
        "group_norm",
        f", groups = {groups}",
        lambda x, a, b, g=groups: F.group_norm(x, g, a, b),
        [(c,), (c,)],
    )
for shape in [(5, 12), (19, 21), (1, 25), (33, 1)]:
    name = "x".join(map(str, shape))
    own_norm(f"sequence_layer_norm_{name}", shape, "layer_norm", "", lambda x, a, b, s=shape: F.layer_norm(x, s, a, b), [shape, shape])
own_norm("sequence_instance_norm", (18, 12), "instance_norm", "", lambda x, a, b: F.instance_norm(x), [])
own_norm(
    "sequence_instance_norm_affine",
    (5, 17),
    "instance_norm",
    ", affine = true",
    lambda x, a, b: F.instance_norm(x, weight=a, bias=b),
    [(5,), (5,)],
)
own_norm(
    "sequence_local_response_norm",
    (21, 9),
    "local_response_norm",
    ", size = 5, alpha = 0.5, k = 2.0",
    lambda x, a, b: F.local_response_norm(x, 5, alpha=0.5, k=2.0),
    [],
)
for name, f in [
    ("relu", F.relu),
    ("tanh", torch.tanh),
    ("gelu", F.gelu),
    ("softmax", lambda x: F.softmax(x, 1)),
    ("log_softmax", lambda x: F.log_softmax(x, 1)),
    ("dropout", lambda x: x),
    ("flatten", lambda x: x.flatten(1)),
]:
    case(f"sequence_{name}", [(19, 7)], [f"{name}(%0)"], lambda w, x, f=f: f(x))
case("sequence_prelu", [(19, 7)], ['prelu(%0, per_channel = true) "p"'], lambda w, x: F.prelu(x, w("p.weight", 19)))

# Zeros, parts, several values.
case("sequence_pad", [(5, 9)], ["pad(%0, sides = (2, 3))"], lambda w, x: F.pad(x, (2, 3)))
case("sequence_subsample", [(5, 14)], ["subsample(%0, stride = 3)"], lambda w, x: x[:, :, ::3])
case("sequence_pad_channels", [(5, 4)], ["pad_channels(%0, before = 2, after = 1)"], lambda w, x: F.pad(x, (0, 0, 2, 1)))
case("sequence_add", [(18, 7), (18, 7)], ["add(%0, %1)"], lambda w, a, b: a + b)
case("sequence_mul", [(5, 7), (5, 7)], ["mul(%0, %1)"], lambda w, a, b: a * b)
case("sequence_concat", [(5, 7), (3, 7), (17, 7)], ["concat(%0, %1, %2)"], lambda w, a, b, c: torch.cat([a, b, c], 1))
case("sequence_scale_by_vector", [(21, 9), (21,)], ["scale(%0, %1)"], lambda w, x, s: x * s[:, :, None])
case("sequence_scale_by_sequence", [(21, 9), (21, 1)], ["scale(%0, %1)"], lambda w, x, s: x * s)


def c1(w, x, name, c, f, window, pad=0, stride=1, dilation=1):
    return F.conv1d(F.pad(x, ends(pad)), w(f"{name}.weight", f, c, window), w(f"{name}.bias", f), stride, 0, dilation)


case(
    "sequence_residual",
    [(18, 29)],
    [
        'conv(%0, filters = 18, window = 3, pad = (2, 0)) "a"',
        "relu(%1)",
        'conv(%2, filters = 18, window = 3, pad = (4, 0), dilation = 2) "b"',
        "add(%3, %0)",
        "relu(%4)",
        "max_pool(%5, window = 2, round = floor)",
    ],
    lambda w, x: F.max_pool1d(F.relu(c1(w, F.relu(c1(w, x, "a", 18, 18, 3, (2, 0))), "b", 18, 18, 3, (4, 0), 1, 2) + x), 2),
)
case(
    "sequence_classifier",
    [(3, 50)],
    [
        'conv(%0, filters = 10, window = 5, stride = 2, round = floor) "a"',
        "relu(%1)",
        "avg_pool(%2, window = 2, round = floor)",
        "flatten(%3)",
        'linear(%4, outputs = 12) "fc"',
    ],
    lambda w, x: F.linear(
        F.avg_pool1d(F.relu(c1(w, x, "a", 3, 10, 5, 0, 2)), 2).flatten(1), w("fc.weight", 12, 110), w("fc.bias", 12)
    ),
)
case(
    "sequence_branches",
    [(12, 17)],
    [
        'conv(%0, filters = 7, window = 1) "a"',
        'conv(%0, filters = 18, window = 3, pad = 1) "b"',
        "max_pool(%0, window = 3, stride = 1, pad = 1)",
        "concat(%1, %2, %3)",
        'conv(%4, filters = 10, window = 3, pad = 1) "d"',
    ],
    lambda w, x: c1(
        w, torch.cat([c1(w, x, "a", 12, 7, 1), c1(w, x, "b", 12, 18, 3, 1), F.max_pool1d(x, 3, 1, 1)], 1), "d", 37, 10, 3, 1
    ),
)

if __name__ == "__main__":
    make.write("sequences.py", "sequences.txt", "sequences.safetensors")
