"""Three hundred synthetic checkpoints over one base, to see a whole night's run with.

A Llama of 4 layers, width 1024, in BF16: 28 matrices that are noise with a decaying tail and leading outliers. On it 56 sequences of five LoRA adapters
(rank 16, each trained on top of the merged ones before it, so a chain of up to rank 80) and four sequences of five full fine-tunes, all with a few
directions strong enough to bring intruders; and metrics that rise with the update, with noise. Writes OUT/base, OUT/adapters, OUT/full,
OUT/evals.csv and OUT/manifest.yaml; about 3.4 GB.

usage: make_many.py OUT
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

LAYERS, WIDTH, FEED_FORWARD, RANK, OUTLIERS, STEPS = 4, 1024, 2816, 16, 12, 5
ADAPTER_SEQUENCES, FULL_SEQUENCES = 56, 4
TASKS = ("python", "c", "javascript", "xml", "sql")
MODULES = {
    "self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (WIDTH, WIDTH), "self_attn.v_proj": (WIDTH, WIDTH), "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.gate_proj": (FEED_FORWARD, WIDTH), "mlp.up_proj": (FEED_FORWARD, WIDTH), "mlp.down_proj": (WIDTH, FEED_FORWARD),
}
SHAPES = {f"model.layers.{layer}.{module}": shape for layer in range(LAYERS) for module, shape in MODULES.items()}


def directions(rows: int, cols: int, strengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    count = len(strengths)
    return torch.randn(rows, count) / rows ** 0.5 * strengths, torch.randn(count, cols) / cols ** 0.5


def base_matrix(rows: int, cols: int) -> torch.Tensor:
    tail = (1 + 20 * torch.arange(cols) / cols) ** -0.5
    left, right = directions(rows, cols, 4 / (1 + 0.25 * torch.arange(OUTLIERS)))
    return torch.randn(rows, cols) / (rows + cols) ** 0.5 * tail + left @ right


def save(weights: dict[str, torch.Tensor], folder: Path) -> None:
    folder.mkdir(parents=True)
    save_file({f"{name}.weight": weight.to(torch.bfloat16).contiguous() for name, weight in weights.items()},
              folder / "model.safetensors", metadata={"format": "pt"})


def save_adapter(folder: Path, strength: float) -> None:
    folder.mkdir(parents=True)
    tensors = {}
    for name, (rows, cols) in SHAPES.items():
        b, a = directions(rows, cols, strength / (1 + 0.2 * torch.arange(RANK)))
        tensors[f"base_model.model.{name}.lora_B.weight"], tensors[f"base_model.model.{name}.lora_A.weight"] = b, a
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": RANK, "target_modules": sorted(module.split(".")[1] for module in MODULES)}
    (folder / "adapter_config.json").write_text(json.dumps(config))


def main() -> None:
    out = Path(sys.argv[1])
    torch.manual_seed(20261127)
    base = {name: base_matrix(*shape) for name, shape in SHAPES.items()}
    save(base, out / "base")
    manifest = ["base: {id: base, uri: base}", "checkpoints:"]
    metrics = ["checkpoint,metric,value", "base,loss_general,1.1000"]

    def finish(checkpoint: str, source: str, sequence: str, step: int, method: str, loss: float) -> None:
        manifest.append(f"  - {{id: {checkpoint}, {source}, sequence: {sequence}, step: {step}, task: {TASKS[step - 1]}, tags: {{method: {method}}}}}")
        metrics.append(f"{checkpoint},loss_general,{loss + 0.02 * torch.randn(()).item():.4f}")

    for i in range(ADAPTER_SEQUENCES):
        strength = 0.6 + 1.6 * i / ADAPTER_SEQUENCES
        for step in range(1, STEPS + 1):
            save_adapter(out / f"adapters/{i:02d}/{step}", strength)
            chain = ", ".join(f"adapters/{i:02d}/{earlier}" for earlier in range(1, step + 1))
            finish(f"lora-{i:02d}/{step}", f"adapters: [{chain}]", f"lora-{i:02d}", step, "lora", 1.1 + 0.05 * strength * step)
    for i in range(FULL_SEQUENCES):
        weights = base
        for step in range(1, STEPS + 1):
            weights = {name: weight + 0.03 * torch.randn(weight.shape) / sum(weight.shape) ** 0.5 for name, weight in weights.items()}
            for weight in weights.values():
                left, right = directions(*weight.shape, 0.3 * torch.ones(4))
                weight += left @ right
            save(weights, out / f"full/{i}/{step}")
            finish(f"full-{i}/{step}", f"uri: full/{i}/{step}", f"full-{i}", step, "full", 1.1 + 0.02 * step)
    (out / "manifest.yaml").write_text("\n".join([*manifest, "metrics: evals.csv"]) + "\n")
    (out / "evals.csv").write_text("\n".join(metrics) + "\n")


if __name__ == "__main__":
    main()
