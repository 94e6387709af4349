package io.github.intruders.discovery;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.manifest.ManifestLocation;
import io.github.intruders.manifest.ManifestReader;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixSelection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;

/** Looks through folders in one thread. */
final class LocalDiscovery {
  private final Storage storage = new HadoopStorage(new Configuration(false));
  private final List<String> uris = new ArrayList<>();
  private List<String> excluded = List.of();
  private String base;
  private TagPattern tags;
  private String manifest;

  LocalDiscovery(Path... folders) {
    for (Path folder : folders) {
      uris.add(folder.toString());
    }
  }

  LocalDiscovery base(Path uri) {
    base = storage.qualify(uri.toString());
    return this;
  }

  LocalDiscovery tags(String pattern) {
    tags = TagPattern.parse(pattern);
    return this;
  }

  LocalDiscovery excluding(String... globs) {
    excluded = List.of(globs);
    return this;
  }

  /** URIs are written as seen from this file. */
  LocalDiscovery manifest(Path file) {
    manifest = storage.qualify(file.toString());
    return this;
  }

  /** What was found; no manifest if that is nothing. */
  record Found(Fleet fleet, String text, Manifest manifest) {}

  Found find() throws IOException {
    Fleet fleet = fleet(null);
    String name = fleet.trainerMetrics().map(text -> "metrics.csv").orElse(null);
    String text = new ManifestText(fleet, folder()).render(name);
    return new Found(fleet, text, fleet.added() == 0 ? null : read(text));
  }

  /** A manifest's text with what is new. */
  Found update(String text) throws IOException {
    ManifestUpdate update = new ManifestUpdate(manifest, text, resolver());
    Fleet fleet = fleet(update);
    String added = update.with(new ManifestText(fleet, folder()), fleet, null);
    return new Found(fleet, added, read(added));
  }

  private String folder() {
    return manifest == null ? null : manifest.substring(0, manifest.lastIndexOf('/') + 1);
  }

  private Manifest read(String text) {
    return ManifestReader.read("discovered", text, resolver());
  }

  private UnaryOperator<String> resolver() {
    return manifest == null ? storage::qualify : ManifestLocation.resolver(storage, manifest);
  }

  private Fleet fleet(ManifestUpdate update) throws IOException {
    List<Root> roots = Root.of(storage, uris);
    PathFilter filter = new PathFilter(List.of(), excluded);
    TreeWalk walk = new TreeWalk(storage, roots, filter);
    FolderReader reader =
        new FolderReader(storage, filter, update == null ? Set.of() : update.known());
    List<Finding> findings = new ArrayList<>();
    List<TreeWalk.Start> ahead = new ArrayList<>();
    for (int i = 0; i < roots.size(); i++) {
      ahead.add(new TreeWalk.Start(i, ""));
    }
    while (!ahead.isEmpty()) {
      TreeWalk.Listed listed = walk.list(ahead, 5, false);
      findings.addAll(listed.leftOut());
      for (Finding.Folder folder : listed.folders()) {
        findings.addAll(reader.read(folder));
      }
      ahead = listed.unfinished();
    }
    Survey survey = new Survey(roots, findings);
    String given = update == null ? base : update.manifest().baseUri();
    Survey.OfBase ofBase = given == null ? survey.ofMostNamed() : null;
    BasePlan plan =
        BasePlan.of(
            storage, "base", ofBase == null ? given : ofBase.uri(), MatrixSelection.of(null, null));
    if (ofBase == null) {
      Set<String> names = new HashSet<>(plan.models());
      if (update != null) {
        names.addAll(survey.namesByKnown(storage));
      }
      ofBase = survey.of(given, names, update == null);
    }
    Map<String, BaseFit> fits = new HashMap<>();
    for (Finding.Model model : ofBase.candidates()) {
      if (!model.known()) {
        fits.put(model.uri(), BaseFit.of(storage, plan, model));
      }
    }
    Fleet fleet =
        new Fleet(
            roots, survey, ofBase, fits, filter, tags, update == null ? null : update.manifest());
    List<TrainerHistory> histories = new ArrayList<>();
    for (String uri : fleet.histories()) {
      histories.add(TrainerHistory.read(storage, uri));
    }
    fleet.addHistories(histories, null);
    fleet.addResults();
    return fleet;
  }
}
