package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.when;

import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.MatrixScan;
import io.github.intruders.scan.ScanOutcome;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;

/** One analysed matrix of one checkpoint, as a line of the ledger; see {@link ScanLedger}. */
record LedgerEntry(
    String key,
    String checkpointId,
    String matrix,
    Integer layer,
    String module,
    int rows,
    int cols,
    String dtype,
    int updateRank,
    double updateNorm,
    double updateRelativeNorm,
    double updateSpectralNorm,
    double updateEffectiveRank,
    double baseNorm,
    double baseSpectralNorm,
    int baseRank,
    double criticalStrength,
    int intruderCount,
    Map<String, Integer> intruders,
    Map<String, Integer> ties,
    double intruderEnergy,
    double energy,
    String solver,
    double maxResidual,
    long elapsedMillis,
    List<VectorScan> vectors,
    Map<Side, List<double[]>> similarity) {

  /**
   * The tables' name of a side. Not Spark's {@code lower}, which loads collation rules for 1.7 s.
   */
  static Column side(Column name) {
    return when(name.equalTo(Side.LEFT.name()), "left")
        .when(name.equalTo(Side.RIGHT.name()), "right");
  }

  static LedgerEntry of(String key, ScanOutcome.Analysed outcome) {
    MatrixPlan plan = outcome.plan();
    BaseMatrix base = plan.base();
    MatrixScan scan = outcome.scan();
    return new LedgerEntry(
        key,
        plan.checkpointId(),
        base.name(),
        base.layer() < 0 ? null : base.layer(),
        base.module(),
        base.source().rows(),
        base.source().cols(),
        base.source().dtype().name(),
        scan.update().rank(),
        scan.update().norm(),
        scan.baseNorm() == 0 ? 0 : scan.update().norm() / scan.baseNorm(),
        scan.update().spectralNorm(),
        scan.update().effectiveRank(),
        scan.baseNorm(),
        scan.baseSpectralNorm(),
        scan.baseRank(),
        scan.criticalStrength(),
        scan.intruderCount(),
        scan.intruders(),
        scan.ties(),
        scan.intruderEnergy(),
        scan.energy(),
        scan.solver(),
        scan.maxResidual(),
        outcome.elapsedMillis(),
        scan.vectors(),
        scan.similarity());
  }
}
