package io.github.intruders.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Whatever random changes make of a good file of any format, it is understood in full or refused as
 * the user's input, by its name, in less than a second and in 8 MiB. Safetensors by themselves are
 * {@link CoverageOfHostileInputTest}'s matter.
 */
class MutatedFilesTest {
  private static final long MAX_ALLOCATED_BYTES = 8 << 20;
  private static final long MAX_NANOS = 1_000_000_000L;

  private static final Map<String, byte[]> TORCH =
      withTwinsWithoutChecksums(files("torch/views.pt", "torch/types.bin"));
  private static final Map<String, byte[]> GGUF =
      files("gguf/plain.gguf", "gguf/aligned.gguf", "gguf/quantised.gguf");
  private static final Map<String, byte[]> SHARDS =
      files(
          "fp8/blocks/config.json",
          "fp8/blocks/model.safetensors.index.json",
          "fp8/blocks/model-00001-of-00002.safetensors",
          "fp8/blocks/model-00002-of-00002.safetensors");
  private static final Map<String, byte[]> TORCH_SHARDS =
      files(
          "torch/sharded/pytorch_model.bin.index.json",
          "torch/sharded/pytorch_model-00001-of-00002.bin",
          "torch/sharded/pytorch_model-00002-of-00002.bin");

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Loads the classes, whose own memory is not to be counted. */
  @BeforeContainer
  static void readTheGoodFiles() throws IOException {
    for (Map<String, byte[]> files : List.of(SHARDS, TORCH_SHARDS)) {
      assertThat(Checkpoint.open(new MemoryStorage(files), MemoryStorage.FOLDER).faults())
          .isEmpty();
    }
    for (Map<String, byte[]> files : List.of(TORCH, GGUF)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        Storage storage = new MemoryStorage(Map.of(file.getKey(), file.getValue()));
        assertThat(Checkpoint.open(storage, MemoryStorage.FOLDER).tensors()).isNotEmpty();
      }
    }
  }

  /** Changes to a pickle get further where its checksum is 0, as torch can be told to write it. */
  private static Map<String, byte[]> withTwinsWithoutChecksums(Map<String, byte[]> files) {
    Map<String, byte[]> all = new TreeMap<>(files);
    files.forEach(
        (name, bytes) -> {
          byte[] twin = bytes.clone();
          for (int at = 0; at + 20 <= twin.length; at++) {
            if (new String(twin, at, 4, StandardCharsets.ISO_8859_1).equals("PK\u0001\u0002")) {
              Arrays.fill(twin, at + 16, at + 20, (byte) 0);
            }
          }
          all.put("unchecked-" + name, twin);
        });
    return all;
  }

  private static Map<String, byte[]> files(String... fixtures) {
    Map<String, byte[]> files = new TreeMap<>();
    for (String fixture : fixtures) {
      Path path = Twins.fixture(fixture);
      try {
        files.put(path.getFileName().toString(), Files.readAllBytes(path));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
    return files;
  }

  /** One of these files alone, with some of its bytes changed. */
  private static Arbitrary<Map<String, byte[]>> oneMutated(Map<String, byte[]> files) {
    List<String> names = List.copyOf(files.keySet());
    return Arbitraries.randomValue(
        random -> {
          String name = names.get(random.nextInt(names.size()));
          return Map.of(name, Mutations.mutate(files.get(name), random));
        });
  }

  /** All of these files, one of them with some of its bytes changed. */
  private static Arbitrary<Map<String, byte[]>> allWithOneMutated(Map<String, byte[]> files) {
    List<String> names = List.copyOf(files.keySet());
    return Arbitraries.randomValue(
        random -> {
          Map<String, byte[]> all = new TreeMap<>(files);
          all.computeIfPresent(
              names.get(random.nextInt(names.size())),
              (name, bytes) -> Mutations.mutate(bytes, random));
          return all;
        });
  }

  @Provide
  Arbitrary<Map<String, byte[]>> torch() {
    return oneMutated(TORCH);
  }

  @Provide
  Arbitrary<Map<String, byte[]>> gguf() {
    return oneMutated(GGUF);
  }

  @Provide
  Arbitrary<Map<String, byte[]>> shards() {
    return allWithOneMutated(SHARDS);
  }

  @Provide
  Arbitrary<Map<String, byte[]>> torchShards() {
    return allWithOneMutated(TORCH_SHARDS);
  }

  @Property(tries = 10_000)
  void torchsFiles(@ForAll("torch") Map<String, byte[]> files) throws IOException {
    requireUnderstoodOrRefused(files);
  }

  @Property(tries = 10_000)
  void ggufFiles(@ForAll("gguf") Map<String, byte[]> files) throws IOException {
    requireUnderstoodOrRefused(files);
  }

  @Property(tries = 10_000)
  void indexesConfigsAndShards(@ForAll("shards") Map<String, byte[]> files) throws IOException {
    requireUnderstoodOrRefused(files);
  }

  @Property(tries = 10_000)
  void torchsIndexesAndShards(@ForAll("torchShards") Map<String, byte[]> files) throws IOException {
    requireUnderstoodOrRefused(files);
  }

  private void requireUnderstoodOrRefused(Map<String, byte[]> files) throws IOException {
    MemoryStorage storage = new MemoryStorage(files);
    long allocated = threads.getCurrentThreadAllocatedBytes();
    long started = threads.getCurrentThreadCpuTime();
    Checkpoint checkpoint = null;
    try {
      checkpoint = Checkpoint.open(storage, MemoryStorage.FOLDER);
    } catch (UserInputException e) {
      assertThat(e.getMessage()).startsWith("[" + MemoryStorage.FOLDER);
    }
    assertThat(threads.getCurrentThreadCpuTime() - started).isLessThan(MAX_NANOS);
    assertThat(threads.getCurrentThreadAllocatedBytes() - allocated)
        .isLessThan(MAX_ALLOCATED_BYTES);
    if (checkpoint != null) {
      for (UserInputException fault : checkpoint.faults()) {
        assertThat(fault.getMessage()).startsWith("[" + MemoryStorage.FOLDER + "/");
      }
      for (TensorInfo tensor : checkpoint.tensors().values()) {
        requireInside(tensor, storage.status(tensor.file()).lengthBytes());
      }
    }
  }

  /** A tensor has the bytes that its shape needs, all of them in its file. */
  private static void requireInside(TensorInfo tensor, long fileBytes) {
    long bits = tensor.dtype().bits();
    for (long dimension : tensor.shape()) {
      bits = Math.multiplyExact(bits, dimension);
    }
    assertThat(tensor.lengthBytes() * 8).isEqualTo(bits);
    assertThat(tensor.offset()).isNotNegative();
    assertThat(Math.addExact(tensor.offset(), tensor.lengthBytes())).isLessThanOrEqualTo(fileBytes);
  }
}
