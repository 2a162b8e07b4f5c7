"""How large a program with a network is, how soon it has a result, how much memory it takes, and what an unoptimised build costs.

    python tests/program.py [--folder FOLDER] [NETWORK...]

Each network stands alone in a crate of its own, outside of the workspace and without any settings, built by `cargo build` and by
`cargo build --release`; LeNet-5 with its weights embedded. With `--folder` the crates stay there, so that another call builds what has
changed only: on a busy machine build first, and measure afterwards. Times are the least of several processes, each told to use
two threads:

- size: bytes of the release program, stripped, beside the weights that are embedded;
- start: from starting the process until its first result is there; beside it, what reading the file of weights takes;
- memory: the most that was resident (VmHWM), and the same over packed weights and arena;
- dev / release: the time of a run, the median within a process.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compile_time import ROOT, ZOO, alone

NETWORKS = ["lenet5", "resnet50", "vgg16", "alexnet", "mobilenet_v2"]
WEIGHTS = ROOT / "examples" / "digits" / "lenet5.safetensors"
THREADS, PROCESSES, RUN_S = 2, 7, 0.5

# Told `make FILE`, it writes random weights. Told `start FILE`, or `start` where they are embedded, it says when it has a result, how
# much memory that took, and what packed weights and arena take. Told `run FILE`, it says how long a run takes.
MAIN = """
use convoke::{SessionOptions, kernels::packed_len, rt::Definition};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let file = arguments.get(2).map(String::as_str).unwrap_or_default();
    if arguments[1] == "make" {
        NETWORK::random(0).save(file)?;
        return Ok(());
    }
    let net = LOAD;
    let mut session = net.session_with(SessionOptions::new().threads(THREADS))?;
    let image = Default::default();
    let class = session.run(&image)?.argmax();
    println!("{class}");
    if arguments[1] == "start" {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let isa = <NETWORK as Definition>::net(&net).isa()?;
        let packed: usize = NETWORK::plan().packs.iter().map(|pack| 4 * packed_len(&pack.form, isa)).sum();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default().trim_end_matches("kB").trim();
        println!("{most} {}", packed + NETWORK::ARENA_BYTES);
        return Ok(());
    }
    let (mut times, since) = (Vec::new(), Instant::now());
    while times.len() < 3 || since.elapsed() < Duration::from_secs_f64(RUN_S) {
        let start = Instant::now();
        // So many that reading the clock, which takes its time in an unoptimised build, does not count.
        for _ in 0..N_RUNS {
            session.run(&image)?;
        }
        times.push(start.elapsed().as_nanos() / N_RUNS);
    }
    times.sort();
    println!("{}", times[times.len() / 2]);
    Ok(())
}
"""


def make(folder, name):
    """The crate of a network."""
    crate = folder / name
    (crate / "src").mkdir(parents=True, exist_ok=True)
    invocation, network = alone(name)
    embedded = "// weights =" in invocation
    if embedded:
        (crate / "weights.safetensors").write_bytes(WEIGHTS.read_bytes())
        invocation = re.sub(r'// weights = "[^"]*"', 'weights = "weights.safetensors"', invocation)
    main = MAIN.replace("LOAD", "NETWORK::new()" if embedded else "NETWORK::load(file)?").replace("NETWORK", network)
    main = main.replace("THREADS", str(THREADS)).replace("RUN_S", str(RUN_S)).replace("N_RUNS", "100" if name == "lenet5" else "1")
    source = f"use convoke::network;\n{invocation}{main}"
    files = {
        "src/main.rs": source,
        "Cargo.toml": f'[package]\nname = "{name}"\nedition = "2024"\n'
        f'[dependencies]\nconvoke = {{ path = "{ROOT / "runtime"}" }}\n[workspace]\n',
        "Cargo.lock": (ROOT / "Cargo.lock").read_text(),
    }
    for file, text in files.items():
        path = crate / file
        # What is as it was is not compiled again.
        if file == "Cargo.lock" and path.exists():
            continue
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    return crate, embedded


def build(crate, target):
    """The programs of both profiles."""
    for flags in [[], ["--release"]]:
        subprocess.run(["cargo", "build", "-q", *flags], cwd=crate, check=True, env={**os.environ, "CARGO_TARGET_DIR": str(target)})
    return [target / profile / crate.name for profile in ["debug", "release"]]


def stripped_bytes(program, folder):
    copy = folder / "stripped"
    subprocess.run(["strip", "-o", copy, program], check=True)
    return copy.stat().st_size


def reading_ms(file):
    """What reading a file takes, piece by piece into the same memory: the least."""
    times, buffer = [], bytearray(1 << 20)
    for _ in range(PROCESSES):
        start = time.perf_counter()
        with open(file, "rb", buffering=0) as opened:
            while opened.readinto(buffer):
                pass
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def started(program, arguments):
    """Milliseconds until the first line; what the second says."""
    start = time.perf_counter()
    with subprocess.Popen([program, "start", *arguments], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        took = time.perf_counter() - start
        return took * 1e3, [int(word) for word in process.stdout.readline().split()]


def run_ns(program, arguments):
    return int(subprocess.run([program, "run", *arguments], check=True, capture_output=True, text=True).stdout.split()[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where the crates are, and stay")
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        programs = {}
        for name in arguments.networks:
            crate, embedded = make(folder, name)
            print(f"building {name}", file=sys.stderr, flush=True)
            programs[name] = (embedded, build(crate, folder / "target"))
        print("| Network | program | start (reading) | memory | of weights and arena | run, release | dev / release |")
        print("|---|---|---|---|---|---|---|")
        for name, (embedded, (dev, release)) in programs.items():
            size = stripped_bytes(release, folder) - (WEIGHTS.stat().st_size if embedded else 0)
            file = folder / f"{name}.safetensors"
            if not embedded and not file.exists():
                subprocess.run([release, "make", file], check=True)
            given = [] if embedded else [file]
            starts = [started(release, given) for _ in range(PROCESSES)]
            start, (resident, needed) = min(took for took, _ in starts), starts[0][1]
            # In turn, so that what slows one slows the other.
            pairs = [(run_ns(dev, given), run_ns(release, given)) for _ in range(3)]
            dev_ns, release_ns = (min(times) for times in zip(*pairs))
            reading = f" ({reading_ms(file):.0f} ms)" if not embedded else ""
            print(
                f"| {name} | {size / 1e6:.2f} MB | {start:.1f} ms{reading} | {resident * 1024 / 1e6:.1f} MB "
                f"| {resident * 1024 / needed:.2f} of {needed / 1e6:.1f} MB, and {(resident * 1024 - 1.1 * needed) / 1e6:+.1f} MB to 1.1 "
                f"| {release_ns / 1e6:.3f} ms | {dev_ns / release_ns:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
