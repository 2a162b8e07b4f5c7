"""Streams images of 50 different sizes through networks that take any, by convoke, ONNX Runtime and OpenVINO with dynamic axes.

    python3 tests/peers/sizes.py
    python3 tests/peers/sizes.py --only unet --threads 2 --repeat 5

What it needs it makes as `run.py` does. An engine is a process that loads the network and then runs all images in turn when told to, one
turn of each engine after the other. Of the first turn, which has whatever an engine does when it meets a size for the first
time, the total time is reported, and of the others, which meet no new size, the median of their totals. Loading is
reported by itself. Outputs of the first turn are compared with convoke's. Everything is in f32.

The table goes to `target/peers`; with `--record` also beside this file.
"""

import argparse
import array
import hashlib
import random
import statistics
import subprocess
import sys
import time

from run import HERE, HOME, IDLE_S, PYTHON, PYTHON_ENGINES, ROOT, build, difference, environment, install, processor, run, say

# Sides of images are multiples of that, from the least to the most.
NETWORKS = {"resnet50": (1, 160, 384), "unet": (16, 128, 384)}
N_SIZES = 50


def sizes(network):
    """As many different sizes in no order, the same ones each time."""
    step, least, most = NETWORKS[network]
    source = random.Random(1)
    side = lambda: source.randrange(least, most + 1, step)
    found = {}
    while len(found) < N_SIZES:
        found[f"3x{side()}x{side()}"] = None
    return list(found)


def export(network):
    folder = HOME / "networks"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [HERE / "export.py", HERE / "sizes.py", ROOT / "tests/parity/zoo.py", ROOT / "tests/parity/make.py"]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = folder / f"{network}-sizes.stamp"
    if not (stamp.exists() and stamp.read_text() == digest):
        say(f"exporting {network}")
        if not run([PYTHON, HERE / "export.py", network, ",".join(sizes(network)), folder]):
            return False
        stamp.write_text(digest)
    return True


class Engine:
    """A process with a network loaded."""

    def __init__(self, name, command, network, threads):
        folder = HOME / "networks"
        file = folder / (f"{network}.safetensors" if name == "convoke" else f"{network}-sizes.onnx")
        shapes = (folder / f"{network}-sizes.shape").read_text()
        self.output = HOME / f"{name}.output"
        self.output.unlink(missing_ok=True)
        arguments = [network, file, folder / f"{network}-sizes.input", shapes, str(threads), self.output]
        self.process = subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.line()
        while not line.startswith("ready"):
            line = self.line()
        self.load_s = int(line.split()[1]) / 1e9

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("it ended without a word")
        return line

    def turn(self):
        """Seconds of each size."""
        time.sleep(IDLE_S)
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        return [int(ns) / 1e9 for ns in self.line().split()]

    def outputs(self):
        values = array.array("f")
        values.frombytes(self.output.read_bytes())
        return values

    def close(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()


def measure(commands, network, threads, repeat):
    """By engine: seconds of loading, of the first turn, of the others, and how far its outputs are from convoke's."""
    running = {}
    try:
        for name, command in commands.items():
            running[name] = Engine(name, command, network, threads)
        first = {name: engine.turn() for name, engine in running.items()}
        again = {name: [] for name in running}
        for round_ in range(repeat):
            order = list(running)
            order = order[round_ % len(order) :] + order[: round_ % len(order)]
            for name in order:
                again[name].append(running[name].turn())
        outputs = {name: engine.outputs() for name, engine in running.items()}
        for name in running:
            # What a size costs when it comes first, and what it costs later.
            say(f"  {name}: first of a size {statistics.median(first[name]) * 1e3:.1f} ms, later {statistics.median(sum(again[name], [])) * 1e3:.1f} ms")
        return {
            name: {
                "load": engine.load_s,
                "first": sum(first[name]),
                "again": statistics.median(map(sum, again[name])),
                "difference": difference(outputs[name], outputs["convoke"]),
            }
            for name, engine in running.items()
        }
    finally:
        for engine in running.values():
            engine.close()


def table(results, names, about):
    text = f"Seconds for images of {N_SIZES} different sizes, one after another, f32 ({about}): loading, the first turn, a later one.\n\n"
    engines = list(names)
    head = [f"{names[engine]}: {what}" for what in ["load", "first turn", "later turn"] for engine in engines]
    text += f"| Network | Threads | {' | '.join(head)} | best peer / convoke: first | later |\n|---|---{'|---' * (len(head) + 2)}|\n"
    for network, threads, found in results:
        cells = [f"{found[engine][what]:.3g}" for what in ["load", "first", "again"] for engine in engines]
        ratio = lambda what: min(found[engine][what] for engine in engines[1:]) / found["convoke"][what]
        text += f"| {network} | {threads} | {' | '.join(cells)} | {ratio('first'):.2f} | {ratio('again'):.2f} |\n"
    worst = ", ".join(f"{names[engine]} {max(found[engine]['difference'] for *_, found in results):.0e}" for engine in engines[1:])
    return text + f"\nLargest difference of an output from convoke's, in parts of the largest output: {worst}.\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(NETWORKS), help="networks of the zoo, separated by commas")
    parser.add_argument("--threads", default="1,2", help="one row for each number")
    parser.add_argument("--repeat", type=int, default=4, help="turns after the first")
    parser.add_argument("--torch-of", metavar="PYTHON", help="uses the packages of that interpreter, too, PyTorch above all")
    parser.add_argument("--record", action="store_true", help="writes the table beside this file")
    arguments = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    environment(arguments.torch_of)
    program = build("convoke", "convoke_sizes")
    if not program:
        sys.exit("convoke does not build: see above")
    commands, names = {"convoke": [program]}, {"convoke": "convoke"}
    for engine, (name, requirements) in PYTHON_ENGINES.items():
        if install(requirements):
            commands[engine] = [PYTHON, HERE / "engine.py", engine]
            names[engine] = requirements[0].replace(f"{engine}==", f"{name} ")
        else:
            say(f"{engine} cannot be installed and is left out")
    results = []
    for network in arguments.only.split(","):
        if not export(network):
            sys.exit(f"{network} cannot be exported: see above")
        for threads in map(int, arguments.threads.split(",")):
            say(f"running {network}, {threads} thread{'s' if threads > 1 else ''}")
            results.append((network, threads, measure(commands, network, threads, arguments.repeat)))
    text = table(results, names, f"{processor()}; {arguments.repeat} later turns")
    (HOME / "sizes.md").write_text(text)
    print(text)
    if arguments.record:
        (HERE / "sizes.md").write_text(text)


if __name__ == "__main__":
    main()
