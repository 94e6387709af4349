package io.github.intruders.jobs.table;

import io.github.intruders.forgetting.MitigationEffect;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code mitigation_effects} table: one row per tuned model of which edits were evaluated, edit
 * and metric.
 */
public final class MitigationEffectsTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "mitigation_effects",
          "checkpoint_id",
          "checkpoint_id STRING, variant STRING, lambda DOUBLE, metric STRING, role STRING,"
              + " lower_is_better BOOLEAN, value DOUBLE, unedited_value DOUBLE,"
              + " base_value DOUBLE, change DOUBLE, change_percent DOUBLE");

  private MitigationEffectsTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(MitigationEffect effect) {
    return RowFactory.create(
        effect.checkpointId(),
        effect.variant(),
        effect.lambda(),
        effect.metric(),
        effect.role().text(),
        effect.lowerIsBetter(),
        effect.value(),
        effect.uneditedValue(),
        effect.baseValue(),
        effect.change(),
        effect.changePercent());
  }

  /** The effect that a row was made from. */
  public static MitigationEffect fromRow(Row row) {
    return new MitigationEffect(
        row.getAs("checkpoint_id"),
        row.getAs("variant"),
        row.getAs("lambda"),
        row.getAs("metric"),
        MitigationEffect.Role.valueOf(row.<String>getAs("role").toUpperCase(Locale.ROOT)),
        row.<Boolean>getAs("lower_is_better"),
        row.<Double>getAs("value"),
        row.getAs("unedited_value"),
        row.<Double>getAs("base_value"),
        row.getAs("change"),
        row.getAs("change_percent"));
  }
}
