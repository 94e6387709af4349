package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/** Files in formats that are refused by name, with what their owner can do. */
enum ForeignFormat {
  PICKLE(
      "a pickle file of a training run, which can run code when it is read; save its state dict as"
          + " .pt or as safetensors",
      "pkl"),
  GGML(
      "a file of the format before GGUF, whose weights are quantised; use the safetensors checkpoint"
          + " that it was made from",
      "ggml"),
  OTHER_FRAMEWORK(
      "a file of another framework; convert it to safetensors, for instance by loading it with"
          + " transformers and calling save_pretrained",
      "h5|msgpack|onnx|npz|tflite");

  /** What trainers keep beside a model, and what never was weights. */
  private static final Pattern NO_WEIGHTS =
      Pattern.compile(
          "training_args.*\\.bin|(optimizer|scheduler|lr_scheduler|scaler|sampler|dl_state_dict)([._-]?\\d+)?"
              + "\\.(bin|pt|pth|safetensors)|(rng_state|random_states|custom_checkpoint)([._-]\\d+)?"
              + "\\.(pth|pt|pkl)|.*optim_states\\.pt",
          Pattern.DOTALL);

  private final String advice;
  private final Pattern fileNames;

  ForeignFormat(String advice, String suffixes) {
    this.advice = advice;
    this.fileNames = Pattern.compile(".*\\.(%s)".formatted(suffixes), Pattern.DOTALL);
  }

  /** Whether a file of this name never holds weights. */
  static boolean isNoWeights(String fileName) {
    return NO_WEIGHTS.matcher(fileName).matches();
  }

  /** Refuses a file that by its name never holds weights. */
  static void requireWeights(String uri, String fileName) {
    if (isNoWeights(fileName)) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          uri,
          "This is a part of the state of a training, not weights; name the model's file or folder");
    }
  }

  /** What the file is and what its owner can do; empty if the name tells nothing. */
  static Optional<String> advice(String fileName) {
    return Arrays.stream(values())
        .filter(format -> format.fileNames.matcher(fileName).matches())
        .map(format -> "%s is %s".formatted(fileName, format.advice))
        .findFirst();
  }
}
