package io.github.intruders.plan;

import io.github.intruders.checkpoint.MatrixSource;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * One matrix of the base.
 *
 * @param name the tensor's name in the base checkpoint; a slice is {@code name[e]}
 * @param layer the first number in the name, −1 if there is none
 * @param module what stays the same over the layers, such as {@code self_attn.q_proj}
 * @param source where it lies
 */
public record BaseMatrix(String name, int layer, String module, MatrixSource source)
    implements Serializable {

  /** Reads layer and module off the name. */
  public static BaseMatrix of(MatrixSource source) {
    String[] parts = source.matrix().replaceFirst("\\[\\d+]$", "").split("\\.", -1);
    int layer = -1;
    List<String> module = new ArrayList<>();
    for (String part : parts) {
      if (part.matches("\\d{1,6}")) {
        if (layer < 0) {
          layer = Integer.parseInt(part);
          module.removeIf(before -> !before.equals("encoder") && !before.equals("decoder"));
        } else {
          module.add("*"); // an expert or a sub-layer: the same module in other places
        }
      } else {
        module.add(part);
      }
    }
    if (module.size() > 1 && module.get(module.size() - 1).equals("weight")) {
      module.remove(module.size() - 1);
    }
    return new BaseMatrix(source.matrix(), layer, String.join(".", module), source);
  }

  /** min(rows, cols). */
  public int minDimension() {
    return Math.min(source.rows(), source.cols());
  }
}
