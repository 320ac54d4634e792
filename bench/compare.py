#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fer against PyTorch: the same networks, side by side, alternating, in one run.

    bench/compare.py --out docs/results/bench.md      # a quiet machine; sixteen cases, minutes each
    bench/compare.py --tiny                           # does it run at all: small pictures, two rounds, one minute
    fer bench --compare resnet50 --batch 1            # the same for one network: this file, installed
    bench/compare.py --device gpu --torch-device cuda --torch-precision tf32        # on a GPU (scripts/gpu-check)
    bench/compare.py --data fer2013/fer2013.csv       # instead: an epoch of models/fer2013-resnet18.fer, from your files

Every measurement is a process of its own, `fer bench --json` or peer.py with PyTorch, because peak memory is a
process's.  A round runs all of them once, and every second round in reverse, so that a machine that becomes slower does so
for everybody.  PyTorch may choose the best of NCHW and channels_last, for inference also of
torch.jit.optimize_for_inference (CPU).  Before anything is timed each network is run once: kernels are then compiled, and the
numbers of parameters must agree.  Never part of make check.

Needs Python 3.9 and, in the interpreters given with --python (this one, else /usr/bin/python3), torch; for --data also
PIL and numpy.  No torchvision: the networks are written in networks.py.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True  # its parts may lie where nobody but an installer writes
import epoch
import networks
import processes

ROOT = pathlib.Path(__file__).resolve().parent.parent

SMALL = "resnet depth=18 width=64 stem=small"
NARROW = "resnet depth=18 width=32 stem=small"
#       name                                        network            channels size batch mode
CASES = [
    ("ResNet-18 inference, 224 px",                 "resnet depth=18", 3, 224, 8, "infer"),
    ("ResNet-50 inference, 224 px",                 "resnet depth=50", 3, 224, 8, "infer"),
    ("ResNeXt-50 32x4d inference, 224 px",          "resnext depth=50", 3, 224, 8, "infer"),
    ("VGG-16 inference, 224 px",                    "vgg depth=16", 3, 224, 8, "infer"),
    ("MobileNetV2 inference, 224 px",               "mobilenet_v2", 3, 224, 8, "infer"),
    ("ResNet-18 inference, 224 px, one picture",    "resnet depth=18", 3, 224, 1, "infer"),
    ("ResNet-18, small stem, inference, 48 px, one picture", SMALL, 1, 48, 1, "infer"),
    ("ResNet-18 training, 224 px",                  "resnet depth=18", 3, 224, 8, "train"),
    ("ResNet-50 training, 224 px",                  "resnet depth=50", 3, 224, 8, "train"),
    ("ResNeXt-50 32x4d training, 224 px",           "resnext depth=50", 3, 224, 8, "train"),
    ("VGG-16 training, 224 px",                     "vgg depth=16", 3, 224, 8, "train"),
    ("MobileNetV2 training, 224 px",                "mobilenet_v2", 3, 224, 8, "train"),
    ("ResNet-18, small stem, inference, 48 px",     SMALL, 1, 48, 64, "infer"),
    ("ResNet-18, small stem, training, 48 px",      SMALL, 1, 48, 64, "train"),
    ("ResNet-18, width 32, small stem, inference",  NARROW, 1, 44, 64, "infer"),
    ("ResNet-18, width 32, small stem, training",   NARROW, 1, 44, 64, "train"),
]
FIELDS = ("name", "network", "channels", "size", "batch", "mode")
STEPS = {"infer": 10, "train": 5}
CLASSES = 1000


# ---- a case ----------------------------------------------------------------------------------------------------------

def variants_of(options, case):
    jit = case["mode"] == "infer" and options.torch_device == "cpu"
    return ("nchw", "channels_last", "jit") if jit else ("nchw", "channels_last")


def measure(options, case):
    """Results by runner: {runner: [one a round]}; see processes.py."""
    steps = options.steps or STEPS[case["mode"]]
    ours = [("fer", precision) for precision in options.precision]
    theirs = [(python, variant) for python in options.python for variant in variants_of(options, case)]

    def run(runner, count):
        if runner[0] == "fer":
            return processes.run_fer(options, case, CLASSES, runner[1], count)
        return processes.run_torch(options, case, runner, classes=CLASSES, steps=count)

    counts = {runner: run(runner, 1)["parameters"] for runner in (*ours, theirs[0])}
    processes.check_parameters(case, counts)
    return processes.alternate(options, case, ours + theirs, lambda runner: run(runner, steps))


# ---- the page --------------------------------------------------------------------------------------------------------

def median_of(results, key):
    return statistics.median(result[key] for result in results)


def spread_of(values):
    return (max(values) - min(values)) / statistics.median(values)


def ratios_of(ours, theirs):
    """In text: PyTorch's time over ours, round by round."""
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(ours, theirs)]
    return f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} … {max(ratios):.2f})"


def fastest_of(results, runners):
    return min(runners, key=lambda runner: median_of(results[runner], "seconds"))


def rate_of(case, results):
    noise = spread_of([result["seconds"] for result in results])
    return f"{case['batch'] / median_of(results, 'seconds'):.1f} ± {50 * noise:.0f} %"


def row_of(case, results, ours, python, eager):
    """Ours in one precision against the best variant of one interpreter; eager: with the ratio to the best without jit."""
    rivals = [runner for runner in results if runner[0] == python]
    best, mine = fastest_of(results, rivals), results[ours]
    name = case["name"] + (f" ({ours[1]})" if ours[1] else "")
    memory = [median_of(side, "memory") / 2**20 for side in (mine, results[best])]
    cells = [name, case["batch"], rate_of(case, mine), f"{rate_of(case, results[best])} ({best[1]})",
             ratios_of(mine, results[best])]
    if eager:
        plain = [runner for runner in rivals if runner[1] != "jit"]
        cells.append(f"{ratios_of(mine, results[fastest_of(results, plain)])}" if len(plain) < len(rivals) else "")
    device = f"{median_of(mine, 'device_memory') / 2**20:.0f}" if "device_memory" in mine[0] else "–"
    cells += [f"{memory[0]:.0f}", f"{memory[1]:.0f}", f"{memory[1] / memory[0]:.2f}", device]
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def has_jit(everything):
    return any(runner[1] == "jit" for _, results in everything for runner in results)


def table_of(everything, python):
    eager = has_jit(everything)
    heads = ["", "batch", "fer, images/s", "PyTorch, images/s (best of)", "ratio", *(["ratio to eager"] if eager else []),
             "fer, MiB", "PyTorch, MiB", "memory ratio", "fer, device MiB"]
    return [f"| {' | '.join(heads)} |".replace("|  |", "| |"), "|---" * len(heads) + "|",
            *(row_of(case, results, ours, python, eager) for case, results in everything for ours in results
              if ours[0] == "fer")]


def has_torch(python):
    try:
        return subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def find_python(wished):
    for python in wished or [sys.executable, "/usr/bin/python3"]:
        if has_torch(python):
            if not wished:
                return [python]
        elif wished:
            sys.exit(f"compare.py: {python} is no Python that has torch")
    if not wished:
        sys.exit(f"compare.py: neither {sys.executable} nor /usr/bin/python3 has torch; install it (Debian: python3-torch), "
                 "or name an interpreter that has it with PYTHON=... fer bench --compare, or with --python")
    return wished


def case_of(options):
    """One network, as `fer bench` names it: resnet18, or "resnet depth=18 width=32 stem=small"."""
    if not networks.parse(options.model):
        sys.exit(f"compare.py: '{options.model}' is none of the networks that are written here in PyTorch: resnet18, resnet34, "
                 "resnet50, resnext50, vgg16, mobilenet_v2, or one with values, such as 'resnet depth=18 width=32 stem=small'")
    name = f"{options.model} {'training' if options.mode == 'train' else 'inference'}, {options.size} px"
    return dict(zip(FIELDS, (name, options.model, options.channels, options.size, options.batch, options.mode)))


def cases_of(options):
    known, wanted = {case[0]: dict(zip(FIELDS, case)) for case in CASES}, {}
    for text in options.only or [""]:
        found = [text] if text in known else [name for name in known if text in name]
        if not found:
            sys.exit(f"compare.py: no case has '{text}' in its name: " + "; ".join(known))
        wanted.update(dict.fromkeys(found)) # in the order of --only
    cases = [case_of(options)] if options.model else [known[name] for name in wanted]
    if options.tiny:
        cases = [{**case, "name": case["name"].replace("224", "64"), "size": min(case["size"], 64), "batch": 2}
                 for case in cases]
    return cases


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine_of(options):
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    memory = int(open("/proc/meminfo", encoding="utf-8").readline().split()[1]) / 2**20
    devices = json.loads(output_of(options.fer, "devices", "--json") or "[]")
    return (f"{model}, {os.cpu_count()} processors, {memory:.0f} GiB, Linux {platform.release()}; OpenCL: "
            + "; ".join(f"{d['name']} ({d['platform']}, {d['version']})" for d in devices))


def page_of(options, everything, loads):
    commit = output_of("git", "rev-parse", "--short", "HEAD") or "unknown"
    if output_of("git", "status", "--porcelain", "--untracked-files=no"):
        commit += " with changes"
    eager = ("It is to the best of what PyTorch may choose from; the ratio to eager, of inference, is to the faster of NCHW and "
             "channels_last without torch.jit. ") if has_jit(everything) else ""
    where = "the CPU" if options.torch_device == "cpu" else f"{options.torch_device}, {options.torch_precision}"
    lines = [f"# fer against PyTorch on {where}", "", "```", "bench/compare.py " + shlex.join(sys.argv[1:]), "```", "",
             f"- {datetime.date.today()}, commit {commit}, {output_of(options.fer, '--version')}",
             f"- {machine_of(options)}",
             f"- {options.threads} threads each; {options.rounds} rounds, alternating; " + (
                 epoch.explain(options) if options.data else "a round's number is the median of "
                 f"{options.steps or STEPS['infer']} (inference) or {options.steps or STEPS['train']} (training) steps after "
                 "two or three that are not counted"),
             f"- load of the machine before and after: {loads[0]:.1f}, {loads[1]:.1f} (about 0 means that nothing else ran)",
             "", "Images a second are medians over the rounds, ± half of the spread between the fastest and the slowest. The "
             "ratio is taken in every round (its extremes in brackets); above 1 ours is faster. " + eager + "Memory is the peak "
             "of the whole process in MiB, compiler and interpreter included; its ratio is PyTorch's over ours. Device memory is "
             "what fer allocates through OpenCL: weights, gradients and all intermediate results."]
    for python in options.python:
        version = next(result["version"] for _, results in everything for runner, rounds in results.items()
                       if runner[0] == python for result in rounds)
        lines += ["", f"## PyTorch {version}", "", *table_of(everything, python)]
    return "\n".join(lines) + "\n"


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--fer", default=str(ROOT / "build/install/bin/fer"), help="the command [build/install/bin/fer]")
    parser.add_argument("--device", help="of fer [its own choice]")
    parser.add_argument("--python", action="append", help="interpreter that has torch; may be repeated [this one, else "
                        "/usr/bin/python3]")
    parser.add_argument("--precision", choices=("fp32", "tf32", "fp16", "bf16"), action="append",
                        help="of fer's feature maps and products; repeated: a row for each [fp32]")
    parser.add_argument("--torch-device", default="cpu", help="cuda: PyTorch on a GPU, for --device gpu [cpu]")
    parser.add_argument("--torch-precision", choices=("fp32", "tf32", "half"), default="fp32",
                        help="fp32: TF32 off; half: autocast and, in training, a loss scale [fp32]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="timed in each process [10 for inference, 5 for training]")
    parser.add_argument("--only", action="append", help="cases whose name is this text or, if there is none, has it in it; may "
                        "be repeated")
    parser.add_argument("--model", help="one network instead: resnet50, 'resnet depth=18 width=32 stem=small'; with it …")
    parser.add_argument("--mode", choices=("infer", "train"), default="infer", help="… [infer]")
    parser.add_argument("--size", type=int, default=224, help="… side of the pictures [224]")
    parser.add_argument("--batch", type=int, default=8, help="… [8]")
    parser.add_argument("--channels", type=int, default=3, help="… [3]")
    parser.add_argument("--data", metavar="CSV", help="instead: an epoch of the recipe of models/fer2013-resnet18.fer, with "
                        "the pictures of this manifest (path,label,split; split=train)")
    parser.add_argument("--epochs", type=int, default=1, help="of --data [1]")
    parser.add_argument("--tiny", action="store_true", help="small pictures or few, two rounds of two steps: only to see that it runs")
    parser.add_argument("--out", help="file for the page [standard output]")
    options = parser.parse_args()
    if options.tiny:
        options.rounds, options.steps = 2, 2
    options.precision = options.precision or [None]
    return options


def main():
    options = parse_options()
    if options.data:
        epoch.check(options)
    options.python = find_python(options.python)
    load, everything = os.getloadavg()[0], []
    for case in [epoch.CASE] if options.data else cases_of(options):
        everything.append((case, epoch.measure(options, case) if options.data else measure(options, case)))
        page = page_of(options, everything, (load, os.getloadavg()[0]))
        if options.out: # after each case: who stops this keeps what there is
            pathlib.Path(options.out).write_text(page, encoding="utf-8")
    if not options.out:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
