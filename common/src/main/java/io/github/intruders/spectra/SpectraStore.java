package io.github.intruders.spectra;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.ReadMatrix;
import io.github.intruders.checkpoint.SafetensorsHeader;
import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OpenBlas;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the decompositions of base matrices, so that each is computed once for all checkpoints,
 * runs and jobs that share the folder.
 *
 * <p>A decomposition is a safetensors file under the hash of the tensor's content, with tensors
 * {@code U} (m, p) and {@code Vt} (p, n) in F32 and {@code S} (p) in F64. A second kind of file
 * maps where a tensor lies, and the length and time of change of its file, to that hash, so that a
 * base that did not change is not even read. Files are written beside their place and renamed; one
 * that is not whole fails the format's own checks and is computed again. Two jobs writing at once
 * write the same content.
 */
public final class SpectraStore {
  private static final Logger LOG = LoggerFactory.getLogger(SpectraStore.class);
  private static final String LEFT = "U";
  private static final String VALUES = "S";
  private static final String RIGHT = "Vt";

  private final Storage storage;
  private final String root;
  private final TensorReader reader;

  public SpectraStore(Storage storage, String root) {
    this.storage = storage;
    this.root = root;
    this.reader = new TensorReader(storage);
  }

  /**
   * A decomposition and where it came from.
   *
   * @param spectrum in memory of the arena that is open
   * @param computed whether it was computed now, false if it was read
   */
  public record Found(BaseSpectrum spectrum, boolean computed) {}

  /**
   * The decomposition of a base matrix, read from the store, or computed and stored.
   *
   * @param identity length and time of change of the source's file
   * @throws UserInputException if the tensor can't be read
   */
  public Found obtain(MatrixSource source, String identity) throws IOException {
    String sourceFile = sourceFile(source, identity);
    Optional<String> knownHash = readHash(sourceFile);
    if (knownHash.isPresent()) {
      Optional<BaseSpectrum> stored = read(knownHash.get());
      if (stored.isPresent()) {
        return new Found(stored.get(), false);
      }
    }
    try (Arena arena = Arena.open()) {
      ReadMatrix tensor = reader.readWithHash(source, Precision.DOUBLE);
      Optional<BaseSpectrum> stored = read(tensor.contentHash());
      if (stored.isPresent()) {
        writeHash(sourceFile, tensor.contentHash());
        return new Found(keep(arena, stored.get()), false);
      }
      BaseSpectrum computed =
          BaseSpectrum.of(
              tensor.contentHash(), LapackSvd.DIVIDE_AND_CONQUER.decompose(tensor.matrix()));
      write(computed, source);
      writeHash(sourceFile, tensor.contentHash());
      return new Found(keep(arena, computed), true);
    }
  }

  /**
   * Makes sure that the store holds the decomposition.
   *
   * @return whether it had to be computed
   */
  public boolean ensure(MatrixSource source, String identity) throws IOException {
    return !contains(source, identity) && obtain(source, identity).computed();
  }

  /** Whether the decomposition is stored under this identity, without reading it. */
  public boolean contains(MatrixSource source, String identity) throws IOException {
    Optional<String> hash = readHash(sourceFile(source, identity));
    return hash.isPresent() && storage.exists(spectrumFile(hash.get()));
  }

  /**
   * What is stored of a matrix too large for one task, read into the arena that is open.
   *
   * @param identity length and time of change of the source's file
   */
  public Optional<GramSpectrum> findGram(MatrixSource source, String identity) throws IOException {
    String file = gramFile(source, identity);
    if (!storage.exists(file)) {
      return Optional.empty();
    }
    try {
      Map<String, TensorInfo> tensors = tensors(file);
      if (!tensors.keySet().containsAll(List.of(VALUES, RIGHT))) {
        return Optional.empty();
      }
      Matrix vt = reader.read(matrix(tensors.get(RIGHT)), Precision.SINGLE);
      return Optional.of(
          new GramSpectrum(source.rows(), reader.readVector(tensors.get(VALUES)), vt));
    } catch (UserInputException e) {
      LOG.warn("A stored spectrum is not whole and is computed again: {}", e.getMessage());
      return Optional.empty();
    }
  }

  /** Stores it under the place of its tensor, whose content no single task reads. */
  public void writeGram(MatrixSource source, String identity, GramSpectrum spectrum)
      throws IOException {
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .metadata(
                Map.of(
                    "format", "intruders-gram-spectrum-1",
                    "matrix", source.matrix(),
                    "backend", OpenBlas.description()))
            .add(VALUES, spectrum.s())
            .add(RIGHT, spectrum.vt());
    storage.write(gramFile(source, identity), writer::writeTo);
  }

  private String gramFile(MatrixSource source, String identity) {
    return storage.resolve(
        root, "gram-" + Fingerprint.of(source + " " + identity) + ".safetensors");
  }

  private Map<String, TensorInfo> tensors(String file) throws IOException {
    try (RangeSource source = storage.open(file)) {
      return SafetensorsHeader.parse(source).tensors();
    }
  }

  private static BaseSpectrum keep(Arena arena, BaseSpectrum spectrum) {
    arena.keep(spectrum.u());
    arena.keep(spectrum.vt());
    return spectrum;
  }

  private Optional<BaseSpectrum> read(String hash) throws IOException {
    String file = spectrumFile(hash);
    if (!storage.exists(file)) {
      return Optional.empty();
    }
    try {
      Map<String, TensorInfo> tensors = tensors(file);
      if (!tensors.keySet().containsAll(List.of(LEFT, VALUES, RIGHT))) {
        LOG.warn("{} is no spectrum: it holds {}; computing it again", file, tensors.keySet());
        return Optional.empty();
      }
      Matrix u = reader.read(matrix(tensors.get(LEFT)), Precision.SINGLE);
      Matrix vt = reader.read(matrix(tensors.get(RIGHT)), Precision.SINGLE);
      double[] s = reader.readVector(tensors.get(VALUES));
      return Optional.of(new BaseSpectrum(hash, u, s, vt));
    } catch (UserInputException e) {
      LOG.warn("A stored spectrum is not whole and is computed again: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private static MatrixSource matrix(TensorInfo tensor) {
    return MatrixSource.of(tensor, false).get(0);
  }

  private void write(BaseSpectrum spectrum, MatrixSource source) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", "intruders-spectrum-1");
    metadata.put("content", spectrum.contentHash());
    metadata.put("matrix", source.matrix());
    metadata.put("solver", LapackSvd.DIVIDE_AND_CONQUER + " in double precision");
    metadata.put("backend", OpenBlas.description());
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .metadata(metadata)
            .add(VALUES, spectrum.s())
            .add(LEFT, spectrum.u())
            .add(RIGHT, spectrum.vt());
    storage.write(spectrumFile(spectrum.contentHash()), writer::writeTo);
  }

  private Optional<String> readHash(String sourceFile) throws IOException {
    if (!storage.exists(sourceFile)) {
      return Optional.empty();
    }
    try (RangeSource source = storage.open(sourceFile)) {
      byte[] bytes = new byte[Math.toIntExact(Math.min(source.lengthBytes(), 64))];
      source.readFully(0, bytes, 0, bytes.length);
      return Optional.of(new String(bytes, StandardCharsets.US_ASCII))
          .filter(hash -> hash.matches("[0-9a-f]{64}"));
    }
  }

  private void writeHash(String sourceFile, String hash) throws IOException {
    storage.write(sourceFile, out -> out.write(hash.getBytes(StandardCharsets.US_ASCII)));
  }

  private String spectrumFile(String hash) {
    return storage.resolve(root, hash + ".safetensors");
  }

  private String sourceFile(MatrixSource source, String identity) {
    return storage.resolve(root, "sources/" + Fingerprint.of(source + " " + identity));
  }
}
