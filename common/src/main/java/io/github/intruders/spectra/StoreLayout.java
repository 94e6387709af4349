package io.github.intruders.spectra;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Fingerprint;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names of a store's files.
 *
 * <pre>
 * CONTENT.safetensors, CONTENT.left.safetensors, CONTENT.right.safetensors   decompositions
 * gram-PLACE.safetensors                                                     those in blocks
 * CONTENT.triplets.safetensors                                               leading triplets
 * sources/PLACE                                                              PLACE → CONTENT
 * </pre>
 *
 * CONTENT is the hash of a tensor's content, PLACE that of where it lies and of what tells whether
 * its file has changed.
 */
record StoreLayout(Storage storage, String root) {
  private static final String HASH = "[0-9a-f]{64}";
  private static final String SPECTRUM = "(" + HASH + ")(\\.left|\\.right)?\\.safetensors";
  private static final String GRAM = "gram-(" + HASH + ")\\.safetensors";
  private static final String TRIPLETS = "(" + HASH + ")\\.triplets\\.safetensors";
  private static final Pattern SPECTRUM_NAME = Pattern.compile(SPECTRUM);
  private static final Pattern GRAM_NAME = Pattern.compile(GRAM);
  private static final Pattern TRIPLETS_NAME = Pattern.compile(TRIPLETS);
  private static final Pattern HASH_NAME = Pattern.compile(HASH);

  /** As {@code Storage.write} names what it has not finished. */
  private static final Pattern TEMPORARY_NAME =
      Pattern.compile(
          "\\.(%s|%s|%s|%s)\\.[0-9a-f-]{36}\\.tmp".formatted(SPECTRUM, GRAM, TRIPLETS, HASH));

  /** A decomposition's name in parts. */
  record SpectrumName(String content, SpectrumPart part) {}

  String spectrumFile(String content, SpectrumPart part) {
    String side = part == SpectrumPart.BOTH ? "" : "." + part.name().toLowerCase(Locale.ROOT);
    return storage.resolve(root, content + side + ".safetensors");
  }

  String tripletsFile(String content) {
    return storage.resolve(root, content + ".triplets.safetensors");
  }

  String gramFile(MatrixSource source, String identity) {
    return storage.resolve(root, "gram-" + place(source, identity) + ".safetensors");
  }

  String sources() {
    return storage.resolve(root, "sources");
  }

  String sourceFile(MatrixSource source, String identity) {
    return storage.resolve(sources(), place(source, identity));
  }

  static String place(MatrixSource source, String identity) {
    return Fingerprint.of(source + " " + identity);
  }

  static Optional<SpectrumName> spectrumName(String file) {
    Matcher name = SPECTRUM_NAME.matcher(file);
    if (!name.matches()) {
      return Optional.empty();
    }
    SpectrumPart part =
        name.group(2) == null
            ? SpectrumPart.BOTH
            : SpectrumPart.valueOf(name.group(2).substring(1).toUpperCase(Locale.ROOT));
    return Optional.of(new SpectrumName(name.group(1), part));
  }

  /** The place that a decomposition in blocks is of. */
  static Optional<String> gramPlace(String file) {
    Matcher name = GRAM_NAME.matcher(file);
    return name.matches() ? Optional.of(name.group(1)) : Optional.empty();
  }

  /** The content that leading triplets are of. */
  static Optional<String> tripletsContent(String file) {
    Matcher name = TRIPLETS_NAME.matcher(file);
    return name.matches() ? Optional.of(name.group(1)) : Optional.empty();
  }

  /** Whether this is a hash, as a file below {@code sources} is named by. */
  static boolean isHash(String file) {
    return HASH_NAME.matcher(file).matches();
  }

  static boolean isTemporaryName(String file) {
    return TEMPORARY_NAME.matcher(file).matches();
  }
}
