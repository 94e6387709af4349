package io.github.intruders.spectra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.CountingStorage;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpectraStoreTest {
  private static final String MATRIX = "model.layers.1.mlp.up_proj.weight";

  @TempDir private Path folder;

  private final CountingStorage storage =
      new CountingStorage(new HadoopStorage(new Configuration()));
  private MatrixSource source;
  private SpectraStore store;

  @BeforeEach
  void openBase() throws Exception {
    String zoo = storage.qualify(System.getProperty("zoo"));
    source =
        MatrixSource.of(
                Checkpoint.open(storage, storage.resolve(zoo, "base")).tensors().get(MATRIX), false)
            .get(0);
    store = new SpectraStore(storage, storage.qualify(folder.toString()));
  }

  @Test
  void aStoredDecompositionIsReadAndTheBaseIsNot() throws Exception {
    try (Arena arena = Arena.open()) {
      SpectraStore.Found first = store.obtain(source, "v1");
      long before = storage.bytesRead();
      SpectraStore.Found second = store.obtain(source, "v1");

      assertThat(first.computed()).isTrue();
      assertThat(second.computed()).isFalse();
      assertThat(second.spectrum().s()).isEqualTo(first.spectrum().s());
      assertThat(second.spectrum().u().plusInPlace(-1, first.spectrum().u()).maxAbsolute())
          .isZero();
      long stored = Files.size(spectrumFile()) + Files.size(linkFile());
      assertThat(storage.bytesRead() - before).isLessThanOrEqualTo(stored);
      assertThat(store.contains(source, "v1", SpectrumPart.BOTH)).isTrue();
      assertThat(store.contains(source, "v2", SpectrumPart.BOTH)).isFalse();
    }
  }

  @Test
  void theSameContentUnderAnotherIdentityIsNotDecomposedAgain() throws Exception {
    try (Arena arena = Arena.open()) {
      store.obtain(source, "v1");

      assertThat(store.obtain(source, "copied elsewhere").computed()).isFalse();
    }
  }

  @Test
  void aFileWrittenHalfIsNeverReadAsWhole() throws Exception {
    try (Arena arena = Arena.open()) {
      double[] whole = store.obtain(source, "v1").spectrum().s();
      byte[] bytes = Files.readAllBytes(spectrumFile());
      for (int length : new int[] {0, 7, 100, bytes.length / 2, bytes.length - 1}) {
        Files.write(spectrumFile(), Arrays.copyOf(bytes, length));

        SpectraStore.Found found = store.obtain(source, "v1");

        assertThat(found.computed()).as("%d bytes", length).isTrue();
        assertThat(found.spectrum().s()).isEqualTo(whole);
        assertThat(Files.readAllBytes(spectrumFile())).isEqualTo(bytes);
      }
    }
  }

  @Test
  void normsFollowFromTheSingularValues() throws Exception {
    try (Arena arena = Arena.open()) {
      BaseSpectrum spectrum = store.obtain(source, "v1").spectrum();

      double squares = Arrays.stream(spectrum.s()).map(value -> value * value).sum();
      assertThat(spectrum.frobeniusNorm()).isCloseTo(Math.sqrt(squares), within(1e-12));
      assertThat(spectrum.spectralNorm()).isEqualTo(spectrum.s()[0]);
    }
  }

  @Test
  void aStoreOfOneSideIsSmallerAndServesThoseWhoCompareThatSide() throws Exception {
    try (Arena arena = Arena.open()) {
      BaseSpectrum whole = store.obtain(source, "v1").spectrum();
      long wholeBytes = Files.size(spectrumFile());
      Files.delete(spectrumFile());
      SpectraStore right = keeping(SpectrumPart.RIGHT);

      assertThat(right.ensure(source, "v1")).isTrue();
      assertThat(right.ensure(source, "v1")).isFalse();

      assertThat(source.rows()).isEqualTo(3 * source.cols()); // so U is most of it
      assertThat(Files.size(spectrumFile())).isLessThan(wholeBytes * 3 / 4);
      SpectraStore.Found found = right.obtain(source, "v1", SpectrumPart.RIGHT);
      assertThat(found.computed()).isFalse();
      assertThat(found.spectrum().s()).isEqualTo(whole.s());
      assertThat(difference(found.spectrum().vt(), whole.vt())).isZero();
      Matrix leading = whole.u().columnRange(0, SpectrumPart.LEADING).copy();
      assertThat(difference(found.spectrum().u(), leading)).isZero();
      assertThat(right.contains(source, "v1", SpectrumPart.BOTH)).isFalse();
    }
  }

  @Test
  void theMissingSideFollowsFromTheStoredOneAsADecompositionWouldGiveIt() throws Exception {
    for (SpectrumPart side : List.of(SpectrumPart.LEFT, SpectrumPart.RIGHT)) {
      try (Arena arena = Arena.open()) {
        BaseSpectrum whole = store.obtain(source, "v1").spectrum();
        Files.delete(spectrumFile());
        SpectraStore oneSided = keeping(side);
        oneSided.ensure(source, "v1");
        Matrix w0 = new TensorReader(storage).read(source, Precision.DOUBLE);

        BaseSpectrum known = oneSided.obtain(source, "v1", side).spectrum();
        BaseSpectrum both = MissingSide.recover(known, w0).orElseThrow();
        BaseSpectrum obtained = oneSided.obtain(source, "v1").spectrum();

        assertThat(difference(both.u(), whole.u())).isLessThan(2e-6);
        assertThat(difference(both.vt(), whole.vt())).isLessThan(2e-6);
        assertThat(difference(obtained.u(), both.u())).isZero();
        assertThat(difference(obtained.vt(), both.vt())).isZero();
        Files.delete(spectrumFile());
      }
    }
  }

  @Test
  void anIllConditionedMatrixAndOneOfOtherContentGiveNoMissingSide() throws Exception {
    try (Arena arena = Arena.open()) {
      BaseSpectrum whole = store.obtain(source, "v1").spectrum();
      Matrix leading = whole.vt().rowRange(0, SpectrumPart.LEADING).copy();
      Matrix w0 = new TensorReader(storage).read(source, Precision.DOUBLE);
      double[] deficient = whole.s().clone();
      deficient[deficient.length - 1] = 0;

      assertThat(MissingSide.recover(new BaseSpectrum("", whole.u(), whole.s(), leading), w0))
          .isPresent();
      assertThat(MissingSide.recover(new BaseSpectrum("", whole.u(), deficient, leading), w0))
          .isEmpty();
      w0.rowRange(0, 1).scaleInPlace(3);
      assertThat(MissingSide.recover(new BaseSpectrum("", whole.u(), whole.s(), leading), w0))
          .isEmpty();
    }
  }

  /** Removes the decomposition after the first of its tensors was read, as a pruning may. */
  @Test
  void aDecompositionThatIsRemovedWhileItIsReadIsComputedAgain() throws Exception {
    try (Arena arena = Arena.open()) {
      double[] s = store.obtain(source, "v1").spectrum().s();
      String file = spectrumFile().toUri().toString();
      int[] opened = {0};
      Storage pruned =
          (Storage)
              Proxy.newProxyInstance(
                  Storage.class.getClassLoader(),
                  new Class<?>[] {Storage.class},
                  (proxy, method, arguments) -> {
                    if (method.getName().equals("open")
                        && file.endsWith(((String) arguments[0]).replace("file:", ""))
                        && ++opened[0] == 3) { // the header, the first tensor, the second
                      Files.delete(spectrumFile());
                    }
                    try {
                      return method.invoke(storage, arguments);
                    } catch (InvocationTargetException e) {
                      throw e.getCause();
                    }
                  });

      SpectraStore.Found found = new SpectraStore(pruned, root()).obtain(source, "v1");

      assertThat(opened[0]).isGreaterThanOrEqualTo(3);
      assertThat(found.computed()).isTrue();
      assertThat(found.spectrum().s()).isEqualTo(s);
      assertThat(spectrumFile()).exists();
    }
  }

  @Test
  void aMatrixBeyondTheMemoryOfATaskIsRefusedBeforeAnythingIsRead() {
    MemoryLimit memory = new MemoryLimit(1 << 20, "a setting", "set more");
    long before = storage.bytesRead();

    assertThatThrownBy(
            () -> new SpectraStore(storage, root(), SpectrumPart.BOTH, memory).obtain(source, "v1"))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("Tensor " + MATRIX)
        .hasMessageContaining("the decomposition of 384x128 takes 2.1 MiB")
        .hasMessageEndingWith("(a setting); set more");
    assertThat(storage.bytesRead()).isEqualTo(before);
  }

  private SpectraStore keeping(SpectrumPart part) {
    return new SpectraStore(storage, root(), part, MemoryLimit.NONE);
  }

  private String root() {
    return storage.qualify(folder.toString());
  }

  private static double difference(Matrix one, Matrix other) {
    return one.copy().plusInPlace(-1, other).maxAbsolute();
  }

  private Path linkFile() throws Exception {
    try (Stream<Path> files = Files.list(folder.resolve("sources"))) {
      return files.findFirst().orElseThrow();
    }
  }

  private Path spectrumFile() throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> spectra = files.filter(file -> file.toString().endsWith(".safetensors")).toList();
      assertThat(spectra).hasSize(1);
      return spectra.get(0);
    }
  }
}
