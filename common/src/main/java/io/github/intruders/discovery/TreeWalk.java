package io.github.intruders.discovery;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TensorFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Lists folders, and what is below them, up to a number of listings. Opens no file. A link to a
 * folder is never followed: what it leads to is found where it lies, if that is in the tree; so
 * links that lead in circles end. A link to a file counts if the file lies in one of the trees.
 */
public final class TreeWalk {
  /** Deeper folders are left out. */
  private static final int MAX_DEPTH = 64;

  /** Of one folder; a model has fewer. */
  private static final int MAX_FILES = 10_000;

  private static final Pattern HIDDEN =
      Pattern.compile("\\.(?!\\.?__).*|_temporary|_delta_log|_spark_metadata|__MACOSX|__pycache__");

  /** Beside weights. */
  private static final Pattern DESCRIPTION =
      Pattern.compile(
          "adapter_config\\.json|config\\.json|trainer_state\\.json|_summary\\.json|.*\\.index\\.json"
              + "|(?i)results.*\\.json");

  private final Storage storage;
  private final List<Root> roots;
  private final PathFilter filter;

  /** A folder to look at, by the place of its root and its path below that. */
  public record Start(int root, String path) implements Serializable {}

  /**
   * What was listed.
   *
   * @param folders that hold anything of interest
   * @param leftOut what is not looked at
   * @param unfinished folders that are still to be listed
   */
  public record Listed(
      List<Finding.Folder> folders, List<Finding.LeftOut> leftOut, List<Start> unfinished)
      implements Serializable {}

  public TreeWalk(Storage storage, List<Root> roots, PathFilter filter) {
    this.storage = storage;
    this.roots = List.copyOf(roots);
    this.filter = filter;
  }

  /**
   * Lists folders, and some of those below them, the nearest first.
   *
   * @param listings so many at most beyond the folders themselves
   * @param deeply whether to list all that is below a folder at once, where the storage can
   */
  public Listed list(List<Start> starts, int listings, boolean deeply) throws IOException {
    List<Finding.Folder> folders = new ArrayList<>();
    List<Finding.LeftOut> leftOut = new ArrayList<>();
    Deque<Start> ahead = new ArrayDeque<>(starts);
    for (int left = starts.size() + listings; left > 0 && !ahead.isEmpty(); left--) {
      Start start = ahead.remove();
      if (deeply) {
        Optional<DeepListing> below = listDeeply(start);
        if (below.isPresent()) {
          folders.addAll(below.get().folders);
          leftOut.addAll(below.get().leftOut);
          continue;
        }
      }
      listOne(start, folders, leftOut, ahead);
    }
    return new Listed(folders, leftOut, new ArrayList<>(ahead));
  }

  private void listOne(
      Start start, List<Finding.Folder> into, List<Finding.LeftOut> leftOut, Deque<Start> ahead)
      throws IOException {
    Root root = roots.get(start.root());
    String uri = root.resolve(start.path());
    List<StoredFile> children;
    try {
      children = storage.list(uri);
    } catch (AccessDeniedException e) {
      leftOut.add(
          leftOut(start.root(), start.path(), "its folder can't be listed: access denied", true));
      return;
    } catch (FileNotFoundException e) {
      leftOut.add(leftOut(start.root(), start.path(), "it went away while it was read", false));
      return;
    }
    Collected folder = new Collected(start.root(), start.path(), uri);
    for (StoredFile child : children) {
      String path = below(start.path(), child.name());
      if (isHidden(child.name())
          || filter.excludes(path)
          || (!child.directory() && !matters(start, child.name()))) {
        continue;
      }
      Optional<Finding.LeftOut> refused = refuse(start.root(), path, child);
      if (refused.isPresent()) {
        leftOut.add(refused.get());
      } else if (child.directory()) {
        folder.folders.add(child.name());
        ahead.add(new Start(start.root(), path));
      } else {
        folder.add(child);
      }
    }
    folder.finish(into, leftOut);
  }

  /** Why a child is not looked at, if it is not. */
  private Optional<Finding.LeftOut> refuse(int root, String path, StoredFile child)
      throws IOException {
    if (hasControl(child.name())) {
      return Optional.of(
          leftOut(root, path, "its name has a control character in it; rename it", true));
    }
    if (child.directory() && path.chars().filter(c -> c == '/').count() >= MAX_DEPTH) {
      return Optional.of(
          leftOut(root, path, "more than %d folders deep".formatted(MAX_DEPTH), true));
    }
    String real;
    try {
      real = storage.realUri(child.uri());
    } catch (FileNotFoundException e) {
      return Optional.of(leftOut(root, path, "a link that leads nowhere", false));
    }
    if (real.equals(roots.get(root).resolveReal(path))) {
      return Optional.empty();
    }
    boolean inside = roots.stream().anyMatch(one -> Root.isWithin(real, one.realUri()));
    if (!inside) {
      return Optional.of(
          leftOut(
              root,
              path,
              "a link that leads out of the tree; name where it leads to as well",
              false));
    }
    return child.directory()
        ? Optional.of(
            leftOut(root, path, "a link to a folder of the tree, which is found there", false))
        : Optional.empty();
  }

  private Optional<DeepListing> listDeeply(Start start) throws IOException {
    Root root = roots.get(start.root());
    String uri = root.resolve(start.path());
    Optional<Iterator<StoredFile>> files = storage.listDeeply(uri);
    if (files.isEmpty()) {
      return Optional.empty();
    }
    DeepListing listing = new DeepListing(start, uri);
    try {
      while (files.get().hasNext()) {
        if (!listing.add(files.get().next())) {
          return Optional.empty();
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    listing.close(0);
    return Optional.of(listing);
  }

  /** Puts files into folders as they come, in the order of their paths: few folders are open. */
  private final class DeepListing {
    private final Start start;
    private final String uri;
    private final List<Finding.Folder> folders = new ArrayList<>();
    private final List<Finding.LeftOut> leftOut = new ArrayList<>();
    private final List<Collected> open = new ArrayList<>();
    private byte[] last = new byte[0];

    DeepListing(Start start, String uri) {
      this.start = start;
      this.uri = uri;
      open.add(new Collected(start.root(), start.path(), uri));
    }

    /** Returns false if the files come in no order. */
    boolean add(StoredFile file) {
      String below = file.uri().substring(uri.endsWith("/") ? uri.length() : uri.length() + 1);
      byte[] key = below.getBytes(StandardCharsets.UTF_8);
      if (Arrays.compareUnsigned(last, key) > 0) {
        return false;
      }
      last = key;
      String[] parts = below.split("/", -1);
      int depth = 0;
      while (depth + 1 < open.size()
          && depth < parts.length - 1
          && open.get(depth + 1).name().equals(parts[depth])) {
        depth++;
      }
      close(depth + 1);
      for (; depth < parts.length - 1; depth++) {
        Collected above = open.get(depth);
        String path = below(above.path, parts[depth]);
        if (parts[depth].isEmpty() || isHidden(parts[depth]) || filter.excludes(path)) {
          return true; // no storage reads a path with an empty part
        }
        if (hasControl(parts[depth]) || depth >= MAX_DEPTH) {
          Finding.LeftOut refused =
              leftOut(
                  start.root(),
                  path,
                  depth >= MAX_DEPTH
                      ? "more than %d folders deep".formatted(MAX_DEPTH)
                      : "its name has a control character in it; rename it",
                  true);
          if (leftOut.isEmpty() || !leftOut.get(leftOut.size() - 1).equals(refused)) {
            leftOut.add(refused);
          }
          return true;
        }
        above.folders.add(parts[depth]);
        open.add(
            new Collected(
                start.root(),
                path,
                above.uri + (above.uri.endsWith("/") ? "" : "/") + parts[depth]));
      }
      Collected folder = open.get(depth);
      String name = parts[parts.length - 1];
      if (!isHidden(name)
          && matters(new Start(start.root(), folder.path), name)
          && !hasControl(name)
          && !filter.excludes(below(folder.path, name))) {
        folder.add(
            new StoredFile(
                file.uri(), name, file.lengthBytes(), file.modifiedMillis(), file.etag(), false));
      }
      return true;
    }

    /** Finishes the open folders from this depth on, the deepest first. */
    void close(int depth) {
      for (int i = open.size() - 1; i >= depth; i--) {
        open.remove(i).finish(folders, leftOut);
      }
    }
  }

  /** A folder whose files are still coming. */
  private static final class Collected {
    private final int root;
    private final String path;
    private final String uri;
    private final List<StoredFile> files = new ArrayList<>();
    private final Set<String> folders = new TreeSet<>();
    private boolean full;

    Collected(int root, String path, String uri) {
      this.root = root;
      this.path = path;
      this.uri = uri;
    }

    String name() {
      return path.substring(path.lastIndexOf('/') + 1);
    }

    void add(StoredFile file) {
      if (files.size() < MAX_FILES) {
        files.add(file);
      } else {
        full = true;
      }
    }

    void finish(List<Finding.Folder> into, List<Finding.LeftOut> leftOut) {
      if (full) {
        leftOut.add(
            leftOut(
                root,
                path,
                "more than %d files that could be weights or configs; no model has so many"
                    .formatted(MAX_FILES),
                false));
      } else if (!files.isEmpty()) {
        into.add(new Finding.Folder(root, path, uri, files, folders));
      }
    }
  }

  private static Finding.LeftOut leftOut(int root, String path, String reason, boolean broken) {
    return new Finding.LeftOut(root, path, reason, broken);
  }

  private static String below(String path, String name) {
    return path.isEmpty() ? name : path + "/" + name;
  }

  private static boolean isHidden(String name) {
    return HIDDEN.matcher(name).matches();
  }

  private static boolean hasControl(String name) {
    return name.chars().anyMatch(c -> Character.isISOControl(c) || c == '\u2028' || c == '\u2029');
  }

  private static boolean matters(Start folder, String name) {
    return TensorFile.understands(name)
        || DESCRIPTION.matcher(name).matches()
        || HubPlace.isReference(folder.path(), name)
        || Checkpoint.advice(List.of(name)).isPresent();
  }
}
