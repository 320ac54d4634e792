# SPDX-License-Identifier: Apache-2.0
"""compare.py --data: the recipe of models/fer2013-resnet18.fer from pictures in files to trained weights, in fer and, as
peer.py has it, in PyTorch."""
import csv
import json
import pathlib
import sys
import tempfile

import processes

HERE = pathlib.Path(__file__).resolve().parent
# in the source tree, and where both are installed
RECIPES = (HERE.parent / "models/fer2013-resnet18.fer", HERE / "models/fer2013-resnet18.fer")
# what peer.py does likewise
WORDS = ("resnet depth=18 width=32 classes=7 stem=small", "split=train | gray | batch 64 | randcrop 44 same=yes | hflip",
         "sgd lr=$lr momentum=0.9 decay=5e-4 | cosine", "let lr     = 0.05")
CASE = {"name": "FER2013's recipe, files to weights", "network": "resnet depth=18 width=32 stem=small", "channels": 1,
        "size": 44, "batch": 64, "mode": "train"}
CLASSES = 7
TRIAL = 40  # steps by which PyTorch's layout and number of loading processes are chosen
FEW = 10    # batches of --tiny


def find_recipe():
    return next((path for path in RECIPES if path.is_file()), None)


def read_rows(manifest, split):
    with open(manifest, newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row.get("split") == split]


def check(options):
    recipe = find_recipe()
    if not recipe:
        sys.exit(f"compare.py: {RECIPES[0]} is missing; --data is for the source tree, or an installed fer's compare.py")
    text = recipe.read_text(encoding="utf-8")
    for words in WORDS:
        if words not in text:
            sys.exit(f"compare.py: {recipe} no longer has '{words}', which PyTorch's side does: change bench/peer.py too")
    try:
        found = min(len(read_rows(options.data, split)) for split in ("train", "test"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        sys.exit(f"compare.py: {options.data} cannot be read: {error}")
    if found < CASE["batch"]:
        sys.exit(f"compare.py: {options.data} has no {CASE['batch']} rows of split=train and of split=test; expected a header "
                 "path,label,split and a row for each picture")


def explain(options):
    return (f"images a second over {options.epochs} epoch{'s' if options.epochs > 1 else ''} of training, from before the "
            "network is built and the manifest is read to the end of the last step: reading, decoding, cropping and "
            "mirroring count, tests and what is saved do not, nor the start of the interpreter and its imports. Both decode a "
            "picture when it is first asked for and keep its bytes in memory. PyTorch gathers each batch with one index, in "
            f"the layout and with the number of loading processes that were the fastest in {TRIAL} steps; its memory is that "
            "of its largest process")


def cut(manifest, path, batches):
    """A manifest with the first of each split."""
    rows = [row for split in ("train", "test") for row in read_rows(manifest, split)[:batches * CASE["batch"]]]
    folder = pathlib.Path(manifest).resolve().parent
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "label", "split"))
        writer.writerows((folder / row["path"], row["label"], row["split"]) for row in rows)


def read_log(path):
    """Seconds of training a step, without tests, the number of steps, and the last epoch's loss."""
    seconds, steps, since, last, loss = 0.0, 0, 0.0, 0.0, None
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["kind"] == "step":
            steps, last = steps + 1, entry["seconds"]
        elif entry["kind"] == "epoch": # its seconds include the tests that follow the last step
            seconds, since, loss = seconds + last - since, entry["seconds"], entry["loss"]
    return seconds / steps, steps, loss


def run_fer(options, manifest, precision, epochs):
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        _, memory = processes.run_command(options, precision, "train", str(find_recipe()), "--set", f"csv={manifest}", "--set",
                                          f"epochs={epochs}", "--seed", "0", "--quiet", "--run", str(run))
        seconds, steps, loss = read_log(run / "log.jsonl")
    return {"seconds": seconds, "memory": memory, "steps": steps, "loss": loss}


def fastest_way(options, manifest, python):
    """The runner and the number of loading processes."""
    times = {}
    for layout in ("nchw", "channels_last"):
        for workers in (0, 1, 2):
            runner = (python, layout, workers)
            result = processes.run_torch(options, CASE, runner, classes=CLASSES, data=manifest, epochs=1, workers=workers,
                                         limit=TRIAL)
            times[runner] = result["later"]
            processes.say(CASE, "to choose", (python, layout, f"workers={workers}"), {"seconds": result["later"]})
    return min(times, key=times.get)


def measure(options, case):
    """As compare.measure."""
    with tempfile.TemporaryDirectory() as folder:
        manifest, few = str(pathlib.Path(options.data).resolve()), str(pathlib.Path(folder) / "few.csv")
        cut(manifest, few, FEW)
        manifest = few if options.tiny else manifest
        ours = [("fer", precision) for precision in options.precision]
        counts = {}
        for runner in ours: # kernels are compiled
            counts[runner] = processes.run_fer(options, case, CLASSES, runner[1], 1)["parameters"]
            run_fer(options, few, runner[1], 1)
        ways = {}
        for python in options.python:
            _, layout, workers = fastest_way(options, manifest, python)
            ways[python, f"{layout}, workers={workers}"] = (python, layout), workers

        def run(runner):
            if runner[0] == "fer":
                return run_fer(options, manifest, runner[1], options.epochs)
            result = processes.run_torch(options, case, ways[runner][0], classes=CLASSES, data=manifest,
                                         epochs=options.epochs, workers=ways[runner][1], limit=None)
            counts[runner] = result["parameters"]
            return result

        results = processes.alternate(options, case, ours + list(ways), run)
    processes.check_parameters(case, counts)
    if len({result["steps"] for rounds in results.values() for result in rounds}) != 1:
        sys.exit(f"compare.py: {case['name']}: the numbers of steps differ")
    losses = "; ".join(f"{' '.join(filter(None, runner))} {rounds[0]['loss']:.4f}" for runner, rounds in results.items())
    print(f"{case['name']}, mean loss of the last epoch: {losses}", file=sys.stderr)
    return results
