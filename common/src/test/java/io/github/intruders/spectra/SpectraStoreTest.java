package io.github.intruders.spectra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.CountingStorage;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Arena;
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
      long stored = Files.size(spectrumFile());
      assertThat(storage.bytesRead() - before).isLessThanOrEqualTo(stored + 64);
      assertThat(store.contains(source, "v1")).isTrue();
      assertThat(store.contains(source, "v2")).isFalse();
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

  private Path spectrumFile() throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> spectra = files.filter(file -> file.toString().endsWith(".safetensors")).toList();
      assertThat(spectra).hasSize(1);
      return spectra.get(0);
    }
  }
}
