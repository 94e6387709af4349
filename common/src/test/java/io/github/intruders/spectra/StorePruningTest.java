package io.github.intruders.spectra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.CountingStorage;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorePruningTest {
  @TempDir private Path temporary;

  private final CountingStorage storage =
      new CountingStorage(new HadoopStorage(new Configuration()));
  private final Instant now = Instant.now();
  private Path folder;
  private MatrixSource first;
  private MatrixSource second;
  private SpectraStore store;

  @BeforeEach
  void storeTwo() throws Exception {
    folder = temporary.resolve("store");
    store = new SpectraStore(storage, root());
    try (Arena arena = Arena.open()) {
      Matrix w = Matrix.identity(70, Precision.SINGLE);
      String file = storage.qualify(temporary.resolve("model.safetensors").toString());
      SafetensorsWriter writer = new SafetensorsWriter().add("first.weight", w);
      writer.add("second.weight", w.copy().scaleInPlace(2));
      storage.write(file, writer::writeTo);
      Map<String, TensorInfo> tensors = Checkpoint.open(storage, file).tensors();
      first = MatrixSource.of(tensors.get("first.weight"), false).get(0);
      second = MatrixSource.of(tensors.get("second.weight"), false).get(0);
      store.ensure(first, "v1");
      store.ensure(second, "v1");
    }
  }

  @Test
  void theListingReadsHeadersAndTellsWhatIsThere() throws Exception {
    keeping(SpectrumPart.LEFT).ensure(first, "copy of v1");
    store.writeGram(
        first,
        "v1",
        new GramSpectrum(70, 70, new double[70], Matrix.zeros(70, 70, Precision.SINGLE)));
    Files.writeString(folder.resolve("notes.txt"), "mine");
    Files.write(folder.resolve("0".repeat(64) + ".safetensors"), new byte[3]);
    Files.write(
        folder.resolve("." + "0".repeat(64) + ".safetensors." + uuid() + ".tmp"), new byte[5]);
    long before = storage.bytesRead();

    StoreContents contents = StoreContents.read(storage, root());

    assertThat(storage.bytesRead() - before).isLessThan(4096);
    assertThat(contents.spectra())
        .extracting(StoredSpectrum::matrix, StoredSpectrum::kind, StoredSpectrum::rows)
        .containsExactlyInAnyOrder(
            tuple("first.weight", StoredSpectrum.Kind.BOTH, 70L),
            tuple("first.weight", StoredSpectrum.Kind.BLOCKS, 70L),
            tuple("second.weight", StoredSpectrum.Kind.BOTH, 70L));
    assertThat(contents.spectra())
        .filteredOn(spectrum -> spectrum.kind() == StoredSpectrum.Kind.BOTH)
        .allSatisfy(spectrum -> assertThat(spectrum.sourceFiles()).containsExactly(first.file()));
    assertThat(contents.temporary()).hasSize(1);
    assertThat(contents.unreadable()).hasSize(1);
    assertThatThrownBy(() -> StoreContents.read(storage, root() + "/none"))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("There is no spectra store");
  }

  @Test
  void withoutARuleOnlyWhatServesNobodyGoes() throws Exception {
    Path link = linkOf(first);
    Files.delete(spectrumOf(first));
    Path leftOver = folder.resolve("." + "0".repeat(64) + ".safetensors." + uuid() + ".tmp");
    Path fresh = folder.resolve("." + "1".repeat(64) + ".safetensors." + uuid() + ".tmp");
    Files.write(leftOver, new byte[5]);
    Files.write(fresh, new byte[5]);
    age(leftOver, Duration.ofHours(25));

    List<StorePruning.Removal> removed = pruning().run();

    assertThat(removed)
        .extracting(StorePruning.Removal::reason)
        .containsExactlyInAnyOrder(
            StorePruning.Reason.POINTS_AT_NOTHING, StorePruning.Reason.LEFT_OVER);
    assertThat(link).doesNotExist();
    assertThat(leftOver).doesNotExist();
    assertThat(fresh).exists();
    assertThat(store.contains(second, "v1", SpectrumPart.BOTH)).isTrue();
  }

  /** Leading triplets keep their link, until the whole decomposition is there. */
  @Test
  void tripletsStayWhereNothingElseIs() throws Exception {
    for (MatrixSource matrix : List.of(first, second)) {
      try (Arena arena = Arena.open()) {
        Matrix vectors = Matrix.zeros(1, 70, Precision.SINGLE);
        store.writeTriplets(
            store.knownContent(matrix, "v1").orElseThrow(),
            matrix,
            new CertifiedTriplets(
                1, new double[] {1}, vectors, vectors, new double[1], 0, 0, 0, 0));
      }
    }
    Files.delete(spectrumOf(first));

    List<StorePruning.Removal> removed = pruning().run();

    assertThat(removed)
        .extracting(StorePruning.Removal::matrix, StorePruning.Removal::reason)
        .containsExactly(tuple("second.weight", StorePruning.Reason.SUPERSEDED));
    assertThat(StoreContents.read(storage, root()).spectra())
        .extracting(StoredSpectrum::matrix, StoredSpectrum::kind, StoredSpectrum::cols)
        .containsExactlyInAnyOrder(
            tuple("first.weight", StoredSpectrum.Kind.TRIPLETS, 70L),
            tuple("second.weight", StoredSpectrum.Kind.BOTH, 70L));
    assertThat(
            store.heldOfEach(
                List.of(
                    new SpectraStore.Place(first, "v1"),
                    new SpectraStore.Place(second, "v1"),
                    new SpectraStore.Place(first, "v2")),
                SpectrumPart.BOTH))
        .containsExactly(
            SpectraStore.Held.TRIPLETS, SpectraStore.Held.DECOMPOSITION, SpectraStore.Held.NOTHING);
  }

  @Test
  void whatIsNoDecompositionStaysHoweverOldAndLikeOneItLooks() throws Exception {
    Path model = folder.resolve("model.safetensors");
    Path named = folder.resolve("a".repeat(64) + ".safetensors"); // another tool's, by its metadata
    Path broken = folder.resolve("b".repeat(64) + ".safetensors");
    Path renamed = folder.resolve("c".repeat(64) + ".safetensors"); // not the content it says
    Path note = folder.resolve("sources").resolve("d".repeat(64));
    storage.write(
        storage.qualify(named.toString()),
        new SafetensorsWriter().metadata(Map.of("format", "pt")).add("S", new double[2])::writeTo);
    Files.copy(named, model);
    Files.copy(spectrumOf(first), renamed);
    Files.write(broken, new byte[9]);
    Files.writeString(note, "a note");
    for (Path file : List.of(model, named, broken, renamed, note)) {
      age(file, Duration.ofDays(400));
    }

    pruning().olderThan(Duration.ofDays(1)).run();

    assertThat(List.of(model, named, broken, renamed, note)).allMatch(Files::exists);
    assertThat(spectrumOf(first)).exists();
  }

  @Test
  void oldOnesGoWithTheirLinksAndADryRunRemovesNothing() throws Exception {
    age(spectrumOf(first), Duration.ofDays(31));

    List<StorePruning.Removal> planned = pruning().olderThan(Duration.ofDays(30)).plan();

    assertThat(planned)
        .extracting(StorePruning.Removal::matrix)
        .containsExactly("first.weight", "first.weight");
    assertThat(store.contains(first, "v1", SpectrumPart.BOTH)).isTrue();
    assertThat(pruning().olderThan(Duration.ofDays(30)).run()).isEqualTo(planned);
    assertThat(store.contains(first, "v1", SpectrumPart.BOTH)).isFalse();
    assertThat(store.contains(second, "v1", SpectrumPart.BOTH)).isTrue();
    try (Arena arena = Arena.open()) {
      assertThat(store.obtain(first, "v1").computed()).isTrue();
    }
  }

  @Test
  void whatTheBaseDoesNotUseGoesAndWhatItMayUseStays() throws Exception {
    List<SpectraStore.Place> same = List.of(new SpectraStore.Place(first, "v1"));
    List<SpectraStore.Place> moved = List.of(new SpectraStore.Place(first, "at a new place"));

    assertThat(pruning().unusedBy(same).plan())
        .extracting(StorePruning.Removal::matrix)
        .containsExactly("second.weight", "second.weight");
    assertThat(pruning().unusedBy(moved).plan())
        .extracting(StorePruning.Removal::matrix)
        .containsExactly("second.weight", "second.weight");
    assertThat(pruning().unusedBy(same).olderThan(Duration.ofDays(1)).plan()).isEmpty();
  }

  @Test
  void oneSideGoesWhereBothAreHere() throws Exception {
    Path both = spectrumOf(first);
    Path aside = Files.move(both, temporary.resolve("aside"));
    keeping(SpectrumPart.LEFT).ensure(first, "v1");
    Files.move(aside, both);

    assertThat(pruning().run())
        .extracting(StorePruning.Removal::reason)
        .containsExactly(StorePruning.Reason.SUPERSEDED);
    assertThat(store.contains(first, "v1", SpectrumPart.BOTH)).isTrue();
  }

  @Test
  void whatWasWrittenAgainSinceTheListingStaysAndSoDoesItsLink() throws Exception {
    age(spectrumOf(first), Duration.ofDays(31));
    StorePruning pruning = pruning().olderThan(Duration.ofDays(30));
    Files.delete(spectrumOf(first));
    try (Arena arena = Arena.open()) {
      store.ensure(first, "v1");
    }

    assertThat(pruning.run()).isEmpty();
    assertThat(store.contains(first, "v1", SpectrumPart.BOTH)).isTrue();
  }

  private StorePruning pruning() throws Exception {
    return new StorePruning(storage, StoreContents.read(storage, root()), now);
  }

  private SpectraStore keeping(SpectrumPart part) {
    return new SpectraStore(storage, root(), part, MemoryLimit.NONE);
  }

  private String root() {
    return storage.qualify(folder.toString());
  }

  private static String uuid() {
    return java.util.UUID.randomUUID().toString();
  }

  private static void age(Path file, Duration age) throws Exception {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(age)));
  }

  private Path linkOf(MatrixSource source) throws Exception {
    try (Stream<Path> files = Files.list(folder.resolve("sources"))) {
      return files.filter(file -> lines(file).contains(source.matrix())).findFirst().orElseThrow();
    }
  }

  private Path spectrumOf(MatrixSource source) throws Exception {
    return folder.resolve(lines(linkOf(source)).get(0) + ".safetensors");
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
