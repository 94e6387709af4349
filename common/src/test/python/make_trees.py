"""Writes folder trees as the real tools leave them, for the tests of `discover`.

    make_trees.py OUT

OUT/trainer   transformers' Trainer with PEFT: two runs with checkpoint-N, one full fine-tune, the base beside them
OUT/trl       TRL's SFTTrainer with a LoRA config, and a final adapter above its checkpoints
OUT/hub       the cache of huggingface_hub, filled by snapshot_download from a small server in this process:
              the base with two snapshots, an adapter with one; symbolic links go to links.txt, since archives and
              checkouts lose them
OUT/results   lm-evaluation-harness on the base and on two adapters of OUT/trainer

Weights are tiny. What is neither a config nor weights (optimizer.pt, rng_state.pth, README.md, ...) is written as an
empty file, so that the listing is the tools' own. Deletes OUT first. The tools read nothing from any network.
"""

import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

os.environ.update(
    HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_XET="1", TOKENIZERS_PARALLELISM="false", WANDB_DISABLED="true",
    CUDA_VISIBLE_DEVICES="", HF_HUB_DISABLE_PROGRESS_BARS="1")

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from peft import LoraConfig, get_peft_model  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402
from transformers import (  # noqa: E402
    DataCollatorForLanguageModeling, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Trainer,
    TrainingArguments)
from trl import SFTConfig, SFTTrainer  # noqa: E402

WORDS = "a b c d e f g h i j k l m n o p".split()
KEPT = re.compile(r".*\.(json|safetensors)$")
EMPTIED = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "README.md"}


def tokenizer():
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<s>", "</s>", "<unk>", *WORDS])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        model_max_length=64)


def base_model(seed=0):
    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2))


def sentences(seed):
    generator = torch.Generator().manual_seed(seed)
    return [" ".join(WORDS[i] for i in torch.randint(len(WORDS), (12,), generator=generator)) for _ in range(16)]


def encoded(words, seed):
    return Dataset.from_dict({"input_ids": [words(s)["input_ids"] for s in sentences(seed)]})


def lora(**more):
    return LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", **more)


def train(model, words, out, seed, **more):
    arguments = TrainingArguments(
        output_dir=str(out), max_steps=6, save_steps=2, eval_steps=2, eval_strategy="steps", eval_on_start=True,
        per_device_train_batch_size=4, learning_rate=1e-2, report_to=[], seed=seed, use_cpu=True, logging_steps=2,
        disable_tqdm=True, **more)
    trainer = Trainer(
        model=model, args=arguments, train_dataset=encoded(words, seed), eval_dataset=encoded(words, 99),
        data_collator=DataCollatorForLanguageModeling(words, mlm=False))
    trainer.train()
    return trainer


def make_trainer(root, words):
    base_model().save_pretrained(root / "models/tiny-llama")
    words.save_pretrained(root / "models/tiny-llama")

    def loaded():
        return LlamaForCausalLM.from_pretrained("models/tiny-llama")

    for name, seed in (("math-seed1", 1), ("code-seed2", 2)):
        train(get_peft_model(loaded(), lora()), words, f"runs/lora/{name}", seed)
    trainer = train(loaded(), words, "runs/full/math-seed1", 1, save_total_limit=2)
    trainer.save_model()
    trainer.save_state()


def make_trl(root, words):
    model = LlamaForCausalLM.from_pretrained("models/tiny-llama")
    arguments = SFTConfig(
        output_dir="trl/sft", max_steps=4, save_steps=2, report_to=[], use_cpu=True, per_device_train_batch_size=4,
        logging_steps=2, disable_tqdm=True, bf16=False, gradient_checkpointing=False, max_length=32)
    trainer = SFTTrainer(
        model=model, args=arguments, processing_class=words, peft_config=lora(),
        train_dataset=Dataset.from_dict({"text": sentences(5)}))
    trainer.train()
    trainer.save_model()


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub as snapshot_download asks for."""

    repositories = {}  # name -> (commit, {file: bytes})

    def log_message(self, *unused):
        pass

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, body):
        path = self.path.split("?")[0]
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/[^/]+|/tree/[^/]+)?/?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
        if api and api[1] in self.repositories:
            commit, files = self.repositories[api[1]]
            if (api[2] or "").startswith("/tree"):
                content = json.dumps([
                    {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                    for name, data in files.items()]).encode()
            else:
                content = json.dumps({
                    "id": api[1], "modelId": api[1], "sha": commit, "private": False, "tags": [], "downloads": 0,
                    "likes": 0, "siblings": [{"rfilename": name} for name in files]}).encode()
            self.send(content, body, {"Content-Type": "application/json"})
        elif file and file[1] in self.repositories:
            commit, files = self.repositories[file[1]]
            data = files[file[2]]
            self.send(data, body, {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'})
        else:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def send(self, content, body, headers):
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)


def files_of(folder):
    return {
        path.name: path.read_bytes()
        for path in sorted(pathlib.Path(folder).iterdir()) if path.is_file() and KEPT.match(path.name)}


def make_hub(root):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program = (
        "import sys; from huggingface_hub import snapshot_download; "
        "print(snapshot_download(sys.argv[1], cache_dir=sys.argv[2], max_workers=1))")

    def download(name):
        subprocess.run(
            [sys.executable, "-c", program, name, str(root / "hub")], check=True,
            env={**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}"})

    base = files_of("models/tiny-llama")
    older = dict(base)
    base_model(7).save_pretrained("older")
    older.update(files_of("older"))
    adapter = files_of("runs/lora/math-seed1/checkpoint-6")
    config = json.loads(adapter["adapter_config.json"])
    config["base_model_name_or_path"] = "acme/tiny-llama"
    adapter["adapter_config.json"] = json.dumps(config, indent=2).encode()
    adapter.pop("trainer_state.json", None)
    Hub.repositories = {
        "acme/tiny-llama": ("a" * 40, older), "acme/tiny-llama-math-lora": ("c" * 40, adapter)}
    download("acme/tiny-llama")
    download("acme/tiny-llama-math-lora")
    Hub.repositories["acme/tiny-llama"] = ("b" * 40, base)
    download("acme/tiny-llama")
    server.shutdown()


TASK = """task: letters
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{text}}}}"
doc_to_choice: ["a", "b"]
doc_to_target: "{{{{label}}}}"
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1.0}}
"""


def make_results(root):
    task = pathlib.Path("task")
    task.mkdir()
    rows = [{"text": sentence, "label": i % 2} for i, sentence in enumerate(sentences(42))]
    (task / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (task / "letters.yaml").write_text(TASK.format(data=str((task / "letters.jsonl").resolve())))
    for adapter in (None, "runs/lora/math-seed1/checkpoint-6", "runs/lora/code-seed2/checkpoint-6"):
        arguments = "pretrained=models/tiny-llama,dtype=float32" + (f",peft={adapter}" if adapter else "")
        subprocess.run(
            [sys.executable, "-m", "lm_eval", "--model", "hf", "--model_args", arguments, "--tasks", "letters",
             "--include_path", str(task.resolve()), "--device", "cpu", "--batch_size", "4",
             "--output_path", f"results/{(adapter or 'base').replace('/', '__')}"],
            check=True, env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"})


def slim_results(path):
    """What belongs to this machine goes."""
    result = json.loads(path.read_text())
    for key in list(result):
        if key in {"pretty_env_info", "git_hash", "upper_git_hash", "transformers_version", "system_instruction",
                   "chat_template", "tokenizer_pad_token", "tokenizer_eos_token", "tokenizer_bos_token"}:
            result.pop(key)
    path.write_text(json.dumps(result, indent=1).replace(f"{os.getcwd()}/", ""))


def keep(source, target):
    for path in sorted(source.rglob("*")):
        if ".locks" in path.parts:
            continue
        to = target / path.relative_to(source)
        if path.is_dir() and not path.is_symlink():
            to.mkdir(parents=True, exist_ok=True)
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            with (target / "links.txt").open("a") as links:
                links.write(f"{path.relative_to(source)} {os.readlink(path)}\n")
        elif path.name in EMPTIED or not (KEPT.match(path.name) or "blobs" in path.parts or path.parent.name == "refs"):
            to.write_bytes(b"")
        else:
            shutil.copyfile(path, to)
            if path.name.startswith("results_"):
                slim_results(to)


def main():
    out = pathlib.Path(sys.argv[1]).resolve()
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        os.chdir(root)
        words = tokenizer()
        make_trainer(root, words)
        make_trl(root, words)
        make_hub(root)
        make_results(root)
        for name in ("models", "runs"):
            keep(root / name, out / "trainer" / name)
        keep(root / "results", out / "trainer" / "results")
        keep(root / "trl", out / "trl")
        keep(root / "hub", out / "hub")
        os.chdir("/")


if __name__ == "__main__":
    main()
