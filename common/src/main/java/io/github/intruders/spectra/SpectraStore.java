package io.github.intruders.spectra;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.ReadMatrix;
import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.SealedTensors;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OpenBlas;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SideBySide;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the decompositions of base matrices, so that each is computed once for all checkpoints,
 * runs and jobs that share the folder.
 *
 * <p>A decomposition is a safetensors file under the hash of the tensor's content, with tensors
 * {@code U} (m, p) and {@code Vt} (p, n) in F32 and {@code S} (p) in F64. Where one side is enough,
 * a smaller file has {@code U}, {@code S} and {@code Vt.leading}, or {@code U.leading}, {@code S}
 * and {@code Vt}, see {@link SpectrumPart}. Where a base is not decomposed its leading triplets
 * alone may be kept, {@link CertifiedTriplets}. A further kind of file maps where a tensor lies,
 * and the length and time of change of its file, to that hash, so that a base that did not change
 * is not even read. Files are written beside their place and renamed. All are sealed: a
 * decomposition ({@link SealedTensors}) by what it is of and by its tensors' checksums, a link by
 * its place. One that is not whole, damaged or exchanged is computed again and replaced, and so is
 * one that is deleted while it is read, or that a version without seals wrote. Two jobs writing at
 * once write the same content.
 */
public final class SpectraStore {
  /** The format's name in a file's metadata. */
  static final String FORMAT = "intruders-spectrum-1";

  /** The same for matrices in blocks. */
  static final String GRAM_FORMAT = "intruders-gram-spectrum-1";

  /** The same for leading triplets. */
  static final String TRIPLETS_FORMAT = "intruders-triplets-1";

  static final String LEFT = "U";
  static final String VALUES = "S";
  static final String RIGHT = "Vt";
  static final String LEADING = ".leading";
  private static final String ERRORS = "errors";

  /** {@code searchedFor, next, complete, cut, lowest} of {@link CertifiedTriplets}. */
  private static final String CERTIFICATE = "certificate";

  private static final int CERTIFICATE_LENGTH = 5;

  private static final int READ_ATTEMPTS = 3;

  private static final Logger LOG = LoggerFactory.getLogger(SpectraStore.class);

  private final Storage storage;
  private final StoreLayout layout;
  private final SpectrumPart kept;
  private final MemoryLimit memory;
  private final TensorReader reader;

  /** A store that keeps whole decompositions. */
  public SpectraStore(Storage storage, String root) {
    this(storage, root, SpectrumPart.BOTH, MemoryLimit.NONE);
  }

  /**
   * A store as one task uses it.
   *
   * @param kept what is stored of a decomposition; what is stored already stays
   * @param memory what a decomposition may use
   */
  public SpectraStore(Storage storage, String root, SpectrumPart kept, MemoryLimit memory) {
    this.memory = memory;
    this.storage = storage;
    this.layout = new StoreLayout(storage, root);
    this.kept = kept;
    this.reader = new TensorReader(storage);
  }

  /**
   * A decomposition and where it came from.
   *
   * @param spectrum in memory of the arena that is open
   * @param computed whether it was computed now, false if it was read
   */
  public record Found(BaseSpectrum spectrum, boolean computed) {}

  /** {@link #obtain(MatrixSource, String, SpectrumPart)} with both sides in full. */
  public Found obtain(MatrixSource source, String identity) throws IOException {
    return obtain(source, identity, SpectrumPart.BOTH);
  }

  /**
   * The decomposition of a base matrix, read from the store, or computed and stored. Where the
   * store has the other side alone, the missing one follows from it and the matrix if it is well
   * conditioned; else the matrix is decomposed again.
   *
   * @param identity length and time of change of the source's file
   * @param wanted what has to be there in full; there may be more
   * @throws UserInputException if the tensor can't be read, or with code {@code TOO_LARGE} if
   *     computing takes more memory than there is
   */
  public Found obtain(MatrixSource source, String identity, SpectrumPart wanted)
      throws IOException {
    Optional<String> knownHash = knownContent(source, identity);
    if (knownHash.isPresent()) {
      Optional<BaseSpectrum> stored = read(knownHash.get(), wanted);
      if (stored.isPresent()) {
        return new Found(stored.get(), false);
      }
    }
    memory.require(
        LapackSvd.nativeBytes(source.rows(), source.cols()),
        "the decomposition of %dx%d".formatted(source.rows(), source.cols()),
        source.file(),
        source.matrix());
    try (Arena arena = Arena.open()) {
      ReadMatrix tensor = reader.readWithHash(source, Precision.DOUBLE);
      String hash = tensor.contentHash();
      boolean looked = knownHash.isPresent() && knownHash.get().equals(hash);
      Optional<BaseSpectrum> stored = looked ? Optional.empty() : read(hash, wanted);
      BaseSpectrum found = stored.isPresent() ? stored.get() : compute(hash, tensor.matrix());
      if (stored.isEmpty() && (kept.covers(wanted) || readFile(hash, kept).isEmpty())) {
        write(found, source);
      }
      noteContent(source, identity, hash);
      arena.keep(found.u());
      arena.keep(found.vt());
      return new Found(found, stored.isEmpty());
    }
  }

  private BaseSpectrum compute(String hash, Matrix w0) throws IOException {
    for (SpectrumPart side : List.of(SpectrumPart.LEFT, SpectrumPart.RIGHT)) {
      Optional<BaseSpectrum> known = readFile(hash, side);
      if (known.isPresent()) {
        Optional<BaseSpectrum> whole = MissingSide.recover(known.get(), w0);
        if (whole.isPresent()) {
          return whole.get();
        }
      }
    }
    return BaseSpectrum.of(hash, LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));
  }

  /**
   * Makes sure that the store holds what it keeps of the decomposition.
   *
   * @return whether it had to be computed
   */
  public boolean ensure(MatrixSource source, String identity) throws IOException {
    return !contains(source, identity, kept) && obtain(source, identity, kept).computed();
  }

  /**
   * Whether the decomposition is stored under this identity, without reading it.
   *
   * @param wanted what has to be there in full
   */
  public boolean contains(MatrixSource source, String identity, SpectrumPart wanted)
      throws IOException {
    Optional<String> hash = knownContent(source, identity);
    return hash.isPresent() && isStored(hash.get(), wanted);
  }

  /**
   * A matrix and where it lies.
   *
   * @param identity length and time of change of the source's file
   */
  public record Place(MatrixSource source, String identity) {}

  /** What a store holds of a base matrix. */
  public enum Held {
    NOTHING,
    /** Its leading triplets. */
    TRIPLETS,
    /** Its decomposition, or the part that was asked for. */
    DECOMPOSITION
  }

  /**
   * What is stored of many; asks the storage side by side.
   *
   * @param wanted what has to be there in full of a decomposition
   */
  public List<Held> heldOfEach(List<Place> places, SpectrumPart wanted) throws IOException {
    List<Callable<Held>> requests = new ArrayList<>();
    for (Place place : places) {
      requests.add(() -> held(place, wanted));
    }
    return SideBySide.request(requests);
  }

  private Held held(Place place, SpectrumPart wanted) throws IOException {
    Optional<String> hash = knownContent(place.source(), place.identity());
    if (hash.isEmpty()) {
      return Held.NOTHING;
    }
    if (isStored(hash.get(), wanted)) {
      return Held.DECOMPOSITION;
    }
    return storage.exists(layout.tripletsFile(hash.get())) ? Held.TRIPLETS : Held.NOTHING;
  }

  private boolean isStored(String hash, SpectrumPart wanted) throws IOException {
    return storage.exists(layout.spectrumFile(hash, SpectrumPart.BOTH))
        || (wanted != SpectrumPart.BOTH && storage.exists(layout.spectrumFile(hash, wanted)));
  }

  /**
   * What is stored of a matrix too large for one task, read into the arena that is open: {@code S},
   * and {@code Vt} of a tall matrix or {@code U} of a wide one.
   *
   * @param identity length and time of change of the source's file
   */
  public Optional<GramSpectrum> findGram(MatrixSource source, String identity) throws IOException {
    boolean wide = source.rows() < source.cols();
    String side = wide ? LEFT : RIGHT;
    return whole(
        layout.gramFile(source, identity),
        Map.of("format", GRAM_FORMAT, "place", StoreLayout.place(source, identity)),
        List.of(VALUES, side),
        tensors -> {
          MatrixSource vectors = matrix(tensors.get(side));
          return new GramSpectrum(
              source.rows(),
              source.cols(),
              reader.readVector(tensors.get(VALUES)),
              reader.read(wide ? vectors.flipped() : vectors, Precision.SINGLE));
        });
  }

  /**
   * The leading triplets that are stored of a base matrix, read into the arena that is open;
   * nothing where there are none, or damaged ones.
   *
   * @param content hash of the tensor
   */
  public Optional<CertifiedTriplets> findTriplets(String content, int rows, int cols)
      throws IOException {
    String file = layout.tripletsFile(content);
    return whole(
        file,
        Map.of("format", TRIPLETS_FORMAT, "content", content),
        List.of(LEFT + LEADING, VALUES, RIGHT + LEADING, ERRORS, CERTIFICATE),
        tensors -> {
          MatrixSource left = matrix(tensors.get(LEFT + LEADING));
          double[] certificate = reader.readVector(tensors.get(CERTIFICATE));
          try {
            if (certificate.length != CERTIFICATE_LENGTH) {
              throw new IllegalArgumentException("certificate of " + certificate.length);
            }
            CertifiedTriplets triplets =
                new CertifiedTriplets(
                    (int) certificate[0],
                    reader.readVector(tensors.get(VALUES)),
                    reader.read(left.flipped(), Precision.SINGLE),
                    reader.read(matrix(tensors.get(RIGHT + LEADING)), Precision.SINGLE),
                    reader.readVector(tensors.get(ERRORS)),
                    certificate[1],
                    (int) certificate[2],
                    certificate[3],
                    certificate[4]);
            if (!triplets.suits(rows, cols)) {
              throw new IllegalArgumentException("not of a %dx%d matrix".formatted(rows, cols));
            }
            return triplets;
          } catch (IllegalArgumentException e) {
            throw UserInputException.inFile(RejectCode.CHECKSUM_WRONG, file, e.getMessage());
          }
        });
  }

  /**
   * Stores leading triplets of a base matrix.
   *
   * @param content hash of the tensor
   */
  public void writeTriplets(String content, MatrixSource source, CertifiedTriplets triplets)
      throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", TRIPLETS_FORMAT);
    metadata.put("content", content);
    metadata.put("matrix", source.matrix());
    metadata.put("backend", OpenBlas.description());
    double[] certificate = {
      triplets.searchedFor(),
      triplets.next(),
      triplets.complete(),
      triplets.cut(),
      triplets.lowest()
    };
    try (Arena arena = Arena.open()) {
      SafetensorsWriter writer =
          new SafetensorsWriter()
              .metadata(metadata)
              .add(VALUES, triplets.values())
              .add(ERRORS, triplets.errors())
              .add(CERTIFICATE, certificate)
              .add(LEFT + LEADING, triplets.left().in(Precision.SINGLE).transposed())
              .add(RIGHT + LEADING, triplets.right().in(Precision.SINGLE));
      writer.sealed();
      storage.write(layout.tripletsFile(content), writer::writeTo);
    }
  }

  /** Stores it under the place of its tensor, whose content no single task reads. */
  public void writeGram(MatrixSource source, String identity, GramSpectrum spectrum)
      throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", GRAM_FORMAT);
    metadata.put("place", StoreLayout.place(source, identity));
    metadata.put("matrix", source.matrix());
    metadata.put("file", source.file());
    metadata.put("rows", String.valueOf(source.rows()));
    metadata.put("cols", String.valueOf(source.cols()));
    metadata.put("backend", OpenBlas.description());
    try (Arena arena = Arena.open()) {
      SafetensorsWriter writer =
          new SafetensorsWriter().metadata(metadata).add(VALUES, spectrum.s());
      if (spectrum.wide()) {
        writer.add(LEFT, spectrum.vectors().transposed());
      } else {
        writer.add(RIGHT, spectrum.vectors());
      }
      writer.sealed();
      storage.write(layout.gramFile(source, identity), writer::writeTo);
    }
  }

  private Optional<BaseSpectrum> read(String hash, SpectrumPart wanted) throws IOException {
    Optional<BaseSpectrum> whole = readFile(hash, SpectrumPart.BOTH);
    return whole.isPresent() || wanted == SpectrumPart.BOTH ? whole : readFile(hash, wanted);
  }

  private Optional<BaseSpectrum> readFile(String hash, SpectrumPart part) throws IOException {
    String left = part.hasLeft() ? LEFT : LEFT + LEADING;
    String right = part.hasRight() ? RIGHT : RIGHT + LEADING;
    return whole(
        layout.spectrumFile(hash, part),
        Map.of("format", FORMAT, "content", hash),
        List.of(left, VALUES, right),
        tensors ->
            new BaseSpectrum(
                hash,
                reader.read(matrix(tensors.get(left)), Precision.SINGLE),
                reader.readVector(tensors.get(VALUES)),
                reader.read(matrix(tensors.get(right)), Precision.SINGLE)));
  }

  /** Makes a decomposition of a file's tensors. */
  @FunctionalInterface
  private interface Reading<T> {
    T of(Map<String, TensorInfo> tensors) throws IOException;
  }

  /**
   * What a file holds; nothing if it is not there, not whole, damaged, of something else, or
   * deleted while it is read. Each tensor is read by itself; that all are of one file shows by its
   * being the same before and after.
   *
   * @param identity what its metadata has to say
   */
  private <T> Optional<T> whole(
      String file, Map<String, String> identity, List<String> names, Reading<T> reading)
      throws IOException {
    try {
      for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
        String before = storage.status(file).identity();
        try {
          Map<String, TensorInfo> tensors = SealedTensors.read(storage, file, identity);
          if (!tensors.keySet().containsAll(names)) {
            LOG.warn("{} is no spectrum: it holds {}; computing it again", file, tensors.keySet());
            return Optional.empty();
          }
          T read = reading.of(tensors);
          if (storage.status(file).identity().equals(before)) {
            return Optional.of(read);
          }
        } catch (UserInputException e) {
          if (storage.status(file).identity().equals(before)) {
            LOG.warn("A stored decomposition is computed again: {}", e.getMessage());
            return Optional.empty();
          }
        }
      }
    } catch (FileNotFoundException e) {
      LOG.debug("{} is not there, or was removed just now", file);
    }
    return Optional.empty();
  }

  private static MatrixSource matrix(TensorInfo tensor) {
    return MatrixSource.of(tensor, false).get(0);
  }

  private void write(BaseSpectrum spectrum, MatrixSource source) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("content", spectrum.contentHash());
    metadata.put("matrix", source.matrix());
    metadata.put("solver", LapackSvd.DIVIDE_AND_CONQUER + " in double precision");
    metadata.put("backend", OpenBlas.description());
    int leading = Math.min(SpectrumPart.LEADING, spectrum.minDimension());
    try (Arena arena = Arena.open()) {
      SafetensorsWriter writer =
          new SafetensorsWriter().metadata(metadata).add(VALUES, spectrum.s());
      if (kept.hasLeft()) {
        writer.add(LEFT, spectrum.u());
      } else {
        writer.add(LEFT + LEADING, spectrum.u().columnRange(0, leading).copy());
      }
      if (kept.hasRight()) {
        writer.add(RIGHT, spectrum.vt());
      } else {
        writer.add(RIGHT + LEADING, spectrum.vt().rowRange(0, leading).copy());
      }
      writer.sealed();
      storage.write(layout.spectrumFile(spectrum.contentHash(), kept), writer::writeTo);
    }
  }

  /**
   * The content of a tensor, as far as the store knows it without reading the tensor.
   *
   * @param identity length and time of change of the source's file
   */
  public Optional<String> knownContent(MatrixSource source, String identity) throws IOException {
    String file = layout.sourceFile(source, identity);
    try (RangeSource link = storage.open(file)) {
      Optional<String> hash = SourceLink.readContent(link, StoreLayout.place(source, identity));
      if (hash.isEmpty()) {
        LOG.warn("The link {} can't be trusted; reading {} again", file, source.matrix());
      }
      return hash;
    } catch (FileNotFoundException e) {
      return Optional.empty(); // never written, or pruned
    }
  }

  /** Notes the content of a tensor, so that it is known to later runs. */
  public void noteContent(MatrixSource source, String identity, String hash) throws IOException {
    byte[] text =
        SourceLink.text(StoreLayout.place(source, identity), hash, source)
            .getBytes(StandardCharsets.UTF_8);
    storage.write(layout.sourceFile(source, identity), out -> out.write(text));
  }
}
