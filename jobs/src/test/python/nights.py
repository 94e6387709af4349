"""Runs the job night after night, each with one more checkpoint, and says what each night cost.

    jobs/src/test/python/nights.py FOLDER [NIGHTS]

Each checkpoint is an adapter on two matrices of 48 x 48, so that what is measured is everything but the scan. A night
is one command in a process of its own, as a scheduler starts it. Needs the built jar and no packages. FOLDER has to be
new. The last lines compare the nights around the tenth with the last ones, by medians of eleven.
"""

import array
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

LAUNCHER = Path(__file__).resolve().parents[3] / "bin/intruders"
MODULES = ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"]
SIZE, RANK = 48, 2
AROUND = 11


def write_tensors(file, shapes):
    """A safetensors file of random float32 tensors."""
    header, data = {}, b""
    for name, shape in shapes.items():
        values = array.array("f", (random.gauss(0, 1) for _ in range(shape[0] * shape[1])))
        end = len(data) + 4 * len(values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), end]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_adapter(folder):
    folder.mkdir(parents=True)
    factors = {}
    for module in MODULES:
        factors[f"base_model.model.{module}.lora_A.weight"] = [RANK, SIZE]
        factors[f"base_model.model.{module}.lora_B.weight"] = [SIZE, RANK]
    write_tensors(folder / "adapter_model.safetensors", factors)
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))


def cpu_seconds():
    times = os.times()
    return times.children_user + times.children_system


def main():
    folder, nights = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    folder.mkdir(parents=True)
    random.seed(0)
    (folder / "base").mkdir()
    write_tensors(folder / "base/model.safetensors", {f"{module}.weight": [SIZE, SIZE] for module in MODULES})
    manifest = "base: {id: base, uri: base}\ncheckpoints:\n"
    costs = []
    for night in range(1, nights + 1):
        write_adapter(folder / f"adapters/{night:03d}")
        manifest += f"  - {{id: c{night:03d}, uri: adapters/{night:03d}}}\n"
        (folder / "manifest.yaml").write_text(manifest)
        command = [LAUNCHER, "run", "--manifest", folder / "manifest.yaml", "--out", folder / "out", "--json"]
        begin, cpu = time.monotonic(), cpu_seconds()
        done = subprocess.run(command, capture_output=True, text=True)
        cost = time.monotonic() - begin, cpu_seconds() - cpu
        if done.returncode:
            sys.exit(f"night {night} ended with {done.returncode}:\n{done.stderr}")
        checkpoints = json.loads(done.stdout.splitlines()[-1])["checkpoints"]
        assert len(checkpoints) == night, (night, len(checkpoints))
        costs.append(cost)
        print(f"{night} {cost[0]:.2f} s, {cost[1]:.2f} s of CPU", flush=True)
    tenth, last = costs[4 : 4 + AROUND], costs[-AROUND:]
    for what, i in (("wall", 0), ("CPU", 1)):
        before, after = (statistics.median(cost[i] for cost in some) for some in (tenth, last))
        print(f"{what}: {before:.2f} s around the tenth night, {after:.2f} s at the end: {after / before:.2f} times")


if __name__ == "__main__":
    main()
