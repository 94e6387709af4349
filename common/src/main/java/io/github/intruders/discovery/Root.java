package io.github.intruders.discovery;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A folder that is looked through with all that is below it.
 *
 * @param uri qualified, without a slash at its end
 * @param realUri the same without links
 * @param prefix what stands in front of the ids of what is in it; empty if there is one root
 */
public record Root(String uri, String realUri, String prefix) implements Serializable {
  private static final String BUCKET = "[A-Za-z][A-Za-z0-9+.-]+://[^/]*";

  /**
   * The roots of these URIs. With several, the last part of each URI, or as many as tell them
   * apart, becomes the prefix; so ids do not depend on what lies in the other roots.
   *
   * @throws UserInputException if one is no folder, or lies in another
   */
  public static List<Root> of(Storage storage, List<String> uris) throws IOException {
    List<String> qualified = new ArrayList<>();
    for (String uri : uris) {
      String whole = withoutSlash(storage.qualify(uri));
      if (whole.matches(BUCKET)) {
        whole += "/"; // a bucket's own path is a slash
      }
      if (!storage.isDirectory(whole)) {
        throw UserInputException.inFile(
            RejectCode.NOT_FOUND, whole, "There is no such folder to look through");
      }
      qualified.add(whole);
    }
    List<String> prefixes = prefixes(qualified);
    List<Root> roots = new ArrayList<>();
    for (int i = 0; i < qualified.size(); i++) {
      try {
        roots.add(
            new Root(
                qualified.get(i),
                withoutSlash(storage.realUri(qualified.get(i))),
                prefixes.get(i)));
      } catch (FileNotFoundException e) {
        throw UserInputException.inFile(
            RejectCode.NOT_FOUND, qualified.get(i), "There is no such folder to look through");
      }
    }
    requireApart(roots);
    return roots;
  }

  private static void requireApart(List<Root> roots) {
    for (int i = 0; i < roots.size(); i++) {
      for (int j = 0; j < roots.size(); j++) {
        Root inner = roots.get(i);
        Root outer = roots.get(j);
        if (i != j && isWithin(inner.realUri, outer.realUri)) {
          throw UserInputException.inFile(
              RejectCode.SETTING_INVALID,
              inner.uri,
              "This folder is, or lies in, %s, which is looked through too; name one of them"
                  .formatted(outer.uri));
        }
      }
    }
  }

  private static List<String> prefixes(List<String> uris) {
    if (uris.size() == 1) {
      return List.of("");
    }
    for (int parts = 1; ; parts++) {
      List<String> prefixes = new ArrayList<>();
      for (String uri : uris) {
        prefixes.add(lastParts(uri, parts) + "/");
      }
      Set<String> distinct = new HashSet<>(prefixes);
      if (distinct.size() == uris.size() || parts > uris.get(0).length()) {
        return prefixes;
      }
    }
  }

  /** The last parts of a URI, at most as many as its path has. */
  static String lastParts(String uri, int count) {
    List<String> parts =
        Arrays.stream(uri.replaceFirst("^[A-Za-z][A-Za-z0-9+.-]+:", "").split("/", -1))
            .filter(part -> !part.isEmpty())
            .toList();
    return String.join("/", parts.subList(Math.max(0, parts.size() - count), parts.size()));
  }

  static String withoutSlash(String uri) {
    boolean needed = uri.endsWith(":/") || uri.matches(BUCKET + "/");
    return uri.endsWith("/") && !needed ? uri.substring(0, uri.length() - 1) : uri;
  }

  /** Whether a URI is a folder or lies in it. */
  static boolean isWithin(String uri, String folder) {
    return uri.equals(folder) || uri.startsWith(folder.endsWith("/") ? folder : folder + "/");
  }

  /** The URI of what lies below this root. */
  String resolve(String path) {
    if (path.isEmpty()) {
      return uri;
    }
    return uri.endsWith("/") ? uri + path : uri + "/" + path;
  }

  /** The URI of what really lies below this root. */
  String resolveReal(String path) {
    return new Root(realUri, realUri, "").resolve(path);
  }
}
