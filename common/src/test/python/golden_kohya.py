"""Adapters in the layout of kohya's trainers, with the weights that LyCORIS itself computes with.

LyCORIS makes, trains and saves LoRA, LoHa and LoKr for those trainers. The adapters here are "trained" by random noise, saved by LyCORIS as one file
without a config, and read back by it. A tuned weight is what an adapted layer makes of the identity: what was trained and what is seen when the
adapter is used. LyCORIS's own merge_to is not taken: in 4.1.3 it multiplies LoHa and LoKr by alpha / rank twice, other than its layers do. OUT is where golden_peft.py has written; OUT/llama/base is read, and for each kind are written

    OUT/llama/KIND/adapter/KIND.safetensors   the adapter
    OUT/llama/KIND/merged.safetensors         the weights that differ from the base, under the base's names

usage: golden_kohya.py OUT
"""

import sys
from pathlib import Path

import torch
from lycoris import LycorisNetwork, create_lycoris, create_lycoris_from_weights
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

KINDS = {
    "kohya-lora": dict(algo="lora", linear_dim=4, linear_alpha=3.0),
    "kohya-loha": dict(algo="loha", linear_dim=4, linear_alpha=2.0),
    "kohya-lokr": dict(algo="lokr", linear_dim=2, linear_alpha=0.5, factor=2),
    "kohya-lokr-both": dict(algo="lokr", linear_dim=1, linear_alpha=0.5, factor=4, decompose_both=True),
    "kohya-lokr-full": dict(algo="lokr", linear_dim=10000, linear_alpha=7.0, factor=4, full_matrix=True),
}


def load(base: Path) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()


def main(out: Path) -> None:
    torch.set_num_threads(1)
    base = out / "llama/base"
    weights = load_file(base / "model.safetensors")
    LycorisNetwork.apply_preset({"target_module": ["Linear"], "lora_prefix": "lora_te"})
    LycorisNetwork.apply_preset = lambda preset: None  # create_lycoris would put its own in place of ours
    for kind, settings in KINDS.items():
        torch.manual_seed(4)
        made = create_lycoris(load(base), 1.0, **settings)
        made.apply_to()
        with torch.no_grad():
            for parameter in made.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
        folder = out / "llama" / kind
        (folder / "adapter").mkdir(parents=True, exist_ok=True)
        file = folder / f"adapter/{kind}.safetensors"
        save_file({name: tensor.contiguous() for name, tensor in made.state_dict().items()}, file)

        model = load(base)
        read, _ = create_lycoris_from_weights(1.0, str(file), model)
        read.apply_to()
        merged = {}
        with torch.no_grad():
            for name, layer in model.named_modules():
                if isinstance(layer, torch.nn.Linear):
                    merged[f"{name}.weight"] = layer(torch.eye(layer.in_features)).T.contiguous()
        assert all(not torch.equal(tensor, weights[name]) for name, tensor in merged.items())
        assert len(merged) == 15, list(merged)
        save_file(merged, folder / "merged.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
