package io.github.intruders.mitigation;

import io.github.intruders.input.Rejection;
import io.github.intruders.plan.MatrixPlan;
import java.util.List;

/** What became of one matrix of one checkpoint. */
public sealed interface MitigationOutcome {
  /** The piece of work. */
  MatrixPlan plan();

  /**
   * It was edited, in every variant.
   *
   * @param variants in the order of {@link MitigationSettings#variants()}; matrices lie in the
   *     arena that is open and are gone when the receiver returns
   */
  record Edited(MatrixPlan plan, List<EditedVariant> variants) implements MitigationOutcome {
    public Edited {
      variants = List.copyOf(variants);
    }
  }

  /** One variant of the matrix. */
  record EditedVariant(Variant variant, MatrixEdit edit, MatrixFigures figures) {}

  /** It could not be analysed; it stays as it is. */
  record Rejected(MatrixPlan plan, Rejection rejection) implements MitigationOutcome {}
}
