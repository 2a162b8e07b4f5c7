"""How long a user waits after editing one network of the zoo, and how much code it becomes.

    python tests/compile_time.py [NETWORK...]

Each network stands alone in a crate of its own, outside of the workspace. One of its numbers is edited, and `cargo build` is
timed: wall time and processor time, in seconds, the least of three, of which `(no network)` is what an empty crate takes.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ZOO = ROOT / "examples" / "zoo"
ROUNDS = 3


def alone(name):
    """The invocation of the network's file, without its other networks."""
    file, network = re.search(rf'"{name}": (\w+)::(\w+),', (ZOO / "members.rs").read_text()).groups()
    source = (ZOO / f"{file}.rs").read_text()
    source = source[source.index("network! {") :]
    source = source[: source.index("\n}\n") + 3]
    # A network is its documentation and what stands between the braces, which ends at the margin's `}` or on the same line.
    others = rf"(?ms)^(    ///[^\n]*\n)+    pub (?!{network}\()\w+\([^\n]*(\}}\n|\{{\n.*?^    \}}\n)"
    return re.sub(others, "", source).replace("weights =", "// weights ="), network


def edited(source, number):
    """Another number of outputs."""
    return re.sub(r"(CLASSES = |output: linear\()\d+", rf"\g<1>{number}", source)


def build(crate, flags):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["cargo", "build", "-q", *flags], cwd=crate, check=True)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def code_bytes(crate, profile):
    out = subprocess.run(["size", crate / "target" / profile / "timed"], check=True, capture_output=True, text=True).stdout
    return int(out.split("\n")[1].split()[0])


def measure(crate, source):
    """Wall and processor time of a dev and a release build, and the bytes of code and constants of the latter."""
    found = []
    for flags in [[], ["--release"]]:
        times = []
        for i in range(ROUNDS + 1):
            (crate / "src/main.rs").write_text(source(10 + i + ROUNDS * len(flags)))
            times.append(build(crate, flags))
        # The first compiles what the others find in the incremental cache.
        found += map(min, zip(*times[1:]))
    return found + [code_bytes(crate, "release")]


def main(names):
    with tempfile.TemporaryDirectory() as folder:
        crate = Path(folder)
        (crate / "src").mkdir()
        (crate / "Cargo.toml").write_text(
            '[package]\nname = "timed"\nedition = "2024"\n'
            f'[dependencies]\nconvoke = {{ path = "{ROOT / "runtime"}" }}\n'
            "[workspace]\n"
        )
        (crate / "Cargo.lock").write_bytes((ROOT / "Cargo.lock").read_bytes())
        print(f"{'network':18} {'dev: wall':>10} {'cpu':>6} {'release: wall':>14} {'cpu':>6} {'code':>9}")
        empty = measure(crate, lambda number: f"use convoke as _;\nfn main() {{ println!(\"{{}}\", {number}); }}\n")
        print("{:18} {:10.2f} {:6.2f} {:14.2f} {:6.2f}".format("(no network)", *empty[:4]), flush=True)
        for name in names:
            invocation, network = alone(name)
            body = f"fn main() {{ println!(\"{{:?}}\", {network}::random(0).session().run(&Default::default()).is_ok()); }}\n"
            source = lambda number: f"use convoke::network;\n{edited(invocation, number)}{body}"
            *times, code = measure(crate, source)
            print("{:18} {:10.2f} {:6.2f} {:14.2f} {:6.2f} {:5} KiB".format(name, *times, code // 1024), flush=True)


if __name__ == "__main__":
    os.environ["CARGO_TERM_COLOR"] = "never"
    main(sys.argv[1:] or re.findall(r'^    "(\w+)":', (ZOO / "members.rs").read_text(), re.M))
