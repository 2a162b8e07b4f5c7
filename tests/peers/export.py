"""Writes a network as the engines read it: run by `run.py`, in the environment that it makes.

    python export.py NETWORK BATCH FOLDER

Its weights, `NETWORK.safetensors`, are those of the suite that compares the zoo with PyTorch (`tests/parity/zoo.py`); beside them
`NETWORK-BATCH.onnx`, without dynamic sizes, and `NETWORK-BATCH.input`, raw f32, of the sizes in `NETWORK-BATCH.shape`.
"""

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "parity"))

import numpy as np
import torch
from safetensors.numpy import save_file
from zoo import build, shapes


class OneOutput(torch.nn.Module):
    """A network whose output is a tensor, not a dictionary of them."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        y = self.net(x)
        return y["out"] if isinstance(y, dict) else y


def main(name, batch, folder):
    net, _, image, _ = build(name)
    # What has balanced the weights is not a part of the network.
    for module in net.modules():
        module._forward_hooks.clear()
    net = net.float().eval()
    save_file({path: net.state_dict()[path].numpy() for path in shapes(net)}, folder / f"{name}.safetensors")
    # Images that differ, so that a batch is not one image many times.
    images = torch.cat([torch.roll(image, shift, -1) for shift in range(batch)]).contiguous()
    images.numpy().astype(np.float32).tofile(folder / f"{name}-{batch}.input")
    (folder / f"{name}-{batch}.shape").write_text("x".join(map(str, images.shape)))
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = folder / f"{name}-{batch}.onnx"
        torch.onnx.export(OneOutput(net), (images,), file, input_names=["x"], output_names=["y"], external_data=False, verbose=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
