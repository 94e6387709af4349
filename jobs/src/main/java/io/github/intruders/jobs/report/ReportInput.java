package io.github.intruders.jobs.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MitigationEffect;
import io.github.intruders.forgetting.Retention;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.AdapterPair;
import io.github.intruders.jobs.figures.CheckLine;
import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.ComparedAdapter;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.LadderLine;
import io.github.intruders.jobs.figures.MatrixStep;
import io.github.intruders.jobs.figures.TrackedIntruder;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.ledger.ScanEntry;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;

/**
 * What the report is drawn from, be it what a run holds in its hands or what its tables say. A part
 * whose stage did not run is null.
 *
 * @param summary the run's summary, without its lists; empty if there is none
 * @param checkpoints all there are, in no order
 * @param figures of those that were analysed
 * @param details the matrices that are shown by themselves
 * @param sequences what was followed, or null
 * @param outcomes what was measured, or null
 * @param mitigations edits, or null
 * @param checks what rules said, or null
 * @param comparison pairs of checkpoints, or null
 * @param rejects the first of them
 * @param rejected how many there are in all
 */
public record ReportInput(
    ObjectNode summary,
    List<CheckpointResult> checkpoints,
    List<CheckpointFigures> figures,
    MatrixDetails details,
    Sequences sequences,
    Outcomes outcomes,
    JavaRDD<MitigationEntry> mitigations,
    JavaRDD<CheckLine> checks,
    Comparison comparison,
    List<Rejection> rejects,
    long rejected) {
  /** So many of the inputs that were left out are named. */
  public static final int MOST_REJECTS = 50;

  /** A matrix of a checkpoint. */
  public record MatrixId(String checkpointId, String matrix) implements Serializable {}

  /** Finds single matrices. */
  @FunctionalInterface
  public interface MatrixDetails {
    /** So many leading vectors of each side are shown. */
    int VECTORS = 10;

    /**
     * The entries of these matrices, in no order; few.
     *
     * @return each with its {@value #VECTORS} leading vectors of each side and their similarities
     *     at least, see {@link ScanEntry#leading}
     */
    List<ScanEntry> of(Set<MatrixId> matrices) throws IOException;
  }

  /**
   * What was followed from step to step.
   *
   * @param steps every step of every sequence, in no order
   * @param byMatrix the same matrix by matrix
   * @param tracks every point of every track
   */
  public record Sequences(
      List<AccumulationStep> steps,
      JavaRDD<MatrixStep> byMatrix,
      JavaRDD<TrackedIntruder> tracks) {}

  /**
   * Checkpoints that were compared with each other.
   *
   * @param adapters in no order
   * @param pairs of them
   */
  public record Comparison(List<ComparedAdapter> adapters, JavaRDD<AdapterPair> pairs) {}

  /**
   * Measured forgetting.
   *
   * @param measured by checkpoint and metric
   * @param lines the correlations
   * @param ladder what each measure adds to others
   * @param transfer the task × step matrices of the sequences
   * @param effects what edits of tuned models did; null where none was evaluated
   */
  public record Outcomes(
      JavaRDD<MeasuredForgetting> measured,
      JavaRDD<CorrelationLine> lines,
      JavaRDD<LadderLine> ladder,
      JavaRDD<Retention> transfer,
      JavaRDD<MitigationEffect> effects) {}
}
