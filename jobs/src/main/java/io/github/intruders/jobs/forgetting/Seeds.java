package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.Configuration;
import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.SeedSpread;
import io.github.intruders.jobs.figures.SeedLine;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/** Brings the seeds of each configuration together. */
final class Seeds {
  private Seeds() {}

  /** What a figure is of. */
  private record Key(Configuration configuration, String quantity, String name)
      implements Serializable {}

  /** The configurations that have seeds, by checkpoint. */
  static Map<String, Configuration> of(Manifest manifest) {
    Map<String, Configuration> configurations = new HashMap<>();
    for (CheckpointSpec spec : manifest.checkpoints()) {
      Configuration.of(spec).ifPresent(one -> configurations.put(spec.id(), one));
    }
    return configurations;
  }

  /**
   * The lines of all configurations.
   *
   * @param scanned what the scan found
   */
  static JavaRDD<SeedLine> lines(
      JavaSparkContext context,
      String baseId,
      Map<String, Configuration> configurations,
      Map<String, ScannedCheckpoint> scanned,
      JavaRDD<MeasuredForgetting> measured) {
    List<Tuple2<Key, Double>> measures = new ArrayList<>();
    configurations.forEach(
        (id, configuration) -> {
          if (scanned.containsKey(id)) {
            scanned
                .get(id)
                .measures()
                .forEach(
                    (name, value) ->
                        measures.add(new Tuple2<>(new Key(configuration, "measure", name), value)));
          }
        });
    return measured
        .filter(one -> configurations.containsKey(one.checkpointId()))
        .mapToPair(
            one ->
                new Tuple2<>(
                    new Key(configurations.get(one.checkpointId()), "forgetting", one.metric()),
                    one.forgetting()))
        .union(context.parallelizePairs(measures, 1))
        .groupByKey(1)
        .map(
            of ->
                new SeedLine(
                    baseId,
                    of._1().configuration(),
                    of._1().quantity(),
                    of._1().name(),
                    SeedSpread.of(
                        StreamSupport.stream(of._2().spliterator(), false)
                            .mapToDouble(Double::doubleValue)
                            .toArray())));
  }
}
