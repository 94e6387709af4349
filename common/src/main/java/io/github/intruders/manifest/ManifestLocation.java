package io.github.intruders.manifest;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/** A manifest in storage. */
public final class ManifestLocation {
  /** A larger manifest is refused, and so is a larger file that belongs to one. */
  public static final int MAX_BYTES = 64 << 20;

  private ManifestLocation() {}

  /**
   * Reads a manifest; what its relative URIs stand for is seen from its folder.
   *
   * @param manifest a URI or a bare path
   * @throws UserInputException if there is none, or anything in it is not as it should be
   */
  public static Manifest read(Storage storage, String manifest) throws IOException {
    String uri = storage.qualify(manifest);
    return ManifestReader.read(uri, text(storage, uri), resolver(storage, uri));
  }

  /**
   * The text of a manifest.
   *
   * @param uri qualified
   * @throws UserInputException if there is none, or it is too long
   */
  public static String text(Storage storage, String uri) throws IOException {
    try (RangeSource source = storage.open(uri)) {
      if (source.lengthBytes() > MAX_BYTES) {
        throw UserInputException.inFile(
            RejectCode.MANIFEST_INVALID,
            uri,
            "expected at most %d bytes, found %d".formatted(MAX_BYTES, source.lengthBytes()));
      }
      byte[] bytes = new byte[Math.toIntExact(source.lengthBytes())];
      source.readFully(0, bytes, 0, bytes.length);
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (FileNotFoundException e) {
      throw UserInputException.inFile(RejectCode.NOT_FOUND, uri, "There is no such manifest");
    }
  }

  /** Makes qualified URIs of those in a manifest. */
  public static UnaryOperator<String> resolver(Storage storage, String uri) {
    String folder = uri.substring(0, uri.lastIndexOf('/') + 1);
    return named -> storage.qualify(isAbsolute(named) ? named : storage.resolve(folder, named));
  }

  private static boolean isAbsolute(String uri) {
    return uri.startsWith("/") || uri.matches("[A-Za-z][A-Za-z0-9+.-]+:.*");
  }

  /** Where the metrics lie that were found together with a manifest's checkpoints. */
  public static String metrics(String manifestUri) {
    return manifestUri.replaceFirst("(?<=[^/])\\.[^./]*$", "") + ".metrics.csv";
  }
}
