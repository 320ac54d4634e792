# SPDX-License-Identifier: Apache-2.0
"""Both sides of compare.py as processes.  A runner is ("fer", precision or None) or (python, variant)."""
import json
import os
import pathlib
import subprocess
import sys

PEER = pathlib.Path(__file__).resolve().parent / "peer.py"


def run_process(command, env):
    """Standard output and peak resident memory in bytes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **env}, text=True) as process:
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: this failed with exit status {process.returncode}: {' '.join(command)}")
    return text, usage.ru_maxrss * 1024


def run_command(options, precision, *words):
    """A command of fer, as run_process."""
    command = [options.fer, *words]
    if options.device:
        command += ["--device", options.device]
    if precision:
        command += ["--precision", precision]
    return run_process(command, {"POCL_MAX_PTHREAD_COUNT": str(options.threads)})


def run_fer(options, case, classes, precision, steps):
    text, memory = run_command(options, precision, "bench", case["network"], "--size", str(case["size"]), "--batch",
                               str(case["batch"]), "--channels", str(case["channels"]), "--classes", str(classes), "--mode",
                               case["mode"], "--steps", str(steps), "--json")
    report = json.loads(text)
    return {"seconds": report["seconds_per_step"], "memory": memory, "parameters": report["parameters"],
            "device_memory": report["peak_device_memory"], "first": report["seconds_to_first_step"]}


def run_torch(options, case, runner, **task):
    task = {"case": case, "variant": runner[1], "threads": options.threads, "device": options.torch_device,
            "precision": options.torch_precision, **task}
    threads = str(options.threads)
    text, memory = run_process([runner[0], str(PEER), json.dumps(task)],
                               {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads})
    return {**json.loads(text.splitlines()[-1]), "memory": memory}


def check_parameters(case, counts):
    if len(set(counts.values())) != 1:
        sys.exit(f"compare.py: {case['name']}: the networks differ, in parameters: {counts}")


def say(case, what, runner, result):
    name = " ".join(part for part in runner if part)
    print(f"{case['name']}, {what}, {name}: {case['batch'] / result['seconds']:.1f} images/s", file=sys.stderr)


def alternate(options, case, runners, run):
    """{runner: [one result a round]}; every second round runs in reverse."""
    results = {runner: [] for runner in runners}
    for round_ in range(options.rounds):
        for runner in runners if round_ % 2 == 0 else reversed(runners):
            results[runner].append(run(runner))
            say(case, f"round {round_ + 1}/{options.rounds}", runner, results[runner][-1])
    return results
