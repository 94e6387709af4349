package io.github.intruders.jobs.table;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.Rejection;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanOutcome;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedVectorStore;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * What tasks have finished, durable as soon as each is done: JSON lines below {@code OUT/_work},
 * one file per finished task, written beside its place and renamed. The tables are derived from it,
 * and a later run takes from it what is still valid, so that a job that was killed goes on where it
 * stopped and a nightly run computes only what is new.
 *
 * <p>An entry's key names all that its result depends on: the files it was read from and the
 * settings. An entry whose key is in no plan is never used.
 */
public final class ScanLedger {
  /** Changes whenever the numbers of an entry would come out differently for the same input. */
  private static final String DEFINITION_VERSION = "4";

  static final StructType SCHEMA =
      StructType.fromDDL(
          "key STRING, checkpoint_id STRING, matrix STRING, layer INT, module STRING, rows INT,"
              + " cols INT, dtype STRING, update_rank INT, update_norm DOUBLE,"
              + " update_relative_norm DOUBLE, update_spectral_norm DOUBLE,"
              + " update_effective_rank DOUBLE, base_norm DOUBLE, base_spectral_norm DOUBLE,"
              + " base_rank INT, critical_strength DOUBLE,"
              + " intruder_count INT, intruders MAP<STRING, INT>, ties MAP<STRING, INT>,"
              + " intruder_energy DOUBLE, energy DOUBLE, solver STRING, max_residual DOUBLE,"
              + " elapsed_millis BIGINT, vectors ARRAY<STRUCT<side: STRING, singular_index: INT,"
              + " singular_value: DOUBLE, best_similarity: DOUBLE, best_base_index: INT,"
              + " base_singular_value: DOUBLE, is_intruder: BOOLEAN,"
              + " null_quantile: DOUBLE, null_similarity: DOUBLE,"
              + " energy_in_base_top_k: DOUBLE, cluster_similarity: DOUBLE,"
              + " energy_outside_span: DOUBLE, participation_ratio: DOUBLE, residual: DOUBLE>>,"
              + " similarity MAP<STRING, ARRAY<ARRAY<DOUBLE>>>");

  private static final ObjectWriter JSON = mapper().writer();

  private final Storage storage;
  private final String entries;
  private final String vectors;
  private final String rejects;

  /**
   * @param outUri the run's output folder
   * @param runId keeps apart what was rejected in this run, which a later run tries again
   */
  public ScanLedger(Storage storage, String outUri, String runId) {
    this.storage = storage;
    this.entries = storage.resolve(outUri, "_work/scan");
    this.vectors = storage.resolve(outUri, "_work/vectors");
    this.rejects = storage.resolve(outUri, "_work/rejects/" + runId);
  }

  private static ObjectMapper mapper() {
    return JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();
  }

  /** Names all that the result of this piece of work depends on. */
  public static String key(MatrixPlan plan, ScanSettings settings) {
    return Fingerprint.of(
        String.join(
            "\n",
            DEFINITION_VERSION,
            plan.checkpointId(),
            plan.base().name(),
            plan.inputs(),
            Boolean.toString(plan.inSequence()),
            settings.topK().text(),
            settings.epsilons().toString(),
            settings.sides().toString(),
            settings.solver().toString()));
  }

  /** Produces a task's outcomes, one by one. */
  @FunctionalInterface
  public interface Outcomes {
    void writeTo(EntryWriter writer) throws IOException;
  }

  /** Takes a finished piece of work. */
  @FunctionalInterface
  public interface EntryWriter {
    void write(ScanOutcome.Analysed outcome) throws IOException;
  }

  /**
   * Writes one task's entries; they are there as a whole or not at all.
   *
   * @param plans what the task was given; names the file, so that a second attempt replaces it
   */
  public void writeEntries(List<MatrixPlan> plans, ScanSettings settings, Outcomes outcomes)
      throws IOException {
    storage.write(
        storage.resolve(entries, taskName(plans, settings) + ".jsonl"),
        out ->
            outcomes.writeTo(
                outcome -> writeLine(out, LedgerEntry.of(key(outcome.plan(), settings), outcome))));
  }

  /** Writes what one task rejected. */
  public void writeRejects(
      List<MatrixPlan> plans, ScanSettings settings, List<Rejection> rejections)
      throws IOException {
    storage.write(
        storage.resolve(rejects, taskName(plans, settings) + ".jsonl"),
        out -> {
          for (Rejection rejection : rejections) {
            writeLine(out, rejection);
          }
        });
  }

  private static void writeLine(OutputStream out, Object line) throws IOException {
    out.write(JSON.writeValueAsBytes(line));
    out.write('\n');
  }

  private static String taskName(List<MatrixPlan> plans, ScanSettings settings) {
    StringBuilder keys = new StringBuilder();
    plans.stream().map(plan -> key(plan, settings)).sorted().forEach(keys::append);
    return Fingerprint.of(keys.toString());
  }

  /** The tuned vectors of checkpoints in sequences, each under the key of its entry. */
  public TunedVectorStore tunedVectors() {
    return new TunedVectorStore(storage, vectors);
  }

  /** Every entry there is, whichever run it is of; see {@link #SCHEMA}. */
  public Dataset<Row> entries(SparkSession spark) throws IOException {
    return read(spark, entries, SCHEMA).dropDuplicates("key");
  }

  /** What tasks of this run rejected, with the columns of {@link RejectsTable}. */
  public Dataset<Row> rejects(SparkSession spark) throws IOException {
    return read(spark, rejects, RejectsTable.SCHEMA);
  }

  private Dataset<Row> read(SparkSession spark, String folder, StructType schema)
      throws IOException {
    if (!storage.exists(folder)) {
      return spark.createDataFrame(List.of(), schema);
    }
    return spark
        .read()
        .schema(schema)
        .option("mode", "FAILFAST")
        .json(folder)
        .filter(functions.col("checkpoint_id").isNotNull());
  }
}
