package io.github.intruders.mitigation;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which files beside a model's weights go along with the edited model: configs, tokenizers, code
 * and texts. Left out is whatever holds weights, in any format that some reader would load instead
 * of the edited ones, their indexes, states of training, and what is written anew.
 */
final class CarriedFiles {
  /** Safetensors, pickles, GGUF, TensorFlow, Flax, ONNX, and the formats of runtimes. */
  private static final Pattern WEIGHTS =
      Pattern.compile(
          ".*\\.(safetensors|bin|pt|pth|ckpt|pkl|pickle|ptl|pte|torchscript|gguf|ggml|ggjt|h5|hdf5"
              + "|keras|msgpack|pb|tflite|onnx|ort|npy|npz|params|nemo|ot|mlmodel|mlpackage|engine"
              + "|plan|llamafile|task|rten|nnx|distcp|zip|tar|tgz|gz|xz|zst|7z)"
              // parts, external data and indexes of those
              + "|.*\\.(data|index)(-\\d+-of-\\d+)?|.*\\.data-\\d+-of-\\d+|.*[._]onnx[._]data.*"
              + "|.*\\.index\\.json|.*\\.(gguf|safetensors|bin|pt|pth|zip)[.\\-_]?(part)?\\d+.*");

  /** What says that a folder is an adapter or an edited model. */
  private static final Set<String> MADE_ANEW = Set.of("adapter_config.json", WrittenFolder.MARKER);

  private CarriedFiles() {}

  /** Whether a file, by its name, is carried along as it is. */
  static boolean isCarried(String name) {
    return !name.startsWith(".")
        && !MADE_ANEW.contains(name)
        && !WEIGHTS.matcher(name.toLowerCase(Locale.ROOT)).matches();
  }
}
