package io.github.intruders.compare;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.manifest.ManifestReader;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/** The updates of the zoo's checkpoints. */
final class ZooUpdates {
  private ZooUpdates() {}

  /**
   * Reads those of one matrix after the other.
   *
   * @param ids of the checkpoints, in their order
   * @param sink takes the members of a matrix, in the order of the ids
   */
  static void forEachMatrix(int leading, List<String> ids, Sink sink) throws IOException {
    Storage storage = new HadoopStorage(new Configuration());
    UpdateReader reader = new UpdateReader(storage, leading, MemoryLimit.NONE);
    for (Map.Entry<String, List<MatrixPlan>> matrix : plans(storage, ids).entrySet()) {
      List<MatrixComparison.Member> members = new ArrayList<>();
      for (MatrixPlan plan : matrix.getValue()) {
        members.add(MatrixComparison.Member.of(reader.read(plan), null));
      }
      sink.accept(matrix.getKey(), members);
      members.forEach(member -> member.update().free());
    }
  }

  /** Takes a matrix. */
  @FunctionalInterface
  interface Sink {
    void accept(String matrix, List<MatrixComparison.Member> members);
  }

  private static Map<String, List<MatrixPlan>> plans(Storage storage, List<String> ids)
      throws IOException {
    String zoo = storage.qualify(System.getProperty("zoo"));
    Manifest manifest =
        ManifestReader.read(
            storage.resolve(zoo, "manifest.yaml"),
            Files.readString(Path.of(System.getProperty("zoo"), "manifest.yaml")),
            relative -> storage.resolve(zoo, relative));
    Planner planner =
        new Planner(
            storage,
            BasePlan.of(
                storage, manifest.baseId(), manifest.baseUri(), MatrixSelection.of(null, null)));
    Map<String, CheckpointSpec> specs = new TreeMap<>();
    manifest.checkpoints().forEach(spec -> specs.put(spec.id(), spec));
    Map<String, List<MatrixPlan>> byMatrix = new TreeMap<>();
    for (String id : ids) {
      for (MatrixPlan plan : planner.plan(specs.get(id)).matrices()) {
        byMatrix.computeIfAbsent(plan.base().name(), unseen -> new ArrayList<>()).add(plan);
      }
    }
    return byMatrix;
  }
}
