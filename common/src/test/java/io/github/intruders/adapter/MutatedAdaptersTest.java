package io.github.intruders.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.MemoryStorage;
import io.github.intruders.checkpoint.Mutations;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.apache.hadoop.conf.Configuration;

/**
 * Whatever random changes make of a good adapter of any kind, its config or its tensors, it is
 * opened and applied, or refused as the user's input by the name of one of its files, in less than
 * a second and in 16 MiB.
 */
class MutatedAdaptersTest {
  private static final long MAX_ALLOCATED_BYTES = 16 << 20;
  private static final long MAX_NANOS = 1_000_000_000L;
  private static final String MODEL = "llama";

  private static final List<Map<String, byte[]>> PEFT = folders("adapter_model.safetensors");
  private static final List<Map<String, byte[]>> MLX = folders("adapters.safetensors");
  private static final List<Map<String, byte[]>> KOHYA =
      Stream.of("lora", "loha", "lokr", "lokr-both", "lokr-full")
          .map(kind -> files("kohya-" + kind + "/adapter"))
          .toList();
  private static final List<Map<String, byte[]>> PICKLED =
      List.of(files("../../formats/adapter-bin"));

  private static final Storage BASE_STORAGE = new HadoopStorage(new Configuration());
  private static final Map<String, MatrixSource> BASE = new TreeMap<>();

  /** What each of them reads as, once for all. */
  private static final Map<MatrixSource, Matrix> WEIGHTS = new HashMap<>();

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static Path fixture(String path) {
    try {
      return Path.of(
              Objects.requireNonNull(
                      MutatedAdaptersTest.class.getResource("/fixtures/peft/" + MODEL))
                  .toURI())
          .resolve(path)
          .normalize();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The adapters whose weights are called so. */
  private static List<Map<String, byte[]>> folders(String weights) {
    try (Stream<Path> all = Files.list(fixture("."))) {
      return all.filter(folder -> Files.exists(folder.resolve(weights)))
          .sorted()
          .map(folder -> files(folder.getFileName().toString()))
          .toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, byte[]> files(String folder) {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(fixture(folder))) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        if (!name.equals("merged.safetensors")) {
          files.put(name, Files.readAllBytes(file));
        }
      }
      return files;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Every kind as it is, which also loads the classes, whose own memory is not to be counted. */
  @BeforeContainer
  static void applyTheGoodOnes() throws IOException {
    for (TensorInfo tensor :
        Checkpoint.open(BASE_STORAGE, fixture("base").toString()).tensors().values()) {
      if (tensor.shape().size() == 2) {
        BASE.put(tensor.name(), MatrixSource.of(tensor, false).get(0));
        String flat = tensor.name().replaceFirst("\\.weight$", "").replace('.', '_');
        BASE.put("lora_te_" + flat + ".weight", MatrixSource.of(tensor, false).get(0));
      }
    }
    for (MatrixSource weight : BASE.values()) {
      WEIGHTS.put(weight, new TensorReader(BASE_STORAGE).read(weight, Precision.DOUBLE));
    }
    int applied = 0;
    for (List<Map<String, byte[]>> adapters : List.of(PEFT, MLX, KOHYA, PICKLED)) {
      for (Map<String, byte[]> files : adapters) {
        applied += applyOrRefuse(files);
      }
    }
    assertThat(applied).isGreaterThan(200);
  }

  private static Arbitrary<Map<String, byte[]>> oneMutated(List<Map<String, byte[]>> adapters) {
    return Arbitraries.randomValue(
        random -> {
          Map<String, byte[]> all = new TreeMap<>(adapters.get(random.nextInt(adapters.size())));
          List<String> names = new ArrayList<>(all.keySet());
          all.computeIfPresent(
              names.get(random.nextInt(names.size())),
              (name, bytes) -> Mutations.mutate(bytes, random));
          return all;
        });
  }

  @Provide
  Arbitrary<Map<String, byte[]>> peft() {
    return oneMutated(PEFT);
  }

  @Provide
  Arbitrary<Map<String, byte[]>> mlx() {
    return oneMutated(MLX);
  }

  @Provide
  Arbitrary<Map<String, byte[]>> kohya() {
    return oneMutated(KOHYA);
  }

  @Provide
  Arbitrary<Map<String, byte[]>> pickled() {
    return oneMutated(PICKLED);
  }

  @Property(tries = 10_000)
  void peftsFolders(@ForAll("peft") Map<String, byte[]> files) throws IOException {
    requireAppliedOrRefused(files);
  }

  @Property(tries = 10_000)
  void mlxsFolders(@ForAll("mlx") Map<String, byte[]> files) throws IOException {
    requireAppliedOrRefused(files);
  }

  @Property(tries = 10_000)
  void kohyasFiles(@ForAll("kohya") Map<String, byte[]> files) throws IOException {
    requireAppliedOrRefused(files);
  }

  @Property(tries = 10_000)
  void pickledFolders(@ForAll("pickled") Map<String, byte[]> files) throws IOException {
    requireAppliedOrRefused(files);
  }

  private void requireAppliedOrRefused(Map<String, byte[]> files) throws IOException {
    long allocated = threads.getCurrentThreadAllocatedBytes();
    long started = threads.getCurrentThreadCpuTime();
    applyOrRefuse(files);
    assertThat(threads.getCurrentThreadCpuTime() - started).isLessThan(MAX_NANOS);
    assertThat(threads.getCurrentThreadAllocatedBytes() - allocated)
        .isLessThan(MAX_ALLOCATED_BYTES);
  }

  /** Returns how many updates were applied. */
  private static int applyOrRefuse(Map<String, byte[]> files) throws IOException {
    Storage storage = new MemoryStorage(files);
    Adapter adapter;
    try {
      adapter = Adapter.open(storage, MemoryStorage.FOLDER);
    } catch (UserInputException e) {
      requireNamed(e);
      return 0;
    }
    adapter.faults().forEach(fault -> requireNamed(fault.error()));
    int applied = 0;
    TensorReader reader = new TensorReader(storage);
    for (AdapterUpdate update : adapter.updates().values()) {
      MatrixSource weight = BASE.get(update.baseTensor());
      if (weight == null) {
        continue;
      }
      try (Arena arena = Arena.open()) {
        AdapterUpdate fitted = update.fittedTo(weight);
        Matrix tuned = fitted.applyTo(WEIGHTS.get(weight).copy(), reader);
        assertThat(tuned.rows()).isEqualTo(weight.rows());
        assertThat(tuned.cols()).isEqualTo(weight.cols());
        applied++;
      } catch (UserInputException e) {
        requireNamed(e);
      }
    }
    return applied;
  }

  private static void requireNamed(UserInputException e) {
    assertThat(e.getMessage()).startsWith("[" + MemoryStorage.FOLDER);
  }
}
