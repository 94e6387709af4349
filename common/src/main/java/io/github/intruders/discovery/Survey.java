package io.github.intruders.discovery;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.checkpoint.HubCache;
import io.github.intruders.checkpoint.JsonFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.discovery.Finding.Kind;
import io.github.intruders.discovery.Finding.LeftOut;
import io.github.intruders.discovery.Finding.Model;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Secrets;
import io.github.intruders.input.UserInputException;
import io.github.intruders.plan.BaseNames;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All that was found, put in order: which models there are, and which of them may belong to one
 * base.
 */
public final class Survey {
  private static final int MAX_SHOWN = 10;
  private static final int MAX_ASKED = 16;

  private final List<Root> roots;
  private final List<Model> models = new ArrayList<>();
  private final List<Finding.Results> results = new ArrayList<>();
  private final List<LeftOut> leftOut = new ArrayList<>();
  private final Map<String, Model> checkpointsByUri = new HashMap<>();
  private final Map<String, List<Model>> checkpointsByName = new HashMap<>();
  private final Map<String, Optional<Model>> tails = new HashMap<>();

  /**
   * The models that may belong to a base.
   *
   * @param uri of the base; of its folder in the hub's cache where it is in one
   * @param inTree the base as it was found, or null if it lies elsewhere
   * @param alias what models call it, where that is taken on the user's word; null elsewhere
   * @param candidates the models that may
   */
  public record OfBase(String uri, Model inTree, String alias, List<Model> candidates) {}

  /**
   * Sorts what was found.
   *
   * @param findings in any order
   */
  public Survey(List<Root> roots, Collection<? extends Finding> findings) {
    this.roots = List.copyOf(roots);
    List<Finding> ordered = new ArrayList<>(findings);
    ordered.sort(Comparator.comparingInt(Finding::root).thenComparing(Finding::path));
    Set<String> own = new TreeSet<>();
    Map<String, String> meant = new HashMap<>();
    for (Finding finding : ordered) {
      String uri = roots.get(finding.root()).resolve(finding.path());
      if (finding instanceof Finding.OwnOutput && !isWithinAny(uri, own)) {
        own.add(uri);
        leftOut.add(
            new LeftOut(
                finding.root(),
                finding.path(),
                "what this program wrote: no models to tell",
                false));
      } else if (finding instanceof Finding.MeantSnapshot snapshot) {
        meant.put(uri, snapshot.commit());
      }
    }
    ordered.removeIf(
        finding ->
            isWithinAny(roots.get(finding.root()).resolve(finding.path()), own)
                && !(finding instanceof Finding.OwnOutput));
    Map<String, Set<String>> commits = new HashMap<>();
    for (Finding finding : ordered) {
      if (finding instanceof Model model) {
        HubPlace.of(model.uri())
            .ifPresent(
                place ->
                    commits
                        .computeIfAbsent(place.repository(), key -> new TreeSet<>())
                        .add(place.commit()));
      }
    }
    for (Finding finding : ordered) {
      if (finding instanceof Model model) {
        Optional<String> refused = otherSnapshot(model, commits, meant);
        if (refused.isPresent()) {
          leftOut.add(new LeftOut(model.root(), model.path(), refused.get(), false));
        } else {
          models.add(model);
        }
      } else if (finding instanceof Finding.Results one) {
        results.add(one);
      } else if (finding instanceof LeftOut one) {
        leftOut.add(one);
      }
    }
    dropPartsOfModels();
    for (Model model : models) {
      if (model.kind() == Kind.CHECKPOINT) {
        checkpointsByUri.put(uriOf(model), model);
        checkpointsByUri.put(model.uri(), model);
        BaseNames.last(nameOf(model))
            .ifPresent(
                name ->
                    checkpointsByName.computeIfAbsent(name, key -> new ArrayList<>()).add(model));
      }
    }
  }

  /** Whether a URI is one of these folders or lies in one. */
  static boolean isWithinAny(String uri, Set<String> folders) {
    for (int slash = uri.length(); slash > 0; slash = uri.lastIndexOf('/', slash - 1)) {
      if (folders.contains(uri.substring(0, slash))) {
        return true;
      }
    }
    return false;
  }

  private static Optional<String> otherSnapshot(
      Model model, Map<String, Set<String>> commits, Map<String, String> meant) {
    Optional<HubPlace> place = HubPlace.of(model.uri());
    if (place.isEmpty()) {
      return Optional.empty();
    }
    String repository = place.get().repository();
    Optional<String> commit = HubCache.meant(commits.get(repository), meant.get(repository));
    if (commit.isPresent() && commit.get().equals(place.get().commit())) {
      return Optional.empty();
    }
    return Optional.of(
        commit.isPresent()
            ? "an older snapshot; refs/main means %s".formatted(commit.get())
            : "one of several snapshots, and refs/main means none of them");
  }

  /** What a trainer keeps in pieces within a model's folder says nothing of the model. */
  private void dropPartsOfModels() {
    Set<String> folders = new HashSet<>();
    models.forEach(model -> folders.add(model.root() + " " + model.path()));
    leftOut.removeIf(
        one ->
            !one.broken()
                && one.reason().startsWith("No complete model here")
                && folders.contains(one.root() + " " + above(one.path())));
  }

  private static String above(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }

  /** All models that are not of another snapshot. */
  public List<Model> models() {
    return List.copyOf(models);
  }

  /**
   * What adapters that were known before call their base, from the configs of some of them.
   *
   * @throws IOException if the storage fails
   */
  public Set<String> namesByKnown(Storage storage) throws IOException {
    List<Model> known = models.stream().filter(Model::known).toList();
    Set<String> names = new TreeSet<>();
    for (int i = 0; i < Math.min(known.size(), MAX_ASKED); i++) {
      Model model = known.get((int) ((long) i * known.size() / Math.min(known.size(), MAX_ASKED)));
      String config = model.uri() + "/adapter_config.json";
      if (storage.exists(config)) {
        try {
          Adapter.trainedOn(JsonFile.readObject(storage, config, RejectCode.ADAPTER_CONFIG_INVALID))
              .flatMap(BaseNames::last)
              .ifPresent(names::add);
        } catch (UserInputException e) {
          // It was good when it came into the manifest; a run will tell.
        }
      }
    }
    return names;
  }

  /** Whether it is clear what a model was made from. */
  boolean tellsOrigin(Model model) {
    return origin(model).isPresent();
  }

  /** Results of lm-evaluation-harness. */
  public List<Finding.Results> results() {
    return List.copyOf(results);
  }

  /** What was left out so far. */
  public List<LeftOut> leftOut() {
    return List.copyOf(leftOut);
  }

  /** How a manifest names a model: the folder in the hub's cache stands for the meant snapshot. */
  static String uriOf(Model model) {
    return named(model.uri());
  }

  /** The same for the URI of a model. */
  public static String named(String uri) {
    return HubPlace.of(uri)
        .filter(place -> place.inner().isEmpty())
        .map(HubPlace::repository)
        .orElse(uri);
  }

  /** What people call it: OWNER/NAME in the hub's cache, elsewhere its URI. */
  private static String nameOf(Model model) {
    return HubPlace.of(model.uri())
        .filter(place -> place.inner().isEmpty())
        .map(HubPlace::id)
        .orElse(model.uri());
  }

  /**
   * The base that most adapters name, and what may belong to it.
   *
   * @throws UserInputException if no model says what it was made from, or the base is not in the
   *     tree
   */
  public OfBase ofMostNamed() {
    Map<String, List<Model>> byBase = new TreeMap<>();
    for (Model model : models) {
      origin(model)
          .ifPresent(origin -> byBase.computeIfAbsent(origin, key -> new ArrayList<>()).add(model));
    }
    if (byBase.isEmpty()) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          models.isEmpty()
              ? "There is no model below %s%s"
                  .formatted(
                      where(),
                      leftOut.isEmpty()
                          ? ""
                          : "; the first thing left out: %s: %s"
                              .formatted(shown(leftOut.get(0)), leftOut.get(0).reason()))
              : "None of the %d models below %s says what it was made from; name the base by --base URI"
                  .formatted(models.size(), where()));
    }
    String most =
        byBase.entrySet().stream()
            .max(
                Comparator.<Map.Entry<String, List<Model>>>comparingLong(
                        entry ->
                            entry.getValue().stream()
                                .filter(one -> one.kind() == Kind.ADAPTER)
                                .count())
                    .thenComparingInt(entry -> entry.getValue().size())
                    .thenComparing(Map.Entry::getKey, Comparator.reverseOrder()))
            .orElseThrow()
            .getKey();
    Model base = checkpointsByUri.get(most);
    if (base == null) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "The base that most models name, %s, is not below %s; name its folder by --base URI, or one that holds it beside the others%s"
              .formatted(
                  Secrets.masked(most),
                  where(),
                  byBase.size() == 1 ? "" : " (named are: %s)".formatted(counts(byBase))));
    }
    return of(base, Set.of(), most, null, byBase);
  }

  /**
   * What may belong to a base that is given.
   *
   * @param uri qualified
   * @param names what it may be called, see {@link BaseNames}
   * @param trusted whether it is the base on a person's word, even if no model names it
   */
  public OfBase of(String uri, Set<String> names, boolean trusted) {
    Model base = checkpointsByUri.get(uri);
    Map<String, List<Model>> byBase = new TreeMap<>();
    for (Model model : models) {
      origin(model)
          .ifPresent(origin -> byBase.computeIfAbsent(origin, key -> new ArrayList<>()).add(model));
    }
    String most = base == null ? null : uriOf(base);
    Set<String> matching = new TreeSet<>();
    String alias = null;
    for (String origin : byBase.keySet()) {
      boolean same =
          origin.equals(most) || BaseNames.last(origin).filter(names::contains).isPresent();
      if (same && !(checkpointsByUri.containsKey(origin) && !origin.equals(most))) {
        matching.add(origin);
      }
    }
    if (matching.isEmpty() && trusted) {
      // The user's word for it: the name most models give is another one for this base.
      alias =
          byBase.entrySet().stream()
              .filter(entry -> !checkpointsByUri.containsKey(entry.getKey()))
              .max(
                  Comparator.<Map.Entry<String, List<Model>>>comparingInt(
                          entry -> entry.getValue().size())
                      .thenComparing(Map.Entry::getKey, Comparator.reverseOrder()))
              .map(Map.Entry::getKey)
              .orElse(null);
    }
    if (alias != null) {
      matching.add(alias);
    }
    return of(base, matching, most == null ? uri : most, alias, byBase);
  }

  private OfBase of(
      Model base,
      Set<String> alsoNamed,
      String uri,
      String alias,
      Map<String, List<Model>> byBase) {
    Set<Model> others = new HashSet<>();
    byBase.forEach(
        (origin, named) -> {
          if (!origin.equals(uri) && !alsoNamed.contains(origin)) {
            for (Model model : named) {
              others.add(model);
              leftOut.add(
                  new LeftOut(
                      model.root(),
                      model.path(),
                      "made from another base, %s".formatted(shownOrigin(origin)),
                      false));
            }
            Model other = checkpointsByUri.get(origin);
            if (other != null && !other.equals(base) && others.add(other)) {
              leftOut.add(
                  new LeftOut(
                      other.root(),
                      other.path(),
                      "a base itself, of other models (%d)".formatted(named.size()),
                      false));
            }
          }
        });
    List<Model> candidates =
        models.stream().filter(model -> !model.equals(base) && !others.contains(model)).toList();
    return new OfBase(uri, base, alias, candidates);
  }

  private String shownOrigin(String origin) {
    Model model = checkpointsByUri.get(origin);
    return model == null ? Secrets.masked(origin) : model.path().isEmpty() ? origin : model.path();
  }

  private String where() {
    return Excerpt.of(roots.stream().map(Root::uri).toList(), MAX_SHOWN);
  }

  private String shown(LeftOut one) {
    return roots.get(one.root()).resolve(one.path());
  }

  private static String counts(Map<String, List<Model>> byBase) {
    return Excerpt.of(
        byBase.entrySet().stream()
            .sorted(Comparator.comparingInt(entry -> -entry.getValue().size()))
            .map(
                entry ->
                    "%s by %d".formatted(Secrets.masked(entry.getKey()), entry.getValue().size()))
            .toList(),
        MAX_SHOWN);
  }

  /**
   * What a model was made from: the URI of a checkpoint of the tree, or else the name as it is;
   * empty where it does not say it, or says what tells nothing.
   */
  private Optional<String> origin(Model model) {
    String name = model.trainedOn();
    if (name == null) {
      return Optional.empty();
    }
    Optional<Model> found = resolve(model, name);
    if (found.isPresent()) {
      boolean itself = found.get().equals(model);
      return itself ? Optional.empty() : Optional.of(uriOf(found.get()));
    }
    return BaseNames.last(name)
        .filter(
            last ->
                model.kind() == Kind.ADAPTER
                    || !last.equals(BaseNames.last(nameOf(model)).orElse(null)));
  }

  /** The checkpoint of the tree that a name means, if it is clear which. */
  private Optional<Model> resolve(Model model, String name) {
    List<String> places = new ArrayList<>();
    boolean absolute = name.startsWith("/") || name.matches("[A-Za-z][A-Za-z0-9+.-]+:/.*");
    if (absolute) {
      places.add(normalised(name.startsWith("/") ? "file:" + name : name));
    } else {
      places.add(normalised(folderOf(model) + "/" + name));
      roots.forEach(root -> places.add(normalised(root.uri() + "/" + name)));
    }
    for (String place : places) {
      Model found = checkpointsByUri.get(place);
      if (found != null) {
        return Optional.of(found);
      }
    }
    String tail =
        normalised(
            "/"
                + name.replaceFirst("^[A-Za-z][A-Za-z0-9+.-]+:/+", "")
                    .replaceFirst("^(\\.{1,2}/)+", ""));
    Optional<Model> byTail = tails.computeIfAbsent(tail, end -> only(endingWith(end)));
    boolean tells = tail.lastIndexOf('/') > 0 || BaseNames.last(name).isPresent();
    if (byTail.isPresent() && tells) {
      return byTail;
    }
    return BaseNames.last(name)
        .flatMap(last -> only(checkpointsByName.getOrDefault(last, List.of())));
  }

  private List<Model> endingWith(String tail) {
    return checkpointsByUri.entrySet().stream()
        .filter(
            entry ->
                entry.getKey().endsWith(tail) || nameOf(entry.getValue()).equals(tail.substring(1)))
        .map(Map.Entry::getValue)
        .distinct()
        .toList();
  }

  private static Optional<Model> only(List<Model> models) {
    return models.size() == 1 ? Optional.of(models.get(0)) : Optional.empty();
  }

  private static String folderOf(Model model) {
    boolean file = model.uri().endsWith(".safetensors");
    return file ? model.uri().substring(0, model.uri().lastIndexOf('/')) : model.uri();
  }

  /** Without {@code .} and {@code ..}. */
  private static String normalised(String uri) {
    Deque<String> parts = new ArrayDeque<>();
    for (String part : uri.split("/", -1)) {
      if (part.equals("..") && parts.size() > 1) {
        parts.removeLast();
      } else if (!part.equals(".")
          && !part.equals("..")
          && !(part.isEmpty() && !parts.isEmpty() && !parts.peekLast().endsWith(":"))) {
        parts.add(part);
      }
    }
    return Root.withoutSlash(String.join("/", parts));
  }
}
