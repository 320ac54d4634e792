#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch's side of compare.py, a process for each measurement: peer.py JSON prints JSON.

Steps on one batch that lies ready, or with "data" the recipe of models/fer2013-resnet18.fer from files to weights.
"""
import csv
import json
import mmap
import pathlib
import statistics
import sys
import time
import warnings

sys.dont_write_bytecode = True  # networks.py may lie where nobody but an installer writes
import networks


def set_precision(torch, precision):
    """tf32: matrix products and convolutions may use it; else they do not."""
    for part in (torch.backends.cuda.matmul, torch.backends.cudnn):
        part.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True


def count(net):
    return sum(p.numel() for p in net.parameters())


def make_update(torch, task, net, optimizer):
    """A function that takes pictures and labels, does a step of training and returns the loss."""
    half, device = task["precision"] == "half", task["device"]
    loss = torch.nn.CrossEntropyLoss()
    scalers = torch.amp if hasattr(torch, "amp") and hasattr(torch.amp, "GradScaler") else torch.cuda.amp # before 2.3
    scaler = scalers.GradScaler(enabled=half)

    def update(x, label):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, enabled=half):
            value = loss(net(x), label)
        scaler.scale(value).backward()
        scaler.step(optimizer)
        scaler.update()
        return value.detach()
    return update


def make_finish(torch, device):
    return torch.cuda.synchronize if device != "cpu" else lambda: None


# ---- steps on one batch ----------------------------------------------------------------------------------------------

def make_step(torch, task):
    """The number of parameters and a function that does one step, up to its end."""
    case, device, half = task["case"], task["device"], task["precision"] == "half"
    net = networks.make(torch, case["network"], case["channels"], task["classes"]).to(device)
    x = torch.rand(case["batch"], case["channels"], case["size"], case["size"], device=device)
    finish = make_finish(torch, device)
    if task["variant"] == "channels_last":
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    parameters = count(net)

    def infer():
        with torch.no_grad(), torch.autocast(device, enabled=half):
            net(x)
        finish()
    if case["mode"] == "infer":
        net.eval()
        if task["variant"] == "jit":
            with torch.no_grad():
                net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x)))
        return parameters, infer
    net.train()
    label = torch.randint(0, 7, (case["batch"],), device=device)
    update = make_update(torch, task, net, torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4))

    def train():
        update(x, label)
        finish()
    return parameters, train


def time_steps(torch, task):
    parameters, step = make_step(torch, task)
    for _ in range(3):
        step()
    seconds = []
    for _ in range(task["steps"]):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds), "parameters": parameters}


# ---- an epoch from files ---------------------------------------------------------------------------------------------

def open_faces(torch, manifest):
    """A data set that is asked for batches: indices in, pictures as bytes and labels out.  A picture is decoded when it is
    first asked for and kept in memory that the loader's processes share, as fer keeps what it has decoded."""
    import numpy
    from PIL import Image
    manifest = pathlib.Path(manifest)
    with open(manifest, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    names = sorted({row["label"] for row in rows})
    labels = torch.tensor([names.index(row["label"]) for row in rows])
    with Image.open(manifest.parent / rows[0]["path"]) as picture:
        width, height = picture.size
    # not share_memory_(): containers often have a /dev/shm of 64 MiB
    store = torch.frombuffer(mmap.mmap(-1, len(rows) * height * width), dtype=torch.uint8).view(-1, 1, height, width)
    known = torch.frombuffer(mmap.mmap(-1, len(rows)), dtype=torch.uint8)

    class Faces(torch.utils.data.Dataset):
        def __len__(self):
            return len(rows)

        def __getitem__(self, wanted):
            index = torch.tensor(wanted)
            for i in index[known[index] == 0].tolist():
                with Image.open(manifest.parent / rows[i]["path"]) as picture:
                    store[i, 0] = torch.from_numpy(numpy.array(picture.convert("L")))
                known[i] = 1
            return store[index], labels[index]
    return Faces()


def time_epochs(torch, task):
    """Seconds of all from here to the end of the last step; with "limit" no more steps than that."""
    case, device = task["case"], task["device"]
    layout = torch.channels_last if task["variant"] == "channels_last" else torch.contiguous_format
    crop, data, finish = case["size"], torch.utils.data, make_finish(torch, device)
    start = time.perf_counter()
    faces = open_faces(torch, task["data"])
    workers = {"multiprocessing_context": "fork", "persistent_workers": True} if task["workers"] else {}
    loader = data.DataLoader(faces, sampler=data.BatchSampler(data.RandomSampler(faces), case["batch"], drop_last=True),
                             batch_size=None, num_workers=task["workers"], **workers)
    net = networks.make(torch, case["network"], case["channels"], task["classes"]).to(device, memory_format=layout).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, task["epochs"])
    update = make_update(torch, task, net, optimizer)
    steps, first = 0, 0.0
    for _ in range(task["epochs"]):
        total = torch.zeros((), device=device)
        for x, label in loader:
            y0, x0 = (int(torch.randint(0, side - crop + 1, ())) for side in x.shape[2:])
            x = x[:, :, y0:y0 + crop, x0:x0 + crop].to(device).float().div_(255)
            flip = (torch.rand(len(x), device=device) < 0.5).view(-1, 1, 1, 1)
            x = torch.where(flip, x.flip(3), x).contiguous(memory_format=layout)
            total += update(x, label.to(device))
            steps += 1
            if steps == 1:
                finish()
                first = time.perf_counter() - start
            if steps == task["limit"]:
                break
        schedule.step()
    loss = float(total) * task["epochs"] / steps
    finish()
    seconds = time.perf_counter() - start
    return {"seconds": seconds / steps, "later": (seconds - first) / max(steps - 1, 1), "steps": steps, "loss": loss,
            "parameters": count(net)}


def main():
    warnings.filterwarnings("ignore", category=FutureWarning) # torch.jit is deprecated, and still the fastest
    import torch
    task = json.loads(sys.argv[1])
    torch.manual_seed(0)
    torch.set_num_threads(task["threads"])
    set_precision(torch, task["precision"])
    result = time_epochs(torch, task) if "data" in task else time_steps(torch, task)
    print(json.dumps({**result, "version": torch.__version__}))


if __name__ == "__main__":
    main()
