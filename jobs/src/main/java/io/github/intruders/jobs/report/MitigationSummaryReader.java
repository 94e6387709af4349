package io.github.intruders.jobs.report;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.sqrt;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Sums up a mitigation from its table: one row per checkpoint and variant, small enough. */
public final class MitigationSummaryReader {
  private static final int REJECTIONS_SHOWN = 20;

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
   * @param mitigations rows of the table
   * @param rejects rows of the rejects table
   */
  public MitigationSummary read(
      Dataset<Row> mitigations, Dataset<Row> rejects, double elapsedSeconds) throws IOException {
    Map<String, Row> rows = new HashMap<>();
    for (Row row : sums(mitigations).collectAsList()) {
      rows.put(row.getAs("checkpoint_id") + "\n" + row.getAs("variant"), row);
    }
    List<MitigationSummary.Model> models = new ArrayList<>();
    for (CheckpointSpec spec : config.manifest().checkpoints()) {
      for (Variant variant : settings.variants()) {
        Row row = rows.get(spec.id() + "\n" + variant.name());
        if (row != null) {
          models.add(model(spec, variant, row));
        }
      }
    }
    return new MitigationSummary(
        runId,
        config.manifest().baseId(),
        models,
        rejects.count(),
        rejects.select("message").limit(REJECTIONS_SHOWN).collectAsList().stream()
            .map(row -> row.getString(0))
            .toList(),
        Math.round(elapsedSeconds * 1000) / 1000.0);
  }

  private static Dataset<Row> sums(Dataset<Row> mitigations) {
    return mitigations
        .groupBy("checkpoint_id", "variant")
        .agg(
            count(lit(1)).cast("int").as("matrices"),
            sum(expr("IF(rounds > 0, 1, 0)")).cast("int").as("touched"),
            sum("intruders_before").cast("int").as("before"),
            sum("intruders_after").cast("int").as("after"),
            // Sorted, since sums of fractions depend on their order.
            sort_array(
                    collect_list(
                        struct(
                            col("matrix"),
                            col("update_norm_before").as("b"),
                            col("update_norm_after").as("a"))))
                .as("norms"),
            max(struct(col("reconstruction_error").as("error"), col("matrix"))).as("worst"))
        .withColumn("norm_before", sqrt(squares("norms.b")))
        .withColumn("norm_after", sqrt(squares("norms.a")));
  }

  private static Column squares(String values) {
    return expr("aggregate(%s, 0D, (total, value) -> total + value * value)".formatted(values));
  }

  private MitigationSummary.Model model(CheckpointSpec spec, Variant variant, Row row)
      throws IOException {
    Row worst = row.getAs("worst");
    String folder =
        storage.resolve(config.outUri(), "mitigated/" + spec.id() + "/" + variant.name());
    return new MitigationSummary.Model(
        spec.id(),
        variant.name(),
        variant.lambda(),
        row.getAs("matrices"),
        row.getAs("touched"),
        row.getAs("before"),
        row.getAs("after"),
        row.getAs("norm_before"),
        row.getAs("norm_after"),
        worst.getAs("error"),
        worst.getAs("matrix"),
        storage.exists(storage.resolve(folder, "mitigation.json")) ? folder : null);
  }
}
