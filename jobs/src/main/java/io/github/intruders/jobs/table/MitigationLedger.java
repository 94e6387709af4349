package io.github.intruders.jobs.table;

import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.Rejection;
import io.github.intruders.mitigation.EditStore;
import io.github.intruders.mitigation.MitigationOutcome;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * What the tasks of a mitigation have finished, durable as soon as each is done, below {@code
 * OUT/_work/mitigation}: the edits of each matrix, what they do as JSON lines, and which files of
 * the edited models are written. A job that was killed goes on where it stopped.
 *
 * <p>A key names all that an edit depends on: the files it was made from and the settings.
 */
public final class MitigationLedger {
  /** Changes whenever an edit would come out differently for the same input. */
  private static final String DEFINITION_VERSION = "1";

  static final StructType SCHEMA =
      StructType.fromDDL(
          "key STRING, checkpoint_id STRING, matrix STRING, layer INT, module STRING, rows INT,"
              + " cols INT, variant STRING, lambda DOUBLE, selection STRING, intruders_before INT,"
              + " intruders_scaled INT, scaled_indices ARRAY<INT>, rounds INT,"
              + " singular_values_before ARRAY<DOUBLE>, singular_values_after ARRAY<DOUBLE>,"
              + " update_norm_before DOUBLE, update_norm_after DOUBLE, update_rank_before INT,"
              + " update_rank_after INT, reconstruction_error DOUBLE, intruders_after INT,"
              + " solver STRING");

  private static final ObjectWriter JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .build()
          .writer();

  private final Storage storage;
  private final String entries;
  private final String edits;
  private final String rejects;
  private final String written;

  /**
   * @param outUri the run's output folder
   * @param runId keeps apart what was rejected in this run, which a later run tries again
   */
  public MitigationLedger(Storage storage, String outUri, String runId) {
    this.storage = storage;
    String root = storage.resolve(outUri, "_work/mitigation");
    this.entries = storage.resolve(root, "entries");
    this.edits = storage.resolve(root, "edits");
    this.rejects = storage.resolve(root, "rejects/" + runId);
    this.written = storage.resolve(root, "written");
  }

  /** Names all that the edits of this matrix depend on. */
  public static String key(MatrixPlan plan, ScanSettings scan, MitigationSettings settings) {
    return Fingerprint.of(
        String.join(
            "\n",
            DEFINITION_VERSION,
            plan.checkpointId(),
            plan.base().name(),
            plan.inputs(),
            scan.topK().text(),
            Double.toString(scan.epsilon()),
            scan.sides().toString(),
            scan.solver().toString(),
            settings.toString()));
  }

  /** The edits, each under its key. */
  public EditStore edits() {
    return new EditStore(storage, edits);
  }

  /** Produces a task's outcomes, one by one. */
  @FunctionalInterface
  public interface Outcomes {
    void writeTo(EntryWriter writer) throws IOException;
  }

  /** Takes a finished matrix. */
  @FunctionalInterface
  public interface EntryWriter {
    void write(MitigationOutcome.Edited outcome) throws IOException;
  }

  /**
   * Writes one task's entries, and before each its edits. The entries are there as a whole or not
   * at all.
   *
   * @param plans what the task was given; names the file, so that a second attempt replaces it
   */
  public void writeEntries(
      List<MatrixPlan> plans, ScanSettings scan, MitigationSettings settings, Outcomes outcomes)
      throws IOException {
    EditStore store = edits();
    storage.write(
        storage.resolve(entries, taskName(plans, scan, settings) + ".jsonl"),
        out ->
            outcomes.writeTo(
                outcome -> {
                  String key = key(outcome.plan(), scan, settings);
                  store.write(key, outcome.variants());
                  for (MitigationOutcome.EditedVariant edited : outcome.variants()) {
                    writeLine(out, MitigationEntry.of(key, outcome.plan(), settings, edited));
                  }
                }));
  }

  /** Writes what one task rejected; {@code name} tells its file from those of other tasks. */
  public void writeRejects(String name, List<Rejection> rejections) throws IOException {
    storage.write(
        storage.resolve(rejects, Fingerprint.of(name) + ".jsonl"),
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

  private static String taskName(
      List<MatrixPlan> plans, ScanSettings scan, MitigationSettings settings) {
    StringBuilder keys = new StringBuilder();
    plans.stream().map(plan -> key(plan, scan, settings)).sorted().forEach(keys::append);
    return Fingerprint.of(keys.toString());
  }

  /** Every entry there is, whichever run it is of; see {@link #SCHEMA}. */
  public Dataset<Row> entries(SparkSession spark) throws IOException {
    return read(spark, entries, SCHEMA).dropDuplicates("key", "variant");
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

  /** Whether any file of an edited model was written under this key. */
  public boolean hasWritten(String modelKey) throws IOException {
    return storage.exists(storage.resolve(written, modelKey));
  }

  /** Whether a file of an edited model was written under this key. */
  public boolean hasWritten(String modelKey, String file) throws IOException {
    return storage.exists(record(modelKey, file));
  }

  /** Notes that a file of an edited model is written. */
  public void noteWritten(String modelKey, String file) throws IOException {
    storage.write(record(modelKey, file), out -> out.write(file.getBytes(StandardCharsets.UTF_8)));
  }

  /** Forgets what was written under this key. */
  public void forgetWritten(String modelKey) throws IOException {
    storage.delete(storage.resolve(written, modelKey));
  }

  private String record(String modelKey, String file) {
    return storage.resolve(storage.resolve(written, modelKey), Fingerprint.of(file));
  }

  /**
   * Names all that an edited model depends on.
   *
   * @param sources the files it is made from, with what tells whether they have changed
   */
  public static String modelKey(
      String sources,
      Variant variant,
      List<MatrixPlan> plans,
      ScanSettings scan,
      MitigationSettings settings) {
    StringBuilder text =
        new StringBuilder(sources).append('\n').append(variant.name()).append('\n');
    plans.stream()
        .map(plan -> key(plan, scan, settings))
        .sorted()
        .forEach(key -> text.append(key).append('\n'));
    return Fingerprint.of(text.toString());
  }
}
