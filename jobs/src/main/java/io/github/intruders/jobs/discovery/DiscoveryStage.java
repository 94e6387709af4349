package io.github.intruders.jobs.discovery;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TextFile;
import io.github.intruders.discovery.BaseFit;
import io.github.intruders.discovery.Finding;
import io.github.intruders.discovery.Fleet;
import io.github.intruders.discovery.FolderReader;
import io.github.intruders.discovery.ManifestText;
import io.github.intruders.discovery.ManifestUpdate;
import io.github.intruders.discovery.PathFilter;
import io.github.intruders.discovery.Root;
import io.github.intruders.discovery.Survey;
import io.github.intruders.discovery.TrainerHistory;
import io.github.intruders.discovery.TreeWalk;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.manifest.ManifestLocation;
import io.github.intruders.manifest.ManifestReader;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixSelection;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;

/**
 * Lists trees in rounds, each of which spreads the folders that are still to be listed over the
 * cores; then reads what tells what each folder is; then plans what may belong to the base. The
 * driver holds some hundred bytes for each model, and for each thing left out.
 */
public final class DiscoveryStage {
  /** The stage, where progress is told. */
  public static final String NAME = "discover";

  private static final int TASKS_PER_CORE = 4;

  /** Listings of a task in one round: few at first, so that all cores soon have some. */
  private static final int FIRST_LISTINGS = 32;

  private static final int MOST_LISTINGS = 512;

  /** An object store is listed level by level for so many rounds at most. */
  private static final int SHALLOW_ROUNDS = 3;

  /** With more folders than this, one listing of them all takes fewer requests. */
  private static final int MOST_DEEP_LISTINGS = 256;

  private final JavaSparkContext spark;
  private final TaskStorage storage;
  private final JobProgress progress;

  public DiscoveryStage(JavaSparkContext spark, TaskStorage storage, JobProgress progress) {
    this.spark = spark;
    this.storage = storage;
    this.progress = progress;
  }

  /**
   * Looks through the folders; writes nothing.
   *
   * @throws UserInputException if a folder is not there, if it can't be told what the base is, or
   *     if no model of it is there
   */
  public Discovered run(DiscoverySettings settings) throws IOException {
    Storage driver = storage.open();
    List<Root> roots = Root.of(driver, settings.uris());
    ManifestUpdate update = existing(driver, settings);
    Set<String> known = new HashSet<>(update == null ? Set.of() : update.known());
    StageCounters counters = progress.begin(NAME, "steps", 4);
    List<JavaRDD<?>> held = new ArrayList<>();
    try {
      progress.describe("listing folders");
      List<Finding> findings = new ArrayList<>();
      JavaRDD<Finding.Folder> folders = walk(roots, settings, findings, held);
      counters.finished(1);
      progress.describe("reading configs");
      JavaRDD<Finding> read =
          keep(
              spread(folders)
                  .mapPartitions(
                      new ReadFolders(storage, settings.filter(), spark.broadcast(known))),
              held);
      findings.addAll(read.map(DiscoveryStage::alone).collect());
      Survey survey = new Survey(roots, findings);
      counters.finished(1);
      return assemble(driver, settings, roots, update, survey, read, counters);
    } finally {
      held.forEach(JavaRDD::unpersist);
    }
  }

  private static ManifestUpdate existing(Storage storage, DiscoverySettings settings)
      throws IOException {
    String uri = settings.updatedUri();
    if (uri == null || !storage.exists(uri)) {
      return null;
    }
    return new ManifestUpdate(
        uri, ManifestLocation.text(storage, uri), ManifestLocation.resolver(storage, uri));
  }

  private JavaRDD<Finding.Folder> walk(
      List<Root> roots, DiscoverySettings settings, List<Finding> leftOut, List<JavaRDD<?>> held)
      throws IOException {
    boolean canListDeeply = storage.open().listDeeply(roots.get(0).uri()).isPresent();
    JavaRDD<Finding.Folder> folders = spark.emptyRDD();
    List<TreeWalk.Start> ahead = new ArrayList<>();
    for (int i = 0; i < roots.size(); i++) {
      ahead.add(new TreeWalk.Start(i, ""));
    }
    int listings = canListDeeply ? 0 : FIRST_LISTINGS;
    boolean deeply = false;
    for (int round = 0; !ahead.isEmpty(); round++) {
      JavaRDD<TreeWalk.Listed> listed =
          keep(
              spark
                  .parallelize(
                      ahead, Math.min(ahead.size(), TASKS_PER_CORE * spark.defaultParallelism()))
                  .mapPartitions(
                      new ListFolders(storage, roots, settings.filter(), listings, deeply)),
              held);
      List<TreeWalk.Listed> rest =
          listed
              .map(one -> new TreeWalk.Listed(List.of(), one.leftOut(), one.unfinished()))
              .collect();
      int found = rest.stream().mapToInt(one -> one.unfinished().size()).sum();
      if (canListDeeply && !deeply && found > MOST_DEEP_LISTINGS) {
        deeply = true; // the same folders once more, with all that is below them
        continue;
      }
      ahead = new ArrayList<>();
      for (TreeWalk.Listed one : rest) {
        leftOut.addAll(one.leftOut());
        ahead.addAll(one.unfinished());
      }
      folders = folders.union(listed.flatMap(one -> one.folders().iterator()));
      deeply =
          canListDeeply
              && (deeply || round >= SHALLOW_ROUNDS || found >= spark.defaultParallelism());
      listings = canListDeeply ? 0 : Math.min(MOST_LISTINGS, 4 * listings);
    }
    return folders;
  }

  private <T> JavaRDD<T> spread(JavaRDD<T> all) {
    return all.repartition(TASKS_PER_CORE * spark.defaultParallelism());
  }

  private static <T> JavaRDD<T> keep(JavaRDD<T> rdd, List<JavaRDD<?>> held) {
    JavaRDD<T> kept = rdd.persist(StorageLevel.MEMORY_AND_DISK_SER());
    held.add(kept);
    return kept;
  }

  private static Finding alone(Finding finding) {
    return finding instanceof Finding.Model model ? model.alone() : finding;
  }

  private Discovered assemble(
      Storage driver,
      DiscoverySettings settings,
      List<Root> roots,
      ManifestUpdate update,
      Survey survey,
      JavaRDD<Finding> read,
      StageCounters counters)
      throws IOException {
    String baseUri = baseUri(settings, update);
    Survey.OfBase ofBase = baseUri == null ? survey.ofMostNamed() : null;
    BasePlan base = base(driver, ofBase == null ? baseUri : ofBase.uri());
    if (ofBase == null) {
      Set<String> names = new HashSet<>(base.models());
      if (update != null) {
        names.addAll(survey.namesByKnown(driver));
      }
      ofBase = survey.of(baseUri, names, update == null);
    }
    Set<String> candidates = new HashSet<>();
    ofBase.candidates().stream()
        .filter(model -> !model.known())
        .forEach(model -> candidates.add(model.uri()));
    progress.describe("planning %d models".formatted(candidates.size()));
    Map<String, BaseFit> fits = new HashMap<>();
    if (!candidates.isEmpty()) {
      read.filter(new IsCandidate(spark.broadcast(candidates)))
          .map(new PlanModel(storage, spark.broadcast(base)))
          .collect()
          .forEach(fit -> fits.put(fit.uri(), fit));
    }
    counters.finished(1);
    Fleet fleet =
        new Fleet(
            roots,
            survey,
            ofBase,
            fits,
            settings.filter(),
            settings.tags(),
            update == null ? null : update.manifest());
    Discovered discovered = write(driver, settings, update, fleet);
    counters.finished(1);
    return discovered;
  }

  private static String baseUri(DiscoverySettings settings, ManifestUpdate update) {
    if (update == null) {
      return settings.baseUri();
    }
    String uri = update.manifest().baseUri();
    if (settings.baseUri() != null && !Survey.named(settings.baseUri()).equals(Survey.named(uri))) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          settings.updatedUri(),
          "--base says %s, but the base of this manifest is %s; leave --base out, or write another manifest"
              .formatted(settings.baseUri(), uri));
    }
    return uri;
  }

  private static BasePlan base(Storage storage, String uri) throws IOException {
    return BasePlan.of(storage, "base", uri, MatrixSelection.of(null, null));
  }

  private Discovered write(
      Storage driver, DiscoverySettings settings, ManifestUpdate update, Fleet fleet)
      throws IOException {
    String manifestUri = settings.manifestUri();
    String folder =
        manifestUri == null ? null : manifestUri.substring(0, manifestUri.lastIndexOf('/') + 1);
    String metricsUri = manifestUri == null ? null : ManifestLocation.metrics(manifestUri);
    if (update == null && fleet.added() == 0) {
      throw UserInputException.of(
          RejectCode.NOTHING_TO_ANALYSE,
          fleet.leftOut().isEmpty()
              ? "There is no model below %s beside the base"
                  .formatted(String.join(", ", settings.uris()))
              : "No model below %s can be used; the first thing left out: %s: %s"
                  .formatted(
                      String.join(", ", settings.uris()),
                      fleet.uri(fleet.leftOut().get(0)),
                      fleet.leftOut().get(0).reason()));
    }
    String earlier =
        metricsUri != null && update != null && driver.exists(metricsUri)
            ? TextFile.read(
                driver, metricsUri, ManifestLocation.MAX_BYTES, RejectCode.METRIC_INVALID)
            : null;
    List<String> histories = fleet.histories();
    fleet.addHistories(
        histories.isEmpty()
            ? List.of()
            : spark
                .parallelize(
                    histories,
                    Math.min(histories.size(), TASKS_PER_CORE * spark.defaultParallelism()))
                .map(new ReadHistory(storage))
                .collect(),
        earlier);
    fleet.addResults();
    boolean named = update != null && update.manifest().metrics().contains(metricsUri);
    boolean takenOut =
        earlier != null && (!named || !Fleet.canAddTo(earlier)); // a person has done so
    String trainerMetrics =
        metricsUri == null || takenOut ? null : fleet.trainerMetrics().orElse(null);
    if (update == null && trainerMetrics != null && driver.exists(metricsUri)) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          metricsUri,
          "There is such a file already, and the evaluations of trainers would go there; move it, or name another manifest");
    }
    String metricsName =
        trainerMetrics == null || named
            ? null
            : metricsUri.substring(metricsUri.lastIndexOf('/') + 1);
    ManifestText additions = new ManifestText(fleet, folder);
    String text =
        update == null ? additions.render(metricsName) : update.with(additions, fleet, metricsName);
    String place = manifestUri == null ? "discovered" : manifestUri;
    return new Discovered(
        fleet,
        ManifestReader.read(
            place,
            text,
            manifestUri == null ? driver::qualify : ManifestLocation.resolver(driver, manifestUri)),
        text,
        update == null || !settings.updatedUri().equals(manifestUri) || !text.equals(update.text()),
        trainerMetrics == null || trainerMetrics.equals(earlier) ? null : trainerMetrics);
  }

  /** Executor work: lists folders and those below them. */
  private static final class ListFolders
      implements FlatMapFunction<Iterator<TreeWalk.Start>, TreeWalk.Listed> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage storage;
    private final ArrayList<Root> roots;
    private final PathFilter filter;
    private final int listings;
    private final boolean deeply;

    ListFolders(
        TaskStorage storage, List<Root> roots, PathFilter filter, int listings, boolean deeply) {
      this.storage = storage;
      this.roots = new ArrayList<>(roots);
      this.filter = filter;
      this.listings = listings;
      this.deeply = deeply;
    }

    @Override
    public Iterator<TreeWalk.Listed> call(Iterator<TreeWalk.Start> starts) throws IOException {
      List<TreeWalk.Start> all = new ArrayList<>();
      starts.forEachRemaining(all::add);
      return List.of(new TreeWalk(storage.open(), roots, filter).list(all, listings, deeply))
          .iterator();
    }
  }

  /** Executor work: tells what folders are. */
  private static final class ReadFolders
      implements FlatMapFunction<Iterator<Finding.Folder>, Finding> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage storage;
    private final PathFilter filter;
    private final Broadcast<Set<String>> known;

    ReadFolders(TaskStorage storage, PathFilter filter, Broadcast<Set<String>> known) {
      this.storage = storage;
      this.filter = filter;
      this.known = known;
    }

    @Override
    public Iterator<Finding> call(Iterator<Finding.Folder> folders) throws IOException {
      FolderReader reader = new FolderReader(storage.open(), filter, known.value());
      List<Finding> findings = new ArrayList<>();
      while (folders.hasNext()) {
        findings.addAll(reader.read(folders.next()));
      }
      return findings.iterator();
    }
  }

  /** Which models to plan. */
  private record IsCandidate(Broadcast<Set<String>> uris)
      implements Function<Finding, Boolean>, Serializable {
    @Override
    public Boolean call(Finding finding) {
      return finding instanceof Finding.Model model && uris.value().contains(model.uri());
    }
  }

  /** Executor work: plans one model. */
  private record PlanModel(TaskStorage storage, Broadcast<BasePlan> base)
      implements Function<Finding, BaseFit>, Serializable {
    @Override
    public BaseFit call(Finding finding) throws IOException {
      return BaseFit.of(storage.open(), base.value(), (Finding.Model) finding);
    }
  }

  /** Executor work: reads one trainer's evaluations. */
  private record ReadHistory(TaskStorage storage)
      implements Function<String, TrainerHistory>, Serializable {
    @Override
    public TrainerHistory call(String uri) throws IOException {
      return TrainerHistory.read(storage.open(), uri);
    }
  }
}
