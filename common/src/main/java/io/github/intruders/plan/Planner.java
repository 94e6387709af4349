package io.github.intruders.plan;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.ExpertLora;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.adapter.ParameterLora;
import io.github.intruders.adapter.ReplacedWeight;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pairs one tuned checkpoint with the base. Reads headers and configs, never a tensor. A checkpoint
 * that can't be used at all gives a plan without matrices and with the reason.
 */
public final class Planner {
  private final Storage storage;
  private final BasePlan base;

  public Planner(Storage storage, BasePlan base) {
    this.storage = storage;
    this.base = base;
  }

  /**
   * Plans one checkpoint.
   *
   * @throws IOException if the storage fails; a fault of the input is a rejection instead
   */
  public CheckpointPlan plan(CheckpointSpec spec) throws IOException {
    Pairing pairing = new Pairing(spec);
    try {
      for (String source : spec.sources()) {
        if (Adapter.isAdapter(storage, source)) {
          pairing.add(Adapter.open(storage, source));
        } else {
          pairing.add(Checkpoint.open(storage, source), source);
        }
      }
    } catch (UserInputException e) {
      return new CheckpointPlan(spec, List.of(), List.of(Rejection.of(spec.id(), e)), List.of());
    }
    return pairing.finish();
  }

  /** What has been paired so far. */
  private final class Pairing {
    private final CheckpointSpec spec;
    private final Map<String, MatrixSource> tuned = new TreeMap<>();
    private final Map<String, List<AdapterUpdate>> updates = new TreeMap<>();
    private final List<Rejection> rejections = new ArrayList<>();
    private final Map<String, String> rejected = new TreeMap<>();
    private final Map<String, String> identities = new TreeMap<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private boolean full;
    private boolean started;

    Pairing(CheckpointSpec spec) {
      this.spec = spec;
    }

    void add(Checkpoint checkpoint, String source) throws IOException {
      if (started) {
        throw UserInputException.inFile(
            RejectCode.FORMAT_UNSUPPORTED,
            source,
            "A whole checkpoint can only come first; expected an adapter here");
      }
      if (checkpoint.uri().equals(base.uri())) {
        throw UserInputException.inFile(
            RejectCode.SAME_AS_BASE,
            source,
            "This is the base itself; expected a checkpoint that was tuned from it");
      }
      full = true;
      started = true;
      identities.putAll(FileIdentities.of(storage, checkpoint.tensors().values()));
      Orientation orientation = Orientation.of(checkpoint);
      WeightScales scales = new WeightScales(checkpoint);
      Set<String> names = new TreeSet<>(checkpoint.tensors().keySet());
      names.addAll(checkpoint.unusable().keySet());
      NamePairs pairs = NamePairs.of(base.tensors(), names, true);
      notes.addAll(pairs.notes());
      rejectUnclear(pairs, checkpoint.uri());
      for (TensorInfo tensor : checkpoint.tensors().values()) {
        String name = pairs.inBase(tensor.name());
        if (!rejected.containsKey(name)) {
          addTensor(name, tensor, scales, orientation.isTransposed(tensor.name()));
        }
      }
      Set<UserInputException> explained = new HashSet<>(); // those that a matrix's row tells
      for (BaseMatrix matrix : base.matrices().values()) {
        String name = matrix.name();
        String tensor = matrix.tensor();
        if (tuned.containsKey(name) || rejected.containsKey(tensor)) {
          continue;
        }
        UserInputException unusable = checkpoint.unusable().get(pairs.inTuned(tensor));
        reject(name, unusable == null ? missing(checkpoint, tensor) : unusable);
        explained.add(unusable);
      }
      for (UserInputException fault : checkpoint.faults()) {
        if (!explained.contains(fault)) {
          rejections.add(Rejection.of(spec.id(), fault));
        }
      }
    }

    private void rejectUnclear(NamePairs pairs, String uri) {
      for (BaseMatrix matrix : base.matrices().values()) {
        String tensor = matrix.tensor();
        try {
          pairs.requireClear(tensor, uri);
        } catch (UserInputException e) {
          if (!rejected.containsKey(tensor)) {
            reject(tensor, e);
          }
        }
      }
    }

    private UserInputException missing(Checkpoint checkpoint, String tensor) {
      return UserInputException.inFile(
          RejectCode.MISSING_IN_TUNED,
          checkpoint.uri(),
          "Tensor %s is in the base and not in this checkpoint".formatted(tensor));
    }

    /**
     * @param name the tensor's name in the base
     */
    private void addTensor(
        String name, TensorInfo tensor, WeightScales scales, boolean transposed) {
      try {
        if (!base.tensors().contains(name)) {
          if (base.selection().selects(tensor)) {
            throw UserInputException.inTensor(
                RejectCode.MISSING_IN_BASE,
                tensor.file(),
                tensor.name(),
                "is not in the base %s".formatted(base.uri()));
          }
          return;
        }
        List<MatrixSource> sources = new ArrayList<>();
        boolean wanted =
            base.matrices().containsKey(name)
                || base.matrices().containsKey(name + "[0]")
                || FusedWeights.isSplit(base.matrices(), name);
        if (wanted) {
          sources.addAll(scales.matrices(tensor, transposed));
        }
        if (FusedWeights.isSplit(base.matrices(), name)) {
          tuned.putAll(splitAlike(name, tensor, transposed, sources));
          return;
        }
        int suffix = tensor.name().length();
        for (MatrixSource source : sources) {
          BaseMatrix matrix = base.matrices().get(name + source.matrix().substring(suffix));
          if (matrix == null
              || matrix.source().rows() != source.rows()
              || matrix.source().cols() != source.cols()) {
            throw shapeMismatch(name, tensor, transposed);
          }
        }
        if (base.matrices().containsKey("%s[%d]".formatted(name, sources.size()))) {
          throw shapeMismatch(name, tensor, transposed); // fewer experts: which are left?
        }
        sources.forEach(source -> tuned.put(name + source.matrix().substring(suffix), source));
      } catch (UserInputException e) {
        reject(name, e);
      }
    }

    private Map<String, MatrixSource> splitAlike(
        String name, TensorInfo tensor, boolean transposed, List<MatrixSource> sources) {
      Map<String, MatrixSource> parts =
          sources.size() == 1
              ? FusedWeights.splitAlike(
                  base.matrices(), name, sources.get(0), sources.get(0).cols())
              : Map.of();
      if (parts.isEmpty()) {
        throw shapeMismatch(name, tensor, transposed);
      }
      return parts;
    }

    /** Names both shapes as the files have them; base and tuned are stored alike. */
    private UserInputException shapeMismatch(String name, TensorInfo tensor, boolean transposed) {
      List<BaseMatrix> parts =
          base.matrices().values().stream().filter(m -> m.tensor().equals(name)).toList();
      MatrixSource first = parts.get(0).source();
      boolean split = FusedWeights.isSplit(base.matrices(), name);
      long rows = split ? FusedWeights.rows(base.matrices(), name) : first.rows();
      String stacked = parts.get(0).name().equals(name + "[0]") ? parts.size() + "x" : "";
      return UserInputException.inTensor(
          RejectCode.SHAPE_MISMATCH,
          tensor.file(),
          tensor.name(),
          "expected the base's shape %s%s, found %s"
              .formatted(
                  stacked,
                  transposed ? first.cols() + "x" + rows : rows + "x" + first.cols(),
                  shape(tensor)));
    }

    private String shape(TensorInfo tensor) {
      return String.join("x", tensor.shape().stream().map(String::valueOf).toList());
    }

    void add(Adapter adapter) throws IOException {
      started = true;
      identities.putAll(FileIdentities.of(storage, adapter.tensors()));
      Set<String> names = new TreeSet<>(adapter.updates().keySet());
      adapter.faults().stream()
          .map(Adapter.Fault::baseTensor)
          .filter(Objects::nonNull)
          .forEach(names::add);
      NamePairs pairs =
          adapter
              .flattening()
              .map(way -> NamePairs.ofFlattened(base.tensors(), names, way))
              .orElseGet(() -> NamePairs.of(base.tensors(), names, false));
      notes.addAll(pairs.notes());
      rejectUnclear(pairs, adapter.uri());
      for (Adapter.Fault fault : adapter.faults()) {
        rejectModule(fault.baseTensor(), pairs, fault.error());
      }
      for (AdapterUpdate update : adapter.updates().values()) {
        String name = pairs.inBase(update.baseTensor());
        try {
          addUpdate(name, update);
        } catch (UserInputException e) {
          reject(name, e);
        }
      }
      adapter.parameters().forEach(this::addParameter);
    }

    private void rejectModule(String baseTensor, NamePairs pairs, UserInputException error) {
      if (baseTensor == null) {
        rejections.add(Rejection.of(spec.id(), error));
      } else {
        String name = pairs.inBase(baseTensor);
        reject(name, error);
        if (!base.tensors().contains(name)) {
          spoil(name.replaceFirst("(\\.base_layer)*\\.weight$", "."), error);
        }
      }
    }

    private void rejectBelow(String prefix, UserInputException error) {
      rejections.add(Rejection.of(spec.id(), error));
      spoil(prefix, error);
    }

    /** No matrix of a module whose update is broken is analysed. */
    private void spoil(String prefix, UserInputException error) {
      base.matrices().keySet().stream()
          .filter(name -> name.startsWith(prefix))
          .forEach(name -> rejected.put(name, error.getMessage()));
    }

    private void addUpdate(String name, AdapterUpdate update) {
      BaseMatrix matrix = base.matrices().get(name);
      if (FusedWeights.isSplit(base.matrices(), name)) {
        if (!(update instanceof LowRankSource lora)) {
          throw UserInputException.inTensor(
              RejectCode.ADAPTER_UNSUPPORTED,
              update.sources().get(0).file(),
              update.sources().get(0).matrix(),
              "%s on a weight that is split is not supported; leave --split-fused out"
                  .formatted(update.kind()));
        }
        addToParts(name, lora);
        return;
      }
      if (matrix != null) {
        updates
            .computeIfAbsent(name, key -> new ArrayList<>())
            .add(update.fittedTo(matrix.source()));
        return;
      }
      boolean head = update instanceof ReplacedWeight && !base.selection().selects(name, 2);
      if (!head && !base.tensors().contains(name)) {
        throw UserInputException.inTensor(
            RejectCode.MISSING_IN_BASE,
            update.sources().get(0).file(),
            update.sources().get(0).matrix(),
            "its weight %s is not in the base %s".formatted(name, base.uri()));
      }
      // else in the base, and left out by the selection; or a new head, as it would be, too
    }

    private void addParameter(ParameterLora parameter) {
      boolean found = false;
      for (BaseMatrix matrix : base.matrices().values()) {
        try {
          Optional<ExpertLora> update = parameter.updateOf(matrix.name(), matrix.source());
          if (update.isPresent()) {
            addUpdate(matrix.name(), update.get());
            found = true;
          }
        } catch (UserInputException e) {
          reject(matrix.name(), e);
          found = true;
        }
      }
      String prefix = parameter.module() + ".";
      boolean selected =
          base.matrices().keySet().stream().anyMatch(name -> name.startsWith(prefix));
      boolean present = base.tensors().stream().anyMatch(name -> name.startsWith(prefix));
      if (!found && (selected || !present)) {
        rejectBelow(
            prefix,
            UserInputException.inTensor(
                RejectCode.MISSING_IN_BASE,
                parameter.a().file(),
                parameter.a().matrix(),
                "no matrix of the base %s fits %s of %s, %d experts of %dx%d"
                    .formatted(
                        base.uri(),
                        String.join(" or ", parameter.parameters()),
                        parameter.module(),
                        parameter.experts(),
                        parameter.b().rows(),
                        parameter.a().cols())));
      }
      int experts = expertsOfBase(parameter);
      if (found && experts > 0 && experts != parameter.experts()) {
        rejectBelow(
            prefix,
            UserInputException.inTensor(
                RejectCode.SHAPE_MISMATCH,
                parameter.a().file(),
                parameter.a().matrix(),
                "expected updates of the base's %d experts, found %d of rank %d"
                    .formatted(experts, parameter.experts(), parameter.rank())));
      }
    }

    /** How many experts the module has, in one tensor or one by one; 0 if it has none. */
    private int expertsOfBase(ParameterLora parameter) {
      int experts = 0;
      for (String name : parameter.parameters()) {
        String whole = parameter.module() + "." + name;
        while (base.matrices().containsKey("%s[%d]".formatted(whole, experts))) {
          experts++;
        }
      }
      Pattern single = Pattern.compile(Pattern.quote(parameter.module()) + "\\.(\\d{1,6})\\..*");
      for (String name : base.tensors()) {
        Matcher expert = single.matcher(name);
        if (expert.matches()) {
          experts = Math.max(experts, Integer.parseInt(expert.group(1)) + 1);
        }
      }
      return experts;
    }

    /** Rows of B belong to the parts as the weight's rows do; A counts for each of them. */
    private void addToParts(String name, LowRankSource update) {
      Map<String, MatrixSource> parts =
          FusedWeights.splitAlike(base.matrices(), name, update.b(), update.a().cols());
      if (parts.isEmpty()) {
        throw UserInputException.inTensor(
            RejectCode.SHAPE_MISMATCH,
            update.b().file(),
            update.b().matrix(),
            "expected an update of the base's %d fused rows, found B %dx%d and A %dx%d"
                .formatted(
                    FusedWeights.rows(base.matrices(), name),
                    update.b().rows(),
                    update.b().cols(),
                    update.a().rows(),
                    update.a().cols()));
      }
      parts.forEach(
          (part, b) ->
              updates
                  .computeIfAbsent(part, key -> new ArrayList<>())
                  .add(
                      new LowRankSource(
                          update.baseTensor(),
                          update.a(),
                          b,
                          update.scale(),
                          update.transposed())));
    }

    private void reject(String matrix, UserInputException error) {
      rejections.add(Rejection.of(spec.id(), matrix, error));
      rejected.put(matrix, error.getMessage());
    }

    CheckpointPlan finish() {
      List<MatrixPlan> plans = new ArrayList<>();
      for (BaseMatrix matrix : base.matrices().values()) {
        String name = matrix.name();
        List<AdapterUpdate> chain = updates.getOrDefault(name, List.of());
        if (rejected.containsKey(name) || rejected.containsKey(matrix.tensor())) {
          continue; // a chain with a broken link is not analysed in part
        }
        if (tuned.containsKey(name)) {
          plans.add(planOf(matrix, new UpdateSource.Full(tuned.get(name), chain)));
        } else if (!full && !chain.isEmpty()) {
          plans.add(planOf(matrix, UpdateSource.of(chain, matrix.source())));
        }
      }
      if (plans.isEmpty() && rejections.isEmpty()) {
        rejections.add(
            Rejection.of(
                spec.id(),
                UserInputException.inFile(
                    RejectCode.NOTHING_TO_ANALYSE,
                    String.join(", ", spec.sources()),
                    "Changes none of the %d selected matrices of the base"
                        .formatted(base.matrices().size()))));
      }
      return new CheckpointPlan(spec, plans, rejections, List.copyOf(notes));
    }

    private MatrixPlan planOf(BaseMatrix matrix, UpdateSource update) {
      StringBuilder inputs = new StringBuilder();
      describe(inputs, matrix.source(), base.identities());
      for (AdapterUpdate adapter : update.adapters()) {
        adapter.sources().forEach(source -> describe(inputs, source, identities));
        inputs.append(adapter).append('\n');
      }
      if (update instanceof UpdateSource.Full whole) {
        describe(inputs, whole.tuned(), identities);
      }
      return new MatrixPlan(
          spec.id(), matrix, update, spec.sequence() != null, Fingerprint.of(inputs.toString()));
    }

    private void describe(
        StringBuilder into, MatrixSource source, Map<String, String> fileIdentities) {
      into.append(source).append(' ').append(fileIdentities.get(source.file())).append('\n');
      if (source.scale() != null) {
        into.append(fileIdentities.get(source.scale().file())).append('\n');
      }
    }
  }
}
