"""An engine with a Python interface, as a process that makes calls when told to: see `engines/src/lib.rs`, which says how.

    python engine.py ENGINE NETWORK FILE INPUT SHAPE THREADS OUTPUT

All compute in f32, with as many threads as they are given, and one call at a time.
"""

import os
import sys
import time
from pathlib import Path

engine, network, file, x, shape, threads, output = sys.argv[1:]
shape, threads = [int(size) for size in shape.split("x")], int(threads)
os.environ.update(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))

import numpy as np

x = np.fromfile(x, np.float32).reshape(shape)


def onnxruntime():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_cpu_input("x", x)
    binding.bind_output("y")
    return lambda: session.run_with_iobinding(binding), lambda: binding.copy_outputs_to_cpu()[0]


def openvino():
    import openvino

    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
    }
    request = openvino.Core().compile_model(file, "CPU", config).create_infer_request()
    request.set_input_tensor(openvino.Tensor(x))
    return request.infer, lambda: request.get_output_tensor().data


def torch():
    import torch
    from safetensors.torch import load_file

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "parity"))
    from zoo import NETWORKS

    torch.set_num_threads(threads)
    net = NETWORKS[network]().eval()
    net.load_state_dict(load_file(file), strict=False)
    images, last = torch.from_numpy(x), []

    def call():
        with torch.inference_mode():
            y = net(images)
            last[:] = [y["out"] if isinstance(y, dict) else y]

    return call, lambda: last[0].numpy()


call, result = {"onnxruntime": onnxruntime, "openvino": openvino, "torch": torch}[engine]()
call()
result().astype(np.float32).tofile(output)
print("ready", flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    print(*times, flush=True)
