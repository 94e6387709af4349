package io.github.intruders.spectra;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Removes from a store what no longer serves. Safe beside jobs that read and write: whoever finds a
 * decomposition gone computes it again.
 *
 * <p>Always goes what serves nobody: links that point at nothing, one side or leading triplets
 * where both sides are there, and what a writer left over a day ago. Decompositions go by rules;
 * where there are several, those that all of them name.
 *
 * <p>A decomposition goes before its links. Only its going changes what a reader gets, and one that
 * stops half-way leaves links that point at nothing, which readers take for absent and the next
 * pruning removes. The other way round it would leave gigabytes that nothing points at. A link goes
 * only if it still points at nothing then, so that what a job computed again in between stays
 * known.
 */
public final class StorePruning {
  private static final Duration LEFT_OVER = Duration.ofDays(1);

  private final Storage storage;
  private final StoreContents contents;
  private final StoreLayout layout;
  private final Instant now;
  private Duration age;
  private Set<StoredSpectrum> unused;

  /**
   * @param now what ages are counted from
   */
  public StorePruning(Storage storage, StoreContents contents, Instant now) {
    this.storage = storage;
    this.contents = contents;
    this.layout = new StoreLayout(storage, contents.root());
    this.now = now;
  }

  /** Why something goes. */
  public enum Reason {
    OLD("written longer ago"),
    UNUSED("not used by the base"),
    SUPERSEDED("both sides are here too"),
    POINTS_AT_NOTHING("points at nothing"),
    LEFT_OVER("left over by a writer");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    /** Whether a decomposition goes, and not something beside one. */
    public boolean ofDecomposition() {
      return this == OLD || this == UNUSED || this == SUPERSEDED;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * One file that goes.
   *
   * @param matrix the tensor it is about; empty where nothing tells
   */
  public record Removal(String uri, long lengthBytes, String matrix, Reason reason) {}

  /** Decompositions written longer ago than this go. */
  public StorePruning olderThan(Duration limit) {
    age = limit;
    return this;
  }

  /**
   * Decompositions that no such matrix uses go. A matrix whose place the store does not know may
   * have any content, so what has its name and shape stays.
   */
  public StorePruning unusedBy(List<SpectraStore.Place> matrices) {
    Map<String, String> contentByPlace = new HashMap<>();
    for (SourceLink link : contents.links()) {
      contentByPlace.put(link.uri().substring(link.uri().lastIndexOf('/') + 1), link.content());
    }
    Set<String> hashes = new HashSet<>();
    Set<String> unknown = new HashSet<>();
    for (SpectraStore.Place matrix : matrices) {
      MatrixSource source = matrix.source();
      String place = StoreLayout.place(source, matrix.identity());
      hashes.add(place);
      if (contentByPlace.containsKey(place)) {
        hashes.add(contentByPlace.get(place));
      } else {
        unknown.add(description(source.matrix(), source.rows(), source.cols()));
      }
    }
    unused = new HashSet<>();
    for (StoredSpectrum spectrum : contents.spectra()) {
      String description = description(spectrum.matrix(), spectrum.rows(), spectrum.cols());
      if (!hashes.contains(spectrum.hash()) && !unknown.contains(description)) {
        unused.add(spectrum);
      }
    }
    return this;
  }

  private static String description(String matrix, long rows, long cols) {
    return "%s %dx%d".formatted(matrix, rows, cols);
  }

  /** What would go, decompositions before what points at them. */
  public List<Removal> plan() {
    List<Removal> removals = new ArrayList<>();
    Set<String> whole = new HashSet<>();
    Set<String> staying = new HashSet<>();
    for (StoredSpectrum spectrum : contents.spectra()) {
      if (spectrum.kind() == StoredSpectrum.Kind.BOTH && !goesByRule(spectrum)) {
        whole.add(spectrum.hash());
      }
    }
    for (StoredSpectrum spectrum : contents.spectra()) {
      if (goesByRule(spectrum)) {
        removals.add(removal(spectrum, unused == null ? Reason.OLD : Reason.UNUSED));
      } else if (isPart(spectrum) && whole.contains(spectrum.hash())) {
        removals.add(removal(spectrum, Reason.SUPERSEDED));
      } else {
        staying.add(spectrum.hash());
      }
    }
    for (SourceLink link : contents.links()) {
      if (!staying.contains(link.content()) && !isUnreadable(link.content())) {
        removals.add(
            new Removal(link.uri(), link.lengthBytes(), link.matrix(), Reason.POINTS_AT_NOTHING));
      }
    }
    for (StoredFile file : contents.temporary()) {
      if (isOlder(file, LEFT_OVER)) {
        removals.add(new Removal(file.uri(), file.lengthBytes(), "", Reason.LEFT_OVER));
      }
    }
    return removals;
  }

  /** A broken file is computed again where it is asked for; its links are not at fault. */
  private boolean isUnreadable(String content) {
    return contents.unreadable().keySet().stream().anyMatch(uri -> uri.contains(content));
  }

  /** Whether a whole decomposition holds all of it. */
  private static boolean isPart(StoredSpectrum spectrum) {
    return spectrum.kind() == StoredSpectrum.Kind.LEFT
        || spectrum.kind() == StoredSpectrum.Kind.RIGHT
        || spectrum.kind() == StoredSpectrum.Kind.TRIPLETS;
  }

  private boolean goesByRule(StoredSpectrum spectrum) {
    return (age != null || unused != null)
        && (age == null || isOlder(spectrum.file(), age))
        && (unused == null || unused.contains(spectrum));
  }

  private boolean isOlder(StoredFile file, Duration limit) {
    return file.modifiedMillis() > 0
        && Instant.ofEpochMilli(file.modifiedMillis()).isBefore(now.minus(limit));
  }

  private static Removal removal(StoredSpectrum spectrum, Reason reason) {
    StoredFile file = spectrum.file();
    return new Removal(file.uri(), file.lengthBytes(), spectrum.matrix(), reason);
  }

  /**
   * Removes what {@link #plan} names, but for what has changed since the contents were read.
   *
   * @return what went
   */
  public List<Removal> run() throws IOException {
    Map<String, String> identities = new HashMap<>();
    contents.spectra().forEach(s -> identities.put(s.file().uri(), s.file().identity()));
    contents.temporary().forEach(file -> identities.put(file.uri(), file.identity()));
    Map<String, String> contentOfLink = new HashMap<>();
    contents.links().forEach(link -> contentOfLink.put(link.uri(), link.content()));
    List<Removal> removed = new ArrayList<>();
    for (Removal removal : plan()) {
      String content = contentOfLink.get(removal.uri());
      boolean asBefore =
          content == null
              ? isUnchanged(removal.uri(), identities.get(removal.uri()))
              : pointsAtNothing(content);
      if (asBefore) {
        storage.delete(removal.uri());
        removed.add(removal);
      }
    }
    return removed;
  }

  private boolean isUnchanged(String uri, String identity) throws IOException {
    try {
      return storage.status(uri).identity().equals(identity);
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  private boolean pointsAtNothing(String content) throws IOException {
    for (SpectrumPart part : SpectrumPart.values()) {
      if (storage.exists(layout.spectrumFile(content, part))) {
        return false;
      }
    }
    return !storage.exists(layout.tripletsFile(content));
  }
}
