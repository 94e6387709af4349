"""A LoRA adapter in the layout of mlx-lm, with the weights it fuses to.

mlx-lm holds lora_a as (inputs, rank) and lora_b as (rank, outputs), under the module's own name, and fuses to

    W + (scale * lora_b.T) @ lora_a.T

OUT is where golden_peft.py has written; OUT/llama/base is read, OUT/llama/mlx is written.

usage: golden_mlx.py OUT
"""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

RANK = 4
SCALE = 20.0
TARGETS = ["self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj"]  # square, wide and tall


def main(out: Path) -> None:
    random = np.random.default_rng(3)
    base = load_file(out / "llama/base/model.safetensors")
    adapter, fused = {}, {}
    for layer in range(2):
        for target in TARGETS:
            module = f"model.layers.{layer}.{target}"
            w = base[f"{module}.weight"]
            a = (random.standard_normal((w.shape[1], RANK)) * 0.1).astype(np.float32)
            b = (random.standard_normal((RANK, w.shape[0])) * 0.1).astype(np.float32)
            adapter |= {f"{module}.lora_a": a, f"{module}.lora_b": b}
            fused[f"{module}.weight"] = w + (np.float32(SCALE) * b.T) @ a.T
    folder = out / "llama/mlx"
    folder.mkdir(exist_ok=True)
    save_file(adapter, folder / "adapters.safetensors")
    save_file(fused, folder / "merged.safetensors", metadata={"format": "pt"})
    settings = {
        "batch_size": 4, "fine_tune_type": "lora", "iters": 100, "learning_rate": 1e-05,
        "lora_parameters": {"rank": RANK, "dropout": 0.0, "scale": SCALE, "keys": TARGETS},
        "model": "../base", "num_layers": 2, "optimizer": "adam", "seed": 0, "train": True,
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=4))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
