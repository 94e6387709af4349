package io.github.intruders.adapter;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Collection;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The state dict of a whole PeftModel, which {@code zero_to_fp32.py} and {@code
 * torch.save(model.state_dict())} write: the base's weights with the adapter beside them, not
 * merged, and without the scale of the update. Its base weights alone would count as untouched, so
 * it is refused.
 */
public final class PeftStateDict {
  /** What PEFT's wrappers call the weight they wrap, and what they train in its place. */
  private static final Pattern WRAPPED =
      Pattern.compile(
          "(^|\\.)(base_layer|original_module|modules_to_save\\.[^.]+|token_adapter)\\.");

  private static final Pattern OTHER_METHODS =
      Pattern.compile(
          "\\.(fourierft|waveft|bone|road|poly|xlora|ln_tuning|adaption|trainable_tokens)_"
              + "|(^|\\.)(ln_tuning_layers|internal_xlora_classifier)\\.");
  private static final Pattern PROMPT = Pattern.compile("(^|\\.)prompt_encoder\\.");
  private static final Pattern OF_AN_ADAPTER =
      Pattern.compile("(^|\\.)base_model\\.|\\.default(\\.|$)");

  private PeftStateDict() {}

  /** A tensor of an adapter among those of a model, if there is one. */
  public static Optional<String> partAmong(Collection<String> names) {
    return names.stream().filter(PeftStateDict::isPart).findFirst();
  }

  private static boolean isPart(String name) {
    return WRAPPED.matcher(name).find()
        || AdapterTensor.NUMBERS_OF_A_METHOD.matcher(name).find()
        || OTHER_METHODS.matcher(name).find()
        || PROMPT.matcher(name).find();
  }

  /**
   * Refuses a base that has an adapter in it. Parts that a model has of its own, as
   * Phi-4-multimodal has, are no fault.
   *
   * @throws UserInputException with code {@code ADAPTER_UNSUPPORTED}
   */
  public static void requireNone(Checkpoint base) {
    base.tensors().keySet().stream()
        .filter(name -> isPart(name) && OF_AN_ADAPTER.matcher(name).find())
        .findFirst()
        .ifPresent(
            part -> {
              throw refusal(base, part);
            });
  }

  /** Why such a checkpoint can't be used, and what to do. */
  public static UserInputException refusal(Checkpoint checkpoint, String part) {
    String file =
        checkpoint.tensors().containsKey(part)
            ? checkpoint.tensors().get(part).file()
            : checkpoint.uri();
    if (PROMPT.matcher(part).find()) {
      return UserInputException.inTensor(
          RejectCode.ADAPTER_UNSUPPORTED,
          file,
          part,
          "the state dict of a PeftModel with trained prompts, which change no weight of the base;"
              + " there is nothing to analyse");
    }
    return UserInputException.inTensor(
        RejectCode.ADAPTER_UNSUPPORTED,
        file,
        part,
        "the state dict of a whole PeftModel, whose adapter is not merged and whose scale"
            + " (lora_alpha) is not in the file; save the adapter with save_pretrained and name its"
            + " folder, or merge it (merge_and_unload, save_pretrained) and name the merged"
            + " checkpoint");
  }
}
