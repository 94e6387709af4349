package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What an adapter's file holds for one module. */
final class ModuleTensors {
  private final AdapterKind kind;
  private final String module;
  private final Map<String, TensorInfo> shared;
  private final SortedMap<String, TensorInfo> parts = new TreeMap<>();

  /**
   * @param module as PEFT sees it, such as {@code model.layers.0.self_attn.q_proj}
   * @param shared tensors that are all modules', by their last part
   */
  ModuleTensors(AdapterKind kind, String module, Map<String, TensorInfo> shared) {
    this.kind = kind;
    this.module = module;
    this.shared = shared;
  }

  /** Takes a tensor; returns the one that stood for this part before, else null. */
  TensorInfo add(String part, TensorInfo tensor) {
    return parts.put(part, tensor);
  }

  String module() {
    return module;
  }

  /** Name of the module's weight. */
  String baseTensor() {
    return module + ".weight";
  }

  boolean has(String part) {
    return parts.containsKey(part) || shared.containsKey(part);
  }

  /** Requires that there are these parts and no others. */
  void requireExactly(String... expected) {
    SortedSet<String> left = new TreeSet<>(parts.keySet());
    for (String part : expected) {
      tensor(part);
      left.remove(part);
    }
    if (!left.isEmpty()) {
      TensorInfo tensor = parts.get(left.first());
      throw invalid(
          tensor,
          "it does not go with %s of the same module".formatted(String.join(", ", expected)));
    }
  }

  /**
   * One tensor.
   *
   * @throws UserInputException if it is missing, or empty
   */
  TensorInfo tensor(String part) {
    TensorInfo tensor = parts.getOrDefault(part, shared.get(part));
    if (tensor == null) {
      throw invalid(first(), "its %s is missing".formatted(part));
    }
    tensor.requireElements(RejectCode.ADAPTER_INVALID);
    return tensor;
  }

  /** One of the tensors that are the module's own. */
  TensorInfo first() {
    return parts.get(parts.firstKey());
  }

  /** A tensor of two dimensions, as it is stored. */
  MatrixSource matrix(String part) {
    TensorInfo tensor = tensor(part);
    if (tensor.shape().size() != 2) {
      throw unsupported(
          tensor,
          "%s is not a matrix; %s on convolutions is not supported"
              .formatted(tensor.description(), kind.title()));
    }
    tensor.dtype().requireReadable(tensor.file(), tensor.name());
    return MatrixSource.of(tensor, false).get(0);
  }

  /** The transpose of a tensor of two dimensions. */
  MatrixSource transposed(String part) {
    matrix(part);
    return MatrixSource.of(tensor(part), true).get(0);
  }

  /** All elements of a tensor as one row, whatever its shape. */
  MatrixSource vector(String part) {
    return stacked(part, elements(tensor(part)));
  }

  /** The one element of a tensor, (1, 1). */
  MatrixSource number(String part) {
    MatrixSource number = vector(part);
    if (number.cols() != 1) {
      throw invalid(number, "expected one number, found %d".formatted(number.cols()));
    }
    return number;
  }

  /** The elements of a tensor as a matrix with this many columns, in the stored order. */
  MatrixSource stacked(String part, long cols) {
    TensorInfo tensor = tensor(part);
    tensor.dtype().requireReadable(tensor.file(), tensor.name());
    requireByRows(tensor);
    long elements = elements(tensor);
    if (elements % cols != 0 || Math.max(cols, elements / cols) > MAX_DIMENSION) {
      throw invalid(
          tensor, "cannot see a matrix of %d columns in %s".formatted(cols, tensor.description()));
    }
    return new MatrixSource(
            tensor.name(),
            tensor.file(),
            tensor.dtype(),
            tensor.offset(),
            (int) (elements / cols),
            (int) cols,
            false)
        .checkedBy(tensor.checksum())
        .stampedBy(tensor.stamp());
  }

  /** Whole numbers of two dimensions, which are places. */
  MatrixSource places(String part) {
    TensorInfo tensor = tensor(part);
    tensor.dtype().requireWholeNumbers(tensor.file(), tensor.name());
    if (tensor.shape().size() != 2 || tensor.shape().get(0) != 2) {
      throw invalid(tensor, "expected rows and columns of places, found " + tensor.description());
    }
    requireByRows(tensor);
    return MatrixSource.of(tensor, false).get(0);
  }

  private static void requireByRows(TensorInfo tensor) {
    if (tensor.byColumns()) {
      throw unsupported(tensor, "it is stored by columns; save it with .contiguous()");
    }
  }

  private static final long MAX_DIMENSION = Integer.MAX_VALUE;

  private static long elements(TensorInfo tensor) {
    return tensor.shape().stream().reduce(1L, Math::multiplyExact);
  }

  /** Two factors of one rank, that of the config. */
  LowRankSource pair(AdapterConfig config, MatrixSource a, MatrixSource b, double scale) {
    if (a.rows() != b.cols()) {
      throw invalid(
          b, "rank %d, but the rank of %s is %d".formatted(b.cols(), a.matrix(), a.rows()));
    }
    return new LowRankSource(baseTensor(), a, b, scale, config.fanInFanOut());
  }

  /** Requires the rank that the config says. */
  void requireRank(AdapterConfig config, MatrixSource a, int found) {
    int rank = config.rankOf(module);
    if (found != rank) {
      throw invalid(
          a, "rank %d, but adapter_config.json says %d for this module".formatted(found, rank));
    }
  }

  UserInputException invalid(MatrixSource tensor, String message) {
    return UserInputException.inTensor(
        RejectCode.ADAPTER_INVALID, tensor.file(), tensor.matrix(), message);
  }

  UserInputException invalid(TensorInfo tensor, String message) {
    return UserInputException.inTensor(
        RejectCode.ADAPTER_INVALID, tensor.file(), tensor.name(), message);
  }

  static UserInputException unsupported(TensorInfo tensor, String message) {
    return UserInputException.inTensor(
        RejectCode.ADAPTER_UNSUPPORTED, tensor.file(), tensor.name(), message);
  }

  @Override
  public String toString() {
    return parts.values().stream().map(TensorInfo::name).collect(Collectors.joining(", "));
  }
}
