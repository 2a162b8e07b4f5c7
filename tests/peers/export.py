"""Writes a network as the engines read it: run by `run.py`, in the environment that it makes.

    python export.py NETWORK BATCH FOLDER
    python export.py NETWORK 3x160x200,3x320x256 FOLDER

Its weights, `NETWORK.safetensors`, are those of the suite that compares the zoo with PyTorch (`tests/parity/zoo.py`); beside them
`NETWORK-BATCH.onnx`, without dynamic sizes, and `NETWORK-BATCH.input`, raw f32, of the sizes in `NETWORK-BATCH.shape`. Where sizes are
given, `NETWORK-sizes.onnx` has heights and widths that are known only when it runs, and `NETWORK-sizes.input` an image of each size.
"""

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "parity"))

import numpy as np
import torch
from safetensors.numpy import save_file
from zoo import build, shapes, values


class OneOutput(torch.nn.Module):
    """A network whose output is a tensor, not a dictionary of them."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        y = self.net(x)
        return y["out"] if isinstance(y, dict) else y


def loaded(name, folder):
    """The network with its weights, which are written, and its input."""
    net, _, image, _ = build(name)
    # What has balanced the weights is not a part of the network.
    for module in net.modules():
        module._forward_hooks.clear()
    net = net.float().eval()
    save_file({path: net.state_dict()[path].numpy() for path in shapes(net)}, folder / f"{name}.safetensors")
    return net, image


def write(net, images, file, **options):
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options |= {"input_names": ["x"], "output_names": ["y"], "external_data": False, "verbose": False}
        torch.onnx.export(OneOutput(net), (images,), file, **options)


def main(name, batch, folder):
    net, image = loaded(name, folder)
    # Images that differ, so that a batch is not one image many times.
    images = torch.cat([torch.roll(image, shift, -1) for shift in range(batch)]).contiguous()
    images.numpy().astype(np.float32).tofile(folder / f"{name}-{batch}.input")
    (folder / f"{name}-{batch}.shape").write_text("x".join(map(str, images.shape)))
    write(net, images, folder / f"{name}-{batch}.onnx")


def of_any_size(name, sizes, folder):
    net, _ = loaded(name, folder)
    images = [values(f"{name}.{size}", (1, *map(int, size.split("x")))).numpy().astype(np.float32) for size in sizes.split(",")]
    np.concatenate([image.ravel() for image in images]).tofile(folder / f"{name}-sizes.input")
    (folder / f"{name}-sizes.shape").write_text(",".join(f"1x{size}" for size in sizes.split(",")))
    dynamic = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    write(net, torch.from_numpy(images[0]), folder / f"{name}-sizes.onnx", dynamic_shapes=(dynamic,))


if __name__ == "__main__":
    name, what, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    of_any_size(name, what, folder) if "x" in what else main(name, int(what), folder)
