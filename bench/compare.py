#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fer against PyTorch: the same networks, side by side, alternating, in one run.

    bench/compare.py --out docs/results/bench.md      # a quiet machine; sixteen cases, minutes each
    bench/compare.py --tiny                           # does it run at all: small pictures, two rounds, one minute
    fer bench --compare resnet50 --batch 1            # the same for one network: this file, installed
    bench/compare.py --device gpu --torch-device cuda --torch-precision tf32        # on a GPU (scripts/gpu-check)

Every measurement is a process of its own, `fer bench --json` or this file as a PyTorch worker, because peak memory is a
process's.  A round runs all of them once, and every second round in reverse, so that a machine that becomes slower does so
for everybody.  PyTorch may choose the best of NCHW and channels_last, for inference also of
torch.jit.optimize_for_inference (CPU).  Before anything is timed each network is run once: kernels are then compiled, and the
numbers of parameters must agree.  Never part of make check.

Needs Python 3.9 and, in the interpreters given with --python (this one, else /usr/bin/python3), torch.  No torchvision: the networks are written in networks.py.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
import warnings

sys.dont_write_bytecode = True  # networks.py may lie where nobody but an installer writes
import networks

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


# ---- the PyTorch side: runs in a process of its own ------------------------------------------------------------------

def set_precision(torch, precision):
    """tf32: matrix products and convolutions may use it; else they do not."""
    for part in (torch.backends.cuda.matmul, torch.backends.cudnn):
        part.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True


def make_step(torch, task):
    """The network and a function that does one step, up to its end."""
    case, device, half = task["case"], task["device"], task["precision"] == "half"
    net = networks.make(torch, case["network"], case["channels"], CLASSES).to(device)
    x = torch.rand(case["batch"], case["channels"], case["size"], case["size"], device=device)
    finish = torch.cuda.synchronize if device != "cpu" else lambda: None
    if task["variant"] == "channels_last":
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)

    def infer():
        with torch.no_grad(), torch.autocast(device, enabled=half):
            net(x)
        finish()
    if case["mode"] == "infer":
        net.eval()
        parameters = sum(p.numel() for p in net.parameters())
        if task["variant"] == "jit":
            with torch.no_grad():
                net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x)))
        return parameters, infer
    net.train()
    label = torch.randint(0, 7, (case["batch"],), device=device)
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    scalers = torch.amp if hasattr(torch, "amp") and hasattr(torch.amp, "GradScaler") else torch.cuda.amp # before 2.3
    scaler = scalers.GradScaler(enabled=half)

    def train():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, enabled=half):
            value = loss(net(x), label)
        scaler.scale(value).backward()
        scaler.step(optimizer)
        scaler.update()
        finish()
    return sum(p.numel() for p in net.parameters()), train


def worker(text):
    warnings.filterwarnings("ignore", category=FutureWarning) # torch.jit is deprecated, and still the fastest
    import torch
    task = json.loads(text)
    torch.manual_seed(0)
    torch.set_num_threads(task["threads"])
    set_precision(torch, task["precision"])
    parameters, step = make_step(torch, task)
    for _ in range(3):
        step()
    seconds = []
    for _ in range(task["steps"]):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds), "version": torch.__version__, "parameters": parameters}))


# ---- both sides as processes -----------------------------------------------------------------------------------------

def run_process(command, env):
    """Standard output and peak resident memory in bytes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **env}, text=True) as process:
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"compare.py: this failed with exit status {process.returncode}: {' '.join(command)}")
    return text, usage.ru_maxrss * 1024


def run_fer(options, case, steps):
    command = [options.fer, "bench", case["network"], "--size", str(case["size"]), "--batch", str(case["batch"]), "--channels",
               str(case["channels"]), "--classes", str(CLASSES), "--mode", case["mode"], "--steps", str(steps), "--json"]
    if options.device:
        command += ["--device", options.device]
    if options.precision:
        command += ["--precision", options.precision]
    text, memory = run_process(command, {"POCL_MAX_PTHREAD_COUNT": str(options.threads)})
    report = json.loads(text)
    return {"seconds": report["seconds_per_step"], "memory": memory, "parameters": report["parameters"],
            "device_memory": report["peak_device_memory"], "first": report["seconds_to_first_step"]}


def run_torch(options, python, case, variant, steps):
    task = {"case": case, "variant": variant, "steps": steps, "threads": options.threads, "device": options.torch_device,
            "precision": options.torch_precision}
    threads = str(options.threads)
    text, memory = run_process([python, __file__, "--worker", json.dumps(task)],
                               {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads})
    return {**json.loads(text.splitlines()[-1]), "memory": memory}


def variants_of(options, case):
    jit = case["mode"] == "infer" and options.torch_device == "cpu"
    return ("nchw", "channels_last", "jit") if jit else ("nchw", "channels_last")


def measure(options, case):
    """Results by runner: {runner: [one a round]}; a runner is "fer" or (python, variant)."""
    steps = options.steps or STEPS[case["mode"]]
    runners = ["fer"] + [(python, variant) for python in options.python for variant in variants_of(options, case)]

    def run(runner, count):
        return run_fer(options, case, count) if runner == "fer" else run_torch(options, *runner[:1], case, runner[1], count)

    first = {runner: run(runner, 1) for runner in (runners[0], runners[1])}
    counts = {runner: result["parameters"] for runner, result in first.items()}
    if len(set(counts.values())) != 1:
        sys.exit(f"compare.py: {case['name']}: the networks differ, in parameters: {counts}")
    results = {runner: [] for runner in runners}
    for round_ in range(options.rounds):
        for runner in runners if round_ % 2 == 0 else reversed(runners):
            results[runner].append(run(runner, steps))
            print(f"{case['name']}, round {round_ + 1}/{options.rounds}, {label_of(runner)}: "
                  f"{case['batch'] / results[runner][-1]['seconds']:.1f} images/s", file=sys.stderr)
    return results


# ---- the page --------------------------------------------------------------------------------------------------------

def label_of(runner):
    return "fer" if runner == "fer" else f"{runner[0]} {runner[1]}"


def median_of(results, key):
    return statistics.median(result[key] for result in results)


def spread_of(values):
    return (max(values) - min(values)) / statistics.median(values)


def row_of(case, results, python):
    """Ours against the best variant of one interpreter; ratios are taken round by round."""
    rivals = [runner for runner in results if runner != "fer" and runner[0] == python]
    best = min(rivals, key=lambda runner: median_of(results[runner], "seconds"))
    ours, theirs = results["fer"], results[best]
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(ours, theirs)]
    rates = [case["batch"] / median_of(side, "seconds") for side in (ours, theirs)]
    noise = [spread_of([result["seconds"] for result in side]) for side in (ours, theirs)]
    memory = [median_of(side, "memory") / 2**20 for side in (ours, theirs)]
    return (f"| {case['name']} | {case['batch']} | {rates[0]:.1f} ± {50 * noise[0]:.0f} % | {rates[1]:.1f} ± "
            f"{50 * noise[1]:.0f} % ({best[1]}) | **{statistics.median(ratios):.2f}** ({min(ratios):.2f} … {max(ratios):.2f}) | "
            f"{memory[0]:.0f} | {memory[1]:.0f} | {memory[1] / memory[0]:.2f} | {median_of(ours, 'device_memory') / 2**20:.0f} |")


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
    where = "the CPU" if options.torch_device == "cpu" else f"{options.torch_device}, {options.torch_precision}"
    lines = [f"# fer against PyTorch on {where}", "", "```", "bench/compare.py " + shlex.join(sys.argv[1:]), "```", "",
             f"- {datetime.date.today()}, commit {commit}, {output_of(options.fer, '--version')}",
             f"- {machine_of(options)}",
             f"- {options.threads} threads each; {options.rounds} rounds, alternating; a round's number is the median of "
             f"{options.steps or STEPS['infer']} (inference) or {options.steps or STEPS['train']} (training) steps after two or "
             "three that are not counted",
             f"- load of the machine before and after: {loads[0]:.1f}, {loads[1]:.1f} (about 0 means that nothing else ran)",
             "", "Images a second are medians over the rounds, ± half of the spread between the fastest and the slowest. The "
             "ratio is taken in every round (its extremes in brackets); above 1 ours is faster. Memory is the peak of the whole "
             "process in MiB, compiler and interpreter included; its ratio is PyTorch's over ours. Device memory is what fer "
             "allocates through OpenCL: weights, gradients and all intermediate results."]
    for python in options.python:
        version = next(result["version"] for _, results in everything for runner, rounds in results.items()
                       if runner != "fer" and runner[0] == python for result in rounds)
        lines += ["", f"## PyTorch {version}", "",
                  "| | batch | fer, images/s | PyTorch, images/s (best of) | ratio | fer, MiB | PyTorch, MiB | memory ratio "
                  "| fer, device MiB |", "|---|---|---|---|---|---|---|---|---|"]
        lines += [row_of(case, results, python) for case, results in everything]
    return "\n".join(lines) + "\n"


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--fer", default=str(ROOT / "build/install/bin/fer"), help="the command [build/install/bin/fer]")
    parser.add_argument("--device", help="of fer [its own choice]")
    parser.add_argument("--python", action="append", help="interpreter that has torch; may be repeated [this one, else "
                        "/usr/bin/python3]")
    parser.add_argument("--precision", choices=("fp32", "tf32", "fp16", "bf16"),
                        help="of fer's feature maps and products [fp32]")
    parser.add_argument("--torch-device", default="cpu", help="cuda: PyTorch on a GPU, for --device gpu [cpu]")
    parser.add_argument("--torch-precision", choices=("fp32", "tf32", "half"), default="fp32",
                        help="fp32: TF32 off; half: autocast and, in training, a loss scale [fp32]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="timed in each process [10 for inference, 5 for training]")
    parser.add_argument("--only", help="cases whose name has this text")
    parser.add_argument("--model", help="one network instead: resnet50, 'resnet depth=18 width=32 stem=small'; with it …")
    parser.add_argument("--mode", choices=("infer", "train"), default="infer", help="… [infer]")
    parser.add_argument("--size", type=int, default=224, help="… side of the pictures [224]")
    parser.add_argument("--batch", type=int, default=8, help="… [8]")
    parser.add_argument("--channels", type=int, default=3, help="… [3]")
    parser.add_argument("--tiny", action="store_true", help="small pictures, two rounds of two steps: only to see that it runs")
    parser.add_argument("--out", help="file for the page [standard output]")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tiny:
        options.rounds, options.steps = 2, 2
    return options


def main():
    options = parse_options()
    if options.worker:
        worker(options.worker)
        return
    options.python = find_python(options.python)
    cases = [case_of(options)] if options.model else [dict(zip(FIELDS, case)) for case in CASES
                                                      if not options.only or options.only in case[0]]
    if not cases:
        sys.exit("compare.py: no case has that in its name: " + "; ".join(case[0] for case in CASES))
    if options.tiny:
        cases = [{**case, "name": case["name"].replace("224", "64"), "size": min(case["size"], 64), "batch": 2}
                 for case in cases]
    load = os.getloadavg()[0]
    everything = [(case, measure(options, case)) for case in cases]
    page = page_of(options, everything, (load, os.getloadavg()[0]))
    if options.out:
        pathlib.Path(options.out).write_text(page, encoding="utf-8")
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
