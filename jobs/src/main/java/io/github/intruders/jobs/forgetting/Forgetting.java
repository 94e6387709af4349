package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MitigationEffect;
import io.github.intruders.forgetting.Retention;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.LadderLine;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;

/**
 * What the metrics say.
 *
 * @param baseId what was compared with
 * @param measured by checkpoint and metric
 * @param lines the correlations
 * @param ladder what each measure adds to others
 * @param transfer the task × step matrices of the sequences
 * @param effects what edits of tuned models did; null where none was evaluated
 * @param told the correlations that are told beside the tables
 * @param count how many were measured
 * @param rejected how many files and entries were left out
 * @param firstReason why the first of them was, or null
 * @param release frees what is held
 */
public record Forgetting(
    String baseId,
    JavaRDD<MeasuredForgetting> measured,
    JavaRDD<CorrelationLine> lines,
    JavaRDD<LadderLine> ladder,
    JavaRDD<Retention> transfer,
    JavaRDD<MitigationEffect> effects,
    List<CorrelationLine> told,
    long count,
    long rejected,
    String firstReason,
    Runnable release)
    implements AutoCloseable {
  @Override
  public void close() {
    release.run();
  }
}
