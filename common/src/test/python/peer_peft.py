"""What PEFT's own search for intruders takes, to measure a whole run beside.

`make` writes one block of the shape of TinyLlama with random weights on a falling spectrum, eight LoRA adapters of rank 16 on all its linear
layers, and manifests for the first and for all eight. `time` has PEFT's reduce_intruder_dimension edit the first adapter and prints the seconds, wall
and processor, without those that loading takes.

usage: peer_peft.py make|time OUT
"""

import sys
import time
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.intruders import reduce_intruder_dimension
from transformers import LlamaConfig, LlamaForCausalLM

ADAPTERS, RANK, OUTLIERS = 8, 16, 64
BLOCK = LlamaConfig(hidden_size=2048, intermediate_size=5632, num_hidden_layers=1, num_attention_heads=32, num_key_value_heads=4, vocab_size=512)


def make(out: Path) -> None:
    torch.manual_seed(0)
    model = LlamaForCausalLM(BLOCK)
    strengths = 3 * torch.arange(1, OUTLIERS + 1).float() ** -0.5
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2 and "layers" in name:
                left, right = (torch.linalg.qr(torch.randn(side, OUTLIERS))[0] for side in weight.shape)
                weight.normal_(0, 0.02).add_(left @ torch.diag(strengths) @ right.T)
    model.save_pretrained(out / "base")
    for i in range(ADAPTERS):
        torch.manual_seed(100 + i)
        config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear")
        adapter = get_peft_model(LlamaForCausalLM.from_pretrained(out / "base"), config)
        with torch.no_grad():
            for name, factor in adapter.named_parameters():
                if "lora_" in name:
                    factor.normal_(0, 0.03)
        adapter.save_pretrained(out / f"adapter-{i}")
    for name, count in {"one": 1, "eight": ADAPTERS}.items():
        lines = ["base: {id: block, uri: base}", "checkpoints:"]
        lines += [f"  - {{id: adapter-{i}, uri: adapter-{i}}}" for i in range(count)]
        (out / f"{name}.yaml").write_text("\n".join(lines) + "\n")


def measure(out: Path) -> None:
    torch.set_num_threads(2)
    model = PeftModel.from_pretrained(LlamaForCausalLM.from_pretrained(out / "base"), out / "adapter-0")
    wall, processor = time.time(), time.process_time()
    reduce_intruder_dimension(model, top_k=10, threshold_epsilon=0.5, mitigation_lambda=0.75)
    print(f"PEFT: {time.time() - wall:.1f} s, {time.process_time() - processor:.1f} s of processor time")


if __name__ == "__main__":
    {"make": make, "time": measure}[sys.argv[1]](Path(sys.argv[2]))
