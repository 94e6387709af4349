package io.github.intruders.plan;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Which tensors of the base are analysed.
 *
 * <p>By default the weights of linear layers: two-dimensional {@code *.weight}, and the slices of
 * three-dimensional expert tensors; token and position embeddings and output heads are left out.
 *
 * @param include null, or a pattern that a name must contain; it also brings in what the default
 *     leaves out
 * @param exclude null, or a pattern that a name must not contain
 * @param splitFused whether the parts of fused weights are analysed one by one
 */
public record MatrixSelection(Pattern include, Pattern exclude, boolean splitFused)
    implements Serializable {
  private static final Pattern NOT_A_LINEAR_LAYER =
      Pattern.compile(
          "(^|\\.)(embed\\w*|\\w*embeddings?|\\w*_embd|token_types|wte|wpe|shared"
              + "|relative_attention_bias|\\w*attn_rel_b"
              + "|lm_head|score|classifier|pre_classifier|qa_outputs|cls|proj_out|vocab_transform"
              + "|vocab_projector|v_head|value_head)\\.(.*\\.)?weight$"
              + "|(^|\\.)(emb|head|output_layer)\\.weight$"
              + "|^output\\.weight$");

  /** Stacks of experts; the second is GGUF's. */
  private static final Pattern EXPERTS = Pattern.compile("experts|_(ch)?exps\\.weight$");

  /**
   * Compiles both patterns.
   *
   * @param include regular expression or null
   * @param exclude regular expression or null
   * @throws UserInputException if one is no regular expression
   */
  public static MatrixSelection of(String include, String exclude) {
    return new MatrixSelection(compile("include", include), compile("exclude", exclude), false);
  }

  /** The same tensors, with the parts of fused weights one by one. */
  public MatrixSelection withFusedWeightsSplit() {
    return new MatrixSelection(include, exclude, true);
  }

  private static Pattern compile(String option, String expression) {
    try {
      return expression == null ? null : Pattern.compile(expression);
    } catch (PatternSyntaxException e) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use --%s '%s': %s near index %d"
              .formatted(option, expression, e.getDescription(), e.getIndex()));
    }
  }

  /** Whether a tensor of this name and number of dimensions would be analysed. */
  public boolean selects(String name, int dimensions) {
    return leftOut(name, dimensions).isEmpty();
  }

  /** Why a tensor of this name and number of dimensions is not analysed; empty if it is. */
  Optional<LeftOut> leftOut(String name, int dimensions) {
    if (dimensions < 2) {
      return Optional.of(LeftOut.VECTOR);
    }
    if (exclude != null && exclude.matcher(name).find()) {
      return Optional.of(LeftOut.SELECTION);
    }
    if (dimensions > 3) {
      return Optional.of(LeftOut.CONVOLUTION);
    }
    if (include != null) {
      return Optional.of(LeftOut.SELECTION).filter(kind -> !include.matcher(name).find());
    }
    if (dimensions == 3) {
      return Optional.of(LeftOut.CONVOLUTION).filter(kind -> !EXPERTS.matcher(name).find());
    }
    if (!name.endsWith(".weight")) {
      return Optional.of(LeftOut.NOT_A_WEIGHT);
    }
    return Optional.of(LeftOut.EMBEDDING_OR_HEAD)
        .filter(kind -> NOT_A_LINEAR_LAYER.matcher(name).find());
  }

  /** Whether embeddings and heads are left out, as they are unless a pattern brings some in. */
  boolean leavesHeadsOut() {
    return include == null;
  }
}
