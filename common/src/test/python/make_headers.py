"""Checkpoints and adapters of the shape of Llama 2 70B that hold headers and nothing else, to plan a large run with.

The files are sparse: their length is that of the real ones, their bytes are zeros that take no disk. `plan` reads headers only and can't tell; a scan would
find zeros. Writes OUT/base (80 layers: hidden 8192, feed-forward 28672, keys and values 1024), as many adapters (LoRA on all seven matrices of a layer) or
full fine-tunes as asked for, and OUT/manifest.yaml. Plain Python, no packages.

usage: make_headers.py OUT [--adapters N] [--full N] [--rank R] [--layers L]
"""

import argparse
import json
import struct
from pathlib import Path

HIDDEN, FEED_FORWARD, KEYS, VOCABULARY = 8192, 28672, 1024, 32000
SHAPES = {
    "self_attn.q_proj": (HIDDEN, HIDDEN), "self_attn.k_proj": (KEYS, HIDDEN), "self_attn.v_proj": (KEYS, HIDDEN), "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (FEED_FORWARD, HIDDEN), "mlp.up_proj": (FEED_FORWARD, HIDDEN), "mlp.down_proj": (HIDDEN, FEED_FORWARD),
}
LAYERS_PER_SHARD = 5


def write(path: Path, dtype: str, width: int, shapes: dict[str, tuple[int, ...]]) -> int:
    """A safetensors file whose tensors are a hole; returns their bytes."""
    header, end = {}, 0
    for name, shape in shapes.items():
        length = width
        for size in shape:
            length *= size
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + length]}
        end += length
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return end


def checkpoint(folder: Path, layers: int) -> None:
    folder.mkdir(parents=True)
    shards = -(-layers // LAYERS_PER_SHARD)
    weight_map, total = {}, 0
    for shard in range(shards):
        shapes = {}
        if shard == 0:
            shapes["model.embed_tokens.weight"] = (VOCABULARY, HIDDEN)
        if shard == shards - 1:
            shapes["model.norm.weight"] = (HIDDEN,)
            shapes["lm_head.weight"] = (VOCABULARY, HIDDEN)
        for layer in range(shard * LAYERS_PER_SHARD, min(layers, (shard + 1) * LAYERS_PER_SHARD)):
            shapes |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in SHAPES.items()}
            shapes |= {f"model.layers.{layer}.{norm}.weight": (HIDDEN,) for norm in ("input_layernorm", "post_attention_layernorm")}
        name = f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
        total += write(folder / name, "BF16", 2, shapes)
        weight_map |= {tensor: name for tensor in shapes}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}))
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "hidden_size": HIDDEN, "num_hidden_layers": layers}))


def adapter(folder: Path, layers: int, rank: int) -> None:
    folder.mkdir(parents=True)
    shapes = {}
    for layer in range(layers):
        for name, (rows, cols) in SHAPES.items():
            prefix = f"base_model.model.model.layers.{layer}.{name}"
            shapes |= {f"{prefix}.lora_A.weight": (rank, cols), f"{prefix}.lora_B.weight": (rows, rank)}
    write(folder / "adapter_model.safetensors", "BF16", 2, shapes)
    targets = sorted(name.split(".")[1] for name in SHAPES)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": rank, "lora_alpha": rank, "target_modules": targets}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--adapters", type=int, default=0)
    parser.add_argument("--full", type=int, default=0)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--layers", type=int, default=80)
    given = parser.parse_args()
    checkpoint(given.out / "base", given.layers)
    lines = ["base: {id: llama-70b, uri: base}", "checkpoints:"]
    for i in range(given.adapters):
        adapter(given.out / f"adapters/{i:03d}", given.layers, given.rank)
        lines.append(f"  - {{id: adapter-{i:03d}, uri: adapters/{i:03d}}}")
    for i in range(given.full):
        checkpoint(given.out / f"full/{i:03d}", given.layers)
        lines.append(f"  - {{id: full-{i:03d}, uri: full/{i:03d}}}")
    (given.out / "manifest.yaml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
