package io.github.intruders.discovery;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.discovery.Finding.Model;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.Planner;
import java.io.IOException;
import java.io.Serializable;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Whether a model can be compared with a base, as a run would plan it: by headers and configs.
 *
 * @param uri of the model
 * @param matrices how many can be analysed
 * @param rejected how many things can't
 * @param code of the first of these; null if there is none
 * @param reason why the first of these can't be; null if there is none
 */
public record BaseFit(String uri, int matrices, int rejected, RejectCode code, String reason)
    implements Serializable {
  /** What tells that the model is one of another base, rather than broken. */
  private static final Set<RejectCode> OTHER =
      EnumSet.of(
          RejectCode.MISSING_IN_BASE,
          RejectCode.MISSING_IN_TUNED,
          RejectCode.NAME_AMBIGUOUS,
          RejectCode.NOTHING_TO_ANALYSE,
          RejectCode.SAME_AS_BASE,
          RejectCode.SHAPE_MISMATCH);

  /**
   * Plans a model.
   *
   * @param model with what lies beside it
   * @throws IOException if the storage fails
   */
  public static BaseFit of(Storage storage, BasePlan base, Model model) throws IOException {
    CheckpointSpec spec =
        new CheckpointSpec("found", List.of(model.uri()), null, null, null, Map.of());
    CheckpointPlan plan = new Planner(model.folder().through(storage), base).plan(spec);
    Rejection first = plan.rejections().isEmpty() ? null : plan.rejections().get(0);
    return new BaseFit(
        model.uri(),
        plan.matrices().size(),
        plan.rejections().size(),
        first == null ? null : first.code(),
        first == null ? null : first.message());
  }

  /** Whether nothing of it can be analysed. */
  boolean isNone() {
    return matrices == 0;
  }

  /** Whether it does not belong to this base, as far as its shapes and names tell. */
  boolean isOfOtherBase() {
    return OTHER.contains(code);
  }
}
