"""Records what PyTorch computes for the cases of the parity suite.

    python -m venv venv && venv/bin/pip install numpy torch==2.15.0 safetensors
    venv/bin/python tests/parity/make.py            # writes cases.txt and expected.safetensors beside this file

A case is a graph in the compiler's text form and the same thing in PyTorch. Inputs and weights come from one generator,
written once here and once in `parity.rs`, so that only expected outputs are stored. PyTorch computes in f64 from the f32
values, so that what is compared against is exact to rounding.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

HERE = Path(__file__).parent
MASK = (1 << 64) - 1


def values(name: str, shape) -> torch.Tensor:
    """Uniform in [-1, 1), exact in f32: SplitMix64 from the FNV-1a hash of the name; running variances in [0.5, 1.5), the matrices of
    recurrent layers in [-1/4, 1/4)."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    n = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    x = (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1
    if name.endswith("running_var"):
        x = x / 2 + 1
    if ".weight_" in name:
        x = x / 4
    return torch.from_numpy(x.reshape(shape))


CASES = []  # (name, text, expected outputs)


def case(name, inputs, lines, compute):
    """`lines` are the nodes of the text form, inputs first among the values; `compute` maps input batches of one to a tensor."""
    text = [f"network {name}"]
    tensors = []
    for i, shape in enumerate(inputs):
        text.append(f"input in{i} [{', '.join(map(str, shape))}]")
        tensors.append(values(f"{name}.in{i}", shape)[None])
    outputs = compute(lambda w, *shape: values(f"{name}.{w}", shape), *tensors)
    for i, line in enumerate(lines):
        text.append(f"%{len(inputs) + i} = {line}")
    text.append(f"output out %{len(inputs) + len(lines) - 1}")
    CASES.append((name, "\n".join(text), outputs[0].to(torch.float32).contiguous().numpy()))


def pair(x):
    return x if isinstance(x, tuple) else (x, x)


def norm(w, x, name, c, eps=1e-5, affine=True):
    gamma, beta = (w(f"{name}.weight", c), w(f"{name}.bias", c)) if affine else (None, None)
    return F.batch_norm(x, w(f"{name}.running_mean", c), w(f"{name}.running_var", c), gamma, beta, False, 0.0, eps)


def conv(name, shape, filters, window, stride=1, pad=0, dilation=1, groups=1, bias=True, round="floor"):
    window, stride, dilation = pair(window), pair(stride), pair(dilation)
    if isinstance(pad, tuple) and len(pad) == 4:
        text_pad, (t, l, b, r) = f"({', '.join(map(str, pad))})", pad
    elif pad == "same":
        text_pad = "same"
        total = [max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0) for n, k, s, d in zip(shape[1:], window, stride, dilation)]
        t, l = total[0] // 2, total[1] // 2
        b, r = total[0] - t, total[1] - l
    else:
        (t, l), text_pad = pair(pad), f"({pair(pad)[0]}, {pair(pad)[1]})"
        b, r = t, l

    def compute(w, x):
        x = F.pad(x, (l, r, t, b))
        return F.conv2d(
            x,
            w("c.weight", filters, shape[0] // groups, *window),
            w("c.bias", filters) if bias else None,
            stride,
            0,
            dilation,
            groups,
        )

    line = f"conv(%0, filters = {filters}, window = {window[0]}x{window[1]}, stride = {stride[0]}x{stride[1]}, pad = {text_pad}, "
    line += f"dilation = {dilation[0]}x{dilation[1]}, groups = {groups}, bias = {str(bias).lower()}, round = {round}) \"c\""
    case(name, [shape], [line], compute)


def pool(name, shape, kind, window, stride=None, pad=0, dilation=1, round="floor", count_pad=True):
    window, pad, dilation = pair(window), pair(pad), pair(dilation)
    stride = pair(stride) if stride else window
    ceil = round == "ceil"
    line = f"{kind}_pool(%0, window = {window[0]}x{window[1]}, stride = {stride[0]}x{stride[1]}, pad = ({pad[0]}, {pad[1]}), "
    if kind == "max":
        line += f"dilation = {dilation[0]}x{dilation[1]}, "
        compute = lambda w, x: F.max_pool2d(x, window, stride, pad, dilation, ceil)
    else:
        line += f"count_pad = {str(count_pad).lower()}, "
        compute = lambda w, x: F.avg_pool2d(x, window, stride, pad, ceil, count_pad)
    case(name, [shape], [line + f"round = {round})"], compute)


# Convolution: channels, filters, windows, strides, pads, dilations, groups; odd sizes throughout.
conv("conv_1x1", (3, 5, 7), 4, 1)
conv("conv_1x1_wide", (40, 9, 5), 70, 1, bias=False)
conv("conv_1x1_stride", (16, 9, 9), 33, 1, stride=2)
conv("conv_3x3", (5, 8, 6), 7, 3)
conv("conv_3x3_pad", (16, 14, 13), 32, 3, pad=1)
conv("conv_3x3_wide", (33, 7, 15), 65, 3, pad=1)
conv("conv_3x3_stride", (8, 15, 17), 24, 3, stride=2, pad=1)
conv("conv_5x5_one_channel", (1, 32, 32), 6, 5)
conv("conv_5x5_six_channels", (6, 14, 14), 16, 5)
conv("conv_whole_map", (16, 5, 5), 120, 5)
conv("conv_7x7_stem", (3, 33, 31), 64, 7, stride=2, pad=3)
conv("conv_11x11_stem", (3, 47, 51), 17, 11, stride=4, pad=2)
conv("conv_1x7", (9, 5, 17), 10, (1, 7), pad=(0, 3))
conv("conv_7x1", (9, 17, 5), 10, (7, 1), pad=(3, 0))
conv("conv_2x3_strides", (4, 11, 12), 5, (2, 3), stride=(3, 2), pad=(1, 0))
conv("conv_4x4_same", (3, 9, 10), 8, 4, pad="same")
conv("conv_3x3_same_stride", (3, 9, 10), 8, 3, stride=2, pad="same")
conv("conv_pad_per_side", (3, 6, 7), 8, 3, pad=(2, 0, 1, 3))
conv("conv_pad_beyond_window", (2, 4, 4), 3, 3, pad=4)
conv("conv_dilation", (6, 13, 14), 9, 3, pad=2, dilation=2)
conv("conv_dilation_stride", (6, 17, 15), 9, 3, stride=2, pad=3, dilation=(3, 2))
conv("conv_one_pixel", (19, 1, 1), 35, 3, pad=1)
conv("conv_one_filter", (21, 6, 6), 1, 3, pad=1)
conv("conv_300_channels", (300, 6, 5), 18, 3, pad=1)
conv("conv_600_channels_1x1", (600, 3, 5), 20, 1)
conv("depthwise_3x3", (20, 11, 9), 20, 3, pad=1, groups=20)
conv("depthwise_3x3_stride", (35, 12, 13), 35, 3, stride=2, pad=1, groups=35, bias=False)
conv("depthwise_5x5_dilation", (7, 15, 14), 7, 5, pad=4, dilation=2, groups=7)
conv("depthwise_1x3", (18, 6, 9), 18, (1, 3), pad=(0, 1), groups=18)
conv("depthwise_multiplier", (6, 9, 8), 18, 3, pad=1, groups=6)
conv("grouped_2", (12, 9, 10), 16, 3, pad=1, groups=2)
conv("grouped_4_per_group", (32, 9, 9), 32, 3, pad=1, groups=8)
conv("grouped_8_per_group_stride", (32, 11, 9), 32, 3, stride=2, pad=1, groups=4)
conv("grouped_4_in_8_out", (16, 7, 6), 32, 3, pad=1, groups=4)
conv("grouped_3_per_group", (15, 8, 7), 20, 3, pad=1, groups=5)
conv("grouped_32_per_group", (64, 7, 7), 64, 3, pad=1, groups=2)
conv("grouped_1x1", (24, 5, 5), 40, 1, groups=8)
conv("grouped_5x5_dilation", (8, 14, 13), 12, (5, 2), pad=(3, 1), dilation=(2, 1), groups=4)

# Transposed convolution: strides that are longer than the window, padding, output padding, dilation, groups.
def transpose(name, shape, filters, window, stride=1, pad=0, output_pad=0, dilation=1, groups=1, bias=True, then=()):
    window, stride, pad, dilation = pair(window), pair(stride), pair(pad), pair(dilation)

    def compute(w, x):
        weight = w("c.weight", shape[0], filters // groups, *window)
        x = F.conv_transpose2d(x, weight, w("c.bias", filters) if bias else None, stride, pad, output_pad, groups, dilation)
        if "norm" in then:
            x = norm(w, x, "bn", filters)
        return F.relu(x) if "relu" in then else x

    line = f"conv_transpose(%0, filters = {filters}, window = {window[0]}x{window[1]}, stride = {stride[0]}x{stride[1]}, "
    line += f"pad = ({pad[0]}, {pad[1]}), output_pad = {pair(output_pad)}, dilation = {dilation[0]}x{dilation[1]}, groups = {groups}, "
    lines = [line + f'bias = {str(bias).lower()}) "c"']
    lines += ['batch_norm(%1) "bn"'] if "norm" in then else []
    lines += [f"relu(%{len(lines)})"] if "relu" in then else []
    case(name, [shape], lines, compute)


transpose("transpose_2x2_stride", (16, 5, 7), 9, 2, 2)
transpose("transpose_3x3", (5, 4, 6), 17, 3)
transpose("transpose_3x3_pad", (20, 7, 5), 16, 3, pad=1)
transpose("transpose_3x3_stride_pad", (6, 5, 4), 21, 3, 2, 1)
transpose("transpose_output_pad", (6, 5, 4), 10, 3, 2, 1, 1)
transpose("transpose_4x4_stride_pad", (33, 4, 3), 18, 4, 2, 1, bias=False)
transpose("transpose_5x5_stride_3", (7, 4, 5), 5, 5, 3, 2, 2)
transpose("transpose_stride_beyond_window", (4, 3, 4), 6, 2, 3)
transpose("transpose_output_pad_down", (5, 4, 6), 7, 3, 2, 1, (1, 0))
transpose("transpose_output_pad_both", (4, 5, 3), 6, (2, 3), (3, 4), 0, (2, 1))
transpose("transpose_1x1_stride", (9, 4, 5), 8, 1, 2, output_pad=1)
transpose("transpose_2x3_strides", (3, 5, 4), 4, (2, 3), (3, 2), (0, 1))
transpose("transpose_2x2_pad_1", (8, 5, 6), 16, 2, 2, 1)
transpose("transpose_2x2_pad_1_output_pad", (8, 5, 6), 16, 2, 2, 1, 1)
transpose("transpose_dilation", (5, 4, 5), 11, 3, 1, 1, dilation=2)
transpose("transpose_dilation_stride", (5, 4, 5), 11, 3, 2, 1, 1, dilation=3)
transpose("transpose_dilation_meets_stride", (5, 4, 5), 11, 3, 2, 1, dilation=2)
transpose("transpose_dilation_6_stride_4", (3, 3, 4), 5, (4, 2), 4, 2, dilation=6)
transpose("transpose_groups", (12, 4, 5), 8, 3, 2, 1, groups=4)
transpose("transpose_depthwise", (19, 5, 4), 19, 4, 2, 1, groups=19)
transpose("transpose_depthwise_bilinear", (3, 4, 4), 3, 4, 2, 1, groups=3, bias=False)
transpose("transpose_groups_of_32", (64, 3, 3), 64, 2, 2, groups=2)
transpose("transpose_one_pixel", (30, 1, 1), 12, 4)
transpose("transpose_one_pixel_stride", (30, 1, 1), 12, 3, 2, 1, 1)
transpose("transpose_to_one_channel", (9, 4, 5), 1, 2, 2)
transpose("transpose_from_one_channel", (1, 6, 5), 3, 3, 2)
transpose("transpose_large_pad", (4, 6, 7), 5, 3, 1, 2)
transpose("transpose_norm_relu", (12, 4, 5), 20, 2, 2, bias=False, then=("norm", "relu"))
transpose("transpose_relu", (12, 4, 5), 20, 3, 2, 1, 1, then=("relu",))
case(
    "transpose_add_concat",
    [(8, 4, 5), (6, 8, 10)],
    [
        'conv_transpose(%0, filters = 6, window = 2x2, stride = 2) "up"',
        "add(%2, %1)",
        "concat(%1, %3)",
        'conv(%4, filters = 7, window = 3x3, pad = 1) "c"',
    ],
    lambda w, a, b: F.conv2d(
        torch.cat([b, F.conv_transpose2d(a, w("up.weight", 8, 6, 2, 2), w("up.bias", 6), 2) + b], 1),
        w("c.weight", 7, 12, 3, 3),
        w("c.bias", 7),
        1,
        1,
    ),
)

# At another size. The factor is given where PyTorch has one, since it reads `size` by a ratio of its own.
for c, h, w_ in [(3, 5, 4), (16, 2, 3), (37, 1, 2), (1, 4, 4), (5, 1, 1)]:
    for down, across in [(2, 2), (3, 1), (2, 5)]:
        for mode, corners in [("nearest", False), ("bilinear", False), ("bilinear", True)]:
            word = mode + ("_corners" if corners else "")
            args = f"scale = {down}x{across}, mode = {mode}, align_corners = {str(corners).lower()}"
            case(
                f"upsample_{c}_{word}_{down}x{across}",
                [(c, h, w_)],
                [f"upsample(%0, {args})"],
                lambda w, x, m=mode, a=corners, s=(down, across): F.interpolate(
                    x, scale_factor=s, mode=m, **({"align_corners": a} if m == "bilinear" else {})
                ),
            )
for c, h, w_, oh, ow in [(3, 5, 7, 8, 3), (17, 6, 4, 6, 9), (8, 7, 7, 1, 1), (33, 4, 5, 10, 11)]:
    for mode, corners in [("nearest", False), ("bilinear", False), ("bilinear", True)]:
        word = mode + ("_corners" if corners else "")
        case(
            f"resize_{c}_{word}_{oh}x{ow}",
            [(c, h, w_)],
            [f"resize(%0, size = {oh}x{ow}, mode = {mode}, align_corners = {str(corners).lower()})"],
            lambda w, x, m=mode, a=corners, s=(oh, ow): F.interpolate(
                x, size=s, mode=m, **({"align_corners": a} if m == "bilinear" else {})
            ),
        )
for mode, corners in [("nearest", None), ("bilinear", False), ("bilinear", True)]:
    for scale, shape in [(1.5, (5, 4, 6)), (2.5, (3, 2, 4)), (0.5, (7, 6, 8))]:
        args = f"scale = {scale}, mode = {mode}" + (f", align_corners = {str(corners).lower()}" if corners is not None else "")
        case(
            f"upsample_{mode}_{corners}_{int(10 * scale)}_tenths",
            [shape],
            [f"upsample(%0, {args})"],
            lambda w, x, s=scale, m=mode, c=corners: F.interpolate(x, scale_factor=s, mode=m, align_corners=c),
        )
case(
    "upsample_then_conv",
    [(6, 4, 5)],
    ["upsample(%0, scale = 2)", 'conv(%1, filters = 9, window = 3x3, pad = 1) "c"'],
    lambda w, x: F.conv2d(F.interpolate(x, scale_factor=2), w("c.weight", 9, 6, 3, 3), w("c.bias", 9), 1, 1),
)

# The words for convolutions channel by channel.
def depthwise_words(name, shape, window, stride=1, pad=0, dilation=1, multiplier=1, bias=True, filters=None):
    """`depthwise_conv`, or with `filters` `separable_conv`."""
    window, stride, pad, dilation = pair(window), pair(stride), pair(pad), pair(dilation)
    c, mc = shape[0], shape[0] * multiplier

    def compute(w, x):
        prefix = "c.depthwise" if filters else "c"
        x = F.conv2d(x, w(f"{prefix}.weight", mc, 1, *window), w(f"{prefix}.bias", mc) if bias else None, stride, pad, dilation, c)
        if filters:
            x = F.conv2d(x, w("c.pointwise.weight", filters, mc, 1, 1), w("c.pointwise.bias", filters) if bias else None)
        return x

    word = f"separable_conv(%0, filters = {filters}" if filters else "depthwise_conv(%0"
    line = f"{word}, window = {window[0]}x{window[1]}, stride = {stride[0]}x{stride[1]}, pad = ({pad[0]}, {pad[1]}), "
    line += f"dilation = {dilation[0]}x{dilation[1]}, multiplier = {multiplier}, bias = {str(bias).lower()}, round = floor) \"c\""
    case(name, [shape], [line], compute)


for filters in [None, 21]:
    word = "separable" if filters else "depthwise"
    depthwise_words(f"{word}_conv_3x3", (19, 7, 9), 3, pad=1, filters=filters)
    depthwise_words(f"{word}_conv_stride", (16, 9, 7), 3, stride=2, pad=1, bias=False, filters=filters)
    depthwise_words(f"{word}_conv_multiplier", (5, 6, 7), (3, 2), multiplier=3, filters=filters)
    depthwise_words(f"{word}_conv_dilation", (33, 9, 8), (2, 3), dilation=(1, 2), pad=(0, 1), filters=filters)
    depthwise_words(f"{word}_conv_one_channel", (1, 6, 5), 3, filters=filters)

case(
    "separable_conv_norm_relu",
    [(9, 6, 7)],
    ['separable_conv(%0, filters = 20, window = 3x3, pad = 1, bias = false) "c"', 'batch_norm(%1) "bn"', "relu(%2)"],
    lambda w, x: F.relu(
        norm(
            w,
            F.conv2d(F.conv2d(x, w("c.depthwise.weight", 9, 1, 3, 3), None, 1, 1, 1, 9), w("c.pointwise.weight", 20, 9, 1, 1)),
            "bn",
            20,
        )
    ),
)

# Pooling: both roundings, windows that hang over, that start in the padding, that count it or not.
pool("max_2x2", (3, 8, 6), "max", 2)
pool("max_3x3_stride", (17, 13, 15), "max", 3, 2, 1)
pool("max_3x3_ceil", (5, 14, 12), "max", 3, 2, round="ceil")
pool("max_3x3_pad_ceil", (5, 8, 9), "max", 3, 2, 1, round="ceil")
pool("max_starts_in_padding", (2, 5, 5), "max", 2, 2, 1, round="ceil")
pool("max_dilation", (4, 11, 13), "max", 3, 2, 1, dilation=2)
pool("max_3x2_strides", (33, 9, 8), "max", (3, 2), (1, 2), (1, 0))
pool("max_overlapping", (6, 9, 9), "max", 3, 1, 1)
pool("avg_2x2", (6, 28, 28), "avg", 2)
pool("avg_3x3_pad", (9, 7, 9), "avg", 3, 2, 1)
pool("avg_3x3_pad_not_counted", (9, 7, 9), "avg", 3, 2, 1, count_pad=False)
pool("avg_3x3_ceil", (4, 8, 10), "avg", 3, 2, 1, round="ceil")
pool("avg_3x3_ceil_not_counted", (4, 8, 10), "avg", 3, 2, 1, round="ceil", count_pad=False)
pool("avg_ceil_overhang", (18, 6, 7), "avg", 2, 2, 0, round="ceil")
pool("avg_4x3", (5, 9, 11), "avg", (4, 3), (2, 3), (2, 1))
for h, w, oh, ow in [(7, 7, 1, 1), (13, 11, 6, 6), (5, 4, 7, 3), (10, 9, 3, 9)]:
    for kind, torch_pool in [("avg", F.adaptive_avg_pool2d), ("max", F.adaptive_max_pool2d)]:
        case(
            f"adaptive_{kind}_{h}x{w}_to_{oh}x{ow}",
            [(19, h, w)],
            [f"adaptive_{kind}_pool(%0, size = {oh}x{ow})"],
            lambda w_, x, p=torch_pool, s=(oh, ow): p(x, s),
        )

for c, h, w in [(19, 5, 7), (1, 4, 3), (32, 1, 1)]:
    case(f"global_avg_pool_{c}_{h}x{w}", [(c, h, w)], ["global_avg_pool(%0)"], lambda w_, x: F.adaptive_avg_pool2d(x, 1))

def lstm_both(w, x, f, h):
    module = torch.nn.LSTM(f, h, bias=False, bidirectional=True, batch_first=True).double()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(w(f"r.{name}", *parameter.shape))
        return module(x)[0]


# Fully connected.
for n, m in [(7, 4), (120, 84), (33, 1000), (1, 1), (513, 65)]:
    case(f"linear_{n}_{m}", [(n,)], [f'linear(%0, outputs = {m}) "fc"'], lambda w, x, n=n, m=m: F.linear(x, w("fc.weight", m, n), w("fc.bias", m)))
case("linear_no_bias", [(40,)], ['linear(%0, outputs = 9, bias = false) "fc"'], lambda w, x: F.linear(x, w("fc.weight", 9, 40)))
case(
    "flatten_then_linear",
    [(18, 3, 5)],
    ["flatten(%0)", 'linear(%1, outputs = 21) "fc"'],
    lambda w, x: F.linear(x.flatten(1), w("fc.weight", 21, 270), w("fc.bias", 21)),
)
case("flatten_alone", [(5, 3, 4)], ["flatten(%0)"], lambda w, x: x.flatten(1))
case(
    "conv_flatten_relu",
    [(3, 6, 5)],
    ['conv(%0, filters = 7, window = 3x3) "c"', "flatten(%1)", "relu(%2)"],
    lambda w, x: F.relu(F.conv2d(x, w("c.weight", 7, 3, 3, 3), w("c.bias", 7)).flatten(1)),
)

# The same at each step of a sequence.
for l, n, m in [(7, 9, 21), (1, 5, 4), (33, 40, 17), (16, 1, 32), (5, 33, 1)]:
    case(f"linear_rows_{l}_{n}_{m}", [(l, n)], [f'linear(%0, outputs = {m}) "fc"'], lambda w, x, n=n, m=m: F.linear(x, w("fc.weight", m, n), w("fc.bias", m)))
case(
    "linear_rows_relu",
    [(9, 12)],
    ['linear(%0, outputs = 20, bias = false) "a"', "relu(%1)", 'linear(%2, outputs = 11) "b"', "tanh(%3)"],
    lambda w, x: torch.tanh(F.linear(F.relu(F.linear(x, w("a.weight", 20, 12))), w("b.weight", 11, 20), w("b.bias", 11))),
)


def recurrent(word, l, f, h, layers=1, both=False, bias=True, proj=0, states=False, relu=False, batch=1, first=False):
    """The first of a batch; with `states`, output, last states and last cells after one another; with `first`, their first ones given."""
    kinds = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    args = f"hidden = {h}, layers = {layers}, bias = {str(bias).lower()}, dropout = 0.25, bidirectional = {str(both).lower()}"
    given = {"dropout": 0.25} if layers > 1 else {}
    if relu:
        args, given["nonlinearity"] = args + ", nonlinearity = relu", "relu"
    if proj:
        args, given["proj_size"] = args + f", proj_size = {proj}", proj
    if states:
        args += ", states = true"

    def compute(w, x, *given_states):
        module = kinds[word](f, h, layers, bias=bias, bidirectional=both, batch_first=True, **given).double().eval()
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.copy_(w(f"r.{name}", *parameter.shape))
            before = tuple(state.transpose(0, 1) for state in given_states)
            before = [before if word == "lstm" else before[0]] if first else []
            output, last = module(torch.cat([x, 0.5 * x, -x][:batch]), *before)
        last = last if isinstance(last, tuple) else (last,)
        parts = [output[0]] + [state[:, 0] for state in last if states]
        return torch.cat([part.flatten() for part in parts])[None] if states else output

    name = f"{word}{'_relu' if relu else ''}_{l}x{f}_to_{h}{f'_{layers}_layers' if layers > 1 else ''}{'_both' if both else ''}"
    name += f"{'' if bias else '_no_bias'}{f'_proj_{proj}' if proj else ''}{'_states' if states else ''}"
    rows = layers * (2 if both else 1)
    shapes = [(rows, proj or h), (rows, h)][: 2 if word == "lstm" else 1] if first else []
    reads = ", ".join(f"%{i}" for i in range(1 + len(shapes)))
    case(name + ("_first" if first else ""), [(l, f), *shapes], [f'{word}({reads}, {args}) "r"'], compute)


for word, relu in [("rnn", False), ("rnn", True), ("lstm", False), ("gru", False)]:
    recurrent(word, 1, 5, 7, relu=relu)
    recurrent(word, 2, 16, 16, both=True, relu=relu, batch=3)
    recurrent(word, 17, 9, 33, both=True, relu=relu)
    recurrent(word, 17, 6, 19, layers=2, both=True, relu=relu, batch=3)
    recurrent(word, 2, 7, 5, layers=3, both=True, relu=relu)
    recurrent(word, 17, 20, 17, layers=3, relu=relu)
    recurrent(word, 6, 8, 10, layers=2, both=True, bias=False, relu=relu)
    recurrent(word, 17, 6, 19, layers=2, both=True, states=True, relu=relu, batch=3)
    recurrent(word, 1, 3, 48, states=True, relu=relu)
    recurrent(word, 4, 5, 18, layers=2, both=True, states=True, relu=relu, first=True)
recurrent("lstm", 5, 6, 8, both=True, proj=3)
recurrent("lstm", 17, 9, 20, layers=2, both=True, proj=17, states=True, batch=3)
recurrent("lstm", 3, 4, 6, layers=3, proj=1, bias=False)
recurrent("lstm", 3, 4, 9, both=True, proj=5, first=True)
case(
    "lstm_then_linear",
    [(12, 10)],
    ['lstm(%0, hidden = 8, bidirectional = true, bias = false) "r"', 'linear(%1, outputs = 6) "fc"', "add(%2, %2)"],
    lambda w, x: 2 * F.linear(lstm_both(w, x, 10, 8), w("fc.weight", 6, 16), w("fc.bias", 6)),
)

# Element by element, over maps with odd channels and over vectors; scaled so that the functions bend.
for name, call, f in [
    ("relu", "relu(%1)", F.relu),
    ("leaky_relu", "leaky_relu(%1)", F.leaky_relu),
    ("leaky_relu_slope", "leaky_relu(%1, slope = 0.2)", lambda x: F.leaky_relu(x, 0.2)),
    ("relu6", "relu6(%1)", F.relu6),
    ("sigmoid", "sigmoid(%1)", torch.sigmoid),
    ("tanh", "tanh(%1)", torch.tanh),
    ("softmax", "softmax(%1)", lambda x: F.softmax(x, 1)),
    ("log_softmax", "log_softmax(%1)", lambda x: F.log_softmax(x, 1)),
    ("silu", "silu(%1)", F.silu),
    ("gelu", "gelu(%1)", F.gelu),
    ("gelu_tanh", "gelu(%1, approximate = tanh)", lambda x: F.gelu(x, approximate="tanh")),
    ("hard_swish", "hard_swish(%1)", F.hardswish),
    ("hard_sigmoid", "hard_sigmoid(%1)", F.hardsigmoid),
    ("elu", "elu(%1)", F.elu),
    ("elu_alpha", "elu(%1, alpha = 0.3)", lambda x: F.elu(x, 0.3)),
    ("softplus", "softplus(%1)", F.softplus),
    ("softplus_beta", "softplus(%1, beta = 2.5, threshold = 1.0)", lambda x: F.softplus(x, 2.5, 1.0)),
    ("dropout", "dropout(%1)", lambda x: x),
]:
    case(
        f"{name}_after_conv",
        [(5, 4, 7)],
        ['conv(%0, filters = 19, window = 1x1) "c"', call],
        lambda w, x, f=f: f(F.conv2d(x, w("c.weight", 19, 5, 1, 1), w("c.bias", 19))),
    )
    case(f"{name}_of_map", [(5, 4, 7)], [call.replace("%1", "%0")], lambda w, x, f=f: f(x))
    case(f"{name}_of_vector", [(37,)], [call.replace("%1", "%0")], lambda w, x, f=f: f(x))


for shape, axis in [((5, 4, 7), 1), ((5, 4, 7), 2), ((9, 21), 1), ((17, 3), 0)]:
    for word, f in [("softmax", F.softmax), ("log_softmax", F.log_softmax)]:
        name = f"{word}_over_{axis}_of_{'x'.join(map(str, shape))}"
        case(name, [shape], [f"{word}(%0, axis = {axis - len(shape)})"], lambda w, x, f=f, axis=axis: f(x, 1 + axis))

# Of a range in which the functions do more than bend: four times x.
for name, call, f in [
    ("silu", "silu", F.silu),
    ("gelu", "gelu", F.gelu),
    ("gelu_tanh", "gelu", lambda x: F.gelu(x, approximate="tanh")),
    ("hard_swish", "hard_swish", F.hardswish),
    ("hard_sigmoid", "hard_sigmoid", F.hardsigmoid),
    ("elu", "elu", F.elu),
    ("softplus", "softplus", F.softplus),
    ("log_softmax", "log_softmax", lambda x: F.log_softmax(x, 1)),
]:
    args = ", approximate = tanh" if name == "gelu_tanh" else ""
    case(
        f"{name}_far_out",
        [(37,)],
        ["add(%0, %0)", "add(%1, %1)", f"{call}(%2{args})"],
        lambda w, x, f=f: f(4 * x),
    )

# Expressions of elements.
for name, program, f in [
    ("mish", "[1: exp(0), add(1, 1.0), ln(2), tanh(3), mul(0, 4)]", F.mish),
    ("hard_shrink", "[1: abs(0), if_less_or_equal(1, 0.5, 0.0, 0)]", F.hardshrink),
    ("soft_shrink", "[1: sub(0, 0.5), max(1, 0.0), add(0, 0.5), min(3, 0.0), add(2, 4)]", F.softshrink),
    ("softsign", "[1: abs(0), add(1, 1.0), div(0, 2)]", F.softsign),
    ("squared_relu", "[1: max(0, 0.0), mul(1, 1)]", lambda x: F.relu(x) ** 2),
    ("quick_gelu", "[1: mul(1.702, 0), sigmoid(1), mul(0, 2)]", lambda x: x * torch.sigmoid(1.702 * x)),
    ("hard_tanh", "[1: if_less(0, -0.75, -0.75, 0), if_less(0.25, 1, 0.25, 1)]", lambda x: F.hardtanh(x, -0.75, 0.25)),
    ("log_sigmoid", "[1: sigmoid(0), ln(1)]", F.logsigmoid),
    ("root_of_square", "[1: mul(0, 0), add(1, 1.0), sqrt(2), neg(3)]", lambda x: -torch.sqrt(x * x + 1)),
    ("same", "[1: same(0)]", lambda x: x),
]:
    case(
        f"map_{name}_after_conv",
        [(5, 4, 7)],
        ['conv(%0, filters = 19, window = 1x1) "c"', f"map(%1, f = {program})"],
        lambda w, x, f=f: f(F.conv2d(x, w("c.weight", 19, 5, 1, 1), w("c.bias", 19))),
    )
    case(f"map_{name}_of_map", [(5, 4, 7)], [f"map(%0, f = {program})"], lambda w, x, f=f: f(x))
    case(f"map_{name}_of_vector", [(37,)], [f"map(%0, f = {program})"], lambda w, x, f=f: f(x))
for name, program, f in [
    ("gated", "[2: sigmoid(1), mul(0, 2)]", lambda x, y: x * torch.sigmoid(y)),
    ("quotient", "[2: mul(1, 1), add(2, 1.0), div(0, 3)]", lambda x, y: x / (y * y + 1)),
    ("maximum", "[2: max(0, 1), min(2, 0.5)]", lambda x, y: torch.clamp(torch.maximum(x, y), max=0.5)),
    ("where", "[2: add(0, 1), if_equal(0, 0, 2, 1)]", lambda x, y: torch.where(x == x, x + y, y)),
]:
    for shape in [(37,), (5, 4, 7), (1, 9, 3)]:
        case(
            f"map_{name}_{'x'.join(map(str, shape))}",
            [shape, shape],
            [f"map(%0, %1, f = {program})"],
            lambda w, x, y, f=f: f(x, y),
        )

for channels in [1, 19]:
    given, c = (", per_channel = true", channels) if channels > 1 else ("", 1)
    after = f'prelu(%1{given}) "p"'
    case(
        f"prelu_after_conv_{c}",
        [(5, 4, 7)],
        ['conv(%0, filters = 19, window = 1x1) "c"', after],
        lambda w, x, c=c: F.prelu(F.conv2d(x, w("c.weight", 19, 5, 1, 1), w("c.bias", 19)), w("p.weight", c)),
    )
    case(f"prelu_of_map_{c}", [(19, 3, 5)], [f'prelu(%0{given}) "p"'], lambda w, x, c=c: F.prelu(x, w("p.weight", c)))
    case(f"prelu_of_vector_{c}", [(19,)], [f'prelu(%0{given}) "p"'], lambda w, x, c=c: F.prelu(x, w("p.weight", c)))


case("batch_norm", [(21, 5, 6)], ['batch_norm(%0) "bn"'], lambda w, x: norm(w, x, "bn", 21))
case("batch_norm_of_vector", [(21,)], ['batch_norm(%0) "bn"'], lambda w, x: norm(w, x, "bn", 21))
case("batch_norm_eps", [(8, 5, 6)], ['batch_norm(%0, eps = 0.1, affine = false) "bn"'], lambda w, x: norm(w, x, "bn", 8, 0.1, False))
for bias in [True, False]:
    case(
        f"conv_norm_relu_bias_{str(bias).lower()}",
        [(9, 10, 11)],
        [f'conv(%0, filters = 20, window = 3x3, pad = 1, bias = {str(bias).lower()}) "c"', 'batch_norm(%1) "bn"', "relu(%2)"],
        lambda w, x, bias=bias: F.relu(
            norm(w, F.conv2d(x, w("c.weight", 20, 9, 3, 3), w("c.bias", 20) if bias else None, 1, 1), "bn", 20)
        ),
    )
case(
    "norm_relu_conv",
    [(9, 10, 11)],
    ['batch_norm(%0) "bn"', "relu(%1)", 'conv(%2, filters = 20, window = 3x3, pad = 1) "c"'],
    lambda w, x: F.conv2d(F.relu(norm(w, x, "bn", 9)), w("c.weight", 20, 9, 3, 3), w("c.bias", 20), 1, 1),
)
case(
    "linear_norm",
    [(30,)],
    ['linear(%0, outputs = 17) "fc"', 'batch_norm(%1) "bn"'],
    lambda w, x: norm(w, F.linear(x, w("fc.weight", 17, 30), w("fc.bias", 17)), "bn", 17),
)

# Norms by an image's own mean and variance.
def own_norm(name, shape, word, args, torch_norm, weights):
    """`weights` are the shapes of weight and bias, as far as they are there."""
    given = lambda w: [w(f"n.{n}", *shape) for n, shape in zip(["weight", "bias"], weights)] + [None] * (2 - len(weights))
    case(name, [shape], [f'{word}(%0{args}) "n"'], lambda w, x: torch_norm(x, *given(w)))
    after = [f'conv(%0, filters = {shape[0]}, window = 1x1) "c"', f'{word}(%1{args}) "n"', "relu(%2)"]
    if len(shape) == 3:
        conv1 = lambda w, x: F.conv2d(x, w("c.weight", shape[0], shape[0], 1, 1), w("c.bias", shape[0]))
        case(f"{name}_between", [shape], after, lambda w, x: F.relu(torch_norm(conv1(w, x), *given(w))))


for c, h, w_, groups in [(6, 5, 7, 2), (32, 4, 3, 8), (34, 3, 5, 2), (24, 3, 3, 24), (48, 2, 3, 1), (1, 6, 5, 1), (40, 1, 1, 4)]:
    args = f", groups = {groups}"
    own_norm(f"group_norm_{c}_in_{groups}", (c, h, w_), "group_norm", args, lambda x, a, b, g=groups: F.group_norm(x, g, a, b), [(c,), (c,)])
own_norm("group_norm_of_vector", (21,), "group_norm", ", groups = 3", lambda x, a, b: F.group_norm(x, 3, a, b), [(21,), (21,)])
own_norm("group_norm_eps", (9, 4, 5), "group_norm", ", groups = 3, eps = 0.1, affine = false", lambda x, a, b: F.group_norm(x, 3, a, b, 0.1), [])
for shape in [(37,), (5, 4, 3), (19, 3, 7), (1, 5, 5), (33, 1, 1)]:
    name = "x".join(map(str, shape))
    own_norm(f"layer_norm_{name}", shape, "layer_norm", "", lambda x, a, b, s=shape: F.layer_norm(x, s, a, b), [shape, shape])
    own_norm(f"layer_norm_{name}_no_bias", shape, "layer_norm", ", bias = false, eps = 0.01", lambda x, a, b, s=shape: F.layer_norm(x, s, a, b, 0.01), [shape])
    own_norm(f"layer_norm_{name}_plain", shape, "layer_norm", ", affine = false", lambda x, a, b, s=shape: F.layer_norm(x, s), [])
for shape in [(5, 4, 3), (16, 3, 5), (19, 1, 7), (3, 5, 2)]:
    name = "x".join(map(str, shape))
    for over, axes in [("map", shape[1:]), ("row", shape[2:])]:
        own_norm(f"layer_norm_{name}_{over}", shape, "layer_norm", f", over = {over}", lambda x, a, b, s=axes: F.layer_norm(x, s, a, b), [axes, axes])
        own_norm(f"layer_norm_{name}_{over}_plain", shape, "layer_norm", f", over = {over}, affine = false", lambda x, a, b, s=axes: F.layer_norm(x, s), [])
for shape in [(5, 4, 3), (16, 3, 5), (96, 2, 3), (37, 1, 4), (11,)]:
    # torchvision's LayerNorm2d
    def over_channels(x, a, b, c=shape[0], eps=1e-5):
        return F.layer_norm(x.movedim(1, -1), (c,), a, b, eps).movedim(-1, 1)

    name, axes = "x".join(map(str, shape)), shape[:1]
    own_norm(f"layer_norm_{name}_channels", shape, "layer_norm", ", over = channels", over_channels, [axes, axes])
    own_norm(f"layer_norm_{name}_channels_no_bias", shape, "layer_norm", ", over = channels, bias = false, eps = 1e-6", lambda x, a, b, f=over_channels: f(x, a, b, eps=1e-6), [axes])
for shape in [(7, 9), (3, 40)]:
    name, axes = "x".join(map(str, shape)), shape[1:]
    own_norm(f"layer_norm_{name}_row", shape, "layer_norm", ", over = row", lambda x, a, b, s=axes: F.layer_norm(x, s, a, b), [axes, axes])
for c, h, w_ in [(5, 4, 3), (16, 3, 5), (37, 2, 2), (1, 7, 7)]:
    own_norm(f"instance_norm_{c}", (c, h, w_), "instance_norm", "", lambda x, a, b: F.instance_norm(x), [])
    own_norm(f"instance_norm_{c}_affine", (c, h, w_), "instance_norm", ", affine = true", lambda x, a, b: F.instance_norm(x, weight=a, bias=b), [(c,), (c,)])
for c, size, args in [
    (8, 5, {}),
    (21, 5, {"alpha": 0.5, "k": 2.0}),
    (48, 4, {"alpha": 2.0, "beta": 0.5}),
    (7, 9, {"alpha": 1.0, "beta": 1.25, "k": 0.5}),
    (1, 1, {"alpha": 0.3}),
    (33, 3, {"alpha": 3.0, "beta": -0.5}),
]:
    given = "".join(f", {key} = {value}" for key, value in args.items())
    own_norm(f"local_response_norm_{c}_{size}", (c, 3, 4), "local_response_norm", f", size = {size}{given}", lambda x, a, b, s=size, args=args: F.local_response_norm(x, s, **args), [])


# Several values: residuals, concatenations, two inputs.
case("add", [(5, 6, 7), (5, 6, 7)], ["add(%0, %1)"], lambda w, a, b: a + b)
case("add_to_itself", [(5, 6, 7)], ["add(%0, %0)"], lambda w, a: a + a)
case("mul", [(5, 6, 7), (5, 6, 7)], ["mul(%0, %1)"], lambda w, a, b: a * b)
case("mul_vectors", [(50,), (50,)], ["mul(%0, %1)"], lambda w, a, b: a * b)
for c in [1, 16, 21]:
    case(f"scale_by_vector_{c}", [(c, 3, 5), (c,)], ["scale(%0, %1)"], lambda w, x, s: x * s[:, :, None, None])
    case(f"scale_by_map_{c}", [(c, 3, 5), (c, 1, 1)], ["scale(%0, %1)", "relu(%2)"], lambda w, x, s: F.relu(x * s))


def excite(w, x):
    x = F.silu(F.conv2d(x, w("c.weight", 20, 5, 3, 3), w("c.bias", 20), 1, 1))
    s = F.relu(F.conv2d(F.adaptive_avg_pool2d(x, 1), w("fc1.weight", 6, 20, 1, 1), w("fc1.bias", 6)))
    return x * torch.sigmoid(F.conv2d(s, w("fc2.weight", 20, 6, 1, 1), w("fc2.bias", 20)))


case(
    "squeeze_and_excitation",
    [(5, 6, 7)],
    [
        'conv(%0, filters = 20, window = 3x3, pad = 1) "c"',
        "silu(%1)",
        "global_avg_pool(%2)",
        'conv(%3, filters = 6, window = 1x1) "fc1"',
        "relu(%4)",
        'conv(%5, filters = 20, window = 1x1) "fc2"',
        "sigmoid(%6)",
        "scale(%2, %7)",
    ],
    excite,
)
case("concat", [(5, 6, 7), (3, 6, 7), (17, 6, 7)], ["concat(%0, %1, %2)"], lambda w, a, b, c: torch.cat([a, b, c], 1))
case("concat_twice_the_same", [(5, 6, 7)], ["concat(%0, %0)"], lambda w, a: torch.cat([a, a], 1))
case("concat_vectors", [(5,), (7,)], ["concat(%0, %1)"], lambda w, a, b: torch.cat([a, b], 1))
case("pad", [(5, 4, 6)], ["pad(%0, sides = (1, 2, 3, 0))"], lambda w, x: F.pad(x, (2, 0, 1, 3)))
case("subsample", [(5, 7, 8)], ["subsample(%0, stride = 2x2)"], lambda w, x: x[:, :, ::2, ::2])


def two(w, x, name, c, f):
    return F.conv2d(x, w(f"{name}.weight", f, c, 3, 3), w(f"{name}.bias", f), 1, 1)


case(
    "residual",
    [(18, 9, 8)],
    ['conv(%0, filters = 18, window = 3x3, pad = 1) "a"', "relu(%1)", 'conv(%2, filters = 18, window = 3x3, pad = 1) "b"', "add(%3, %0)", "relu(%4)"],
    lambda w, x: F.relu(two(w, F.relu(two(w, x, "a", 18, 18)), "b", 18, 18) + x),
)
case(
    "residual_of_two_convs",
    [(6, 9, 8)],
    ['conv(%0, filters = 20, window = 3x3, pad = 1) "a"', 'conv(%0, filters = 20, window = 3x3, pad = 1) "b"', "add(%1, %2)", "max_pool(%3, window = 2x2, round = floor)"],
    lambda w, x: F.max_pool2d(two(w, x, "a", 6, 20) + two(w, x, "b", 6, 20), 2),
)
case(
    "option_a_shortcut",
    [(8, 8, 8)],
    ["subsample(%0, stride = 2x2)", "pad_channels(%1, before = 4, after = 4)", 'conv(%0, filters = 16, window = 3x3, stride = 2, pad = 1, round = floor) "a"', "add(%3, %2)", "relu(%4)"],
    lambda w, x: F.relu(
        F.conv2d(x, w("a.weight", 16, 8, 3, 3), w("a.bias", 16), 2, 1) + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 4, 4))
    ),
)
case(
    "branches",
    [(12, 9, 9)],
    [
        'conv(%0, filters = 7, window = 1x1) "a"',
        "relu(%1)",
        'conv(%0, filters = 18, window = 3x3, pad = 1) "b"',
        "max_pool(%0, window = 3x3, stride = 1, pad = 1)",
        "concat(%2, %3, %4)",
        'conv(%5, filters = 10, window = 3x3, pad = 1) "d"',
    ],
    lambda w, x: two(
        w,
        torch.cat(
            [F.relu(F.conv2d(x, w("a.weight", 7, 12, 1, 1), w("a.bias", 7))), two(w, x, "b", 12, 18), F.max_pool2d(x, 3, 1, 1)], 1
        ),
        "d",
        37,
        10,
    ),
)


def dense(w, x):
    for i in range(3):
        c = x.shape[1]
        x = torch.cat([x, two(w, F.relu(norm(w, x, f"n{i}", c)), f"c{i}", c, 6)], 1)
    return F.avg_pool2d(x, 2)


case(
    "dense_block",
    [(10, 8, 8)],
    sum(
        [
            [
                f'batch_norm(%{4 * i}) "n{i}"',
                f"relu(%{4 * i + 1})",
                f'conv(%{4 * i + 2}, filters = 6, window = 3x3, pad = 1) "c{i}"',
                f"concat(%{4 * i}, %{4 * i + 3})",
            ]
            for i in range(3)
        ],
        [],
    )
    + ["avg_pool(%12, window = 2x2)"],
    dense,
)


def write(script, cases, expected):
    """Writes the cases so far to one file, what PyTorch computes for them to the other."""
    assert len({name for name, _, _ in CASES}) == len(CASES)
    head = f"# Made by {script} with PyTorch {torch.__version__}: {len(CASES)} cases.\n\n"
    (HERE / cases).write_text(head + "\n\n".join(text for _, text, _ in CASES) + "\n")
    save_file({name: expected for name, _, expected in CASES}, HERE / expected)
    print(f"{len(CASES)} cases, {sum(expected.nbytes for _, _, expected in CASES)} bytes")


if __name__ == "__main__":
    write("make.py", "cases.txt", "expected.safetensors")
