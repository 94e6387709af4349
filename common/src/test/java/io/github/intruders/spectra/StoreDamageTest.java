package io.github.intruders.spectra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsHeader;
import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.mitigation.EditStore;
import io.github.intruders.mitigation.MatrixEdit;
import io.github.intruders.mitigation.MitigationOutcome;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.scan.TunedVectorStore;
import io.github.intruders.scan.TunedVectors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is written and read again, damaged in every way: it is noticed, and never believed. */
class StoreDamageTest {
  private static final int ROWS = 12;
  private static final int COLS = 8;

  @TempDir private Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());
  private MatrixSource one;
  private MatrixSource other;

  @BeforeEach
  void makeTwoMatricesOfOneShape() throws IOException {
    Path base = folder.resolve("base.safetensors");
    SafetensorsWriter writer = new SafetensorsWriter();
    try (Arena arena = Arena.open()) {
      Random random = new Random(7);
      writer.add("one", random(random, ROWS, COLS)).add("other", random(random, ROWS, COLS));
      storage.write(uri(base), writer::writeTo);
    }
    Map<String, TensorInfo> tensors;
    try (var source = storage.open(uri(base))) {
      tensors = SafetensorsHeader.parse(source).tensors();
    }
    one = MatrixSource.of(tensors.get("one"), false).get(0);
    other = MatrixSource.of(tensors.get("other"), false).get(0);
  }

  private static Matrix random(Random random, int rows, int cols) {
    return Gaussian.matrix(random, rows, cols);
  }

  private String uri(Path path) {
    return storage.qualify(path.toString());
  }

  /** A damaged content; there are as many as a file has bytes, of which some are taken. */
  private static List<byte[]> damages(byte[] whole) {
    List<byte[]> damages = new ArrayList<>();
    int step = Math.max(1, whole.length / 97);
    for (int at = 0; at < whole.length; at += step) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 0x04;
      damages.add(flipped);
    }
    for (int length : new int[] {0, 1, 8, whole.length / 2, whole.length - 1}) {
      damages.add(Arrays.copyOf(whole, length));
    }
    return damages;
  }

  private SpectraStore store(SpectrumPart part) {
    return new SpectraStore(storage, uri(folder.resolve("store")), part, MemoryLimit.NONE);
  }

  private List<Path> files(String below, String end) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(below))) {
      return files
          .filter(file -> Files.isRegularFile(file) && file.toString().endsWith(end))
          .sorted()
          .toList();
    }
  }

  private static void exchange(List<Path> two) throws IOException {
    byte[] first = Files.readAllBytes(two.get(0));
    Files.write(two.get(0), Files.readAllBytes(two.get(1)));
    Files.write(two.get(1), first);
  }

  private static void requireEqual(BaseSpectrum found, BaseSpectrum expected) {
    assertThat(found.s()).isEqualTo(expected.s());
    assertThat(found.u().copy().plusInPlace(-1, expected.u()).maxAbsolute()).isZero();
    assertThat(found.vt().copy().plusInPlace(-1, expected.vt()).maxAbsolute()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void aDamagedDecompositionIsComputedAgainAndReplaced(SpectrumPart part) throws IOException {
    try (Arena arena = Arena.open()) {
      BaseSpectrum expected = store(part).obtain(one, "v1", part).spectrum();
      Path file = files("store", ".safetensors").get(0);
      byte[] whole = Files.readAllBytes(file);
      for (byte[] damage : damages(whole)) {
        Files.write(file, damage);

        SpectraStore.Found found = store(part).obtain(one, "v1", part);

        assertThat(found.computed()).isTrue();
        requireEqual(found.spectrum(), expected);
        assertThat(Files.readAllBytes(file)).isEqualTo(whole);
      }
    }
  }

  @Test
  void exchangedDecompositionsAndLinksAreNotBelieved() throws IOException {
    SpectraStore store = store(SpectrumPart.BOTH);
    try (Arena arena = Arena.open()) {
      BaseSpectrum first = store.obtain(one, "v1").spectrum();
      BaseSpectrum second = store.obtain(other, "v1").spectrum();

      exchange(files("store", ".safetensors"));
      assertThat(store.obtain(one, "v1").computed()).isTrue();
      assertThat(store.obtain(other, "v1").computed()).isTrue();
      requireEqual(store.obtain(one, "v1").spectrum(), first);
      requireEqual(store.obtain(other, "v1").spectrum(), second);

      exchange(files("store/sources", ""));
      assertThat(store.contains(one, "v1", SpectrumPart.BOTH)).isFalse();
      requireEqual(store.obtain(one, "v1").spectrum(), first);
      requireEqual(store.obtain(other, "v1").spectrum(), second);
      assertThat(store.contains(one, "v1", SpectrumPart.BOTH)).isTrue();
    }
  }

  @Test
  void aLinkThatPointsAtAnotherMatrixOrIsDamagedIsNotFollowed() throws IOException {
    SpectraStore store = store(SpectrumPart.BOTH);
    try (Arena arena = Arena.open()) {
      BaseSpectrum expected = store.obtain(one, "v1").spectrum();
      Path link = files("store/sources", "").get(0);
      String whole = Files.readString(link);
      String elsewhere = store.obtain(other, "v1").spectrum().contentHash();

      Files.writeString(link, whole.replace(expected.contentHash(), elsewhere));
      requireEqual(store.obtain(one, "v1").spectrum(), expected);
      assertThat(Files.readString(link)).isEqualTo(whole);

      Files.writeString(link, elsewhere + "\n"); // as an older version wrote it
      requireEqual(store.obtain(one, "v1").spectrum(), expected);

      for (byte[] damage : damages(Files.readAllBytes(link))) {
        Files.write(link, damage);
        requireEqual(store.obtain(one, "v1").spectrum(), expected);
      }
    }
  }

  @Test
  void aDecompositionWithoutASealIsComputedAgain() throws IOException {
    SpectraStore store = store(SpectrumPart.BOTH);
    try (Arena arena = Arena.open()) {
      BaseSpectrum right = store.obtain(one, "v1").spectrum();
      Path file = files("store", ".safetensors").get(0);
      SafetensorsWriter unsealed =
          new SafetensorsWriter()
              .metadata(Map.of("format", SpectraStore.FORMAT, "content", right.contentHash()))
              .add("S", new double[COLS])
              .add("U", right.u())
              .add("Vt", right.vt());
      storage.write(uri(file), unsealed::writeTo);

      assertThat(store.obtain(one, "v1").computed()).isTrue();
      requireEqual(store.obtain(one, "v1").spectrum(), right);
    }
  }

  @Test
  void aDamagedDecompositionInBlocksIsNotFound() throws IOException {
    SpectraStore store = store(SpectrumPart.BOTH);
    try (Arena arena = Arena.open()) {
      BaseSpectrum spectrum = store.obtain(one, "v1").spectrum();
      for (MatrixSource source : List.of(one, other)) {
        store.writeGram(
            source, "v1", new GramSpectrum(ROWS, COLS, spectrum.s(), spectrum.vt().copy()));
      }
      List<Path> gram =
          files("store", ".safetensors").stream()
              .filter(file -> file.getFileName().toString().startsWith("gram-"))
              .toList();
      exchange(gram);
      assertThat(store.findGram(one, "v1")).isEmpty();
      assertThat(store.findGram(other, "v1")).isEmpty();
      exchange(gram);
      assertThat(store.findGram(one, "v1")).isPresent();
      for (Path file : gram) {
        byte[] whole = Files.readAllBytes(file);
        for (byte[] damage : damages(whole)) {
          Files.write(file, damage);
          assertThat(Stream.of(one, other).filter(this::findsGram)).hasSize(1);
        }
        Files.write(file, whole);
      }
    }
  }

  @Test
  void damagedTripletsAreNotFound() throws IOException {
    SpectraStore store = store(SpectrumPart.BOTH);
    try (Arena arena = Arena.open()) {
      List<CertifiedTriplets> written = new ArrayList<>();
      for (String content : List.of("a".repeat(64), "b".repeat(64))) {
        Random random = new Random(content.charAt(0));
        CertifiedTriplets triplets =
            new CertifiedTriplets(
                3,
                new double[] {3, 2},
                random(random, 2, ROWS).to(Precision.SINGLE),
                random(random, 2, COLS).to(Precision.SINGLE),
                new double[] {1e-6, 2e-6},
                1.5,
                2,
                1.7,
                0.25);
        store.writeTriplets(content, one, triplets);
        written.add(triplets);
      }
      CertifiedTriplets found = store.findTriplets("a".repeat(64), ROWS, COLS).orElseThrow();
      assertThat(found)
          .usingRecursiveComparison()
          .ignoringFields("left", "right")
          .isEqualTo(written.get(0));
      assertThat(found.left().copy().plusInPlace(-1, written.get(0).left()).maxAbsolute()).isZero();
      assertThat(found.right().copy().plusInPlace(-1, written.get(0).right()).maxAbsolute())
          .isZero();
      assertThat(store.findTriplets("a".repeat(64), ROWS, COLS + 1)).as("a shape").isEmpty();

      List<Path> files = files("store", ".triplets.safetensors");
      exchange(files);
      assertThat(store.findTriplets("a".repeat(64), ROWS, COLS)).isEmpty();
      exchange(files);
      byte[] whole = Files.readAllBytes(files.get(0));
      for (byte[] damage : damages(whole)) {
        Files.write(files.get(0), damage);
        assertThat(store.findTriplets("a".repeat(64), ROWS, COLS)).isEmpty();
      }
    }
  }

  private boolean findsGram(MatrixSource source) {
    try {
      return store(SpectrumPart.BOTH).findGram(source, "v1").isPresent();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void damagedVectorsAreNamed() throws IOException {
    TunedVectorStore vectors = new TunedVectorStore(storage, uri(folder.resolve("vectors")));
    try (Arena arena = Arena.open()) {
      for (String key : List.of("a", "b")) {
        Random random = new Random(key.charAt(0));
        vectors.write(
            key,
            new TunedVectors(
                random(random, ROWS, 2).to(Precision.SINGLE),
                random(random, COLS, 2).to(Precision.SINGLE)));
      }
      requireNamed("vectors", () -> vectors.read("a"));
    }
  }

  @Test
  void damagedEditsAreNamed() throws IOException {
    EditStore edits = new EditStore(storage, uri(folder.resolve("edits")));
    Variant variant = new Variant(Variant.Kind.ALL, 0.5);
    try (Arena arena = Arena.open()) {
      for (String key : List.of("a", "b")) {
        Random random = new Random(key.charAt(0));
        edits.write(
            key,
            List.of(
                new MitigationOutcome.EditedVariant(
                    variant,
                    new MatrixEdit.Added(random(random, ROWS, 2), random(random, COLS, 2)),
                    null)));
      }
      requireNamed("edits", () -> edits.read("a", variant));
    }
  }

  /** Damages the first of two files in every way, and exchanges them. */
  private void requireNamed(
      String below, org.assertj.core.api.ThrowableAssert.ThrowingCallable read) throws IOException {
    List<Path> files = files(below, ".safetensors");
    byte[] whole = Files.readAllBytes(files.get(0));
    for (byte[] damage : damages(whole)) {
      Files.write(files.get(0), damage);
      assertThatThrownBy(read)
          .isInstanceOf(UserInputException.class)
          .hasMessageContaining(files.get(0).getFileName().toString());
    }
    Files.write(files.get(0), whole);
    exchange(files);
    assertThatThrownBy(read)
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("it is of something else: expected key a, found b");
  }
}
