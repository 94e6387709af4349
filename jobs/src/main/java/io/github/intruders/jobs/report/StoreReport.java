package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.Excerpt;
import io.github.intruders.spectra.StoreContents;
import io.github.intruders.spectra.StorePruning;
import io.github.intruders.spectra.StoredSpectrum;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a spectra store holds, and what goes from it, for a terminal and for programs. */
public final class StoreReport {
  private static final int SHORT_HASH = 12;
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm'Z'").withZone(ZoneOffset.UTC);

  private StoreReport() {}

  /** One line per decomposition, and the totals. */
  public static String render(StoreContents contents) {
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"content", "matrix", "shape", "kind", "size", "written", "known in"});
    for (StoredSpectrum spectrum : contents.spectra()) {
      rows.add(
          new String[] {
            spectrum.hash().substring(0, SHORT_HASH),
            spectrum.matrix(),
            spectrum.rows() == 0 ? "?" : spectrum.rows() + "x" + spectrum.cols(),
            spectrum.kind().toString(),
            Amount.ofBytes(spectrum.file().lengthBytes()),
            MINUTE.format(Instant.ofEpochMilli(spectrum.file().modifiedMillis())),
            sources(spectrum)
          });
    }
    StringBuilder text = new StringBuilder("Spectra store %s%n%n".formatted(contents.root()));
    if (!contents.spectra().isEmpty()) {
      text.append(table(rows)).append('\n');
    }
    int triplets = (int) contents.spectra().stream().filter(StoreReport::isTriplets).count();
    text.append(
        "%s%s, %s; %s to them%n"
            .formatted(
                Excerpt.counted(contents.spectra().size() - triplets, "decomposition"),
                triplets == 0 ? "" : ", leading triplets of %d more".formatted(triplets),
                Amount.ofBytes(contents.lengthBytes()),
                Excerpt.counted(contents.links().size(), "link")));
    if (!contents.temporary().isEmpty()) {
      long bytes = contents.temporary().stream().mapToLong(StoredFile::lengthBytes).sum();
      text.append(
          "%s, %s: being written, or left over%n"
              .formatted(
                  Excerpt.counted(contents.temporary().size(), "temporary file"),
                  Amount.ofBytes(bytes)));
    }
    contents
        .unreadable()
        .values()
        .forEach(
            message -> text.append("Not whole, to be computed again: %s%n".formatted(message)));
    return text.toString();
  }

  private static boolean isTriplets(StoredSpectrum spectrum) {
    return spectrum.kind() == StoredSpectrum.Kind.TRIPLETS;
  }

  private static String sources(StoredSpectrum spectrum) {
    List<String> files = sourceFiles(spectrum);
    if (files.isEmpty()) {
      return spectrum.links().isEmpty() ? "-" : "a place not noted";
    }
    String more = files.size() == 1 ? "" : " and %d more".formatted(files.size() - 1);
    return files.get(0) + more;
  }

  private static List<String> sourceFiles(StoredSpectrum spectrum) {
    return spectrum.kind() == StoredSpectrum.Kind.BLOCKS && !spectrum.sourceFile().isEmpty()
        ? List.of(spectrum.sourceFile())
        : spectrum.sourceFiles();
  }

  private static String table(List<String[]> rows) {
    int columns = rows.get(0).length;
    int[] widths = new int[columns];
    for (String[] row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(row[i]).append(" ".repeat(widths[i] - row[i].length() + 2));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /** The listing as one line. */
  public static String toJson(StoreContents contents) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("store", contents.root());
    all.put("bytes", contents.lengthBytes());
    all.put("decompositions", contents.spectra().stream().map(StoreReport::entry).toList());
    all.put("links", contents.links().size());
    all.put("temporary", contents.temporary().stream().map(StoredFile::uri).toList());
    all.put("unreadable", contents.unreadable());
    return json(all);
  }

  /**
   * What was decomposed, as one line.
   *
   * @param decomposed how many matrices
   * @param stored how many were in the store before
   * @param rejections why others were left out
   */
  public static String toJson(String store, long decomposed, long stored, List<String> rejections) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("store", store);
    all.put("decomposed", decomposed);
    all.put("stored", stored);
    all.put("rejected", rejections.size());
    all.put("rejections", rejections);
    return json(all);
  }

  private static Map<String, Object> entry(StoredSpectrum spectrum) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("content", spectrum.hash());
    entry.put("matrix", spectrum.matrix());
    entry.put("rows", spectrum.rows());
    entry.put("cols", spectrum.cols());
    entry.put("kind", spectrum.kind().toString());
    entry.put("bytes", spectrum.file().lengthBytes());
    entry.put("written", Instant.ofEpochMilli(spectrum.file().modifiedMillis()).toString());
    entry.put("file", spectrum.file().uri());
    entry.put("sources", sourceFiles(spectrum));
    return entry;
  }

  /**
   * What was removed, or would be.
   *
   * @param before the store as it was
   * @param dryRun whether nothing was done
   */
  public static String render(
      StoreContents before, List<StorePruning.Removal> removals, boolean dryRun) {
    StringBuilder text = new StringBuilder("Spectra store %s%n".formatted(before.root()));
    List<String[]> rows = new ArrayList<>();
    int links = 0;
    for (StorePruning.Removal removal : removals) {
      if (removal.reason() == StorePruning.Reason.POINTS_AT_NOTHING) {
        links++;
        continue;
      }
      rows.add(
          new String[] {
            shortName(removal.uri().substring(before.root().length() + 1)),
            removal.matrix(),
            Amount.ofBytes(removal.lengthBytes()),
            removal.reason().toString()
          });
    }
    if (!rows.isEmpty()) {
      text.append('\n').append(table(rows));
    }
    if (links > 0) {
      text.append(
          "%n%s that %s at nothing%n"
              .formatted(Excerpt.counted(links, "link"), dryRun ? "would then point" : "pointed"));
    }
    long bytes = removals.stream().mapToLong(StorePruning.Removal::lengthBytes).sum();
    text.append(
        "%n%s %s, %s; %s stays%n"
            .formatted(
                dryRun ? "Would remove" : "Removed",
                Excerpt.counted(removals.size(), "file"),
                Amount.ofBytes(bytes),
                Amount.ofBytes(before.lengthBytes() - decompositionBytes(removals))));
    return text.toString();
  }

  /** A file's name with its hash as the listing shows it. */
  private static String shortName(String name) {
    return name.replaceFirst("([0-9a-f]{12})[0-9a-f]{52}", "$1")
        .replaceFirst("\\.safetensors$", "");
  }

  private static long decompositionBytes(List<StorePruning.Removal> removals) {
    return removals.stream()
        .filter(removal -> removal.reason().ofDecomposition())
        .mapToLong(StorePruning.Removal::lengthBytes)
        .sum();
  }

  /** The same as one line. */
  public static String toJson(
      StoreContents before, List<StorePruning.Removal> removals, boolean dryRun) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("store", before.root());
    all.put("dry_run", dryRun);
    all.put("bytes", removals.stream().mapToLong(StorePruning.Removal::lengthBytes).sum());
    all.put(
        "removed",
        removals.stream()
            .map(
                removal ->
                    Map.of(
                        "file", removal.uri(),
                        "matrix", removal.matrix(),
                        "bytes", removal.lengthBytes(),
                        "reason", removal.reason().toString()))
            .toList());
    return json(all);
  }

  private static String json(Map<String, Object> all) {
    try {
      return JsonMapper.builder().build().writeValueAsString(all);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Plain values always have a form in JSON", e);
    }
  }
}
