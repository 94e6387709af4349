package io.github.intruders.discovery;

import io.github.intruders.input.Fingerprint;
import io.github.intruders.manifest.FolderName;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Makes ids of paths. An id follows from its own path alone, so that it is the same every night
 * whatever else comes and goes; only where a person has given it to something else, or where the
 * path can't be an id, a hash of the path follows it.
 */
final class Ids {
  private static final int HASH_DIGITS = 8;

  private final List<Root> roots;
  private final Set<String> taken;

  /**
   * @param taken ids that stand for something else already
   */
  Ids(List<Root> roots, Collection<String> taken) {
    this.roots = roots;
    this.taken = new HashSet<>(taken);
  }

  /** The id of what lies at a path; no two calls give the same. */
  String unique(int root, String path) {
    String id = of(root, path);
    if (!taken.add(id)) {
      id = withHash(id, roots.get(root).resolve(path));
      taken.add(id);
    }
    return id;
  }

  /** The name that follows from a path, be it taken or not. */
  String of(int root, String path) {
    String named =
        HubPlace.of(path)
            .map(
                place ->
                    place.repository().substring(0, place.repository().lastIndexOf('/') + 1)
                        + place.id()
                        + (place.inner().isEmpty() ? "" : "/" + place.inner()))
            .orElse(path)
            .replaceFirst("\\.safetensors$", "");
    Root of = roots.get(root);
    if (named.isEmpty()) {
      named =
          of.prefix().isEmpty() ? Root.lastParts(of.uri(), 1) : of.prefix().replaceFirst("/$", "");
    } else {
      named = of.prefix() + named;
    }
    String id = named.isBlank() ? "root" : named;
    return FolderName.fault(id).isPresent() ? withHash(id, of.resolve(path)) : id;
  }

  /** A name that can be an id, with a hash of where it lies. */
  private static String withHash(String name, String uri) {
    String hash = "-" + Fingerprint.of(uri).substring(0, HASH_DIGITS);
    String usable =
        name.replaceAll("\\p{Cntrl}|\\\\", "_").replaceAll("(^|/)(\\.{1,2})(?=/|$)", "$1_");
    usable = usable.replaceAll("/+", "/").replaceAll("^/|/$", "");
    while (FolderName.fault(usable + hash).isPresent() && !usable.isEmpty()) {
      usable = usable.substring(usable.offsetByCodePoints(0, 1)).replaceAll("^/+", "");
    }
    return usable.isEmpty() ? "model" + hash : usable + hash;
  }
}
