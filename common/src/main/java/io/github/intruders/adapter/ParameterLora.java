package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * LoRA on a parameter that is not the weight of a layer ({@code target_parameters}), most often the
 * experts of one layer as one tensor. PEFT nests the adapters of several parameters of one module,
 * and their names do not tell which is which; the shapes do.
 *
 * <p>In files, the experts may lie in one tensor of three dimensions, or each in tensors of its
 * own, {@code e.gate_proj}, {@code e.up_proj} and {@code e.down_proj}, of which transformers makes
 * {@code gate_up_proj} and {@code down_proj} when it loads them.
 *
 * @param module such as {@code model.layers.0.mlp.experts}
 * @param parameters names that the config targets in this module, such as {@code down_proj}
 * @param a (experts · rank, inputs)
 * @param b (outputs, experts · rank)
 * @param rank of one expert's update
 * @param scale of the product
 */
public record ParameterLora(
    String module, List<String> parameters, MatrixSource a, MatrixSource b, int rank, double scale)
    implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Pattern SLICE = Pattern.compile("(?<name>[^.]+)\\[(?<expert>\\d+)]");
  private static final Pattern SPLIT =
      Pattern.compile("(?<expert>\\d{1,9})\\.(?<name>gate_proj|up_proj|down_proj)\\.weight");

  public ParameterLora {
    parameters = List.copyOf(parameters);
    if (a.rows() != b.cols() || a.rows() % rank != 0) {
      throw new IllegalArgumentException(
          "Cannot split A %dx%d and B %dx%d into parts of rank %d"
              .formatted(a.rows(), a.cols(), b.rows(), b.cols(), rank));
    }
  }

  /** The number of experts; 1 for a parameter of two dimensions. */
  public int experts() {
    return a.rows() / rank;
  }

  /** The same for a module of another name, which is the base's for this one. */
  public ParameterLora in(String baseModule) {
    return new ParameterLora(baseModule, parameters, a, b, rank, scale);
  }

  /** What the base may call what is changed: the parameters, or the weights of the first expert. */
  public List<String> tensorNames() {
    Stream<String> whole = parameters.stream();
    Stream<String> split =
        parameters.stream()
            .flatMap(
                name ->
                    name.equals("gate_up_proj")
                        ? Stream.of("0.gate_proj.weight", "0.up_proj.weight")
                        : Stream.of("0.%s.weight".formatted(name)));
    return Stream.concat(whole, split).map(name -> module + "." + name).toList();
  }

  /**
   * What this does to a matrix of the base.
   *
   * @return nothing if it is another module's or another parameter's
   * @throws UserInputException with code {@code ADAPTER_UNSUPPORTED} if the shape leaves open which
   *     of its sides are the inputs
   */
  public Optional<ExpertLora> updateOf(String matrix, MatrixSource weight) {
    if (!matrix.startsWith(module + ".")) {
      return Optional.empty();
    }
    String rest = matrix.substring(module.length() + 1);
    Matcher slice = SLICE.matcher(rest);
    Matcher split = SPLIT.matcher(rest);
    if (slice.matches() && parameters.contains(slice.group("name"))) {
      return ofWhole(matrix, weight, Integer.parseInt(slice.group("expert")));
    }
    if (split.matches()) {
      return ofPart(matrix, weight, split.group("name"), Integer.parseInt(split.group("expert")));
    }
    return parameters.contains(rest) && experts() == 1
        ? ofWhole(matrix, weight, 0)
        : Optional.empty();
  }

  private Optional<ExpertLora> ofWhole(String matrix, MatrixSource weight, int expert) {
    boolean straight = fits(weight.rows(), weight.cols());
    boolean turned = fits(weight.cols(), weight.rows());
    if (expert >= experts() || (!straight && !turned)) {
      return Optional.empty();
    }
    if (straight && turned) {
      throw UserInputException.inTensor(
          RejectCode.ADAPTER_UNSUPPORTED,
          a.file(),
          a.matrix(),
          ("%s is square, %dx%d, so that its shape does not tell its inputs from its outputs; merge"
                  + " the adapter with PEFT (merge_and_unload) and analyse the merged checkpoint")
              .formatted(matrix, weight.rows(), weight.cols()));
    }
    return Optional.of(new ExpertLora(matrix, this, expert, 0, b.rows(), turned));
  }

  private Optional<ExpertLora> ofPart(String matrix, MatrixSource weight, String name, int expert) {
    boolean half = !name.equals("down_proj");
    String parameter = half ? "gate_up_proj" : name;
    int outputs = half ? 2 * weight.rows() : weight.rows();
    if (expert >= experts() || !parameters.contains(parameter) || !fits(outputs, weight.cols())) {
      return Optional.empty();
    }
    int fromRow = name.equals("up_proj") ? weight.rows() : 0;
    return Optional.of(new ExpertLora(matrix, this, expert, fromRow, weight.rows(), false));
  }

  private boolean fits(int outputs, int inputs) {
    return b.rows() == outputs && a.cols() == inputs;
  }
}
