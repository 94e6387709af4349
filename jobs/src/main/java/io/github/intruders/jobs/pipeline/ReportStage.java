package io.github.intruders.jobs.pipeline;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.accumulation.Accumulation;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.forgetting.Forgetting;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.report.HtmlReport;
import io.github.intruders.jobs.report.Provenance;
import io.github.intruders.jobs.report.RunSummary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Draws the report of a run and writes its summary. */
final class ReportStage {
  /** The stage, where progress is told. */
  static final String NAME = "report";

  private static final Logger LOG = LoggerFactory.getLogger(ReportStage.class);

  private final RunContext run;

  ReportStage(RunContext run) {
    this.run = run;
  }

  /**
   * Draws the report.
   *
   * @param accumulation null where there are no sequences
   * @param forgetting null where there are no metrics
   */
  void draw(
      RunSummary summary,
      Scanned scanned,
      Accumulation accumulation,
      Forgetting forgetting,
      RunRejects rejects)
      throws IOException {
    StageCounters counters = run.progress().begin(NAME, "pages", 1);
    Storage storage = run.storage().open();
    ObjectNode told = withProvenance(summary).withoutLists();
    String page =
        HtmlReport.write(
            new ReportInputs(run.context(), Supervision.tables(run))
                .ofRun(told, scanned, accumulation, forgetting, rejects),
            storage,
            run.config().outUri());
    counters.finished(1);
    run.progress().end();
    run.findings().drew(page);
    LOG.info("Report: {}", page);
  }

  /** Writes the summary, with how long each stage took. */
  RunSummary write(RunSummary summary) throws IOException {
    RunSummary whole = withProvenance(summary);
    Storage storage = run.storage().open();
    storage.write(
        storage.resolve(run.config().outUri(), "_summary.json"),
        out -> out.write(whole.toPrettyJson().getBytes(StandardCharsets.UTF_8)));
    return whole;
  }

  private RunSummary withProvenance(RunSummary summary) {
    return summary.withProvenance(
        Provenance.of(run.spark(), run.config(), run.startedAt(), run.progress().seconds()),
        run.seconds());
  }
}
