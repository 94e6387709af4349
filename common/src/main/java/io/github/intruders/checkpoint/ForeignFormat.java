package io.github.intruders.checkpoint;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Files in formats that are refused by name, with what their owner can do. */
enum ForeignFormat {
  PICKLE(
      "a pickle file of a training run, which can run code when it is read; save its state dict as"
          + " .pt or as safetensors",
      "ckpt|pkl"),
  GGML(
      "a file of the format before GGUF, whose weights are quantised; use the safetensors checkpoint"
          + " that it was made from",
      "ggml"),
  OTHER_FRAMEWORK(
      "a file of another framework; convert it to safetensors, for instance by loading it with"
          + " transformers and calling save_pretrained",
      "h5|msgpack|onnx|npz|tflite");

  /** Files of a training run that are pickled, too, but never were weights. */
  private static final Set<String> NO_WEIGHTS =
      Set.of("training_args.bin", "optimizer.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth");

  private final String advice;
  private final Pattern fileNames;

  ForeignFormat(String advice, String suffixes) {
    this.advice = advice;
    this.fileNames = Pattern.compile(".*\\.(%s)".formatted(suffixes), Pattern.DOTALL);
  }

  /** Whether a file of this name never holds weights. */
  static boolean isNoWeights(String fileName) {
    return NO_WEIGHTS.contains(fileName);
  }

  /** What the file is and what its owner can do; empty if the name tells nothing. */
  static Optional<String> advice(String fileName) {
    return Arrays.stream(values())
        .filter(format -> format.fileNames.matcher(fileName).matches())
        .map(format -> "%s is %s".formatted(fileName, format.advice))
        .findFirst();
  }
}
