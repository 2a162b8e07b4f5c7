"""An engine with a Python interface, as a process that makes calls when told to: see `engines/src/lib.rs`, which says how.

    python engine.py ENGINE NETWORK FILE INPUT SHAPE THREADS OUTPUT

All compute in f32, with as many threads as they are given, and one call at a time.
"""

import os
import sys
import time
from pathlib import Path

engine, network, file, x, shape, threads, output = sys.argv[1:]
shapes, threads = [[int(size) for size in shape.split("x")] for shape in shape.split(",")], int(threads)
os.environ.update(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))

import numpy as np

ends = np.cumsum([np.prod(shape) for shape in shapes])
inputs = [part.reshape(shape) for part, shape in zip(np.split(np.fromfile(x, np.float32), ends[:-1]), shapes)]

# Each engine loads the network and gives a function that takes an input and gives two: what computes, and what has the output then.


def onnxruntime():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def of(x):
        binding = session.io_binding()
        binding.bind_cpu_input("x", x)
        binding.bind_output("y")
        return lambda: session.run_with_iobinding(binding), lambda: binding.copy_outputs_to_cpu()[0]

    return of


def openvino():
    import openvino

    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
    }
    request = openvino.Core().compile_model(file, "CPU", config).create_infer_request()

    def of(x):
        request.set_input_tensor(openvino.Tensor(x))
        return request.infer, lambda: request.get_output_tensor().data

    return of


def torch():
    import torch
    from safetensors.torch import load_file

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "parity"))
    from zoo import NETWORKS

    torch.set_num_threads(threads)
    net = NETWORKS[network]().eval()
    net.load_state_dict(load_file(file), strict=False)

    def of(x):
        images, last = torch.from_numpy(x), []

        def call():
            with torch.inference_mode():
                y = net(images)
                last[:] = [y["out"] if isinstance(y, dict) else y]

        return call, lambda: last[0].numpy()

    return of


def serve(of):
    call, result = of(inputs[0])
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


def stream(load):
    start = time.perf_counter_ns()
    of = load()
    print("ready", time.perf_counter_ns() - start, flush=True)
    for turn, _ in enumerate(sys.stdin):
        times, outputs = [], []
        for x in inputs:
            start = time.perf_counter_ns()
            call, result = of(x)
            call()
            outputs.append(np.array(result(), np.float32))
            times.append(time.perf_counter_ns() - start)
        if turn == 0:
            np.concatenate([y.ravel() for y in outputs]).tofile(output)
        print(*times, flush=True)


load = {"onnxruntime": onnxruntime, "openvino": openvino, "torch": torch}[engine]
serve(load()) if len(shapes) == 1 else stream(load)
