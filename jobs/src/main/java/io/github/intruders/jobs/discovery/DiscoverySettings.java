package io.github.intruders.jobs.discovery;

import io.github.intruders.discovery.PathFilter;
import io.github.intruders.discovery.TagPattern;
import java.util.List;

/**
 * What to look for.
 *
 * @param uris qualified, of the folders to look through
 * @param filter which paths count
 * @param tags takes tags from paths; null for none
 * @param baseUri qualified; null if the tree is to tell
 * @param manifestUri qualified, of the manifest to write; null to write none
 * @param updatedUri qualified, of the manifest to add to, if there is one; null for a new one
 */
public record DiscoverySettings(
    List<String> uris,
    PathFilter filter,
    TagPattern tags,
    String baseUri,
    String manifestUri,
    String updatedUri) {
  public DiscoverySettings {
    uris = List.copyOf(uris);
  }
}
