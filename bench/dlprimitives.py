#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fer against dlprimitives, both through OpenCL on one device, alternating, in one run.

    bench/dlprimitives.py ~/dlprimitives --dlprimitives-device 0:0 --out docs/results/dlprimitives.md

The directory is a checkout of https://github.com/artyom-beilis/dlprimitives, built in its build/; its dlprim_benchmark and its
own networks (docs/nets_for_benchmark) are used as they are.  A device of theirs is platform:device, or `cpu`,
which is OpenBLAS and no OpenCL.  Training is with stochastic gradient descent on both sides.  On PoCL it needs the change
that docs/results/devices.md tells.  Never part of make check.
"""
import argparse
import datetime
import pathlib
import shlex
import statistics
import sys

sys.dont_write_bytecode = True
import compare
import processes

#     theirs          ours
NETS = {"resnet18": "resnet depth=18", "resnet50": "resnet depth=50", "vgg16": "vgg depth=16", "mobilenet_v2": "mobilenet_v2"}
CLASSES = 1000
WARM = 2


def run_theirs(options, case, steps):
    """Seconds of the median step, after WARM that are not counted."""
    root = pathlib.Path(options.directory)
    training = ["-b", "-g"] if case["mode"] == "train" else []
    threads = {name: str(options.threads) for name in ("POCL_MAX_PTHREAD_COUNT", "OMP_NUM_THREADS")}
    text, memory = processes.run_process(
        [str(root / "build/dlprim_benchmark"), *training, f"-B{case['batch']}", f"-w{WARM}", f"-i{steps}",
         options.dlprimitives_device, str(root / f"docs/nets_for_benchmark/{case['theirs']}-b8.js")], threads)
    lines = [line.split() for line in text.splitlines() if line.startswith("Step ")]
    seconds = [float(words[2]) / 1e3 for words in lines if int(words[1]) >= 0]
    if len(seconds) != steps:
        sys.exit(f"dlprimitives.py: {steps} steps were asked for, dlprim_benchmark printed {len(seconds)}:\n{text}")
    return {"seconds": statistics.median(seconds), "memory": memory}


def cases_of(options):
    for mode in options.mode or ("infer", "train"):
        for theirs in options.net or NETS:
            words = f"{theirs} {'training' if mode == 'train' else 'inference'}, 224 px"
            yield {**dict(zip(compare.FIELDS, (words, NETS[theirs], 3, 224, options.batch, mode))), "theirs": theirs}


def measure(options, case):
    steps = options.steps or compare.STEPS[case["mode"]]

    def run(runner):
        if runner[0] == "fer":
            return processes.run_fer(options, case, CLASSES, runner[1], steps)
        return run_theirs(options, case, steps)
    run(("fer", options.precision)) # kernels are compiled before anything is timed; theirs in its first steps, each time
    return processes.alternate(options, case, [("fer", options.precision), ("dlprimitives", None)], run)


def row_of(options, case, results):
    ours, theirs = results["fer", options.precision], results["dlprimitives", None]
    return (f"| {case['name']} | {case['batch']} | {compare.rate_of(case, ours)} | {compare.rate_of(case, theirs)} "
            f"| {compare.ratios_of(ours, theirs)} |")


def page_of(options, rows):
    commit = compare.output_of("git", "rev-parse", "--short", "HEAD") or "unknown"
    return "\n".join([
        "# fer against dlprimitives", "", "```", "bench/dlprimitives.py " + shlex.join(sys.argv[1:]), "```", "",
        f"- {datetime.date.today()}, commit {commit}, {compare.output_of(options.fer, '--version')}; dlprimitives "
        + (compare.output_of("git", "-C", options.directory, "rev-parse", "--short", "HEAD") or "of an unknown commit"),
        f"- {compare.machine_of(options)}", f"- {options.rounds} rounds, alternating; medians", "",
        "| | batch | fer, images/s | dlprimitives, images/s | ratio |", "|---" * 5 + "|", *rows, ""])


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("directory", help="a checkout of dlprimitives, built in its build/")
    parser.add_argument("--dlprimitives-device", default="0:0", help="its device [0:0]")
    parser.add_argument("--fer", default=str(compare.ROOT / "build/install/bin/fer"), help="the command [build/install/bin/fer]")
    parser.add_argument("--device", help="of fer [its own choice]")
    parser.add_argument("--precision", choices=("fp32", "tf32", "fp16", "bf16"), help="of fer [fp32]")
    parser.add_argument("--net", choices=tuple(NETS), action="append", help="may be repeated [all]")
    parser.add_argument("--mode", choices=("infer", "train"), action="append", help="[both]")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="timed in each process [10 for inference, 5 for training]")
    parser.add_argument("--threads", type=int, default=2, help="on CPUs")
    parser.add_argument("--out", help="file for the page [standard output]")
    options = parser.parse_args()
    if not (pathlib.Path(options.directory) / "build/dlprim_benchmark").is_file():
        parser.error(f"{options.directory}/build/dlprim_benchmark is not there; build dlprimitives in that directory first")
    return options


def main():
    options, rows = parse_options(), []
    for case in cases_of(options):
        rows.append(row_of(options, case, measure(options, case)))
        if options.out: # after each case: who stops this keeps what there is
            pathlib.Path(options.out).write_text(page_of(options, rows), encoding="utf-8")
    if not options.out:
        sys.stdout.write(page_of(options, rows))


if __name__ == "__main__":
    main()
