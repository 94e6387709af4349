package io.github.intruders.fidelity;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * A model of one matrix, 208 × 216, with twelve directions that stand out, two LoRA adapters of
 * rank 3, and merges of them.
 */
final class MadeUpMerge {
  private static final String MATRIX = "model.layers.0.self_attn.q_proj";
  private static final int ROWS = 208;
  private static final int COLS = 216;
  private static final int RANK = 3;
  private static final double ALPHA = 7.5;

  private final Path folder;
  private final double[][] base;
  private final double[][][] b = new double[2][][];
  private final double[][][] a = new double[2][][];

  /** Where a merge lies and what it is made of. */
  record Model(Path base, Path tuned, List<Path> adapters) {}

  /**
   * @param size of the entries of the updates, relative to those of the base, about
   */
  MadeUpMerge(Path folder, double size) {
    this.folder = folder;
    SplittableRandom random = new SplittableRandom(6);
    this.base = spiked(random);
    for (int link = 0; link < 2; link++) {
      a[link] = gaussian(random, RANK, COLS, 1);
      b[link] = gaussian(random, ROWS, RANK, 0.05 * size * RANK / ALPHA / Math.sqrt(RANK));
    }
  }

  private static double[][] spiked(SplittableRandom random) {
    double[][] values = gaussian(random, ROWS, COLS, 0.02);
    for (int spike = 0; spike < 12; spike++) {
      double[] u = gaussian(random, 1, ROWS, 1 / Math.sqrt(ROWS))[0];
      double[] v = gaussian(random, 1, COLS, 1 / Math.sqrt(COLS))[0];
      for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++) {
          values[i][j] += (8 - 0.5 * spike) * u[i] * v[j];
        }
      }
    }
    for (double[] row : values) {
      for (int j = 0; j < COLS; j++) {
        row[j] = ElementEncoder.round(row[j], DType.BF16);
      }
    }
    return values;
  }

  /** Numbers that bfloat16 has, so that storing the base rounds nothing. */
  private static double[][] gaussian(SplittableRandom random, int rows, int cols, double scale) {
    double[][] values = new double[rows][cols];
    for (double[] row : values) {
      for (int j = 0; j < cols; j++) {
        row[j] = ElementEncoder.round(scale * random.nextGaussian(), DType.BF16);
      }
    }
    return values;
  }

  /**
   * Writes base, adapters and a merge.
   *
   * @param first how many times the first adapter's update is in it
   */
  Model merged(DType type, double first, double second) throws IOException {
    double[][] w = new double[ROWS][COLS];
    for (int i = 0; i < ROWS; i++) {
      for (int j = 0; j < COLS; j++) {
        w[i][j] = base[i][j] + first * update(0, i, j) + second * update(1, i, j);
      }
    }
    Path tuned = Files.createTempDirectory(Files.createDirectories(folder), "tuned");
    write(tuned, w, type);
    Path plain = folder.resolve("base");
    write(plain, base, DType.BF16);
    return new Model(plain, tuned, List.of(adapter(0, MATRIX), adapter(1, MATRIX)));
  }

  private double update(int link, int i, int j) {
    double sum = 0;
    for (int k = 0; k < RANK; k++) {
      sum += b[link][i][k] * a[link][k][j];
    }
    return ALPHA / RANK * sum;
  }

  /** The first adapter with its tensors under another module's name. */
  Path renamed(String module) throws IOException {
    return adapter(0, module.replaceFirst("^base_model\\.model\\.", ""));
  }

  private Path adapter(int link, String module) throws IOException {
    Path adapter = Files.createTempDirectory(Files.createDirectories(folder), "adapter");
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        String.format(
            Locale.ROOT,
            "{\"peft_type\": \"LORA\", \"r\": %d, \"lora_alpha\": %s, \"target_modules\": [\"q_proj\"]}",
            RANK,
            ALPHA));
    SafetensorsFile file = new SafetensorsFile();
    add(file, "base_model.model." + module + ".lora_A.weight", a[link], DType.BF16);
    add(file, "base_model.model." + module + ".lora_B.weight", b[link], DType.BF16);
    file.write(adapter.resolve("adapter_model.safetensors"));
    return adapter;
  }

  private static void write(Path model, double[][] values, DType type) throws IOException {
    SafetensorsFile file = new SafetensorsFile();
    add(file, MATRIX + ".weight", values, type);
    file.write(model.resolve("model.safetensors"));
  }

  private static void add(SafetensorsFile file, String name, double[][] values, DType type)
      throws IOException {
    try (Arena arena = Arena.open()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      Matrix rounded = ElementEncoder.roundInPlace(Matrix.of(values), type, name);
      ElementEncoder.write(rounded, type, bytes);
      file.add(name, type.name(), List.of(values.length, values[0].length), bytes.toByteArray());
    }
  }
}
