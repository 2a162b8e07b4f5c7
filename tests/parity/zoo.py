"""Records what PyTorch computes for the networks of the zoo, and the names and shapes of their state dicts.

    python -m venv venv && venv/bin/pip install numpy torch==2.15.0 torchvision==0.29.2 safetensors
    venv/bin/python tests/parity/zoo.py            # writes zoo.txt and zoo.safetensors beside this file
    venv/bin/python tests/parity/zoo.py resnet50   # prints that network's state dict: names and shapes
    venv/bin/python tests/parity/zoo.py resnet50 FOLDER   # writes its weights, input and output there, for the `zoo` example

The networks are torchvision's; those that it does not have are written below as modules. Weights and inputs come from the
generator of `make.py`. Signals neither fade nor grow, however deep a network is: the weight of each convolution and linear layer is
multiplied by the power of two that brings the standard deviation of its outputs, for the input of the test, nearest to 1 (Mishkin,
Matas, *All you need is a good init*, 2015). The exponents are recorded, a byte each. PyTorch computes in f64 from the f32 values, so
that what is compared against is exact to rounding. Of large outputs, every n-th element is recorded.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision.models as tv
from safetensors.numpy import save_file
from torch import nn

from make import HERE, MASK, values


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3, self.c5 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Conv2d(16, 120, 5)
        self.f6, self.output = nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.c3(x)), 2)
        return self.output(torch.tanh(self.f6(torch.tanh(self.c5(x)).flatten(1))))


class CifarBlock(nn.Module):
    """Option A of He et al.: the shortcut has no parameters."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride, self.extra = stride, (width - channels) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.extra, self.extra))
        return F.relu(y + shortcut)


class CifarResNet(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*[CifarBlock(16, 16, 1) for _ in range(n)])
        self.layer2 = nn.Sequential(CifarBlock(16, 32, 2), *[CifarBlock(32, 32, 1) for _ in range(n - 1)])
        self.layer3 = nn.Sequential(CifarBlock(32, 64, 2), *[CifarBlock(64, 64, 1) for _ in range(n - 1)])
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


class PlainBlock(nn.Module):
    """torchvision's BasicBlock without its shortcut."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


def plain34():
    net, channels = tv.resnet34(), 64
    for i, n in enumerate([3, 4, 6, 3]):
        width, blocks = 64 << i, []
        for j in range(n):
            blocks.append(PlainBlock(channels, width, 2 if i > 0 and j == 0 else 1))
            channels = width
        setattr(net, f"layer{i + 1}", nn.Sequential(*blocks))
    return net


def conv_norm(channels, width, window, stride=1, pad=0, groups=1):
    return [nn.Conv2d(channels, width, window, stride, pad, groups=groups, bias=False), nn.BatchNorm2d(width), nn.ReLU()]


class MobileNetV1(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = [nn.Sequential(*conv_norm(3, 32, 3, 2, 1))], 32
        for width, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *5 * [(512, 1)], (1024, 2), (1024, 1)]:
            layers.append(nn.Sequential(*conv_norm(channels, channels, 3, stride, 1, channels), *conv_norm(channels, width, 1)))
            channels = width
        self.model, self.fc = nn.Sequential(*layers), nn.Linear(1024, 1000)

    def forward(self, x):
        return self.fc(self.model(x).mean((2, 3)))


class SpatiallySeparable(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for width in [32, 64, 128]:
            for _ in range(2):
                down = nn.Conv2d(channels, width, (3, 1), padding=(1, 0), bias=False)
                layers.append(nn.Sequential(down, *conv_norm(width, width, (1, 3), 1, (0, 1))))
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(128, 10)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class AlexNet2012(nn.Module):
    """As published; the weights' names are those of Caffe's bvlc_alexnet."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 11, 4)
        self.conv2 = nn.Conv2d(96, 256, 5, 1, 2, groups=2)
        self.conv3 = nn.Conv2d(256, 384, 3, 1, 1)
        self.conv4 = nn.Conv2d(384, 384, 3, 1, 1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, 1, 1, groups=2)
        self.fc6, self.fc7, self.fc8 = nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 1000)

    def forward(self, x):
        norm = nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)
        x = F.max_pool2d(norm(F.relu(self.conv1(x))), 3, 2)
        x = F.max_pool2d(norm(F.relu(self.conv2(x))), 3, 2)
        x = F.max_pool2d(F.relu(self.conv5(F.relu(self.conv4(F.relu(self.conv3(x)))))), 3, 2)
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(x.flatten(1))))))


class DoubleConv(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        pair = lambda c: [nn.Conv2d(c, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.double_conv = nn.Sequential(*pair(channels), *pair(width))

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(channels, 2 * channels))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.up, self.conv = nn.ConvTranspose2d(channels, channels // 2, 2, 2), DoubleConv(channels, channels // 2)

    def forward(self, x, left):
        return self.conv(torch.cat([left, self.up(x)], 1))


class OutConv(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv = nn.Conv2d(channels, classes, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    """Named as in github.com/milesial/Pytorch-UNet, with transposed convolutions."""

    def __init__(self, classes=2, width=16):
        super().__init__()
        self.inc = DoubleConv(3, width)
        self.down1, self.down2, self.down3, self.down4 = (Down(width << i) for i in range(4))
        self.up1, self.up2, self.up3, self.up4 = (Up(width << i) for i in range(4, 0, -1))
        self.outc = OutConv(width, classes)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x5 = self.down4(x4)
        return self.outc(self.up4(self.up3(self.up2(self.up1(x5, x4), x3), x2), x1))


class ReadBothWays(nn.Module):
    def __init__(self, features, hidden, outputs):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, bidirectional=True, batch_first=True)
        self.embedding = nn.Linear(2 * hidden, outputs)

    def forward(self, x):
        return self.embedding(self.rnn(x)[0])


class Crnn(nn.Module):
    """Named as in github.com/meijieru/crnn.pytorch; its time comes after the batch here."""

    def __init__(self, classes=37):
        super().__init__()
        self.cnn, channels = nn.Sequential(), 1
        for i, filters in enumerate([64, 128, 256, 256, 512, 512, 512]):
            self.cnn.add_module(f"conv{i}", nn.Conv2d(channels, filters, 3 if i < 6 else 2, padding=1 if i < 6 else 0))
            if i in [2, 4, 6]:
                self.cnn.add_module(f"batchnorm{i}", nn.BatchNorm2d(filters))
            self.cnn.add_module(f"relu{i}", nn.ReLU())
            if i in [0, 1]:
                self.cnn.add_module(f"pooling{i}", nn.MaxPool2d(2))
            if i in [3, 5]:
                self.cnn.add_module(f"pooling{i // 2 + 1}", nn.MaxPool2d(2, (2, 1), (0, 1)))
            channels = filters
        self.rnn = nn.Sequential(ReadBothWays(512, 256, 256), ReadBothWays(256, 256, classes))

    def forward(self, x):
        return F.log_softmax(self.rnn(self.cnn(x).squeeze(2).permute(0, 2, 1)), -1)


NETWORKS = {
    "lenet5": LeNet5,
    "alexnet": tv.alexnet,
    "alexnet_2012": AlexNet2012,
    **{f"vgg{n}{norm}": getattr(tv, f"vgg{n}{norm}") for n in [11, 13, 16, 19] for norm in ["", "_bn"]},
    "googlenet": lambda: tv.googlenet(aux_logits=False, init_weights=False),
    "googlenet_transform_input": lambda: tv.googlenet(aux_logits=False, init_weights=False, transform_input=True),
    "inception_v3": lambda: tv.inception_v3(aux_logits=False, init_weights=False),
    "inception_v3_transform_input": lambda: tv.inception_v3(aux_logits=False, init_weights=False, transform_input=True),
    **{f"resnet{n}": getattr(tv, f"resnet{n}") for n in [18, 34, 50, 101, 152]},
    "plain34": plain34,
    **{f"cifar_resnet{6 * n + 2}": lambda n=n: CifarResNet(n) for n in [3, 5, 7, 9, 18]},
    "resnext50_32x4d": tv.resnext50_32x4d,
    "resnext101_32x8d": tv.resnext101_32x8d,
    "densenet121": tv.densenet121,
    "densenet169": tv.densenet169,
    "mobilenet_v1": MobileNetV1,
    "mobilenet_v2": tv.mobilenet_v2,
    "squeezenet1_1": tv.squeezenet1_1,
    "efficientnet_b0": tv.efficientnet_b0,
    "separable": SpatiallySeparable,
    "crnn": Crnn,
    "unet": UNet,
    "fcn_resnet50": lambda: tv.segmentation.fcn_resnet50(weights_backbone=None, aux_loss=False),
}
INPUTS = {
    "lenet5": (1, 32, 32),
    "alexnet_2012": (3, 227, 227),
    "inception_v3": (3, 299, 299),
    "inception_v3_transform_input": (3, 299, 299),
    "separable": (3, 32, 32),
    "crnn": (1, 32, 100),
    "unet": (3, 128, 128),
}
# Of an output with more elements, that many are recorded at most.
RECORDED = 4096


def shapes(net):
    """Names and shapes of the state dict, sorted; what counts batches is no weight."""
    found = {name: tuple(value.shape) for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    return dict(sorted(found.items()))


def listing(net):
    return "".join(f"{name} {list(shape)}\n" for name, shape in shapes(net).items())


def fnv1a(text):
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


def weight(network, name, shape):
    """He-scaled where there are sums, about 1 for batch norm's factors, small for what is added; exact in f32."""
    x = values(f"{network}.{name}", shape)
    if len(shape) > 1:
        x = x * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith(".weight"):
        x = 1 + x / 4
    elif not name.endswith("running_var"):
        x = x / 4
    return x.float()


def balanced(net, exponents):
    """Each weight of sums is multiplied, when it is first used, by the power of two that makes its outputs vary by about 1."""

    def hook(module, name):
        def after(module, inputs, output):
            if name in exponents:
                return None
            after_channels = 0 if isinstance(module, nn.Linear) else output.dim() - 2
            bias = 0 if module.bias is None else module.bias.reshape(-1, *[1] * after_channels)
            sums = output - bias
            exponents[name] = -round(float(torch.log2(sums.std())))
            module.weight *= 2.0 ** exponents[name]
            return sums * 2.0 ** exponents[name] + bias

        module.register_forward_hook(after)

    for name, module in net.named_modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            hook(module, f"{name}.weight")
        if isinstance(module, nn.LSTM):
            # Gates bound what comes out.
            exponents |= {f"{name}.{path}": 0 for path, weight in module.named_parameters() if weight.dim() > 1}


def build(name):
    """The network in f32 but for its exponents, by the weights' names; its input and output."""
    torch.manual_seed(0)
    net, exponents = NETWORKS[name]().eval(), {}
    net.load_state_dict({path: weight(name, path, shape) for path, shape in shapes(net).items()}, strict=False)
    shape = INPUTS.get(name, (3, 32, 32) if name.startswith("cifar") else (3, 224, 224))
    image = values(f"{name}.image", (1, *shape)).float()
    with torch.no_grad():
        net = net.double()
        balanced(net, exponents)
        output = net(image.double())
        output = output["out"] if isinstance(output, dict) else output
        return net, dict(sorted(exponents.items())), image, output[0].float()


def published(name):
    """What torchvision publishes: multiply-adds in thousands of millions."""
    return tv.get_model_weights(name).DEFAULT.meta["_ops"] if name in tv.list_models() else None


def record():
    lines, outputs = [], {}
    for name in NETWORKS:
        net, exponents, _, output = build(name)
        assert all(len(shape) < 2 or path in exponents for path, shape in shapes(net).items())
        outputs[name] = output.flatten()[:: -(-output.numel() // RECORDED)].contiguous().numpy()
        outputs[f"{name}.exponents"] = np.array(list(exponents.values()), dtype=np.int8)
        n_parameters = sum(p.numel() for p in net.parameters())
        shape = "x".join(map(str, output.shape))
        lines.append(f"{name} {n_parameters} {len(shapes(net))} {fnv1a(listing(net)):016x} {shape}\n")
        print(name, n_parameters, published(name), f"outputs of {output.std():.3g}, largest {output.abs().max():.3g}", flush=True)
    head = f"# Made by zoo.py with PyTorch {torch.__version__}: network, parameters, tensors of its state dict, hash of their names and shapes, output.\n"
    (HERE / "zoo.txt").write_text(head + "".join(lines))
    save_file(outputs, HERE / "zoo.safetensors")


def export(name, folder):
    net, _, image, output = build(name)
    save_file({path: net.state_dict()[path].float().numpy() for path in shapes(net)}, folder / f"{name}.safetensors")
    np.save(folder / "x.npy", image.numpy())
    np.save(folder / "expected.npy", output[None].numpy())


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            record()
        case [name]:
            print(listing(NETWORKS[name]()), end="")
        case [name, folder]:
            export(name, Path(folder))
