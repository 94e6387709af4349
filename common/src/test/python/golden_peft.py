"""Adapters of every kind on tiny random models, with the merged weights that PEFT itself computes from them.

The models are saved in float32, the adapters are made, "trained" (every trainable number is moved by random noise, so that nothing is left zero),
saved, read back and merged by PEFT. Shares no code with the Java reader of adapters, which is tested against what this writes:

    MODEL/base/                     config.json, model.safetensors
    MODEL/KIND/                     adapter_config.json, adapter_model.safetensors, exactly as PEFT saved them; and
    MODEL/KIND/merged.safetensors   the tensors of the tuned model that differ from the base, under the base's names;
                                    absent where PEFT cannot merge

Every merge is checked: the merged model computes the same as the adapted one, and the adapter read from its files merges to the same weights as the
one in memory. Seeds, hash seed and threads are fixed, so a second run writes the same bytes.

usage: golden_peft.py OUT
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

if os.environ.get("PYTHONHASHSEED") != "0":  # PEFT writes sets, such as target_modules, in the order of their hashes
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": "1"})

import peft
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM
from transformers.utils.logging import disable_progress_bar

TARGETS = ["q_proj", "v_proj", "down_proj"]  # square, wide and tall
TOKENS = torch.arange(1, 9).reshape(1, -1)
NOISE = 0.1


def lora(**settings) -> LoraConfig:
    return LoraConfig(**{"r": 4, "lora_alpha": 8, "target_modules": TARGETS} | settings)


def add_noise(model: torch.nn.Module) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += NOISE * torch.randn_like(parameter)


@dataclass
class Case:
    """One adapter: its configuration, its name if not the default one, how it is trained, and whether PEFT can merge it."""

    config: peft.PeftConfig
    name: str = "default"
    train: Callable[[PeftModel], None] = add_noise
    mergeable: bool = True
    save_embeddings: bool | str = "auto"  # whether a copy of the embedding goes with its update
    converted: bool = False  # saved as the plain LoRA that is the difference to its initial state


def prune_adalora(model: PeftModel) -> None:
    """Runs AdaLoRA's allocation of ranks to its end, after which the configuration holds a mask per module."""
    add_noise(model)
    for step in range(model.peft_config["default"].total_step):
        model(input_ids=TOKENS, labels=TOKENS).loss.backward()
        model.base_model.update_and_allocate(step)
        model.zero_grad()


LLAMA = LlamaForCausalLM, LlamaConfig(
    hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, vocab_size=32,
    max_position_embeddings=32, tie_word_embeddings=False, initializer_range=0.2)
GPT2 = GPT2LMHeadModel, GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=32, n_positions=16, initializer_range=0.2,
                                   bos_token_id=0, eos_token_id=0)
QWEN3_MOE = Qwen3MoeForCausalLM, Qwen3MoeConfig(
    hidden_size=16, intermediate_size=24, moe_intermediate_size=12, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
    num_experts=4, num_experts_per_tok=2, vocab_size=32, max_position_embeddings=32, tie_word_embeddings=False, initializer_range=0.2)

LARGER = dict(hidden_size=64, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=4, vocab_size=64, max_position_embeddings=32,
              tie_word_embeddings=False, initializer_range=0.2)
LLAMA_64 = LlamaForCausalLM, LlamaConfig(intermediate_size=96, **LARGER)
QWEN3_MOE_64 = Qwen3MoeForCausalLM, Qwen3MoeConfig(intermediate_size=96, moe_intermediate_size=48, head_dim=16, num_experts=2, num_experts_per_tok=1, **LARGER)

LLAMA_CASES = {
    # Plain LoRA
    "lora": Case(lora()),
    "rslora": Case(lora(use_rslora=True, init_lora_weights="gaussian")),
    "patterns": Case(lora(  # The first key that matches wins, and PEFT saves them sorted: the alpha 99 is for nothing. "proj" matches no module.
        target_modules=["q_proj", "v_proj", "up_proj", "down_proj"], init_lora_weights=False,
        rank_pattern={r"^model\.layers\.0\.mlp\.(up|down)_proj$": 3, r"layers\.1\.self_attn\.q_proj": 5, "q_proj": 2},
        alpha_pattern={".*q_proj": 3, r"layers\.1\.self_attn\.q_proj": 99, r"model\.layers\.1\..*down_proj": 16, "proj": 64})),
    "named": Case(lora(), name="sentiment"),
    "all-linear": Case(lora(target_modules="all-linear")),
    "pissa-converted": Case(lora(init_lora_weights="pissa"), converted=True),
    # LoRA with more to it than two factors
    "dora": Case(lora(use_dora=True)),
    "lora-bias": Case(lora(lora_bias=True), mergeable=False),  # no biases in the base to merge into
    "modules-to-save": Case(lora(modules_to_save=["lm_head"])),
    "embedding": Case(lora(target_modules=["embed_tokens", "q_proj"])),
    "trainable-token-indices": Case(lora(trainable_token_indices=[1, 5])),
    "pissa": Case(lora(init_lora_weights="pissa")),
    "olora": Case(lora(init_lora_weights="olora")),
    "kasa": Case(lora(kasa_config=peft.KasaConfig())),
    "alora": Case(lora(alora_invocation_tokens=[1, 2], task_type="CAUSAL_LM"), mergeable=False),
    "bd-lora": Case(lora(use_bdlora=peft.BdLoraConfig(target_modules_bd_a=["down_proj"], target_modules_bd_b=["q_proj", "v_proj"], nblocks=2))),
    # Other methods
    "adalora": Case(peft.AdaLoraConfig(init_r=4, target_r=2, lora_alpha=8, total_step=8, target_modules=TARGETS)),
    "adalora-pruned": Case(peft.AdaLoraConfig(init_r=4, target_r=2, lora_alpha=8, total_step=8, tinit=1, tfinal=2, target_modules=TARGETS),
                           train=prune_adalora),
    "vera": Case(peft.VeraConfig(r=4, target_modules=TARGETS)),
    "vera-without-projection": Case(peft.VeraConfig(r=4, target_modules=TARGETS, save_projection=False)),
    "loha": Case(peft.LoHaConfig(r=4, alpha=8, target_modules=TARGETS)),
    "lokr": Case(peft.LoKrConfig(r=1, alpha=2, target_modules=TARGETS)),
    "lokr-full": Case(peft.LoKrConfig(r=8, alpha=8, target_modules=TARGETS)),
    "lokr-decompose-both": Case(peft.LoKrConfig(r=1, alpha=2, decompose_both=True, target_modules=TARGETS)),
    "ia3": Case(peft.IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"])),
    "oft": Case(peft.OFTConfig(oft_block_size=8, target_modules=TARGETS)),
    "oft-cayley": Case(peft.OFTConfig(oft_block_size=8, target_modules=TARGETS, use_cayley_neumann=False)),
    "boft": Case(peft.BOFTConfig(boft_block_size=4, target_modules=TARGETS)),
    "hra": Case(peft.HRAConfig(r=4, target_modules=TARGETS)),
    "hira": Case(peft.HiraConfig(r=4, target_modules=TARGETS)),
    "miss": Case(peft.MissConfig(r=4, target_modules=TARGETS)),
    "c3a": Case(peft.C3AConfig(block_size=8, target_modules=TARGETS)),
    "gralora": Case(peft.GraloraConfig(r=4, alpha=8, target_modules=TARGETS)),
    "delora": Case(peft.DeloraConfig(r=4, delora_lambda=2, target_modules=TARGETS)),
    "shira": Case(peft.ShiraConfig(r=2, random_seed=3, target_modules=TARGETS)),
    "vblora": Case(peft.VBLoRAConfig(r=4, num_vectors=16, vector_length=8, target_modules=TARGETS)),
    "randlora": Case(peft.RandLoraConfig(r=4, randlora_alpha=8, target_modules=TARGETS)),
    "fourierft": Case(peft.FourierFTConfig(n_frequency=20, scaling=5.0, target_modules=TARGETS)),
    "waveft": Case(peft.WaveFTConfig(n_frequency=20, scaling=2.0, target_modules=TARGETS)),
    "trainable-tokens": Case(peft.TrainableTokensConfig(token_indices=[1, 5], target_modules=["embed_tokens"])),
    "prompt-tuning": Case(peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4), mergeable=False),
}
CONV1D = ["c_attn", "c_fc", "c_proj"]
GPT2_CASES = {
    "lora": Case(lora(target_modules=CONV1D, fan_in_fan_out=True)),
    "bias": Case(lora(target_modules=CONV1D, fan_in_fan_out=True, bias="lora_only")),
    "lora-bias": Case(lora(target_modules=CONV1D, fan_in_fan_out=True, lora_bias=True)),
    "dora": Case(lora(target_modules=CONV1D, fan_in_fan_out=True, use_dora=True)),
    "ia3": Case(peft.IA3Config(target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"], fan_in_fan_out=True)),
}
QWEN3_MOE_CASES = {
    "target-parameters": Case(lora(target_modules=["q_proj"], target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj"])),
}
LLAMA_64_CASES = {  # LoRA and what is like it, large enough for a search space much smaller than the matrices
    kind: Case(config) for kind, config in {
        "rslora": lora(use_rslora=True, init_lora_weights="gaussian"),
        "patterns": lora(rank_pattern={"q_proj": 6, "down_proj": 2}, alpha_pattern={"v_proj": 3}),
        "adalora": peft.AdaLoraConfig(init_r=4, target_r=2, lora_alpha=8, total_step=8, target_modules=TARGETS),
        "vera": peft.VeraConfig(r=4, target_modules=TARGETS),
        "vblora": peft.VBLoRAConfig(r=4, num_vectors=16, vector_length=8, target_modules=TARGETS),
        "delora": peft.DeloraConfig(r=4, delora_lambda=2, target_modules=TARGETS),
        "miss": peft.MissConfig(r=4, target_modules=TARGETS),
        "olora": lora(init_lora_weights="olora"),
        "hra": peft.HRAConfig(r=4, target_modules=TARGETS),
        "trainable-tokens": peft.TrainableTokensConfig(token_indices=[1, 5, 40], target_modules=["embed_tokens"]),
    }.items()
} | {
    "pissa-converted": Case(lora(init_lora_weights="pissa"), converted=True),
    "embedding": Case(lora(target_modules=["embed_tokens"]), save_embeddings=False),
}
LLAMA_64_CHAIN = {"chain/1-lora": Case(lora()), "chain/2-vera": Case(peft.VeraConfig(r=4, target_modules=TARGETS)),
                  "chain/3-delora": Case(peft.DeloraConfig(r=4, delora_lambda=2, target_modules=TARGETS))}
QWEN3_MOE_64_CASES = {
    "target-parameters": Case(lora(target_modules=["q_proj"], target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj"])),
}
CHAIN = {"chain/1": Case(lora(target_modules=["q_proj", "v_proj"])), "chain/2": Case(lora(target_modules=["q_proj", "down_proj"]))}

MIXED_CHAIN = {  # what scales the weights comes last and in between, so that only this order gives this result
    "mixed/1-lora": Case(lora(target_modules=["q_proj", "v_proj"])),
    "mixed/2-ia3": Case(peft.IA3Config(target_modules=["q_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"])),
    "mixed/3-loha": Case(peft.LoHaConfig(r=4, alpha=8, target_modules=["q_proj", "down_proj"])),
    "mixed/4-dora": Case(lora(use_dora=True, target_modules=["q_proj", "v_proj"])),
}


def load(path: str | Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()


def tensors_of(model: PreTrainedModel) -> dict[str, Tensor]:
    """The tensors as the model is saved, which is not always how it holds them."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return load_file(f"{folder}/model.safetensors")


def make_base(model_class: type[PreTrainedModel], config, folder: Path) -> None:
    torch.manual_seed(1)
    model = model_class(config)
    add_noise(model)  # norms and biases are not left at one and zero
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def make_adapter(case: Case, model: PreTrainedModel, folder: Path) -> PeftModel:
    """Leaves the working directory where adapter_config.json is, so that the base's path in it is a relative one."""
    where = folder if case.name == "default" else folder / case.name
    where.mkdir(parents=True)
    os.chdir(where)
    model.name_or_path = os.path.relpath(base_of(folder))
    torch.manual_seed(2)
    adapted = get_peft_model(model, case.config, adapter_name=case.name)
    with tempfile.TemporaryDirectory() as initial:
        if case.converted:
            adapted.peft_config["default"].init_lora_weights = True  # else reading the initial state back would take it off the base again
            adapted.save_pretrained(initial)
        case.train(adapted)
        adapted.save_pretrained(os.path.relpath(folder), save_embedding_layers=case.save_embeddings, path_initial_model_for_weight_conversion=initial if case.converted else None)
    (folder / "README.md").unlink()
    return adapted.eval()


def base_of(folder: Path) -> Path:
    return next(parent / "base" for parent in folder.parents if (parent / "base").exists())


def merge(adapted: PeftModel) -> PreTrainedModel:
    with torch.no_grad():
        expected = adapted(input_ids=TOKENS).logits
        merged = adapted.merge_and_unload()
        torch.testing.assert_close(merged(input_ids=TOKENS).logits, expected, rtol=1e-3, atol=1e-4)
    return merged


def save_merged(merged: PreTrainedModel, folder: Path) -> None:
    base = load_file(base_of(folder) / "model.safetensors")
    changed = {name: tensor for name, tensor in tensors_of(merged).items() if not torch.equal(tensor, base[name])}
    save_file(changed, folder / "merged.safetensors", metadata={"format": "pt"})


def make_case(case: Case, folder: Path) -> None:
    adapted = make_adapter(case, load(base_of(folder)), folder)
    if case.mergeable:
        merged = merge(PeftModel.from_pretrained(load(base_of(folder)), ".").eval())
        in_memory = tensors_of(merge(adapted))
        for name, tensor in tensors_of(merged).items():
            torch.testing.assert_close(tensor, in_memory[name], rtol=1e-4, atol=1e-5, msg=lambda text: f"{folder} {name}: {text}")
        save_merged(merged, folder)


def make_chain(cases: dict[str, Case], model_folder: Path) -> None:
    """Each adapter is trained on top of the model that the ones before it were merged into."""
    model = load(model_folder / "base")
    for kind, case in cases.items():
        model = merge(make_adapter(case, model, model_folder / kind))
        save_merged(model, model_folder / kind)


def main(out: Path) -> None:
    torch.set_num_threads(1)
    disable_progress_bar()
    shutil.rmtree(out, ignore_errors=True)
    for name, (model_class, config), cases in [("llama", LLAMA, LLAMA_CASES), ("gpt2", GPT2, GPT2_CASES), ("qwen3-moe", QWEN3_MOE, QWEN3_MOE_CASES),
                                               ("llama-64", LLAMA_64, LLAMA_64_CASES), ("qwen3-moe-64", QWEN3_MOE_64, QWEN3_MOE_64_CASES)]:
        make_base(model_class, config, out / name / "base")
        for kind, case in cases.items():
            make_case(case, out / name / kind)
    make_chain(CHAIN, out / "llama")
    make_chain(MIXED_CHAIN, out / "llama")
    make_chain(LLAMA_64_CHAIN, out / "llama-64")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
