package io.github.intruders.plan;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.Checkpoint;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Compares what an adapter calls the model it was trained on with what the base is called. Only the
 * last part of a name counts, so that a local copy, a mirror and the hub's cache ({@code
 * models--org--name/snapshots/hash}) are one model; so does a copy quantised for training.
 */
public final class BaseNames {
  /** Names that tell nothing about the model. */
  private static final Set<String> GENERIC =
      Set.of(
          "",
          "base",
          "base-model",
          "model",
          "models",
          "checkpoint",
          "final",
          "hf",
          "latest",
          "main",
          "merged",
          "original",
          "output",
          "outputs",
          "snapshots",
          "weights");

  private static final Pattern STEP = Pattern.compile("(checkpoint|step|epoch|run|v|base)?-?\\d+");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{32,64}");
  private static final Pattern WEIGHTS_FILE =
      Pattern.compile("\\.(safetensors|bin|pt|pth|gguf|index\\.json)$");
  private static final Pattern QUANTISED = Pattern.compile("(-unsloth)?(-bnb)?-[48]-?bit$");

  private BaseNames() {}

  /** What the base may be called: its id, its folder, and what its config says. */
  public static Set<String> of(String id, Checkpoint base) {
    Set<String> names = new TreeSet<>();
    last(id).ifPresent(names::add);
    last(base.uri()).ifPresent(names::add);
    for (String field : List.of("_name_or_path", "name_or_path")) {
      base.config()
          .map(config -> config.path(field))
          .filter(JsonNode::isTextual)
          .flatMap(name -> last(name.textValue()))
          .ifPresent(names::add);
    }
    return names;
  }

  /** Whether both surely are names of models, and of different ones. */
  public static boolean differ(Set<String> base, String trainedOn) {
    return !base.isEmpty() && last(trainedOn).filter(name -> !base.contains(name)).isPresent();
  }

  /** The last part of a path or hub id that tells the model, in one spelling. */
  public static Optional<String> last(String path) {
    String[] parts = path.replace('\\', '/').split("/", -1);
    for (int i = parts.length - 1; i >= 0; i--) {
      String part = parts[i].substring(parts[i].lastIndexOf("--") + 1);
      boolean file = WEIGHTS_FILE.matcher(part).find();
      String name = WEIGHTS_FILE.matcher(part).replaceFirst("").toLowerCase(Locale.ROOT);
      name = QUANTISED.matcher(name.replaceAll("[_. ]+", "-")).replaceFirst("");
      name = name.replaceFirst("^-", "");
      boolean tells = !GENERIC.contains(name) && !STEP.matcher(name).matches();
      boolean cached = HASH.matcher(name).matches() || name.equals("snapshots");
      if (!name.isEmpty() && !cached && (tells || !file)) {
        return Optional.of(name).filter(found -> tells);
      }
    }
    return Optional.empty();
  }
}
