package io.github.intruders.jobs.results;

import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.ManifestReader;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.Planner;
import io.github.intruders.scan.CriticalStrength;
import io.github.intruders.scan.Geometry;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.TunedVectorStore;
import io.github.intruders.scan.TunedVectors;
import io.github.intruders.scan.VectorScan;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/**
 * Makes a fleet of checkpoints whose scan is finished, with made-up figures: what comes behind the
 * scan can then be tried at any size. The checkpoints are one tiny adapter under many names.
 *
 * <p>Arguments: a folder, how many checkpoints, how many matrices, and how many of the checkpoints
 * are steps of sequences of ten. Run {@code run --manifest FOLDER/fleet.yaml --out FOLDER/out}
 * after it.
 */
public final class SyntheticFleet {
  private static final int SIZE = 48;
  private static final int K = 10;
  private static final int RANK = 2;
  private static final int STEPS = 10;

  private final Storage storage = new HadoopStorage(new Configuration());
  private final SplittableRandom random = new SplittableRandom(5);
  private final Path folder;
  private final ScanSettings settings = ScanSettings.published();

  private SyntheticFleet(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] args) throws IOException {
    SyntheticFleet fleet = new SyntheticFleet(Path.of(args[0]));
    try (Arena arena = Arena.open()) {
      fleet.writeModels(Integer.parseInt(args[2]));
      fleet.writeLedger(fleet.manifest(Integer.parseInt(args[1]), Integer.parseInt(args[3])));
    }
  }

  private static String name(int matrix) {
    return "model.layers.%d.self_attn.%s_proj"
        .formatted(matrix / 4, List.of("q", "k", "v", "o").get(matrix % 4));
  }

  private void writeModels(int matrices) throws IOException {
    Path base = Files.createDirectories(folder.resolve("base"));
    Path adapter = Files.createDirectories(folder.resolve("adapter"));
    SafetensorsWriter weights = new SafetensorsWriter();
    SafetensorsWriter factors = new SafetensorsWriter();
    for (int i = 0; i < matrices; i++) {
      weights.add(name(i) + ".weight", gaussian(SIZE, SIZE));
      factors.add("base_model.model." + name(i) + ".lora_A.weight", gaussian(RANK, SIZE));
      factors.add("base_model.model." + name(i) + ".lora_B.weight", gaussian(SIZE, RANK));
    }
    write(base.resolve("model.safetensors"), weights);
    write(adapter.resolve("adapter_model.safetensors"), factors);
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": %d, \"lora_alpha\": 4}".formatted(RANK));
  }

  private static void write(Path file, SafetensorsWriter writer) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      writer.writeTo(out);
    }
  }

  private Matrix gaussian(int rows, int cols) {
    Matrix matrix = Matrix.allocate(rows, cols, Precision.SINGLE);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix.set(i, j, random.nextGaussian());
      }
    }
    return matrix;
  }

  private Path manifest(int checkpoints, int inSequences) throws IOException {
    StringBuilder text = new StringBuilder("base: {id: base, uri: base}\ncheckpoints:\n");
    for (int i = 0; i < checkpoints; i++) {
      text.append("  - {id: c%04d, uri: adapter".formatted(i));
      if (i < inSequences) {
        text.append(", sequence: s%03d, step: %d".formatted(i / STEPS, i % STEPS + 1));
      }
      text.append("}\n");
    }
    return Files.writeString(folder.resolve("fleet.yaml"), text);
  }

  private void writeLedger(Path manifest) throws IOException {
    String uri = storage.qualify(manifest.toString());
    String root = uri.substring(0, uri.lastIndexOf('/') + 1);
    JobConfig config =
        JobConfig.published(
            ManifestReader.read(
                uri,
                Files.readString(manifest, StandardCharsets.UTF_8),
                named -> storage.qualify(storage.resolve(root, named))),
            storage.resolve(root, "out"));
    BasePlan base = BasePlan.of(storage, "base", config.manifest().baseUri(), config.selection());
    Planner planner = new Planner(storage, base);
    Ledger<ScanEntry> ledger = Ledger.ofScan(storage, config.outUri(), "synthetic");
    TunedVectorStore vectors = Ledger.tunedVectors(storage, config.outUri());
    Matrix u = OrthonormalBasis.of(gaussian(SIZE, K).in(Precision.DOUBLE)).q();
    TunedVectors same = new TunedVectors(u.to(Precision.SINGLE), u.to(Precision.SINGLE));
    for (CheckpointSpec spec : config.manifest().checkpoints()) {
      CheckpointPlan plan = planner.plan(spec);
      List<ScanEntry> entries = plan.matrices().stream().map(this::entry).toList();
      ledger.writeEntries(
          entries.stream().map(ScanEntry::key).toList(),
          sink -> {
            for (ScanEntry entry : entries) {
              sink.write(entry);
            }
          });
      if (spec.sequence() != null) {
        for (ScanEntry entry : entries) {
          vectors.write(entry.key(), same);
        }
      }
    }
  }

  private ScanEntry entry(MatrixPlan plan) {
    List<VectorScan> vectors = new ArrayList<>();
    double energy = 0;
    double intruderEnergy = 0;
    Map<String, Integer> intruders = new TreeMap<>();
    Map<String, Integer> ties = new TreeMap<>();
    for (double epsilon : settings.allEpsilons()) {
      intruders.put(Double.toString(epsilon), 0);
      ties.put(Double.toString(epsilon), 0);
    }
    for (int j = 0; j < K; j++) {
      double sigma = 10 - j + random.nextDouble();
      double similarity = random.nextDouble();
      energy += sigma * sigma;
      intruderEnergy += similarity < settings.epsilon() ? sigma * sigma : 0;
      intruders.replaceAll(
          (epsilon, count) -> count + (similarity < Double.parseDouble(epsilon) ? 1 : 0));
      vectors.add(
          new VectorScan(
              Side.LEFT,
              j,
              sigma,
              similarity,
              similarity,
              similarity,
              random.nextInt(SIZE),
              random.nextDouble(),
              similarity < settings.epsilon(),
              random.nextDouble(),
              random.nextDouble(),
              random.nextDouble(),
              random.nextDouble(),
              random.nextDouble(),
              1 + random.nextDouble(),
              random.nextDouble() * 1e-12));
    }
    return new ScanEntry(
        ScanEntry.key(plan, settings),
        plan.checkpointId(),
        plan.base().name(),
        plan.base().layer(),
        plan.base().module(),
        SIZE,
        SIZE,
        "F32",
        RANK,
        null,
        random.nextDouble(),
        random.nextDouble(),
        1 + random.nextDouble(),
        2.5,
        2.25,
        2.75,
        10,
        5,
        SIZE,
        new CriticalStrength(
            random.nextDouble(), random.nextDouble(), random.nextDouble(), random.nextDouble()),
        intruders.get("0.5"),
        intruders,
        ties,
        intruderEnergy,
        energy,
        "low-rank",
        1e-12,
        1,
        vectors,
        Map.of(
            Side.LEFT, IntStream.range(0, K).mapToObj(j -> random.doubles(K).toArray()).toList()),
        new Geometry(60.5, 59.5, 20.25, 19.75, 0.125, null, null),
        null);
  }
}
