package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MitigationEffect;
import io.github.intruders.forgetting.TaskNames;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.mitigation.Variant;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/**
 * Holds the metrics of edited models against those of the models they were made from. An edited
 * model is a checkpoint of its own, called by its folder: {@code CHECKPOINT/VARIANT}, or {@code
 * mitigated/CHECKPOINT/VARIANT}.
 */
final class EvaluatedEdits implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final String FOLDER = "mitigated/";

  private final HashMap<String, Edit> edits = new HashMap<>();
  private final HashMap<String, String> taskOf = new HashMap<>();
  private final TaskNames names;

  /**
   * Which model it is.
   *
   * @param source the tuned model that was edited
   * @param variant null where it is that model itself
   */
  private record Edit(String source, Variant variant) implements Serializable {}

  private record Key(String source, String metric) implements Serializable {}

  /** Finds the edited models of a manifest. */
  EvaluatedEdits(Manifest manifest) {
    Map<String, CheckpointSpec> specs = new HashMap<>();
    manifest.checkpoints().forEach(spec -> specs.put(spec.id(), spec));
    for (CheckpointSpec spec : manifest.checkpoints()) {
      edit(spec.id(), specs.keySet())
          .ifPresent(
              edit -> {
                edits.put(spec.id(), edit);
                edits.putIfAbsent(edit.source(), new Edit(edit.source(), null));
                taskOf.putIfAbsent(edit.source(), specs.getOrDefault(edit.source(), spec).task());
              });
    }
    this.names =
        TaskNames.of(
            manifest.checkpoints().stream()
                .map(CheckpointSpec::task)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet()));
  }

  private static Optional<Edit> edit(String id, Set<String> known) {
    int slash = id.lastIndexOf('/');
    if (slash <= 0) {
      return Optional.empty();
    }
    String source = id.substring(0, slash);
    String shorter = source.startsWith(FOLDER) ? source.substring(FOLDER.length()) : source;
    return Variant.parse(id.substring(slash + 1))
        .map(variant -> new Edit(known.contains(source) ? source : shorter, variant));
  }

  /** The tuned models of which edits were evaluated. */
  Set<String> sources(Collection<String> withMetrics) {
    return withMetrics.stream()
        .map(edits::get)
        .filter(edit -> edit != null && edit.variant() != null)
        .map(Edit::source)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** What the edits did; those of one model in one partition. */
  JavaRDD<MitigationEffect> effects(
      JavaSparkContext context, JavaRDD<MeasuredForgetting> measured) {
    return measured
        .filter(one -> edits.containsKey(one.checkpointId()))
        .mapToPair(
            one -> new Tuple2<>(new Key(edits.get(one.checkpointId()).source(), one.metric()), one))
        .groupByKey(context.defaultParallelism())
        .flatMap(of -> effects(of._1(), of._2()).iterator());
  }

  private List<MitigationEffect> effects(Key key, Iterable<MeasuredForgetting> measured) {
    List<MitigationEffect.Evaluated> evaluated = new ArrayList<>();
    for (MeasuredForgetting one : measured) {
      Variant variant = edits.get(one.checkpointId()).variant();
      evaluated.add(
          new MitigationEffect.Evaluated(
              variant == null ? null : variant.name(),
              variant == null ? null : variant.lambda(),
              one));
    }
    return MitigationEffect.of(key.source(), taskOf.get(key.source()), evaluated, names);
  }
}
