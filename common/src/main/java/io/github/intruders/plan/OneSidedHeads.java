package io.github.intruders.plan;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Tells the heads among tensors that only one side has: a model that was tuned for another task has
 * another head, and no layer is missing. A head has a head's name, or is outside the layers and
 * what holds these, as {@code v_head} is beside {@code model.layers}.
 */
final class OneSidedHeads {
  private static final Pattern NAME =
      Pattern.compile(
          "(^|\\.)(\\w*pooler|\\w*_heads?|heads?|\\w*classifier|score|cls|qa_outputs|\\w*_summary"
              + "|\\w*_predictor|summary|\\w*_logits|\\w*_predictions|vocab_\\w+)\\.");
  private static final Pattern CONNECTOR =
      Pattern.compile("multi_?modal|(^|\\.)mm_|connector|merger|resampler|aligner|perceiver");
  private static final Pattern NUMBER = Pattern.compile("(^|\\.)\\d+\\.");

  private final Set<String> roots = new TreeSet<>();

  /**
   * @param paired names of the same side that the other side has, too
   */
  OneSidedHeads(Collection<String> paired) {
    for (String name : paired) {
      if (NUMBER.matcher(name).find()) {
        roots.add(root(name));
      }
    }
  }

  private static String root(String name) {
    return name.substring(0, name.indexOf('.') + 1);
  }

  /** Whether a tensor that the other side lacks belongs to a head. */
  boolean contain(String name) {
    boolean inLayers = NUMBER.matcher(name).find();
    if (NAME.matcher(name).find()) {
      return !inLayers || !roots.contains(root(name));
    }
    return !inLayers
        && !roots.isEmpty()
        && !roots.contains(root(name))
        && !CONNECTOR.matcher(name).find();
  }
}
