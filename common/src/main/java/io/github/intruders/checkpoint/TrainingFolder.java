package io.github.intruders.checkpoint;

import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.regex.Pattern;

/** Folders in which tools keep a model spread over files of their own, with what gathers them. */
enum TrainingFolder {
  DEEPSPEED(
      "a checkpoint of DeepSpeed, whose ranks hold parts of the model; run zero_to_fp32.py, which"
          + " DeepSpeed leaves there: python zero_to_fp32.py FOLDER OUT --safe_serialization",
      "global_step\\d+|zero_to_fp32\\.py|(bf16_|fp16_)?zero_pp_rank_.*|.*_optim_states\\.pt"),
  FSDP(
      "a sharded checkpoint of FSDP; gather it with: accelerate merge-weights FOLDER OUT",
      "pytorch_model_fsdp(_\\d+)?"),
  DISTRIBUTED(
      "a distributed checkpoint of PyTorch; gather it with: python -m"
          + " torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pt, or with"
          + " accelerate merge-weights",
      ".*\\.distcp"),
  MEGATRON(
      "a checkpoint of Megatron; convert it to the Hugging Face format with Megatron Bridge or"
          + " tools/checkpoint/convert.py",
      "iter_\\d+|(mp|tp)_rank_\\d+.*|latest_checkpointed_iteration\\.txt"),
  NEMO(
      "a model of NeMo; convert it to the Hugging Face format with NeMo's export",
      ".*\\.nemo|model_config\\.yaml|model_weights"),
  ORBAX(
      "a checkpoint of Orbax; restore it in JAX and save its parameters as safetensors",
      "_CHECKPOINT_METADATA|ocdbt\\.process_\\d+|manifest\\.ocdbt"),
  TENSORFLOW(
      "a checkpoint of TensorFlow; load it with transformers (from_tf=True) and call"
          + " save_pretrained",
      ".*\\.ckpt\\.index|.*\\.data-\\d+-of-\\d+|saved_model\\.pb");

  private final String what;
  private final Pattern names;

  TrainingFolder(String what, String names) {
    this.what = what;
    this.names = Pattern.compile(names, Pattern.DOTALL);
  }

  /**
   * What a folder is and what its owner can do, by the names of all that is in it, hidden or not;
   * empty if they tell nothing.
   */
  static Optional<String> advice(Collection<String> names) {
    return Arrays.stream(values())
        .flatMap(
            folder ->
                names.stream()
                    .filter(name -> folder.names.matcher(name).matches())
                    .map(
                        name ->
                            "No complete model here: judging by %s, this is %s"
                                .formatted(name, folder.what))
                    .limit(1))
        .findFirst();
  }
}
