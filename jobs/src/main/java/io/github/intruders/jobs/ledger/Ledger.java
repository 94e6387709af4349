package io.github.intruders.jobs.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TextFile;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.scan.TunedVectorStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What tasks have finished, durable as soon as each is done: one file per finished task, written
 * beside its place and renamed, and for whole checkpoints one {@link LedgerPart} each, into which
 * the task files go when a run is done. Tables, summary and report are derived from it, and a later
 * run takes from it what is still valid, so that a job that was killed goes on where it stopped and
 * a nightly run computes only what is new.
 *
 * <p>Every line carries a checksum. A file that does not hold what was written is set aside, and
 * what it held is computed again.
 *
 * @param <E> what it holds
 */
public final class Ledger<E extends LedgerEntry> {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER) // lines are numbers, mostly
          .build();
  private static final ObjectWriter WRITER = JSON.writer();
  private static final ObjectReader REJECTIONS = JSON.readerFor(Rejection.class);

  private static final String TUNED_VECTORS = "_work/vectors";

  static final String SCAN_ENTRIES = "_work/scan";

  private static final String SUFFIX = ".jsonl";
  private static final int MOST_REJECT_BYTES = 256 << 20;

  private final Storage storage;
  private final String entries;
  private final String rejects;

  private Ledger(Storage storage, String outUri, String entries, String rejects, String runId) {
    this.storage = storage;
    this.entries = storage.resolve(outUri, entries);
    this.rejects = storage.resolve(outUri, rejects + "/" + runId);
  }

  /**
   * The ledger of the scan.
   *
   * @param runId keeps apart what was rejected in this run, which a later run tries again
   */
  public static Ledger<ScanEntry> ofScan(Storage storage, String outUri, String runId) {
    return new Ledger<>(storage, outUri, SCAN_ENTRIES, "_work/rejects", runId);
  }

  /** The ledger of the mitigation; see {@link #ofScan}. */
  public static Ledger<MitigationEntry> ofMitigation(Storage storage, String outUri, String runId) {
    return new Ledger<>(
        storage, outUri, "_work/mitigation/entries", "_work/mitigation/rejects", runId);
  }

  /** The tuned vectors of checkpoints in sequences, each under the key of its entry. */
  public static TunedVectorStore tunedVectors(Storage storage, String outUri) {
    return new TunedVectorStore(storage, storage.resolve(outUri, TUNED_VECTORS));
  }

  /** Produces a task's entries, one by one. */
  @FunctionalInterface
  public interface Body<E> {
    void writeTo(Sink<E> sink) throws IOException;
  }

  /** Takes an entry. */
  @FunctionalInterface
  public interface Sink<E> {
    void write(E entry) throws IOException;
  }

  /**
   * Writes one task's entries; they are there as a whole or not at all.
   *
   * @param keys of the work that the task was given; they name the file, so that a second attempt
   *     replaces it
   */
  public void writeEntries(Collection<String> keys, Body<E> body) throws IOException {
    storage.write(
        storage.resolve(entries, name(keys)),
        out -> body.writeTo(entry -> LedgerLine.write(out, WRITER.writeValueAsBytes(entry))));
  }

  /**
   * Writes a part of lines that were read; it is there as a whole or not at all.
   *
   * @param name see {@link LedgerPart#name}
   */
  void writePart(String name, Body<LedgerLine> body) throws IOException {
    storage.write(
        storage.resolve(entries, name),
        out -> body.writeTo(line -> LedgerLine.write(out, line.json())));
  }

  /** Writes what one task rejected; {@code names} tell its file from those of other tasks. */
  public void writeRejects(Collection<String> names, List<Rejection> rejections)
      throws IOException {
    storage.write(
        storage.resolve(rejects, name(names)),
        out -> {
          for (Rejection rejection : rejections) {
            out.write(WRITER.writeValueAsBytes(rejection));
            out.write('\n');
          }
        });
  }

  private static String name(Collection<String> keys) {
    StringBuilder all = new StringBuilder();
    keys.stream().sorted().forEach(all::append);
    return Fingerprint.of(all.toString()) + SUFFIX;
  }

  /** An entry from the JSON of its line. */
  public static <E extends LedgerEntry> E parse(byte[] json, Class<E> type) {
    try {
      return JSON.readerFor(type).readValue(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // its checksum was right, so this is our fault
    }
  }

  /**
   * The files of entries.
   *
   * @param tasks what tasks wrote and no part holds yet
   * @param parts what holds whole checkpoints
   */
  public record Files(List<StoredFile> tasks, List<StoredFile> parts) {
    /**
     * Those that may hold something of some checkpoints by some settings.
     *
     * @param prefixes of parts, see {@link LedgerPart#prefix}
     */
    public List<StoredFile> of(Set<String> prefixes) {
      List<StoredFile> of = new ArrayList<>(tasks);
      parts.stream()
          .filter(part -> prefixes.contains(LedgerPart.prefixOf(part.name())))
          .forEach(of::add);
      return of;
    }
  }

  /** The files of entries that are there now. */
  public Files files() throws IOException {
    Map<Boolean, List<StoredFile>> files =
        list(entries).stream()
            .collect(Collectors.partitioningBy(file -> LedgerPart.isName(file.name())));
    return new Files(files.get(false), files.get(true));
  }

  private List<StoredFile> list(String folder) throws IOException {
    if (!storage.isDirectory(folder)) {
      return List.of();
    }
    return storage.list(folder).stream().filter(file -> file.name().endsWith(SUFFIX)).toList();
  }

  /** Forgets what tasks of this run rejected, which are about to try all of it again. */
  public void forgetRejects() throws IOException {
    storage.delete(rejects);
  }

  /** The files with what tasks of this run rejected. */
  public List<String> rejectFiles() throws IOException {
    return list(rejects).stream().map(StoredFile::uri).toList();
  }

  /** What one task rejected. */
  static List<Rejection> rejections(Storage storage, String uri) throws IOException {
    String text = TextFile.read(storage, uri, MOST_REJECT_BYTES, RejectCode.READ_FAILED);
    return text.lines().map(Ledger::rejection).toList();
  }

  private static Rejection rejection(String line) {
    try {
      return REJECTIONS.readValue(line);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
