package io.github.intruders.discovery;

import io.github.intruders.manifest.CheckpointSpec;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint that goes into a manifest.
 *
 * @param spec what the manifest says of it
 * @param adapter whether its one source is an adapter
 * @param note what a person should know of it; null if nothing
 */
record Entry(CheckpointSpec spec, boolean adapter, String note) {
  static Entry of(
      String id,
      String uri,
      boolean adapter,
      String sequence,
      Integer step,
      String task,
      Map<String, String> tags,
      String note) {
    return new Entry(
        new CheckpointSpec(id, List.of(uri), sequence, step, task, tags), adapter, note);
  }
}
