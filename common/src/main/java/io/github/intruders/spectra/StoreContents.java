package io.github.intruders.spectra;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.SafetensorsHeader;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.SideBySide;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * What a store holds, by its listing and the headers of its files. Whatever bears no name of the
 * store, or says in its metadata that it is something else, is not listed.
 *
 * @param root URI of the store
 * @param spectra the decompositions, by matrix, then by hash
 * @param links which content lies where, also those that point at nothing
 * @param temporary files that a writer has not finished, or left over when it died
 * @param unreadable files with a decomposition's name whose header is broken, with the reason
 */
public record StoreContents(
    String root,
    List<StoredSpectrum> spectra,
    List<SourceLink> links,
    List<StoredFile> temporary,
    Map<String, String> unreadable) {
  /**
   * Reads the listing, the headers and the links; safe beside jobs that read and write.
   *
   * @throws UserInputException with code {@code NOT_FOUND} if there is no such folder
   */
  public static StoreContents read(Storage storage, String root) throws IOException {
    if (!storage.isDirectory(root)) {
      throw UserInputException.inFile(RejectCode.NOT_FOUND, root, "There is no spectra store");
    }
    StoreLayout layout = new StoreLayout(storage, root);
    List<StoredFile> temporary = new ArrayList<>();
    // Links first: what one points at was written before it.
    List<Callable<Optional<SourceLink>>> linkReads = new ArrayList<>();
    if (storage.isDirectory(layout.sources())) {
      for (StoredFile file : storage.list(layout.sources())) {
        if (!file.directory() && StoreLayout.isHash(file.name())) {
          linkReads.add(() -> link(storage, file));
        } else if (isTemporary(file)) {
          temporary.add(file);
        }
      }
    }
    List<SourceLink> links = present(SideBySide.request(linkReads));
    Map<String, List<SourceLink>> linksByContent = new HashMap<>();
    for (SourceLink link : links) {
      linksByContent.computeIfAbsent(link.content(), content -> new ArrayList<>()).add(link);
    }
    Map<String, String> unreadable = new HashMap<>();
    List<Callable<Optional<StoredSpectrum>>> headerReads = new ArrayList<>();
    for (StoredFile file : storage.list(root)) {
      if (file.directory()) {
        continue;
      }
      if (StoreLayout.spectrumName(file.name()).isPresent()
          || StoreLayout.tripletsContent(file.name()).isPresent()
          || StoreLayout.gramPlace(file.name()).isPresent()) {
        headerReads.add(() -> spectrum(storage, file, linksByContent, unreadable));
      } else if (isTemporary(file)) {
        temporary.add(file);
      }
    }
    List<StoredSpectrum> spectra = new ArrayList<>(present(SideBySide.request(headerReads)));
    spectra.sort(
        Comparator.comparing(StoredSpectrum::matrix)
            .thenComparing(StoredSpectrum::hash)
            .thenComparing(StoredSpectrum::kind));
    return new StoreContents(root, List.copyOf(spectra), links, temporary, Map.copyOf(unreadable));
  }

  /** How many bytes the decompositions take. */
  public long lengthBytes() {
    return spectra.stream().mapToLong(spectrum -> spectrum.file().lengthBytes()).sum();
  }

  private static <T> List<T> present(List<Optional<T>> found) {
    return found.stream().flatMap(Optional::stream).toList();
  }

  private static boolean isTemporary(StoredFile file) {
    return !file.directory() && StoreLayout.isTemporaryName(file.name());
  }

  /** A link; nothing if the file was removed just now, or is something else. */
  private static Optional<SourceLink> link(Storage storage, StoredFile file) throws IOException {
    try (RangeSource source = storage.open(file.uri())) {
      return SourceLink.read(source);
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  private static Optional<StoredSpectrum> spectrum(
      Storage storage,
      StoredFile file,
      Map<String, List<SourceLink>> links,
      Map<String, String> unreadable)
      throws IOException {
    try (RangeSource source = storage.open(file.uri())) {
      return spectrum(file, SafetensorsHeader.parse(source), links);
    } catch (FileNotFoundException e) {
      return Optional.empty();
    } catch (UserInputException e) {
      synchronized (unreadable) {
        unreadable.put(file.uri(), e.getMessage());
      }
      return Optional.empty();
    }
  }

  private static Optional<StoredSpectrum> spectrum(
      StoredFile file, SafetensorsHeader header, Map<String, List<SourceLink>> links) {
    Map<String, String> metadata = header.metadata();
    String format = metadata.getOrDefault("format", "");
    String matrix = metadata.getOrDefault("matrix", "");
    Optional<StoreLayout.SpectrumName> name = StoreLayout.spectrumName(file.name());
    Optional<String> triplets = StoreLayout.tripletsContent(file.name());
    if (name.isPresent() || triplets.isPresent()) {
      String content = triplets.orElseGet(() -> name.get().content());
      String expected = triplets.isPresent() ? SpectraStore.TRIPLETS_FORMAT : SpectraStore.FORMAT;
      if (!format.equals(expected) || !content.equals(metadata.get("content"))) {
        return Optional.empty();
      }
      return Optional.of(
          new StoredSpectrum(
              file,
              triplets.isPresent()
                  ? StoredSpectrum.Kind.TRIPLETS
                  : StoredSpectrum.Kind.of(name.get().part()),
              content,
              matrix,
              dimension(header, SpectraStore.LEFT, 0),
              dimension(header, SpectraStore.RIGHT, 1),
              links.getOrDefault(content, List.of()),
              ""));
    }
    return StoreLayout.gramPlace(file.name())
        .filter(place -> format.equals(SpectraStore.GRAM_FORMAT))
        .map(
            place ->
                new StoredSpectrum(
                    file,
                    StoredSpectrum.Kind.BLOCKS,
                    place,
                    matrix,
                    number(metadata.get("rows")),
                    number(metadata.get("cols")),
                    List.of(),
                    metadata.getOrDefault("file", "")));
  }

  private static long number(String text) {
    return text != null && text.matches("\\d{1,10}") ? Long.parseLong(text) : 0;
  }

  /** A dimension of a side's vectors, all of them or the leading ones; 0 if there are none. */
  private static long dimension(SafetensorsHeader header, String side, int index) {
    TensorInfo vectors =
        header.tensors().getOrDefault(side, header.tensors().get(side + SpectraStore.LEADING));
    return vectors == null || vectors.shape().size() != 2 ? 0 : vectors.shape().get(index);
  }
}
