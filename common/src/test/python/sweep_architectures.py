"""Tiny random models of many architectures, a LoRA adapter by PEFT on each, and what `intruders scan` makes of them.

Of each architecture: the base as transformers saves it, the adapter on every linear layer as PEFT saves it, and the merged model as transformers saves
that. Where models are published without their task's head, as most encoders are, the base is saved without it, so that names differ. One scan takes
adapter and merged model together. Every matrix's count of intruders is compared with NumPy's dense SVD in float64 of the weights in memory, which are
found by their values, not by their names.

usage: sweep_architectures.py OUT [--launcher FILE] [--table FILE] [--only NAME[,NAME…]]

Writes the table as Markdown and prints a line for each architecture. The exit code is 1 if a count differs or a model could not be made.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TOKENIZERS_PARALLELISM="false")

import numpy as np
import peft
import pyarrow.parquet as parquet
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from torch import nn
from transformers.pytorch_utils import Conv1D

TOP_K, EPSILON = 10, 0.5
SETTINGS = ["--conf", "spark.sql.shuffle.partitions=1"]


@dataclass
class Architecture:
    name: str  # model_type
    kind: str
    model: str  # class of transformers
    settings: dict = field(default_factory=dict)
    bare: bool = False  # whether the base is saved without its head


TOKENS = dict(vocab_size=128, pad_token_id=0, bos_token_id=1, eos_token_id=2)
DECODER = TOKENS | dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64)
ENCODER = dict(vocab_size=128, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64, pad_token_id=0)
SEQ2SEQ = TOKENS | dict(d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48,
                        decoder_ffn_dim=48, max_position_embeddings=64, decoder_start_token_id=2)
T5 = TOKENS | dict(d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0)
VISION = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=16, patch_size=4)
AUDIO = dict(vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, conv_dim=(16, 16), conv_stride=(2, 2),
             conv_kernel=(3, 3), num_feat_extract_layers=2, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2)
TEXT = dict(model_type="llama") | DECODER
GPT = TOKENS | dict(n_embd=32, n_layer=2, n_head=4, n_positions=64, n_inner=48)
MOE = dict(num_experts=4, num_local_experts=4, num_experts_per_tok=2, moe_intermediate_size=24)
QWEN_TEXT = DECODER | dict(rope_parameters={"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 1e4})
QWEN_IDS = dict(image_token_id=100, video_token_id=101, vision_start_token_id=102, vision_end_token_id=103)


def decoder(name, model, kind="decoder", bare=False, **settings):
    return Architecture(name, kind, model, DECODER | settings, bare)


def encoder(name, model, **settings):
    return Architecture(name, "encoder", model, ENCODER | settings, True)


def seq2seq(name, model, **settings):
    return Architecture(name, "encoder-decoder", model, SEQ2SEQ | settings)


def vision(name, model, **settings):
    return Architecture(name, "vision", model, VISION | settings, True)


def audio(name, model, **settings):
    return Architecture(name, "audio", model, AUDIO | settings, True)


ARCHITECTURES = [
    decoder("llama", "LlamaForCausalLM"),
    decoder("mistral", "MistralForCausalLM"),
    decoder("qwen2", "Qwen2ForCausalLM"),
    decoder("qwen3", "Qwen3ForCausalLM", head_dim=8),
    decoder("gemma2", "Gemma2ForCausalLM", head_dim=8),
    decoder("gemma3_text", "Gemma3ForCausalLM", head_dim=8),
    decoder("phi", "PhiForCausalLM"),
    decoder("phi3", "Phi3ForCausalLM"),
    decoder("olmo2", "Olmo2ForCausalLM"),
    decoder("stablelm", "StableLmForCausalLM"),
    decoder("starcoder2", "Starcoder2ForCausalLM"),
    decoder("cohere", "CohereForCausalLM"),
    decoder("glm", "GlmForCausalLM", head_dim=8),
    decoder("gpt_neox", "GPTNeoXForCausalLM"),
    Architecture("gpt2", "decoder", "GPT2LMHeadModel", GPT, True),
    Architecture("gptj", "decoder", "GPTJForCausalLM", GPT | dict(rotary_dim=4), True),
    Architecture("gpt_neo", "decoder", "GPTNeoForCausalLM", TOKENS | dict(hidden_size=32, num_layers=2, num_heads=4, intermediate_size=48,
                 attention_types=[[["global", "local"], 1]], max_position_embeddings=64), True),
    Architecture("bloom", "decoder", "BloomForCausalLM", TOKENS | dict(hidden_size=32, n_layer=2, n_head=4), True),
    Architecture("falcon", "decoder", "FalconForCausalLM", TOKENS | dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4), True),
    Architecture("mpt", "decoder", "MptForCausalLM", TOKENS | dict(d_model=32, n_heads=4, n_layers=2, max_seq_len=64)),
    Architecture("opt", "decoder", "OPTForCausalLM", TOKENS | dict(hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4,
                 word_embed_proj_dim=32, max_position_embeddings=64), True),
    decoder("mixtral", "MixtralForCausalLM", "mixture of experts", **MOE),
    decoder("qwen2_moe", "Qwen2MoeForCausalLM", "mixture of experts", shared_expert_intermediate_size=24, **MOE),
    decoder("qwen3_moe", "Qwen3MoeForCausalLM", "mixture of experts", head_dim=8, **MOE),
    decoder("olmoe", "OlmoeForCausalLM", "mixture of experts", **MOE),
    decoder("gpt_oss", "GptOssForCausalLM", "mixture of experts", head_dim=8, **MOE),
    decoder("deepseek_v3", "DeepseekV3ForCausalLM", "mixture of experts", num_key_value_heads=4, n_routed_experts=4, n_group=1, topk_group=1,
            num_experts_per_tok=2, moe_intermediate_size=24, first_k_dense_replace=1, q_lora_rank=16, kv_lora_rank=8, qk_nope_head_dim=8,
            qk_rope_head_dim=4, v_head_dim=8, n_shared_experts=1),
    Architecture("mamba", "state-space", "MambaForCausalLM", TOKENS | dict(hidden_size=32, num_hidden_layers=2, state_size=8)),
    Architecture("mamba2", "state-space", "Mamba2ForCausalLM", TOKENS | dict(hidden_size=32, num_hidden_layers=2, state_size=8, head_dim=8, num_heads=8,
                 n_groups=1)),
    Architecture("rwkv", "state-space", "RwkvForCausalLM", TOKENS | dict(hidden_size=32, attention_hidden_size=32, num_hidden_layers=2)),
    decoder("recurrent_gemma", "RecurrentGemmaForCausalLM", "state-space", lru_width=32, block_types=["recurrent", "attention"], head_dim=8),
    decoder("jamba", "JambaForCausalLM", "state-space", num_experts=2, num_experts_per_tok=1, attn_layer_period=2, attn_layer_offset=1,
            expert_layer_period=2, expert_layer_offset=1, use_mamba_kernels=False, mamba_d_state=8, mamba_dt_rank=4),
    encoder("bert", "BertForSequenceClassification"),
    encoder("roberta", "RobertaForSequenceClassification"),
    encoder("xlm-roberta", "XLMRobertaForTokenClassification"),
    encoder("electra", "ElectraForSequenceClassification", embedding_size=32),
    encoder("albert", "AlbertForSequenceClassification", embedding_size=16),
    encoder("deberta-v2", "DebertaV2ForSequenceClassification", relative_attention=True, pos_att_type=["p2c", "c2p"]),
    encoder("mpnet", "MPNetForSequenceClassification"),
    encoder("modernbert", "ModernBertForSequenceClassification", cls_token_id=1, sep_token_id=2),
    encoder("esm", "EsmForSequenceClassification", mask_token_id=3),
    Architecture("distilbert", "encoder", "DistilBertForSequenceClassification", dict(vocab_size=128, dim=32, hidden_dim=48, n_layers=2, n_heads=4,
                 max_position_embeddings=64), True),
    Architecture("t5", "encoder-decoder", "T5ForConditionalGeneration", T5),
    Architecture("mt5", "encoder-decoder", "MT5ForConditionalGeneration", T5),
    seq2seq("bart", "BartForConditionalGeneration"),
    seq2seq("mbart", "MBartForConditionalGeneration"),
    seq2seq("pegasus", "PegasusForConditionalGeneration"),
    seq2seq("marian", "MarianMTModel", decoder_vocab_size=128),
    seq2seq("m2m_100", "M2M100ForConditionalGeneration"),
    vision("vit", "ViTForImageClassification"),
    vision("deit", "DeiTForImageClassification"),
    vision("beit", "BeitForImageClassification"),
    vision("dinov2", "Dinov2ForImageClassification", mlp_ratio=2),
    vision("vit_mae", "ViTMAEForPreTraining", decoder_hidden_size=32, decoder_num_hidden_layers=2, decoder_num_attention_heads=4,
           decoder_intermediate_size=48),
    vision("yolos", "YolosForObjectDetection", image_size=[16, 16], num_detection_tokens=4),
    Architecture("swin", "vision", "SwinForImageClassification", dict(image_size=16, patch_size=2, embed_dim=16, depths=[1, 1], num_heads=[2, 2],
                 window_size=4), True),
    Architecture("segformer", "vision", "SegformerForImageClassification", dict(num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1],
                 hidden_sizes=[16, 32], num_attention_heads=[2, 2], patch_sizes=[3, 3], strides=[2, 2], mlp_ratios=[2, 2],
                 decoder_hidden_size=32), True),
    Architecture("convnext", "vision", "ConvNextForImageClassification", dict(hidden_sizes=[16, 32], depths=[1, 1], num_stages=2, image_size=16,
                 patch_size=2), True),
    Architecture("whisper", "audio", "WhisperForConditionalGeneration", SEQ2SEQ | dict(num_mel_bins=8, max_source_positions=32, max_target_positions=32)),
    audio("wav2vec2", "Wav2Vec2ForCTC"),
    audio("hubert", "HubertForSequenceClassification", classifier_proj_size=16),
    audio("wavlm", "WavLMForSequenceClassification", classifier_proj_size=16),
    audio("unispeech", "UniSpeechForSequenceClassification", classifier_proj_size=16),
    Architecture("audio-spectrogram-transformer", "audio", "ASTForAudioClassification", dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                 num_attention_heads=4, patch_size=4, frequency_stride=4, time_stride=4, max_length=16, num_mel_bins=16), True),
    Architecture("llava", "multimodal", "LlavaForConditionalGeneration", dict(text_config=TEXT, vision_config=dict(model_type="clip_vision_model") |
                 VISION, image_token_index=100)),
    Architecture("qwen2_vl", "multimodal", "Qwen2VLForConditionalGeneration", dict(text_config=QWEN_TEXT, vision_config=dict(depth=2, embed_dim=16,
                 num_heads=2, mlp_ratio=2, hidden_size=32, in_channels=3, patch_size=4)) | QWEN_IDS),
    Architecture("qwen2_5_vl", "multimodal", "Qwen2_5_VLForConditionalGeneration", dict(text_config=QWEN_TEXT, vision_config=dict(depth=2,
                 hidden_size=16, num_heads=2, intermediate_size=24, out_hidden_size=32, in_channels=3, patch_size=4, fullatt_block_indexes=[1]))
                 | QWEN_IDS),
    Architecture("gemma3", "multimodal", "Gemma3ForConditionalGeneration", dict(text_config=DECODER | dict(head_dim=8), vision_config=VISION,
                 mm_tokens_per_image=4, image_token_index=100)),
    Architecture("paligemma", "multimodal", "PaliGemmaForConditionalGeneration", dict(text_config=dict(model_type="gemma") | DECODER | dict(head_dim=8),
                 vision_config=dict(model_type="siglip_vision_model") | VISION | dict(projection_dim=32), projection_dim=32, image_token_index=100)),
    Architecture("idefics3", "multimodal", "Idefics3ForConditionalGeneration", dict(text_config=TEXT, vision_config=VISION, scale_factor=2,
                 image_token_id=100)),
    Architecture("blip-2", "multimodal", "Blip2ForConditionalGeneration", dict(vision_config=VISION, qformer_config=ENCODER | dict(encoder_hidden_size=32),
                 text_config=dict(model_type="opt") | TOKENS | dict(hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4,
                 word_embed_proj_dim=32, max_position_embeddings=64), num_query_tokens=4, image_token_index=100)),
    Architecture("clip", "multimodal", "CLIPModel", dict(text_config=ENCODER | dict(bos_token_id=1, eos_token_id=2), vision_config=VISION,
                 projection_dim=16)),
    Architecture("siglip", "multimodal", "SiglipModel", dict(text_config=ENCODER | dict(bos_token_id=1, eos_token_id=2, projection_size=32),
                 vision_config=VISION)),
]


def matrix(rows: int, cols: int, seed: int) -> torch.Tensor:
    """Random, with a falling spectrum, as trained weights have."""
    generator = torch.Generator().manual_seed(seed)
    u, s, v = torch.linalg.svd(torch.randn(rows, cols, generator=generator, dtype=torch.float64), full_matrices=False)
    return ((u * torch.arange(1, len(s) + 1, dtype=torch.float64) ** -0.6) @ v).float()


def make(architecture: Architecture) -> nn.Module:
    torch.manual_seed(0)
    config = getattr(transformers, architecture.model).config_class(**architecture.settings)
    model = getattr(transformers, architecture.model)(config).float().eval()
    with torch.no_grad():
        for seed, (_, parameter) in enumerate(model.named_parameters()):
            if parameter.dim() == 2:
                parameter.copy_(matrix(*parameter.shape, seed))
            elif parameter.dim() == 3:
                for e in range(parameter.shape[0]):
                    parameter[e].copy_(matrix(*parameter.shape[1:], 1000 * seed + e))
    return model


def linear_layers(model: nn.Module) -> list[str]:
    """What people adapt: the linear layers, not the heads, which are trained whole."""
    if "mamba" in model.config.model_type:  # PEFT refuses these
        refused = ("out_proj",)
    else:
        refused = ()
    heads = re.compile(r"(^|\.)(lm_head|head|score|classifier|qa_outputs|proj_out|embed_out|.*_head|.*_classifier|class_labels_\w+|bbox_\w+)(\.|$)")
    linear = [n for n, m in model.named_modules() if isinstance(m, (nn.Linear, Conv1D)) and not n.endswith(refused)]
    return [n for n in linear if not heads.search(n) and re.search(r"\.\d+\.", n)]


def fingerprint(weight: torch.Tensor) -> str:
    return hashlib.sha256(repr(tuple(weight.shape)).encode() + weight.detach().contiguous().numpy().tobytes()).hexdigest()


def pieces(weights: dict[str, torch.Tensor]) -> dict[str, tuple[str, tuple]]:
    """Where each matrix that a file may hold lies: a parameter, an expert's slice of one, or the upper or lower half of that."""
    found = {}
    for name, weight in weights.items():
        found[fingerprint(weight)] = (name, ())
        for e in range(weight.shape[0] if weight.dim() == 3 else 0):
            half = weight.shape[1] // 2
            for piece in ((e,), (e, slice(0, half)), (e, slice(half, None))):
                found[fingerprint(weight[piece])] = (name, piece)
    return found


def intruders(w0: np.ndarray, w1: np.ndarray) -> tuple[int, float]:
    """The count, and how far the nearest similarity is from the limit."""
    u0 = np.linalg.svd(w0.astype(np.float64), full_matrices=False)[0]
    u1 = np.linalg.svd(w1.astype(np.float64), full_matrices=False)[0]
    best = np.abs(u0.T @ u1).max(axis=0)[:TOP_K]
    return int((best < EPSILON).sum()), float(np.abs(best - EPSILON).min())


def read_all(folder: Path) -> dict[str, torch.Tensor]:
    tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(file)
    return tensors


def save_models(architecture: Architecture, folder: Path):
    """Base, adapter and merged model; returns the weights before and after by name, the adapted layers, and which are stored transposed."""
    model = make(architecture)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    transposed = {f"{n}.weight" for n, m in model.named_modules() if isinstance(m, Conv1D)}
    (model.base_model if architecture.bare else model).save_pretrained(folder / "base")
    targets = linear_layers(model)
    fan_in = bool(targets) and all(f"{t}.weight" in transposed for t in targets)
    adapted = get_peft_model(model, LoraConfig(r=2, lora_alpha=4, target_modules=targets, fan_in_fan_out=fan_in))
    with torch.no_grad():
        for seed, (_, parameter) in enumerate(adapted.named_parameters()):
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed)) * 0.3)
    adapted.save_pretrained(folder / "adapter")
    merged = adapted.merge_and_unload()
    merged.save_pretrained(folder / "merged")
    after = {n: p.detach().clone() for n, p in merged.named_parameters()}
    return before, after, targets, transposed


def rows(folder: Path, table: str, columns: list[str]) -> list[dict]:
    files = sorted((folder / table).rglob("*.parquet")) if (folder / table).exists() else []
    found = []
    for file in files:
        values = parquet.ParquetFile(file).read()
        part = dict(p.split("=", 1) for p in file.relative_to(folder / table).parts[:-1] if "=" in p)
        for row in values.to_pylist():
            found.append({c: row.get(c, part.get(c)) for c in columns})
    return found


def sweep(architecture: Architecture, root: Path, launcher: str) -> dict:
    folder = root / architecture.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    before, after, targets, transposed = save_models(architecture, folder)
    (folder / "manifest.json").write_text(json.dumps({"base": {"id": architecture.name, "uri": "base"}, "checkpoints": [
        {"id": "adapter", "uri": "adapter"}, {"id": "merged", "uri": "merged"}]}))
    command = [launcher, "scan", "--manifest", str(folder / "manifest.json"), "--out", str(folder / "out"), "--json", "--", *SETTINGS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    (folder / "scan.log").write_text(done.stdout + done.stderr)
    if done.returncode not in (0, 3):
        said = [line for line in done.stderr.splitlines() if line.startswith("intruders:")]
        return {"targets": len(targets), "exit": done.returncode, "error": said[-1] if said else done.stderr[-300:]}
    base = read_all(folder / "base")
    by_value = pieces(before)
    result = {"targets": len(targets), "exit": done.returncode, "adapter": 0, "merged": 0, "ours": {"adapter": 0, "merged": 0}, "wrong": []}
    changed = {n for n in before if not torch.equal(before[n], after[n])}
    analysed = set()  # of the adapter
    expected = {"adapter": 0, "merged": 0}
    for row in rows(folder / "out", "matrices", ["checkpoint_id", "matrix", "intruder_count"]):
        kind, name = row["checkpoint_id"], row["matrix"]
        result[kind] += 1
        result["ours"][kind] += row["intruder_count"]
        tensor, _, expert = name.rstrip("]").partition("[")
        weight = base[tensor] if not expert else base[tensor][int(expert)]
        known, piece = by_value[fingerprint(weight)]
        if kind == "adapter":
            analysed.add(known)
        tuned = after[known][piece]
        turn = known in transposed
        count, margin = intruders(*(x.numpy().T if turn else x.numpy() for x in (weight, tuned)))
        expected[kind] += count
        if count != row["intruder_count"] and margin > 1e-4:
            result["wrong"].append(f"{kind} {name}: {row['intruder_count']}, NumPy {count}")
    result["expected"] = expected
    result["rejects"] = [(r["code"], rejected_weight(r["message"])) for r in rows(folder / "out", "rejects", ["code", "message"])]
    result["left_out"] = sorted(changed - analysed - {weight for _, weight in result["rejects"]})
    for part in ("base", "merged", "out"):
        if not result["wrong"] and not result["rejects"]:
            shutil.rmtree(folder / part, ignore_errors=True)
    return result


def rejected_weight(message: str) -> str:
    """The weight of the base that a reject is about, else the tensor it names."""
    found = re.search(r"its weight (\S+)", message) or re.search(r"Tensor (\S+):", message)
    return found[1] if found else message


def verdict(result: dict) -> str:
    if "error" in result:
        return "refused: " + result["error"]
    if result["wrong"]:
        return "WRONG: " + "; ".join(result["wrong"][:3])
    reasons = {}
    for code, weight in result["rejects"]:
        reasons.setdefault(code, []).append(weight)
    parts = [f"{len(weights)} × `{code}`, such as `{min(weights)}`" for code, weights in reasons.items()]
    text = "all analysed" if not parts else "; ".join(parts)
    left_out = result["left_out"]
    if left_out:
        text += f"; {len(left_out)} adapted matrices are left out by default, such as `{left_out[0]}`"
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--launcher", default=str(Path(__file__).resolve().parents[4] / "jobs/bin/intruders"))
    parser.add_argument("--table", type=Path)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    wanted = arguments.only.split(",") if arguments.only else [a.name for a in ARCHITECTURES]
    lines, faults = [], 0
    for architecture in (a for a in ARCHITECTURES if a.name in wanted):
        try:
            result = sweep(architecture, arguments.out.resolve(), arguments.launcher)
        except Exception as e:  # one model that can't be made must not end the sweep
            traceback.print_exc()
            faults += 1
            print(f"{architecture.name}: NOT MADE {e!r}"[:300], flush=True)
            continue
        faults += bool(result.get("wrong")) or "error" in result
        saved = "without head" if architecture.bare else "whole"
        counts = result.get("ours", {"adapter": "", "merged": ""})
        numpy_counts = result.get("expected", {"adapter": "", "merged": ""})
        line = (f"| {architecture.kind} | `{architecture.name}` | {saved} | {result['targets']} | {result.get('adapter', 0)} | {counts['adapter']}"
                f" | {numpy_counts['adapter']} | {result.get('merged', 0)} | {counts['merged']} | {numpy_counts['merged']} | {verdict(result)} |")
        lines.append(line)
        print(line, flush=True)
    versions = f"transformers {transformers.__version__}, PEFT {peft.__version__}, torch {torch.__version__.split('+')[0]}, numpy {np.__version__}"
    head = ("| kind | `model_type` | base saved | adapted layers | matrices, adapter | intruders | NumPy | matrices, merged | intruders | NumPy | |\n"
            "|---|---|---|---|---|---|---|---|---|---|---|")
    if arguments.table:
        arguments.table.write_text(f"{versions}\n\n{head}\n" + "\n".join(lines) + "\n")
    print(f"{len(lines)} architectures, {faults} faults", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
