package io.github.intruders.jobs.report;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.mitigation.WrittenFolder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;

/** Sums up a mitigation: one line per checkpoint and variant, small enough. */
public final class MitigationSummaryReader {
  private final Storage storage;
  private final JobConfig config;
  private final MitigationSettings settings;
  private final String runId;

  public MitigationSummaryReader(
      Storage storage, JobConfig config, MitigationSettings settings, String runId) {
    this.storage = storage;
    this.config = config;
    this.settings = settings;
    this.runId = runId;
  }

  /**
   * Sums up.
   *
   * @param mitigations every variant of every edited matrix
   * @param rejects the first of them at least
   * @param rejected how many there are in all
   */
  public MitigationSummary read(
      JavaRDD<MitigationEntry> mitigations,
      List<Rejection> rejects,
      long rejected,
      double elapsedSeconds)
      throws IOException {
    Map<Edit, EditedModel> edited = new HashMap<>();
    for (EditedModel model : EditedModel.of(mitigations)) {
      edited.put(new Edit(model.checkpointId(), model.variant()), model);
    }
    List<MitigationSummary.Model> models = new ArrayList<>();
    for (CheckpointSpec spec : config.manifest().checkpoints()) {
      for (Variant variant : settings.variants()) {
        EditedModel model = edited.get(new Edit(spec.id(), variant.name()));
        if (model != null) {
          models.add(model(variant, model, spec.sources().size()));
        }
      }
    }
    return new MitigationSummary(
        runId,
        config.manifest().baseId(),
        models,
        rejected,
        rejects.stream().limit(ConsoleReport.MOST_REJECTIONS).map(Rejection::message).toList(),
        Math.round(elapsedSeconds * 1000) / 1000.0);
  }

  private record Edit(String checkpointId, String variant) {}

  private MitigationSummary.Model model(Variant variant, EditedModel edited, int chain)
      throws IOException {
    String folder =
        WrittenFolder.uri(storage, config.outUri(), edited.checkpointId(), edited.variant());
    return new MitigationSummary.Model(
        edited.checkpointId(),
        edited.variant(),
        variant.lambda(),
        edited.matrices(),
        edited.touched(),
        Math.toIntExact(edited.intrudersBefore()),
        Math.toIntExact(edited.intrudersAfter()),
        edited.updateNormBefore(),
        edited.updateNormAfter(),
        edited.maxReconstructionError(),
        edited.maxReconstructionMatrix(),
        storage.exists(storage.resolve(folder, WrittenFolder.MARKER)) ? folder : null,
        chain);
  }
}
