package io.github.intruders.decisions;

import io.github.intruders.check.CheckResult;
import io.github.intruders.check.Rule;
import io.github.intruders.check.Severity;
import io.github.intruders.check.Verdict;
import io.github.intruders.decisions.LineageSettings.Ancestor;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.Secrets;
import io.github.intruders.jobs.listener.RunResult;
import io.github.intruders.jobs.listener.RunStart;
import io.github.intruders.jobs.listener.WrittenTable;
import io.openlineage.client.OpenLineage;
import io.openlineage.client.OpenLineage.DataQualityAssertionsDatasetFacetAssertions;
import io.openlineage.client.OpenLineage.InputDataset;
import io.openlineage.client.OpenLineage.OutputDataset;
import io.openlineage.client.OpenLineage.ParentRunFacet;
import io.openlineage.client.OpenLineage.ParentRunFacetBuilder;
import io.openlineage.client.OpenLineage.RunEvent;
import io.openlineage.client.OpenLineage.RunEvent.EventType;
import io.openlineage.client.OpenLineage.RunFacetsBuilder;
import io.openlineage.client.OpenLineage.TagsRunFacetFields;
import io.openlineage.client.utils.DatasetIdentifier;
import io.openlineage.client.utils.UUIDUtils;
import io.openlineage.client.utils.filesystem.FilesystemDatasetUtils;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The events of one run. Datasets are named as OpenLineage's naming conventions say. */
final class LineageEvents {
  private static final URI PRODUCER =
      URI.create("https://github.com/intruders/intruder-dimensions");
  private static final String INTEGRATION = "INTRUDER_DIMENSIONS";
  private static final int CHECKPOINTS_SHOWN = 20;

  /** A URI as storages write it: nothing in it is escaped. */
  private static final Pattern STORED = Pattern.compile("([A-Za-z][\\w+.-]*):(?://([^/]*))?(/.*)?");

  private final OpenLineage openLineage = new OpenLineage(PRODUCER);
  private final UUID runId = UUIDUtils.generateNewUUID();
  private final String namespace;
  private final ParentRunFacet parent;

  /**
   * @throws io.github.intruders.input.UserInputException if a parent is named in no way that is
   *     known
   */
  LineageEvents(LineageSettings settings) {
    this.namespace = settings.namespace();
    this.parent = parent(settings.parent(), settings.root());
  }

  private ParentRunFacet parent(Ancestor parent, Ancestor root) {
    if (parent == null) {
      return null;
    }
    ParentRunFacetBuilder facet =
        openLineage
            .newParentRunFacetBuilder()
            .run(openLineage.newParentRunFacetRunBuilder().runId(parent.runId()).build())
            .job(
                openLineage
                    .newParentRunFacetJobBuilder()
                    .namespace(parent.namespace())
                    .name(parent.job())
                    .build());
    if (root != null) {
      facet.root(
          openLineage
              .newParentRunFacetRootBuilder()
              .run(openLineage.newRootRunBuilder().runId(root.runId()).build())
              .job(
                  openLineage
                      .newRootJobBuilder()
                      .namespace(root.namespace())
                      .name(root.job())
                      .build())
              .build());
    }
    return facet.build();
  }

  RunEvent started(RunStart run) {
    return event(run, run.startedAt(), EventType.START, facets(run), inputs(run, null), List.of());
  }

  RunEvent completed(RunStart run, RunResult result) {
    return event(
        run,
        Instant.now(),
        EventType.COMPLETE,
        facets(run),
        inputs(run, result.checked()),
        Stream.concat(
                result.tables().stream().map(this::output),
                result.folders().stream().map(this::output))
            .toList());
  }

  RunEvent failed(RunStart run, String why) {
    return event(
        run,
        Instant.now(),
        EventType.FAIL,
        facets(run).errorMessage(openLineage.newErrorMessageRunFacet(why, "JAVA", null)),
        inputs(run, null),
        List.of());
  }

  private RunEvent event(
      RunStart run,
      Instant at,
      EventType type,
      RunFacetsBuilder facets,
      List<InputDataset> inputs,
      List<OutputDataset> outputs) {
    return openLineage
        .newRunEventBuilder()
        .eventTime(ZonedDateTime.ofInstant(at, ZoneOffset.UTC))
        .eventType(type)
        .run(openLineage.newRunBuilder().runId(runId).facets(facets.build()).build())
        .job(
            openLineage
                .newJobBuilder()
                .namespace(namespace)
                .name(jobName(run))
                .facets(
                    openLineage
                        .newJobFacetsBuilder()
                        .jobType(
                            openLineage
                                .newJobTypeJobFacetBuilder()
                                .processingType("BATCH")
                                .integration(INTEGRATION)
                                .jobType("COMMAND")
                                .build())
                        .build())
                .build())
        .inputs(inputs)
        .outputs(outputs)
        .build();
  }

  /** The same every night, and for each place of tables another: intruders.run.tables_llama. */
  private static String jobName(RunStart run) {
    String place =
        Secrets.masked(run.tables())
            .replaceFirst("^[A-Za-z][\\w+.-]*:/*", "")
            .replaceAll("/+$", "")
            .replaceAll("/+", "_");
    return "intruders.%s.%s".formatted(run.command(), place);
  }

  private RunFacetsBuilder facets(RunStart run) {
    List<TagsRunFacetFields> tags = new ArrayList<>();
    tags.add(tag("run_id", run.runId()));
    tags.add(tag("version", run.version()));
    if (run.baseId() != null) {
      tags.add(tag("base_id", run.baseId()));
    }
    return openLineage
        .newRunFacetsBuilder()
        .parent(parent)
        .tags(openLineage.newTagsRunFacet(tags))
        .processing_engine(
            openLineage.newProcessingEngineRunFacet(run.sparkVersion(), "spark", run.version()));
  }

  private TagsRunFacetFields tag(String key, String value) {
    return openLineage.newTagsRunFacetFields(key, value, INTEGRATION);
  }

  /** What rules say is said of the first input, the table that their checkpoints stand in. */
  private List<InputDataset> inputs(RunStart run, CheckResult checked) {
    List<InputDataset> inputs = new ArrayList<>();
    for (String uri : run.inputs()) {
      DatasetIdentifier dataset = dataset(uri);
      OpenLineage.InputDatasetBuilder input =
          openLineage
              .newInputDatasetBuilder()
              .namespace(dataset.getNamespace())
              .name(dataset.getName());
      if (checked != null && inputs.isEmpty()) {
        input.inputFacets(
            openLineage
                .newInputDatasetInputFacetsBuilder()
                .dataQualityAssertions(
                    openLineage.newDataQualityAssertionsDatasetFacet(assertions(checked)))
                .build());
      }
      inputs.add(input.build());
    }
    return inputs;
  }

  /** One for each rule; those that are for no checkpoint, or not known of any, say nothing. */
  private List<DataQualityAssertionsDatasetFacetAssertions> assertions(CheckResult checked) {
    List<DataQualityAssertionsDatasetFacetAssertions> assertions = new ArrayList<>();
    for (Rule rule : checked.rules().rules()) {
      List<Verdict> held =
          checked.verdicts().stream().filter(one -> one.rule().id().equals(rule.id())).toList();
      List<String> against =
          held.stream()
              .filter(one -> one.effect() != null)
              .map(Verdict::checkpointId)
              .distinct()
              .toList();
      if (against.isEmpty()
          && held.stream().noneMatch(one -> one.state() == Verdict.State.PASSED)) {
        continue;
      }
      assertions.add(
          openLineage
              .newDataQualityAssertionsDatasetFacetAssertionsBuilder()
              .assertion(rule.figure().text())
              .name(rule.id())
              .description(rule.about())
              .success(against.isEmpty())
              .severity(rule.severity() == Severity.ERROR ? "error" : "warn")
              .actual(against.isEmpty() ? null : Excerpt.of(against, CHECKPOINTS_SHOWN))
              .build());
    }
    return assertions;
  }

  private OutputDataset output(WrittenTable table) {
    OpenLineage.DatasetFacetsBuilder facets =
        openLineage
            .newDatasetFacetsBuilder()
            .schema(
                openLineage.newSchemaDatasetFacet(
                    table.columns().stream()
                        .map(
                            column ->
                                openLineage
                                    .newSchemaDatasetFacetFieldsBuilder()
                                    .name(column.name())
                                    .type(column.type())
                                    .build())
                        .toList()));
    DatasetIdentifier dataset = dataset(table.uri());
    if (table.catalogName() != null) {
      int dot = table.catalogName().indexOf('.');
      facets.symlinks(
          openLineage.newSymlinksDatasetFacet(
              List.of(
                  openLineage.newSymlinksDatasetFacetIdentifiers(
                      table.catalogName().substring(0, dot),
                      table.catalogName().substring(dot + 1),
                      "TABLE"))));
    }
    OpenLineage.OutputDatasetBuilder output =
        openLineage
            .newOutputDatasetBuilder()
            .namespace(dataset.getNamespace())
            .name(dataset.getName())
            .facets(facets.build());
    if (table.rows() != null) {
      output.outputFacets(
          openLineage
              .newOutputDatasetOutputFacetsBuilder()
              .outputStatistics(
                  openLineage
                      .newOutputStatisticsOutputDatasetFacetBuilder()
                      .rowCount(table.rows())
                      .build())
              .build());
    }
    return output.build();
  }

  private OutputDataset output(String folder) {
    DatasetIdentifier dataset = dataset(folder);
    return openLineage
        .newOutputDatasetBuilder()
        .namespace(dataset.getNamespace())
        .name(dataset.getName())
        .build();
  }

  /** Namespace and name of what lies under a URI: {@code s3a://models/a} is s3://models and a. */
  static DatasetIdentifier dataset(String stored) {
    String uri = Secrets.masked(stored);
    Matcher parts = STORED.matcher(uri);
    if (!parts.matches()) {
      throw new IllegalArgumentException("'%s' is no URI".formatted(uri));
    }
    try {
      return FilesystemDatasetUtils.fromLocation(
          new URI(parts.group(1), parts.group(2), parts.group(3), null, null));
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("'%s' is no URI".formatted(uri), e);
    }
  }
}
