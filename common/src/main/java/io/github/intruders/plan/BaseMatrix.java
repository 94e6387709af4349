package io.github.intruders.plan;

import io.github.intruders.checkpoint.MatrixSource;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One matrix of the base.
 *
 * @param name the tensor's name in the base checkpoint; a slice is {@code name[e]}, a part of a
 *     fused one such as {@code name[q]}
 * @param layer the first number in the name, −1 if there is none
 * @param module what stays the same over the layers, such as {@code self_attn.q_proj}
 * @param source where it lies
 */
public record BaseMatrix(String name, int layer, String module, MatrixSource source)
    implements Serializable {

  private static final Pattern PART = Pattern.compile("\\[(\\d+|[a-z]+)]$");

  /** Reads layer and module off the name. */
  public static BaseMatrix of(MatrixSource source) {
    String[] parts = tensorOf(source.matrix()).split("\\.", -1);
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
    Matcher part = PART.matcher(source.matrix());
    String fused = part.find() && !Character.isDigit(part.group(1).charAt(0)) ? part.group() : "";
    return new BaseMatrix(source.matrix(), layer, String.join(".", module) + fused, source);
  }

  private static String tensorOf(String matrix) {
    return PART.matcher(matrix).replaceFirst("");
  }

  /** The name of the tensor that the matrix is, or is a part of. */
  public String tensor() {
    return tensorOf(name);
  }

  /** min(rows, cols). */
  public int minDimension() {
    return Math.min(source.rows(), source.cols());
  }
}
