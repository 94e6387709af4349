"""Synthetic layers of the shape of Llama 2 7B, and adapters on them, to measure a whole run with.

Seven matrices in BF16, four of 4096 x 4096 and three of 11008 x 4096, are noise with a decaying tail and leading outliers; every adapter is LoRA of
rank 16 on all seven, with directions strong enough to bring intruders. Writes OUT/base, OUT/adapters/NNN and OUT/manifest-N.yaml for N = 1, 2, 16 and
64 adapters, and night-1.yaml and night-2.yaml with three each, not the same. Takes about a gigabyte of disk. With more than one layer there is one adapter on all of them, manifest-1.yaml, and 0.4 GB for each layer.

usage: make_layer.py OUT [LAYERS]
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

ADAPTERS, RANK, OUTLIERS = 64, 16, 12
SHAPES = {
    "self_attn.q_proj": (4096, 4096), "self_attn.k_proj": (4096, 4096), "self_attn.v_proj": (4096, 4096), "self_attn.o_proj": (4096, 4096),
    "mlp.gate_proj": (11008, 4096), "mlp.up_proj": (11008, 4096), "mlp.down_proj": (4096, 11008),
}


def base_matrix(rows: int, cols: int) -> torch.Tensor:
    tail = (1 + 20 * torch.arange(cols) / cols) ** -0.5
    w = torch.randn(rows, cols) / (rows + cols) ** 0.5 * tail
    strengths = 4 / (1 + 0.25 * torch.arange(OUTLIERS))
    return w + (torch.randn(rows, OUTLIERS) / rows ** 0.5 * strengths) @ (torch.randn(OUTLIERS, cols) / cols ** 0.5)


def names(layer: int) -> dict[str, tuple[int, int]]:
    return {f"model.layers.{layer}.{name}": shape for name, shape in SHAPES.items()}


def save_base(folder: Path, layers: int) -> None:
    folder.mkdir(parents=True)
    shards = {}
    for layer in range(layers):
        file = "model.safetensors" if layers == 1 else f"model-{layer + 1:05d}-of-{layers:05d}.safetensors"
        tensors = {f"{name}.weight": base_matrix(*shape).to(torch.bfloat16) for name, shape in names(layer).items()}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        shards.update(dict.fromkeys(tensors, file))
    if layers > 1:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))


def main() -> None:
    out = Path(sys.argv[1])
    layers = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    counts = (1, 2, 16, ADAPTERS) if layers == 1 else (1,)
    torch.manual_seed(20261124)
    save_base(out / "base", layers)
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": RANK, "target_modules": sorted(name.split(".")[1] for name in SHAPES)}
    for i in range(counts[-1]):
        folder = out / f"adapters/{i:03d}"
        folder.mkdir(parents=True)
        tensors = {}
        for layer in range(layers):
            for name, (rows, cols) in names(layer).items():
                strengths = 1.9 / (1 + 0.2 * torch.arange(RANK))
                tensors[f"base_model.model.{name}.lora_B.weight"] = torch.randn(rows, RANK) / rows ** 0.5 * strengths
                tensors[f"base_model.model.{name}.lora_A.weight"] = torch.randn(RANK, cols) / cols ** 0.5
        save_file(tensors, folder / "adapter_model.safetensors")
        (folder / "adapter_config.json").write_text(json.dumps(config))
    manifests = {f"manifest-{count}": range(count) for count in counts}
    if layers == 1:
        manifests |= {"night-1": range(3), "night-2": range(3, 6)}
    for manifest, adapters in manifests.items():
        lines = ["base: {id: layer, uri: base}", "checkpoints:"]
        lines += [f'  - {{id: "adapter-{i:03d}", uri: adapters/{i:03d}}}' for i in adapters]
        (out / f"{manifest}.yaml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
