package io.github.intruders.jobs.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.accumulation.TrackPoint;
import io.github.intruders.fidelity.Fidelity;
import io.github.intruders.fidelity.Verdict;
import io.github.intruders.forgetting.Bootstrap;
import io.github.intruders.forgetting.Configuration;
import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MitigationEffect;
import io.github.intruders.forgetting.MitigationEffect.Role;
import io.github.intruders.forgetting.Retention;
import io.github.intruders.forgetting.Rung;
import io.github.intruders.forgetting.Scale;
import io.github.intruders.forgetting.SeedSpread;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.Identity;
import io.github.intruders.jobs.figures.LadderLine;
import io.github.intruders.jobs.figures.MatrixStep;
import io.github.intruders.jobs.figures.MeanGeometry;
import io.github.intruders.jobs.figures.SeedLine;
import io.github.intruders.jobs.figures.TrackedIntruder;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.scan.CriticalStrength;
import io.github.intruders.scan.Geometry;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.CatalystTypeConverters;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import scala.Function1;

/**
 * A record comes back from its row as it was, whatever may be missing in it. Each field has a value
 * of its own, so that none can stand in the column of another.
 */
class RowsTest {
  private static final List<VectorScan> VECTORS =
      List.of(
          new VectorScan(
              Side.LEFT, 1, 2.5, 0.25, 0.24, 0.26, 3, 4.5, true, 0.5, 0.75, 0.1, 0.2, 0.3, 7.5,
              1e-9),
          new VectorScan(
              Side.RIGHT,
              6,
              1.5,
              null,
              0.8,
              0.9,
              null,
              null,
              false,
              null,
              null,
              null,
              null,
              null,
              null,
              2e-9));

  @Test
  void checkpoints() {
    back(
        CheckpointsTable.TABLE,
        CheckpointsTable::toRow,
        CheckpointsTable::fromRow,
        new CheckpointResult(
            "base",
            "lora/1",
            "lora",
            1,
            "python",
            "LoRA",
            Map.of("rank", "8", "alpha", "16"),
            28,
            Map.of("0.4", 3, "0.6", 5),
            4,
            0.25,
            7.5,
            3.5,
            4.5,
            2.5,
            0.125,
            17,
            Map.of("0.4", 1, "0.6", 2),
            1e-9,
            6,
            new MeanGeometry(60.5, 59.5, 20.25, 19.75, 0.125, 0.5),
            new Identity(
                0.875, true, "scaled", 28, 3, 1.5, 0.25, "3 of 28 matrices, such as m: c")),
        new CheckpointResult(
            "base",
            "gone",
            null,
            null,
            null,
            null,
            Map.of(),
            0,
            null,
            0,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            2,
            MeanGeometry.UNKNOWN,
            Identity.UNKNOWN));
  }

  @Test
  void matricesAndTheirVectors() {
    ScanEntry inALayer = entry(5, VECTORS);
    back(
        MatricesTable.TABLE,
        MatricesTable::toRow,
        row -> MatricesTable.fromRow(row, VECTORS),
        inALayer,
        entry(null, VECTORS),
        entry(5, VECTORS, null, null),
        entry(5, VECTORS, null, new CriticalStrength(3.25, null, 4.5, null)));

    List<VectorScan> vectors = new ArrayList<>();
    Iterator<Row> rows = SingularVectorsTable.toRows(inALayer);
    while (rows.hasNext()) {
      Row row = typed(SingularVectorsTable.TABLE, rows.next());
      vectors.add(SingularVectorsTable.fromRow(row));
      assertThat(row.<String>getAs("checkpoint_id")).isEqualTo("lora/1");
      assertThat(row.<String>getAs("matrix")).isEqualTo("layers.5.q");
      assertThat(row.<Integer>getAs("layer")).isEqualTo(5);
      assertThat(row.<String>getAs("module")).isEqualTo("q");
    }
    assertThat(vectors).isEqualTo(VECTORS);
  }

  @Test
  void similaritiesHaveARowForEachPair() {
    ScanEntry entry =
        entry(5, VECTORS)
            .withSimilarity(
                Map.of(Side.RIGHT, List.of(new double[] {0.1, 0.2}, new double[] {0.3, 0.4})));
    List<String> rows = new ArrayList<>();
    SimilarityTable.toRows(entry)
        .forEachRemaining(row -> rows.add(typed(SimilarityTable.TABLE, row).mkString(" ")));

    assertThat(rows)
        .containsExactly(
            "lora/1 layers.5.q right 0 0 0.1",
            "lora/1 layers.5.q right 0 1 0.2",
            "lora/1 layers.5.q right 1 0 0.3",
            "lora/1 layers.5.q right 1 1 0.4");
  }

  @Test
  void accumulation() {
    back(
        AccumulationTable.TABLE,
        AccumulationTable::toRow,
        AccumulationTable::fromRow,
        new AccumulationStep("lora", 2, "lora/2", "c", 28, 11, 7, 4, 3, 19, 0.25, 0.75),
        new AccumulationStep("lora", 3, "lora/3", null, 28, 0, 0, 0, 11, 19, 0, null));
    back(
        AccumulationTable.BY_MATRIX,
        AccumulationTable::toRow,
        AccumulationTable::matrixStepFromRow,
        new MatrixStep(
            "lora", 2, "lora/2", "c", "layers.5.q", 5, "q", 11, 7, 4, 3, 19, 2.5, 10.5, 0.75),
        new MatrixStep(
            "lora", 3, "lora/3", null, "head", null, "head", 0, 0, 0, 1, 19, 0, 0, null));
  }

  @Test
  void intruderTracks() {
    back(
        IntruderTracksTable.TABLE,
        IntruderTracksTable::toRow,
        IntruderTracksTable::fromRow,
        tracked(
            5,
            "c",
            new TrackPoint(
                1,
                2,
                new Intruder(3, 4.5, 0.25),
                6,
                0.75,
                0.85,
                7,
                "python",
                TrackPoint.State.PERSISTED)),
        tracked(
            null,
            null,
            new TrackPoint(
                1,
                2,
                new Intruder(0, 4.5, 0.25),
                null,
                null,
                null,
                2,
                null,
                TrackPoint.State.BORN)),
        tracked(
            5, "c", new TrackPoint(1, 3, null, 2, 0.5, 0.6, 2, "python", TrackPoint.State.FADED)));
  }

  @Test
  void metricsAndForgetting() {
    back(
        MetricsTable.TABLE,
        MetricsTable::toRow,
        MetricsTable::fromRow,
        new MeasuredForgetting("lora/1", "loss", 3.5, 1.25, true, 2.25, "file:/metrics.csv"),
        new MeasuredForgetting("lora/1", "accuracy", 0.5, 0.75, false, 0.25, "s3a://b/m.csv"));
    back(
        ForgettingTable.TABLE,
        ForgettingTable::toRow,
        ForgettingTable::fromRow,
        new CorrelationLine(
            "base",
            "loss",
            "intruder_count",
            "all",
            "spearman",
            16,
            0.5,
            0.01,
            "t",
            0.25,
            0.75,
            9999,
            2,
            null),
        new CorrelationLine(
            "base",
            "loss",
            "intruder_count",
            "last-step",
            "kendall",
            1,
            null,
            null,
            null,
            null,
            null,
            null,
            0,
            "needs two"));
  }

  @Test
  void ladders() {
    back(
        LadderTable.TABLE,
        LadderTable::toRow,
        LadderTable::fromRow,
        new LadderLine(
            "base",
            "loss",
            "all",
            new Rung(
                Scale.LOG,
                2,
                List.of("method", "update_relative_norm", "intruder_count"),
                16,
                4,
                3,
                0.5,
                0.125,
                new Bootstrap.Interval(0.1, 0.2, 1999),
                new Bootstrap.Interval(0.11, 0.21, 1998),
                -0.25,
                new Bootstrap.Interval(-0.5, 0.3, 1997),
                new Bootstrap.Interval(-0.4, 0.4, 1996),
                0.01,
                0.05,
                "rough")),
        new LadderLine(
            "base",
            "loss",
            "method=lora",
            new Rung(
                Scale.RANK,
                null,
                List.of("update_mass"),
                2,
                1,
                0,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                "n = 2")));
  }

  @Test
  void transfer() {
    back(
        TransferTable.TABLE,
        TransferTable::toRow,
        TransferTable::fromRow,
        new Retention(
            "lora", 3, "lora/3", "xml", "loss_c", "c", "loss *", 2.5, 3.5, true, -1.0, 1, 0.25, 2,
            -0.5, 4, 0.75, -0.125),
        new Retention(
            "lora", 1, "lora/1", null, "acc", null, null, 0.5, 0.75, false, 0.125, null, null, null,
            null, null, null, null));
  }

  @Test
  void seeds() {
    back(
        SeedsTable.TABLE,
        SeedsTable::toRow,
        SeedsTable::fromRow,
        new SeedLine(
            "base",
            new Configuration(Map.of("rank", "8", "method", "lora"), 2, "c"),
            "forgetting",
            "loss",
            new SeedSpread(3, 0.5, 0.25, 0.125, 0.75)),
        new SeedLine(
            "base",
            new Configuration(Map.of(), null, null),
            "measure",
            "intruder_count",
            new SeedSpread(1, 7, null, 7, 7)));
  }

  @Test
  void mitigations() {
    back(
        MitigationsTable.TABLE,
        MitigationsTable::toRow,
        MitigationsTable::fromRow,
        mitigated(5, List.of(0, 2), List.of(9.5, 8.5), List.of(4.5, 8.25)),
        mitigated(null, List.of(), List.of(), List.of()));
  }

  @Test
  void mitigationEffects() {
    back(
        MitigationEffectsTable.TABLE,
        MitigationEffectsTable::toRow,
        MitigationEffectsTable::fromRow,
        new MitigationEffect(
            "lora/1", "top-l1.5", 1.5, "acc", Role.TARGET, false, 0.5, 0.4, 0.25, 0.1, 25.0),
        new MitigationEffect(
            "lora/1", "top-l0", null, "loss", Role.OTHER_TASK, true, 2.5, null, 2, null, null));
  }

  @Test
  void fidelityHasARowWhereAMergeWasLookedAt() {
    ScanEntry entry = entry(5, List.of());
    Fidelity scaled =
        new Fidelity(
            Verdict.SCALED,
            "it was merged twice",
            2.0,
            2.0,
            0.5,
            0.25,
            1.0,
            2.0,
            "BF16",
            Map.of("1", 2.0),
            Map.of("1", 0.125),
            null);

    assertThat(FidelityTable.toRows(entry)).isExhausted();
    assertThat(FidelityTable.toRows(entry(scaled)).next())
        .isEqualTo(
            RowFactory.create(
                "lora/1",
                "layers.5.q",
                5,
                entry.module(),
                "scaled",
                true,
                "it was merged twice",
                2.0,
                1.0,
                0.25,
                0.125,
                0.25,
                0.5,
                "BF16",
                ColumnMaps.toColumn(Map.of("1", 2.0)),
                ColumnMaps.toColumn(Map.of("1", 0.125))));
    assertThat(FidelityTable.toRows(entry(Fidelity.unknown("[file:/a] gone"))).next())
        .isEqualTo(
            RowFactory.create(
                "lora/1",
                "layers.5.q",
                5,
                entry.module(),
                "unknown",
                null,
                "[file:/a] gone",
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                ColumnMaps.toColumn(Map.of()),
                ColumnMaps.toColumn(Map.of())));
  }

  @Test
  void rejects() {
    back(
        RejectsTable.TABLE,
        RejectsTable::toRow,
        RejectsTable::fromRow,
        new Rejection("lora/1", "layers.5.q", "file:/a", RejectCode.SETTING_INVALID, "It is so"),
        new Rejection("lora/1", null, null, RejectCode.SETTING_INVALID, "It is so"));
  }

  private static ScanEntry entry(Integer layer, List<VectorScan> vectors) {
    return entry(layer, vectors, 8, new CriticalStrength(3.25, 2.75, 4.5, 1.125));
  }

  private static ScanEntry entry(
      Integer layer, List<VectorScan> vectors, Integer updateRank, CriticalStrength strength) {
    return entry(layer, vectors, updateRank, strength, null);
  }

  private static ScanEntry entry(Fidelity fidelity) {
    return entry(5, List.of(), 8, new CriticalStrength(3.25, 2.75, 4.5, 1.125), fidelity);
  }

  private static ScanEntry entry(
      Integer layer,
      List<VectorScan> vectors,
      Integer updateRank,
      CriticalStrength strength,
      Fidelity fidelity) {
    return new ScanEntry(
        "key",
        "lora/1",
        "layers.5.q",
        layer,
        "q",
        384,
        128,
        "BF16",
        updateRank,
        "repeated",
        2.5,
        0.125,
        1.75,
        6.5,
        6.25,
        6.75,
        20.5,
        10.25,
        128,
        strength,
        4,
        Map.of("0.4", 3, "0.6", 5),
        Map.of("0.4", 1, "0.6", 2),
        0.5,
        9.5,
        "dense",
        1e-9,
        1234567890123L,
        vectors,
        Map.of(),
        updateRank == null
            ? Geometry.UNKNOWN
            : new Geometry(60.5, null, 20.25, null, 0.125, 0.5, "one side is not known"),
        fidelity);
  }

  private static TrackedIntruder tracked(Integer layer, String task, TrackPoint point) {
    return new TrackedIntruder("lora", "layers.5.q", layer, "q", "lora/2", task, "left", point);
  }

  private static MitigationEntry mitigated(
      Integer layer, List<Integer> scaled, List<Double> before, List<Double> after) {
    return new MitigationEntry(
        "key",
        "lora/1",
        "layers.5.q",
        layer,
        "q",
        384,
        128,
        "top-l0.5",
        scaled.isEmpty() ? null : (Double) 0.5,
        "top",
        6,
        2,
        scaled,
        3,
        before,
        after,
        2.5,
        1.5,
        8,
        7,
        1e-9,
        scaled.isEmpty() ? null : (Double) 0.75,
        scaled.isEmpty() ? (Double) 1.25 : null,
        scaled.isEmpty() ? (Integer) 17 : null,
        1,
        "dense");
  }

  @SafeVarargs
  private static <T> void back(
      TableDefinition table, Function<T, Row> toRow, Function<Row, T> fromRow, T... records) {
    for (T given : records) {
      assertThat(fromRow.apply(typed(table, toRow.apply(given)))).isEqualTo(given);
    }
  }

  /**
   * A row as Spark keeps it and gives it back: fails for a value that isn't of its column's type.
   */
  private static Row typed(TableDefinition table, Row row) {
    StructType columns = table.columns();
    assertThat(row.length()).isEqualTo(columns.length());
    Function1<Object, Object> kept = CatalystTypeConverters.createToCatalystConverter(columns);
    Function1<Object, Object> given = CatalystTypeConverters.createToScalaConverter(columns);
    Row back = (Row) given.apply(kept.apply(row));
    Object[] values = new Object[back.length()];
    for (int i = 0; i < values.length; i++) {
      values[i] = back.get(i);
    }
    return new GenericRowWithSchema(values, columns);
  }
}
