package io.github.intruders.plan;

import io.github.intruders.adapter.PeftStateDict;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.OpenedFiles;
import io.github.intruders.checkpoint.ScaleSource;
import io.github.intruders.checkpoint.Stamp;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The base checkpoint as every tuned one is compared with it. Made once, sent to every task.
 *
 * @param id the base's id
 * @param uri where it lies
 * @param selection which of its tensors are analysed
 * @param matrices the analysed matrices by name, in the order of the tensors' names
 * @param tensors names of all its tensors, analysed or not, usable or not
 * @param leftOut those of its tensors that are not analysed, as the selection has it, by name
 * @param rejections selected tensors that can't be analysed
 * @param models what the base may be called where an adapter names it; may be empty
 */
public record BasePlan(
    String id,
    String uri,
    MatrixSelection selection,
    Map<String, BaseMatrix> matrices,
    Set<String> tensors,
    Map<String, Unanalysed> leftOut,
    List<Rejection> rejections,
    Set<String> models)
    implements Serializable {
  /**
   * A tensor that is not analysed.
   *
   * @param kind why
   * @param description its type and shape
   */
  record Unanalysed(LeftOut kind, String description) implements Serializable {}

  /**
   * Reads the base's headers.
   *
   * @throws UserInputException if the base can't be opened, or nothing in it is selected
   */
  public static BasePlan of(Storage storage, String id, String uri, MatrixSelection selection)
      throws IOException {
    OpenedFiles files = new OpenedFiles(storage);
    Checkpoint base;
    try {
      base = Checkpoint.open(files, uri);
      files.requireUnchanged();
    } catch (RuntimeException e) {
      throw files.orChange(e);
    }
    Orientation orientation = Orientation.of(base);
    WeightScales scales = new WeightScales(base);
    PeftStateDict.requireNone(base);
    FusedWeights fused = new FusedWeights(base);
    TensorRoles roles = new TensorRoles(selection, base);
    Map<String, Unanalysed> leftOut = new TreeMap<>();
    Map<String, BaseMatrix> matrices = new TreeMap<>();
    List<Rejection> rejections = new ArrayList<>();
    for (UserInputException fault : base.faults()) {
      rejections.add(Rejection.of(id, fault));
    }
    for (TensorInfo tensor : base.tensors().values()) {
      if (PackedWeights.matches(tensor.name())) {
        rejections.add(Rejection.of(id, tensor.name(), PackedWeights.refusal(tensor)));
        continue;
      }
      Optional<LeftOut> kind = roles.leftOut(tensor);
      if (kind.isPresent() && !isEmpty(tensor, selection)) {
        leftOut.put(tensor.name(), new Unanalysed(kind.get(), tensor.description()));
      } else {
        try {
          tensor.requireElements(RejectCode.SHAPE_MISMATCH);
          for (MatrixSource source :
              scales.matrices(tensor, orientation.isTransposed(tensor.name()))) {
            for (MatrixSource part :
                selection.splitFused() ? fused.split(source) : List.of(source)) {
              matrices.put(part.matrix(), BaseMatrix.of(part));
            }
          }
        } catch (UserInputException e) {
          rejections.add(Rejection.of(id, tensor.name(), e));
        }
      }
    }
    if (matrices.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.NOTHING_TO_ANALYSE,
          uri,
          rejections.isEmpty()
              ? "None of its %d tensors is selected for analysis".formatted(base.tensors().size())
              : "No tensor can be analysed; the first reason: " + rejections.get(0).message());
    }
    return new BasePlan(
        id,
        base.uri(),
        selection,
        matrices,
        names(base),
        leftOut,
        List.copyOf(rejections),
        BaseNames.of(id, base));
  }

  /** Whether nothing is left of what may have been a selected matrix. */
  private static boolean isEmpty(TensorInfo tensor, MatrixSelection selection) {
    return tensor.shape().equals(List.of(0L)) && selection.selects(tensor.name(), 2);
  }

  /** What tells whether the files that hold a matrix and its scales have changed. */
  public String identity(BaseMatrix matrix) {
    String identity = version(matrix.source().stamp());
    ScaleSource scale = matrix.source().scale();
    return scale == null ? identity : identity + " " + version(scale.stamp());
  }

  private static String version(Stamp stamp) {
    return stamp == null ? "" : stamp.version();
  }

  private static Set<String> names(Checkpoint base) {
    Set<String> names = new TreeSet<>(base.tensors().keySet());
    names.addAll(base.unusable().keySet());
    return names;
  }

  static void requireReadable(TensorInfo tensor) {
    if (!tensor.dtype().readable()) {
      throw UserInputException.inTensor(
          RejectCode.DTYPE_UNSUPPORTED,
          tensor.file(),
          tensor.name(),
          "expected F64, F32, F16 or BF16, found %s; convert the checkpoint to one of these first"
              .formatted(tensor.dtype()));
    }
  }
}
