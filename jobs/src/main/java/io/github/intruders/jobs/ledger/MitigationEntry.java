package io.github.intruders.jobs.ledger;

import io.github.intruders.input.Fingerprint;
import io.github.intruders.mitigation.MatrixFigures;
import io.github.intruders.mitigation.MitigationOutcome;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import java.io.Serializable;
import java.util.List;
import java.util.Locale;

/**
 * One variant of one edited matrix, and what the edit does, see {@link MatrixFigures}.
 *
 * @param lambda factor of the intruders; null where the edit has none
 * @param editNorm null in tables of runs that did not tell it
 */
public record MitigationEntry(
    String key,
    String checkpointId,
    String matrix,
    Integer layer,
    String module,
    int rows,
    int cols,
    String variant,
    Double lambda,
    String selection,
    int intrudersBefore,
    int intrudersScaled,
    List<Integer> scaledIndices,
    int rounds,
    List<Double> singularValuesBefore,
    List<Double> singularValuesAfter,
    double updateNormBefore,
    double updateNormAfter,
    int updateRankBefore,
    int updateRankAfter,
    double reconstructionError,
    Double editNorm,
    Double updateLimit,
    Integer valuesKept,
    int intrudersAfter,
    String solver)
    implements LedgerEntry, Serializable {
  /** Changes whenever an edit would come out differently for the same input. */
  private static final String DEFINITION_VERSION = "3";

  public static MitigationEntry of(
      String key,
      MatrixPlan plan,
      MitigationSettings settings,
      MitigationOutcome.EditedVariant edited) {
    BaseMatrix base = plan.base();
    MatrixFigures figures = edited.figures();
    return new MitigationEntry(
        key,
        plan.checkpointId(),
        base.name(),
        base.layer() < 0 ? null : base.layer(),
        base.module(),
        base.source().rows(),
        base.source().cols(),
        edited.variant().name(),
        edited.variant().lambda(),
        settings.selection().name().toLowerCase(Locale.ROOT),
        figures.intrudersBefore(),
        edited.variant().kind().isControl() ? 0 : figures.scaledIndices().size(),
        figures.scaledIndices(),
        figures.rounds(),
        figures.singularValuesBefore(),
        figures.singularValuesAfter(),
        figures.updateNormBefore(),
        figures.updateNormAfter(),
        figures.updateRankBefore(),
        figures.updateRankAfter(),
        figures.reconstructionError(),
        figures.editNorm(),
        figures.updateLimit(),
        figures.valuesKept(),
        figures.intrudersAfter(),
        figures.solver());
  }

  /** Names all that the edits of a matrix depend on: the files they are made from and settings. */
  public static String key(MatrixPlan plan, ScanSettings scan, MitigationSettings settings) {
    return Fingerprint.of(
        String.join(
            "\n",
            DEFINITION_VERSION,
            plan.checkpointId(),
            plan.base().name(),
            plan.inputs(),
            scan.topK().text(),
            Double.toString(scan.epsilon()),
            scan.sides().toString(),
            scan.solver().toString(),
            settings.toString()));
  }
}
