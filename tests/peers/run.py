"""Runs networks of the zoo by convoke and by other engines, side by side, and says how long each takes.

    python3 tests/peers/run.py                                        # every network, one image at a time
    python3 tests/peers/run.py --full --record                        # that, batches of 8, and AVX2: the README's tables
    python3 tests/peers/run.py --only resnet50,vgg16 --threads 1 --repeat 20
    python3 tests/peers/run.py --batch 8 --threads 2 --only vgg16,resnet50 --engines onnxruntime,openvino

Everything that it needs it makes: a virtual environment for ONNX Runtime, OpenVINO and PyTorch, a build of convoke, tract and rten (the
crate `engines`, outside of the workspace), and the networks as ONNX. What cannot be had is said and left out.

An engine is a process that loads a network once and then makes calls when told to. They take turns: a round has a turn of each
engine, and each round begins with another one. A turn is one call that is not counted and then as many as fill 50 ms, at least
one; before it all are idle for 30 ms, so that threads that spin have gone to sleep. Reported is the median of all counted calls.
Every engine's output is compared with convoke's. Everything is in f32.

With `--avx2` those engines run that can be told to use no more than AVX2: convoke, PyTorch, and OpenVINO, of which its oneDNN obeys and the
plugin's own few kernels do not. ONNX Runtime, tract and rten take what the processor has, and nothing tells them otherwise.

What was measured is kept, network by network, for the same builds and rounds: a run that was cut off goes on where it was, unless told
`--again`. The table and the plot go to `target/peers`, or the folder that the environment's `CONVOKE_PEERS` names; with `--record` also beside
this file, from where the README shows them.
"""

import argparse
import array
import hashlib
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from report import plot, table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Where everything is that is made; the environment may name another folder.
HOME = Path(os.environ.get("CONVOKE_PEERS") or ROOT / "target" / "peers")
PYTHON = HOME / "venv" / "bin" / "python"

# As the table lists them.
NETWORKS = [
    "lenet5", "alexnet", "vgg16", "vgg19", "googlenet", "resnet18", "resnet34", "resnet50", "resnext50_32x4d", "densenet121",
    "mobilenet_v2", "cifar_resnet20", "cifar_resnet56",
]  # fmt: skip

# Engine: its name for people, and what has to be installed for it or built.
PYTHON_ENGINES = {"onnxruntime": ("ONNX Runtime", ["onnxruntime==1.32.0"]), "openvino": ("OpenVINO", ["openvino==2026.4.1"])}
RUST_ENGINES = {"tract": "tract 0.23.9", "rten": "rten 0.27.0"}
# Exports the networks, and is an engine, too.
TORCH = ["torch==2.15.0", "torchvision==0.29.2"]
EXPORT = ["numpy", "safetensors", "onnx", "onnxscript"]

# What `--full` measures: networks, threads, batch, whether no more than AVX2.
FULL = [(NETWORKS, 1, 1, False), (NETWORKS, 2, 1, False), (["vgg16", "resnet50"], 2, 8, False), (NETWORKS, 1, 1, True)]
# Those that can be limited, and by what.
LIMITS = {"CONVOKE_ISA": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
LIMITED = ["convoke", "openvino", "torch"]

TURN_S, IDLE_S = 0.05, 0.03


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **options):
    """Whether a command succeeds; if not, the end of what it says is said."""
    found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if found.returncode:
        say("\n".join(found.stdout.strip().splitlines()[-8:]))
    return found.returncode == 0


def installed(requirement):
    name, _, version = requirement.partition("==")
    script = f"from importlib.metadata import version; v = version('{name}'); assert not '{version}' or v.split('+')[0] == '{version}'"
    return subprocess.run([PYTHON, "-c", script], stderr=subprocess.DEVNULL).returncode == 0


def install(requirements):
    missing = [requirement for requirement in requirements if not installed(requirement)]
    if missing:
        say(f"installing {' '.join(missing)}")
    return not missing or run([PYTHON, "-m", "pip", "install", "--quiet", *missing])


def environment(torch_of):
    """The virtual environment with what exports networks; `torch_of` is another interpreter whose packages are seen, too."""
    if not PYTHON.exists():
        say("making a virtual environment")
        subprocess.run([sys.executable, "-m", "venv", HOME / "venv"], check=True)
    if torch_of:
        paths = "import sysconfig; print(sysconfig.get_path('purelib'))"
        own, theirs = (subprocess.run([p, "-c", paths], capture_output=True, text=True, check=True).stdout for p in (PYTHON, torch_of))
        (Path(own.strip()) / "torch_of.pth").write_text(theirs)
    if not install([*EXPORT, *TORCH]):
        sys.exit("without PyTorch there are no networks to run: see above")


def build(engine, program=None):
    """The program of an engine in Rust, the one of its name if no other is meant, or nothing."""
    program = program or engine
    say(f"building {engine}")
    target = HOME / "engines"
    manifest = HERE / "engines" / "Cargo.toml"
    command = ["cargo", "build", "--quiet", "--release", "--manifest-path", manifest, "--target-dir", target]
    return target / "release" / program if run([*command, "--features", engine, "--bin", program]) else None


def engines(wanted):
    """Commands by engine, convoke first."""
    found = {}
    for engine in ["convoke", *RUST_ENGINES]:
        if engine == "convoke" or engine in wanted:
            program = build(engine)
            if program:
                found[engine] = [program]
            elif engine == "convoke":
                sys.exit("convoke does not build: see above")
            else:
                say(f"{engine} does not build and is left out")
    for engine, (_, requirements) in PYTHON_ENGINES.items():
        if engine in wanted:
            if install(requirements):
                found[engine] = [PYTHON, HERE / "engine.py", engine]
            else:
                say(f"{engine} cannot be installed and is left out")
    if "torch" in wanted:
        found["torch"] = [PYTHON, HERE / "engine.py", "torch"]
    return found


def export(network, batch):
    """The network's files, made unless they are there and as their sources are now; whether that worked."""
    folder = HOME / "networks"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [HERE / "export.py", ROOT / "tests/parity/zoo.py", ROOT / "tests/parity/make.py"]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = folder / f"{network}-{batch}.stamp"
    if stamp.exists() and stamp.read_text() == digest:
        return True
    say(f"exporting {network}")
    made = run([PYTHON, HERE / "export.py", network, str(batch), folder])
    if made:
        stamp.write_text(digest)
    return made


class Engine:
    """A process with a network loaded."""

    def __init__(self, name, command, network, batch, threads, limits):
        self.name, folder = name, HOME / "networks"
        weights = folder / f"{network}.safetensors"
        file = weights if name in ("convoke", "torch") else folder / f"{network}-{batch}.onnx"
        shape = (folder / f"{network}-{batch}.shape").read_text()
        self.output = HOME / f"{name}.output"
        self.output.unlink(missing_ok=True)
        self.log = (HOME / f"{name}.log").open("w+")
        arguments = [network, file, folder / f"{network}-{batch}.input", shape, str(threads), self.output]
        # What compares networks must not depend on where it is called from.
        self.process = subprocess.Popen(
            [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env={**os.environ, **limits}
        )  # fmt: skip

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise RuntimeError("\n".join(self.log.read().strip().splitlines()[-4:]) or "it ended without a word")
        return line

    def ready(self):
        # Some libraries say something first.
        while self.answer().strip() != "ready":
            pass
        values = array.array("f")
        values.frombytes(self.output.read_bytes())
        return values

    def turn(self, n):
        """Times of n calls in ms, after one that is not counted."""
        self.process.stdin.write(f"{n + 1}\n")
        self.process.stdin.flush()
        return [int(ns) / 1e6 for ns in self.answer().split()][1:]

    def close(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()
        self.log.close()


def difference(found, expected):
    """The largest difference, in parts of the largest value."""
    if len(found) != len(expected):
        return math.inf
    largest = max(abs(value) for value in expected) or 1.0
    return max((abs(a - b) if a == a else math.inf) for a, b in zip(found, expected)) / largest


class Record:
    """What was measured, kept between runs."""

    def __init__(self, again):
        self.file = HOME / "record.json"
        self.results = json.loads(self.file.read_text()) if self.file.exists() and not again else []

    def find(self, what):
        return next((result for result in self.results if all(result.get(key) == value for key, value in what.items())), None)

    def add(self, result):
        self.results.append(result)
        whole = self.file.with_suffix(".new")
        whole.write_text(json.dumps(self.results, indent=1))
        whole.replace(self.file)


def measure(commands, network, batch, threads, repeat, avx2):
    """Median times in ms by engine, and how far their outputs are from convoke's."""
    running, outputs = {}, {}
    try:
        # All load at once: that saves time and disturbs no measurement.
        for name, command in commands.items():
            running[name] = Engine(name, command, network, batch, threads, LIMITS if avx2 else {})
        for name in list(running):
            try:
                outputs[name] = running[name].ready()
            except (RuntimeError, OSError) as error:
                say(f"{name} does not run {network} and is left out: {error}")
                running.pop(name).close()
                if name == "convoke":
                    return None
        # A turn of one call tells how many fill the time.
        calls = {name: max(1, min(2000, round(TURN_S * 1e3 / engine.turn(1)[0]))) for name, engine in running.items()}
        times = {name: [] for name in running}
        for round_ in range(repeat):
            order = list(running)
            order = order[round_ % len(order) :] + order[: round_ % len(order)]
            for name in order:
                time.sleep(IDLE_S)
                times[name] += running[name].turn(calls[name])
        return {
            "median_ms": {name: statistics.median(found) for name, found in times.items()},
            "min_ms": {name: min(found) for name, found in times.items()},
            "calls": {name: len(found) for name, found in times.items()},
            "difference": {name: difference(output, outputs["convoke"]) for name, output in outputs.items()},
        }
    finally:
        for engine in running.values():
            engine.close()


def processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    peers = [*PYTHON_ENGINES, "torch", *RUST_ENGINES]
    parser.add_argument("--only", default=",".join(NETWORKS), help="networks of the zoo, separated by commas")
    parser.add_argument("--engines", default=",".join(peers), help="those that convoke is compared with")
    parser.add_argument("--threads", default="1,2", help="one table for each number")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=20, help="rounds")
    parser.add_argument("--avx2", action="store_true", help="no more than AVX2, by the engines that can be told")
    parser.add_argument("--full", action="store_true", help="one image on 1 and 2 threads, batches of 8 on 2, and AVX2 on 1")
    parser.add_argument("--again", action="store_true", help="measures what is recorded, too")
    parser.add_argument("--torch-of", metavar="PYTHON", help="uses the packages of that interpreter, too, PyTorch above all")
    parser.add_argument("--record", action="store_true", help="writes the table and the plot beside this file")
    arguments = parser.parse_args()
    wanted = [engine for engine in arguments.engines.split(",") if engine]
    if unknown := set(wanted) - set(peers):
        parser.error(f"there is no engine {', '.join(sorted(unknown))}; there are {', '.join(peers)}")

    HOME.mkdir(parents=True, exist_ok=True)
    environment(arguments.torch_of)
    commands = engines(wanted)
    jobs = [(arguments.only.split(","), int(threads), arguments.batch, arguments.avx2) for threads in arguments.threads.split(",")]
    if arguments.full:
        jobs = FULL
    # What each is: the program itself, or the version of a library.
    digest = lambda program: hashlib.sha256(Path(program).read_bytes()).hexdigest()
    builds = {engine: requirements[0] for engine, (_, requirements) in PYTHON_ENGINES.items()} | {"torch": TORCH[0]}
    builds |= {engine: digest(command[0]) for engine, command in commands.items() if engine not in builds}
    record, results = Record(arguments.again), []
    for networks, threads, batch, avx2 in jobs:
        own = {engine: command for engine, command in commands.items() if not avx2 or engine in LIMITED}
        for network in networks:
            what = {"network": network, "batch": batch, "threads": threads, "avx2": avx2, "repeat": arguments.repeat}
            what |= {"builds": {engine: builds[engine] for engine in own}}
            if not (result := record.find(what)):
                if not export(network, batch):
                    say(f"{network} cannot be exported and is left out")
                    continue
                about = f"{threads} thread{'s' if threads > 1 else ''}, batch {batch}{', AVX2' if avx2 else ''}"
                say(f"running {network}, {about}")
                if result := measure(own, network, batch, threads, arguments.repeat, avx2):
                    result = what | result
                    record.add(result)
            results += [result] if result else []
    if not results:
        sys.exit("nothing was measured")
    names = {"convoke": "convoke", "torch": TORCH[0].replace("torch==", "PyTorch "), **RUST_ENGINES}
    names |= {engine: requirements[0].replace(f"{engine}==", f"{name} ") for engine, (name, requirements) in PYTHON_ENGINES.items()}
    about = f"{processor()}; {arguments.repeat} rounds"
    (HOME / "results.json").write_text(json.dumps({"about": about, "results": results}, indent=1))
    (HOME / "results.md").write_text(table(results, names, about))
    (HOME / "results.svg").write_text(plot(results, names))
    print((HOME / "results.md").read_text())
    if arguments.record:
        for file in ["results.md", "results.svg"]:
            shutil.copy(HOME / file, HERE / file)


if __name__ == "__main__":
    main()
