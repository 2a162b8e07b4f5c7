"""Makes the two files beside it: digits.txt, the images, and lenet5.safetensors, a LeNet-5 that was trained on them.

    pip install -r requirements.txt
    python train.py            # writes both files: under a minute on one core
    python train.py --check    # writes nothing: PyTorch's classes for the held-out images, with the weights as they are

The last 360 of the 1797 images are held out: they are neither trained on nor used to choose anything. The number of epochs,
the rates and the seed were fixed beforehand.
"""

import argparse
import pathlib

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
HELD_OUT = 360
SEED = 5
EPOCHS = 60
# A pixel of the 8x8 images is a count from 0 to 16.
LEVELS = "0123456789abcdefg"


def write_images():
    """One image a line: its class, a space, 64 pixels row by row, each from 0 to g."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    lines = [f"{label} " + "".join(LEVELS[int(p)] for p in image.ravel()) for label, image in zip(digits.target, digits.images)]
    (HERE / "digits.txt").write_text("\n".join(lines) + "\n")


def read_images():
    """Images `[n, 1, 8, 8]` from 0 to 1, and classes `[n]`."""
    lines = [line.split() for line in (HERE / "digits.txt").read_text().splitlines()]
    images = torch.tensor([[LEVELS.index(p) for p in pixels] for _, pixels in lines], dtype=torch.float32)
    return images.reshape(-1, 1, 8, 8) / 16, torch.tensor([int(label) for label, _ in lines])


def enlarge(images):
    """`[n, 1, 8, 8]` to `[n, 1, 32, 32]`, bilinear. The weights are odd eighths, so that no operation rounds: digits.rs has
    the same bits."""
    return F.interpolate(images, scale_factor=4, mode="bilinear", align_corners=False)


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.c3(x)), 2)
        x = torch.tanh(self.c5(x)).flatten(1)
        return self.output(torch.tanh(self.f6(x)))


def jitter(images):
    """Each image a little turned, scaled, sheared and moved."""
    n = len(images)
    angle, shear = (torch.rand(2, n) - 0.5) * 0.4
    scale = 1 + (torch.rand(n) - 0.5) * 0.25
    shift = (torch.rand(n, 2) - 0.5) * 0.3
    c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
    theta = torch.stack([torch.stack([c, -s + shear, shift[:, 0]], 1), torch.stack([s, c, shift[:, 1]], 1)], 1)
    return F.grid_sample(images, F.affine_grid(theta, list(images.shape), align_corners=False), align_corners=False)


def train(images, labels):
    net = LeNet5()
    steps = EPOCHS * -(-len(images) // 32)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=2e-3, total_steps=steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(images)).split(32):
            loss = F.cross_entropy(net(jitter(images[batch])), labels[batch], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1:2}: loss {total / len(images):.4f}")
    return net


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--check", action="store_true", help="train nothing, write nothing")
    check = arguments.parse_args().check
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the order of sums, and with it the weights, would depend on it
    weights = HERE / "lenet5.safetensors"
    if not check:
        write_images()
    images, labels = read_images()
    images = enlarge(images)
    if not check:
        net = train(images[:-HELD_OUT], labels[:-HELD_OUT])
        save_file({name: tensor.contiguous() for name, tensor in net.state_dict().items()}, weights)
    net = LeNet5()
    net.load_state_dict(load_file(weights))
    with torch.no_grad():
        classes = net.eval()(images[-HELD_OUT:]).argmax(1)
    if check:
        print("".join(str(c.item()) for c in classes))
    print(f"{(classes == labels[-HELD_OUT:]).sum()} of {HELD_OUT} correct")


if __name__ == "__main__":
    main()
