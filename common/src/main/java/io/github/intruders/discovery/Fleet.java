package io.github.intruders.discovery;

import io.github.intruders.discovery.Finding.Kind;
import io.github.intruders.discovery.Finding.LeftOut;
import io.github.intruders.discovery.Finding.Model;
import io.github.intruders.forgetting.CheckpointNames;
import io.github.intruders.forgetting.LmEvalResults;
import io.github.intruders.input.Secrets;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What is to stand in a manifest: the new checkpoints of one base, and what is left out. */
public final class Fleet {
  private static final String HISTORY = "/trainer_state.json";

  private final List<Root> roots;
  private final Survey survey;
  private final Survey.OfBase ofBase;
  private final Map<String, BaseFit> fits;
  private final PathFilter filter;
  private final TagPattern pattern;
  private final Manifest existing;
  private final Ids ids;
  private final String baseId;
  private final List<Entry> entries = new ArrayList<>();
  private final List<LeftOut> leftOut = new ArrayList<>();
  private final Set<String> metrics = new TreeSet<>();
  private final Map<String, Run> runs = new TreeMap<>();
  private final Map<String, Set<Integer>> steps = new HashMap<>();
  private final Map<String, String> idsByUri = new HashMap<>();
  private final Map<String, Model> candidates = new HashMap<>();
  private final Map<String, Run> runsByModel = new HashMap<>();
  private final Map<String, CheckpointSpec> siblings = new HashMap<>();
  private final Map<String, CheckpointSpec> known = new HashMap<>();
  private final Set<String> sources = new HashSet<>();
  private TrainerMetrics trainerMetrics;
  private final Set<String> untold = new TreeSet<>();
  private int untagged;

  /** The states of one training. */
  private static final class Run {
    private final int root;
    private final String path;
    private final String suffix;
    private final TreeMap<Integer, Model> states = new TreeMap<>();

    Run(int root, String path, String suffix) {
      this.root = root;
      this.path = path;
      this.suffix = suffix;
    }
  }

  /**
   * Puts a fleet together.
   *
   * @param fits what came of planning the candidates that were not known, by URI
   * @param filter which paths were looked at
   * @param pattern takes tags from paths; null for none
   * @param existing the manifest that is added to; null for a new one
   */
  public Fleet(
      List<Root> roots,
      Survey survey,
      Survey.OfBase ofBase,
      Map<String, BaseFit> fits,
      PathFilter filter,
      TagPattern pattern,
      Manifest existing) {
    this.roots = List.copyOf(roots);
    this.survey = survey;
    this.ofBase = ofBase;
    this.fits = fits;
    this.filter = filter;
    this.pattern = pattern;
    this.existing = existing;
    Set<String> taken = new TreeSet<>();
    if (existing != null) {
      taken.addAll(existing.checkpointIds());
      for (CheckpointSpec spec : existing.checkpoints()) {
        idsByUri.putIfAbsent(last(spec), spec.id());
        sources.addAll(spec.sources());
        known.put(last(spec), spec);
        RunName.of(last(spec))
            .ifPresent(name -> siblings.merge(name.run() + name.suffix(), spec, Fleet::later));
        if (spec.sequence() != null) {
          steps.computeIfAbsent(spec.sequence(), key -> new HashSet<>()).add(spec.step());
        }
      }
    }
    this.baseId = existing != null ? existing.baseId() : idOf(ofBase, roots);
    taken.add(baseId);
    this.ids = new Ids(roots, taken);
    leftOut.addAll(survey.leftOut());
    addEntries();
  }

  private static String idOf(Survey.OfBase base, List<Root> roots) {
    return base.inTree() == null
        ? new Ids(List.of(new Root(base.uri(), base.uri(), "")), Set.of()).of(0, "")
        : new Ids(roots, Set.of()).of(base.inTree().root(), base.inTree().path());
  }

  private static String last(CheckpointSpec spec) {
    return spec.sources().get(spec.sources().size() - 1);
  }

  private static CheckpointSpec later(CheckpointSpec one, CheckpointSpec other) {
    int steps = one.step() == null ? -1 : one.step();
    return other.step() != null && other.step() > steps ? other : one;
  }

  private void addEntries() {
    List<Model> taken = new ArrayList<>();
    Set<String> found = new HashSet<>();
    survey.models().forEach(model -> found.add(model.uri()));
    for (Model model : ofBase.candidates()) {
      candidates.put(model.uri(), model);
      String above = model.uri().substring(0, model.uri().lastIndexOf('/'));
      boolean named = sources.contains(above) && !found.contains(above);
      if (model.known() || (!named && isGood(model))) {
        taken.add(model);
      }
    }
    for (Model model : taken) {
      RunName.of(model.path())
          .ifPresent(name -> run(model, name.run(), name.suffix()).states.put(name.step(), model));
    }
    for (Model model : taken) {
      if (model.step() != null) {
        addLastState(model);
      }
    }
    runs.values()
        .removeIf(
            run ->
                run.states.size() == 1
                    && RunName.of(run.states.firstEntry().getValue().path()).isEmpty());
    runs.values()
        .forEach(run -> run.states.values().forEach(model -> runsByModel.put(model.uri(), run)));
    for (Model model : taken) {
      if (!model.known() && !isEndOfRun(model)) {
        entries.add(entry(model, runsByModel.get(model.uri())));
      }
    }
  }

  private Run run(Model model, String path, String suffix) {
    return runs.computeIfAbsent(
        model.root() + " " + path + suffix, key -> new Run(model.root(), path, suffix));
  }

  /** A model whose own files tell its step: the newest of its run, where the run is there. */
  private void addLastState(Model model) {
    if (model.run() != null) {
      run(model, model.run(), "").states.putIfAbsent(model.step(), model);
      return;
    }
    Run run = runs.get(model.root() + " " + model.path());
    if (run != null && run.states.lastKey() < model.step()) {
      run.states.put(model.step(), model);
    }
  }

  /** Whether it is a state of a run that has a folder of its own. */
  private boolean isEndOfRun(Model model) {
    Run run = runs.get(model.root() + " " + model.path());
    if (run == null || model.step() == null || runsByModel.containsKey(model.uri())) {
      return false;
    }
    Model same = run.states.get(model.step());
    if (same == null) {
      return false;
    }
    leftOut.add(
        new LeftOut(
            model.root(),
            model.path(),
            "the end of the run by its trainer_state.json (step %d), which %s tells already"
                .formatted(model.step(), same.path().substring(same.path().lastIndexOf('/') + 1)),
            false));
    return true;
  }

  private boolean isGood(Model model) {
    String uri = Survey.uriOf(model);
    if (Secrets.isIn(uri)) {
      leftOut.add(
          new LeftOut(model.root(), model.path(), "its path has a secret in it; rename it", true));
      return false;
    }
    BaseFit fit = fits.get(model.uri());
    if (fit == null) {
      throw new IllegalArgumentException("Nobody planned " + model.uri());
    }
    boolean unclear = fit.rejected() > 0 && fit.isOfOtherBase() && !survey.tellsOrigin(model);
    if (!fit.isNone() && !unclear) {
      return true;
    }
    leftOut.add(
        new LeftOut(
            model.root(),
            model.path(),
            fit.isOfOtherBase() ? "does not fit the base: " + fit.reason() : fit.reason(),
            model.named() && !fit.isOfOtherBase()));
    return false;
  }

  private Entry entry(Model model, Run run) {
    String id = ids.unique(model.root(), model.path());
    String uri = Survey.uriOf(model);
    idsByUri.put(uri, id);
    Map<String, String> tags = new TreeMap<>(pattern == null ? Map.of() : pattern.of(model.path()));
    if (pattern != null && tags.isEmpty()) {
      untagged++;
    }
    String task = tags.remove("task");
    tags.putIfAbsent("method", model.method());
    String sequence = run == null ? null : sequence(run);
    Integer step = sequence == null ? null : step(run, model);
    List<String> notes = new ArrayList<>();
    if (sequence != null && !steps.computeIfAbsent(sequence, key -> new HashSet<>()).add(step)) {
      notes.add("step %d of sequence %s is another one".formatted(step, sequence));
      sequence = null;
      step = null;
    }
    BaseFit fit = fits.get(model.uri());
    if (fit.rejected() > 0) {
      notes.add("%d of it can't be analysed, first: %s".formatted(fit.rejected(), fit.reason()));
    }
    if (!survey.tellsOrigin(model)) {
      notes.add("it does not say what it was made from, but its shapes fit the base");
    }
    return Entry.of(
        id,
        uri,
        model.kind() == Kind.ADAPTER,
        sequence,
        step,
        task,
        tags,
        notes.isEmpty() ? null : String.join("; ", notes));
  }

  private static Integer step(Run run, Model model) {
    return run.states.entrySet().stream()
        .filter(state -> state.getValue().uri().equals(model.uri()))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow();
  }

  /** What a run's sequence is called: as the manifest calls it, if its other states are there. */
  private String sequence(Run run) {
    CheckpointSpec sibling = siblings.get(roots.get(run.root).resolve(run.path) + run.suffix);
    if (sibling == null) {
      for (Model model : run.states.values()) {
        sibling = known.getOrDefault(Survey.uriOf(model), sibling);
      }
    }
    if (sibling != null) {
      return sibling.sequence();
    }
    return ids.of(run.root, run.path + run.suffix);
  }

  /** The {@code trainer_state.json} files to read: of each run that has a new state, the newest. */
  public List<String> histories() {
    Set<String> newest = new TreeSet<>();
    for (Model model : candidates.values()) {
      String id = idsByUri.get(Survey.uriOf(model));
      if (!model.known() && id != null) {
        Run run = runsByModel.get(model.uri());
        (run == null ? Optional.of(model).filter(Model::trainerState) : newest(run))
            .ifPresent(one -> newest.add(one.uri() + HISTORY));
      }
    }
    return List.copyOf(newest);
  }

  private static Optional<Model> newest(Run run) {
    return run.states.descendingMap().values().stream().filter(Model::trainerState).findFirst();
  }

  /**
   * Takes the evaluations of trainers.
   *
   * @param earlier the metrics file that was written before; null if there was none
   */
  public void addHistories(List<TrainerHistory> histories, String earlier) {
    trainerMetrics = new TrainerMetrics(baseId, earlier);
    for (TrainerHistory history : histories) {
      Model model =
          candidates.get(history.uri().substring(0, history.uri().length() - HISTORY.length()));
      if (history.fault() != null) {
        leftOut.add(new LeftOut(model.root(), model.path() + HISTORY, history.fault(), true));
      } else {
        untold.addAll(history.untold());
        addHistory(model, history);
      }
    }
  }

  private void addHistory(Model model, TrainerHistory history) {
    Map<Integer, String> checkpoints = new TreeMap<>();
    Run run = runsByModel.get(model.uri());
    if (run != null) {
      run.states.forEach(
          (step, state) -> {
            String id = idsByUri.get(Survey.uriOf(state));
            if (id != null) {
              checkpoints.put(step, id);
            }
          });
      trainerMetrics.add(ids.of(run.root, run.path), history, checkpoints);
    } else if (model.step() != null) {
      checkpoints.put(model.step(), idsByUri.get(Survey.uriOf(model)));
      trainerMetrics.add(ids.of(model.root(), model.path()), history, checkpoints);
    }
  }

  /**
   * Finds which results are of which checkpoint, the newest first. Those of tasks that newer ones
   * have are left out: a run would not know which count.
   */
  public void addResults() {
    Manifest whole =
        new Manifest(
            baseId,
            ofBase.uri(),
            allSpecs(),
            existing == null ? List.of() : existing.metrics(),
            "");
    CheckpointNames names = CheckpointNames.of(whole);
    List<Finding.Results> newestFirst = new ArrayList<>(survey.results());
    newestFirst.sort(
        Comparator.<Finding.Results, Boolean>comparing(one -> !isListed(whole, one.uri()))
            .thenComparing(one -> name(one.uri()), Comparator.reverseOrder())
            .thenComparing(Finding.Results::uri));
    Set<String> covered = new HashSet<>();
    for (Finding.Results one : newestFirst) {
      try {
        String id = LmEvalResults.checkpoint(one.uri(), one.model(), names);
        Set<String> own = new TreeSet<>();
        one.tasks().forEach(task -> own.add(id + " " + task));
        boolean clash = own.stream().anyMatch(covered::contains);
        if (!clash && !Secrets.isIn(one.uri())) {
          covered.addAll(own);
          if (!isListed(whole, one.uri())) {
            metrics.add(one.uri());
          }
        } else if (!isListed(whole, one.uri())) {
          leftOut.add(
              new LeftOut(
                  one.root(),
                  one.path(),
                  clash
                      ? "other results of %s for the same tasks stand in the manifest".formatted(id)
                      : "its path has a secret in it; rename it",
                  false));
        }
      } catch (UserInputException e) {
        leftOut.add(
            new LeftOut(one.root(), one.path(), "results of no checkpoint of the manifest", false));
      }
    }
  }

  private static boolean isListed(Manifest manifest, String uri) {
    return manifest.metrics().stream()
        .anyMatch(listed -> Root.isWithin(uri, Root.withoutSlash(listed)));
  }

  private static String name(String uri) {
    return uri.substring(uri.lastIndexOf('/') + 1);
  }

  private List<CheckpointSpec> allSpecs() {
    List<CheckpointSpec> specs =
        new ArrayList<>(existing == null ? List.of() : existing.checkpoints());
    entries.forEach(entry -> specs.add(entry.spec()));
    return specs;
  }

  /** The base's id. */
  public String baseId() {
    return baseId;
  }

  /** The base's URI. */
  String baseUri() {
    return ofBase.uri();
  }

  /** The new checkpoints, in the order of their paths. */
  List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** How many checkpoints are new. */
  public int added() {
    return entries.size();
  }

  /** The new results of evaluations. */
  List<String> metrics() {
    return List.copyOf(metrics);
  }

  /** Whether a metrics file is one that can be added to. */
  public static boolean canAddTo(String metrics) {
    return TrainerMetrics.isOne(metrics);
  }

  /** The metrics file of trainers' evaluations; empty if there is nothing to put into it. */
  public Optional<String> trainerMetrics() {
    return trainerMetrics == null || trainerMetrics.isEmpty()
        ? Optional.empty()
        : Optional.of(trainerMetrics.text());
  }

  /** What was left out, in the order of paths. */
  public List<LeftOut> leftOut() {
    List<LeftOut> all = new ArrayList<>(new HashSet<>(leftOut));
    all.sort(
        Comparator.comparing((LeftOut one) -> !one.broken())
            .thenComparing(LeftOut::root)
            .thenComparing(LeftOut::path)
            .thenComparing(LeftOut::reason));
    return all;
  }

  /** How many of these their owners have to mend. */
  public int broken() {
    return (int) leftOut().stream().filter(LeftOut::broken).count();
  }

  /** Where something lies. */
  public String uri(LeftOut one) {
    return roots.get(one.root()).resolve(one.path());
  }

  /** What a person should know beyond single checkpoints; each a sentence. */
  List<String> remarks() {
    List<String> remarks = new ArrayList<>();
    if (ofBase.alias() != null) {
      remarks.add(
          "No model names this base; it is taken for what most of them name, %s."
              .formatted(Secrets.masked(ofBase.alias())));
    }
    if (untagged > 0) {
      remarks.add(
          "The pattern of --tags does not match the paths of %d checkpoints.".formatted(untagged));
    }
    if (trainerMetrics != null && !trainerMetrics.withoutBase().isEmpty()) {
      remarks.add(
          "Evaluations of some trainers are left out, since they did not evaluate the base (eval_on_start does): %s."
              .formatted(String.join(", ", trainerMetrics.withoutBase())));
    }
    if (!untold.isEmpty()) {
      remarks.add(
          "Evaluations whose names don't tell which way is better are left out: %s."
              .formatted(String.join(", ", untold)));
    }
    for (CheckpointSpec gone : gone()) {
      remarks.add("No longer there: %s, at %s.".formatted(gone.id(), last(gone)));
    }
    return remarks;
  }

  /** Checkpoints of the manifest that lie below the roots and were not found. */
  private List<CheckpointSpec> gone() {
    if (existing == null) {
      return List.of();
    }
    Set<String> found = new HashSet<>();
    for (Model model : survey.models()) {
      found.add(model.uri());
      found.add(Survey.uriOf(model));
      found.add(model.uri().substring(0, model.uri().lastIndexOf('/')));
    }
    Set<String> unclear = new HashSet<>();
    survey.leftOut().forEach(one -> unclear.add(uri(one)));
    return existing.checkpoints().stream()
        .filter(spec -> isLookedAt(last(spec)) && !found.contains(last(spec)))
        .filter(spec -> !Survey.isWithinAny(last(spec), unclear))
        .toList();
  }

  private boolean isLookedAt(String uri) {
    return roots.stream()
        .filter(root -> Root.isWithin(uri, root.uri()))
        .anyMatch(
            root -> filter.includes(uri.substring(root.uri().length()).replaceFirst("^/", "")));
  }
}
