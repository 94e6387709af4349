package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.ledger.MitigationEntry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;

class EditedModelTest {
  /** Their squares add up to other last digits in other orders. */
  private static final double[] NORMS = {0.1, 1e8, 0.3, 1e-3, 7.7, 1e7, 0.2};

  private static EditedModel sum(List<MitigationEntry> entries) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(TableRows.session().sparkContext());
    List<EditedModel> models = EditedModel.of(spark.parallelize(entries, 3));
    assertThat(models).hasSize(1);
    return models.get(0);
  }

  @Test
  void matricesAreAddedUpInTheirOrderWhateverOrderTheyComeIn() {
    double before = 0;
    double after = 0;
    List<MitigationEntry> entries = new ArrayList<>();
    for (int i = 0; i < NORMS.length; i++) {
      entries.add(entry("m" + i, i % 2, NORMS[i], NORMS[i] / 3, i == 3 ? 0.5 : 0.25));
      before += NORMS[i] * NORMS[i];
      after += NORMS[i] / 3 * (NORMS[i] / 3);
    }
    EditedModel expected =
        new EditedModel(
            "a", "top-l0.5", 0.5, 7, 3, 14, 7, 0, Math.sqrt(before), Math.sqrt(after), 0.5, "m3");

    assertThat(sum(entries)).isEqualTo(expected);
    Collections.reverse(entries);
    assertThat(sum(entries)).isEqualTo(expected);
  }

  @Test
  void ofEqualErrorsTheLaterNameIsTold() {
    EditedModel model =
        sum(List.of(entry("m2", 1, 1, 1, 0.5), entry("m1", 1, 1, 1, 0.5), entry("m3", 1, 1, 1, 0)));

    assertThat(model.maxReconstructionMatrix()).isEqualTo("m2");
  }

  private static MitigationEntry entry(
      String matrix, int rounds, double before, double after, double error) {
    return new MitigationEntry(
        "key",
        "a",
        matrix,
        null,
        "q",
        4,
        6,
        "top-l0.5",
        0.5,
        "all",
        2,
        1,
        List.of(0),
        rounds,
        List.of(1.0),
        List.of(0.5),
        before,
        after,
        2,
        2,
        error,
        0.25,
        null,
        null,
        0,
        "exact");
  }
}
