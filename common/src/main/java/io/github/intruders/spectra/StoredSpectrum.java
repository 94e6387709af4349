package io.github.intruders.spectra;

import io.github.intruders.checkpoint.StoredFile;
import java.util.List;
import java.util.Locale;

/**
 * One decomposition of a store, as its header tells.
 *
 * @param file where it lies
 * @param kind what it holds
 * @param hash of the tensor's content; of its place where the kind is {@link Kind#BLOCKS}
 * @param matrix the tensor's name when it was decomposed
 * @param rows m of the matrix; 0 where the file does not tell
 * @param cols n of the matrix; 0 where the file does not tell
 * @param links the known places of its content; none where the kind is {@link Kind#BLOCKS}
 * @param sourceFile where the tensor was read; empty where the file does not tell
 */
public record StoredSpectrum(
    StoredFile file,
    Kind kind,
    String hash,
    String matrix,
    long rows,
    long cols,
    List<SourceLink> links,
    String sourceFile) {
  public StoredSpectrum {
    links = List.copyOf(links);
  }

  /** What is kept of a decomposition. */
  public enum Kind {
    /** U, S and Vᵀ. */
    BOTH,
    /** U and S, and leading right vectors. */
    LEFT,
    /** S and Vᵀ, and leading left vectors. */
    RIGHT,
    /** S and the vectors of the short side, from sums over blocks of a large matrix. */
    BLOCKS,
    /** The leading triplets alone, which bounds start from. */
    TRIPLETS;

    static Kind of(SpectrumPart part) {
      return valueOf(part.name());
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The files that the content is known to lie in, without repeats. */
  public List<String> sourceFiles() {
    return links.stream().map(SourceLink::file).filter(name -> !name.isEmpty()).distinct().toList();
  }
}
