package io.github.intruders.plan;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.ExpertLora;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.adapter.ParameterLora;
import io.github.intruders.adapter.PeftStateDict;
import io.github.intruders.adapter.ReplacedWeight;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.OpenedFiles;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pairs one tuned checkpoint with the base. Reads headers and configs, never a tensor. A checkpoint
 * that can't be used at all gives a plan without matrices and with the reason.
 */
public final class Planner {
  private static final Set<LeftOut> NO_MATRICES =
      EnumSet.of(LeftOut.VECTOR, LeftOut.CONVOLUTION, LeftOut.NOT_A_WEIGHT);
  private static final int MAX_SHOWN = 8;

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
    return plan(spec, new TreeMap<>());
  }

  /**
   * Plans one checkpoint and tells what of it is neither analysed nor rejected.
   *
   * @param leftOut takes those tensors, by name
   */
  CheckpointPlan plan(CheckpointSpec spec, Map<String, LeftOut> leftOut) throws IOException {
    Pairing pairing = new Pairing(spec, leftOut);
    OpenedFiles files = new OpenedFiles(storage);
    try {
      for (String source : spec.sources()) {
        if (Adapter.isAdapter(files, source)) {
          pairing.add(Adapter.open(files, source), AdapterCoverage.Role.ADAPTERS);
        } else {
          pairing.add(Checkpoint.open(files, source), source);
        }
      }
      if (!spec.mergedFrom().isEmpty()) {
        pairing.addMerge(files);
      }
      CheckpointPlan plan = pairing.finish();
      files.requireUnchanged();
      return plan;
    } catch (RuntimeException e) {
      UserInputException fault =
          UserInputException.of(files.orChange(e), spec.sources().get(0), null);
      return new CheckpointPlan(
          spec, List.of(), List.of(Rejection.of(spec.id(), fault)), List.of(), List.of());
    }
  }

  /** What has been paired so far. */
  private final class Pairing {
    private final CheckpointSpec spec;
    private final Map<String, MatrixSource> tuned = new TreeMap<>();
    private final Map<String, List<AdapterUpdate>> updates = new TreeMap<>();
    private final List<Rejection> rejections = new ArrayList<>();
    private final Map<String, String> rejected = new TreeMap<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private final SortedSet<String> onlyInBase = new TreeSet<>();
    private final SortedSet<String> onlyHere = new TreeSet<>();
    private final Map<String, LeftOut> leftOut;
    private final List<AdapterCoverage> coverage = new ArrayList<>();
    private final List<Pairing> links = new ArrayList<>(); // of what it was merged from
    private boolean full;
    private boolean started;

    Pairing(CheckpointSpec spec, Map<String, LeftOut> leftOut) {
      this.spec = spec;
      this.leftOut = leftOut;
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
      Orientation orientation = Orientation.of(checkpoint);
      WeightScales scales = new WeightScales(checkpoint);
      Set<String> names = new TreeSet<>(checkpoint.tensors().keySet());
      names.addAll(checkpoint.unusable().keySet());
      NamePairs pairs = NamePairs.of(base.tensors(), names, true);
      requireNoAdapterWithin(checkpoint, names, pairs);
      notes.addAll(pairs.notes());
      rejectUnclear(pairs, checkpoint.uri());
      if (rejected.isEmpty() && sharesNoMatrix(names, pairs)) {
        rejections.add(Rejection.of(spec.id(), noneOfTheNames(checkpoint)));
        return;
      }
      List<String> paired =
          names.stream().filter(name -> base.tensors().contains(pairs.inBase(name))).toList();
      OneSidedHeads headsHere = new OneSidedHeads(paired);
      OneSidedHeads headsOfBase = new OneSidedHeads(paired.stream().map(pairs::inBase).toList());
      TensorRoles roles = new TensorRoles(base.selection(), checkpoint);
      for (TensorInfo tensor : checkpoint.tensors().values()) {
        String name = pairs.inBase(tensor.name());
        if (rejected.containsKey(name)) {
          continue;
        }
        if (base.tensors().contains(name)) {
          addTensor(name, tensor, scales, orientation.isTransposed(tensor.name()));
        } else {
          addTensorOfItsOwn(tensor, roles, headsHere);
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
        if (unusable == null && base.selection().leavesHeadsOut() && headsOfBase.contain(tensor)) {
          onlyInBase.add(tensor);
          continue;
        }
        reject(name, unusable == null ? missing(checkpoint, tensor) : unusable);
        explained.add(unusable);
      }
      for (UserInputException fault : checkpoint.faults()) {
        if (!explained.contains(fault)) {
          rejections.add(Rejection.of(spec.id(), fault));
        }
      }
    }

    /** Its base weights alone would count as a checkpoint that was hardly tuned. */
    private void requireNoAdapterWithin(Checkpoint checkpoint, Set<String> names, NamePairs pairs) {
      List<String> own =
          names.stream().filter(name -> !base.tensors().contains(pairs.inBase(name))).toList();
      PeftStateDict.partAmong(own)
          .ifPresent(
              part -> {
                throw PeftStateDict.refusal(checkpoint, part);
              });
    }

    private boolean sharesNoMatrix(Set<String> names, NamePairs pairs) {
      return base.matrices().values().stream()
          .noneMatch(matrix -> names.contains(pairs.inTuned(matrix.tensor())));
    }

    private UserInputException noneOfTheNames(Checkpoint checkpoint) {
      Set<String> here =
          checkpoint.tensors().isEmpty()
              ? checkpoint.unusable().keySet()
              : checkpoint.tensors().keySet();
      return UserInputException.inFile(
          RejectCode.MISSING_IN_TUNED,
          checkpoint.uri(),
          "None of the %d matrices of the base is in this checkpoint; the base has %s, this %s; was it tuned from this base?"
              .formatted(
                  base.matrices().size(),
                  base.matrices().keySet().iterator().next(),
                  here.stream().findFirst().orElse("no tensor")));
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
        boolean wanted =
            base.matrices().containsKey(name)
                || base.matrices().containsKey(name + "[0]")
                || FusedWeights.isSplit(base.matrices(), name);
        if (!wanted) {
          leftOut.put(tensor.name(), kindInBase(name));
          return;
        }
        if (tensor.shape().size() == 1) {
          tensor.requireElements(RejectCode.SHAPE_MISMATCH);
        }
        if (tensor.shape().size() != 2 && tensor.shape().size() != 3) {
          throw shapeMismatch(name, tensor, transposed);
        }
        List<MatrixSource> sources = scales.matrices(tensor, transposed);
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

    private LeftOut kindInBase(String name) {
      BasePlan.Unanalysed unanalysed = base.leftOut().get(name);
      return unanalysed == null ? LeftOut.REJECTED_IN_BASE : unanalysed.kind();
    }

    private void addTensorOfItsOwn(TensorInfo tensor, TensorRoles roles, OneSidedHeads heads) {
      Optional<LeftOut> kind = roles.leftOut(tensor);
      if (kind.isPresent()) {
        leftOut.put(tensor.name(), kind.get());
      } else if (base.selection().leavesHeadsOut() && heads.contain(tensor.name())) {
        onlyHere.add(tensor.name());
        leftOut.put(tensor.name(), LeftOut.HEAD_OF_ONE_SIDE);
      } else {
        reject(
            tensor.name(),
            UserInputException.inTensor(
                RejectCode.MISSING_IN_BASE,
                tensor.file(),
                tensor.name(),
                "is not in the base %s".formatted(base.uri())));
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
      return tensor.shape().isEmpty()
          ? "one number without dimensions"
          : String.join("x", tensor.shape().stream().map(String::valueOf).toList());
    }

    void add(Adapter adapter, AdapterCoverage.Role role) throws IOException {
      started = true;
      Set<String> names = new TreeSet<>(adapter.updates().keySet());
      adapter.faults().stream()
          .map(Adapter.Fault::baseTensor)
          .filter(Objects::nonNull)
          .forEach(names::add);
      adapter.parameters().forEach(parameter -> names.addAll(parameter.tensorNames()));
      NamePairs pairs =
          adapter
              .flattening()
              .map(way -> NamePairs.ofFlattened(base.tensors(), names, way))
              .orElseGet(() -> NamePairs.of(base.tensors(), names, false));
      notes.addAll(pairs.notes());
      adapter.trainedOn().ifPresent(this::compareWithBase);
      adapter.vectors().forEach(vector -> leftOut.put(vector.name(), LeftOut.VECTOR));
      Set<String> used = new HashSet<>();
      adapter.updates().values().stream()
          .flatMap(update -> update.sources().stream())
          .forEach(source -> used.add(source.matrix()));
      adapter.shared().stream()
          .filter(tensor -> !used.contains(tensor.name()))
          .forEach(tensor -> leftOut.put(tensor.name(), LeftOut.SHARED_COPY));
      OneSidedHeads heads =
          new OneSidedHeads(
              names.stream().map(pairs::inBase).filter(base.tensors()::contains).toList());
      rejectUnclear(pairs, adapter.uri());
      AdapterCoverage covered =
          AdapterCoverage.of(adapter, coverage.size() + 1, role, pairs, base.tensors());
      coverage.add(covered);
      covered.note().ifPresent(notes::add);
      for (Adapter.Fault fault : adapter.faults()) {
        rejectModule(fault.baseTensor(), pairs, fault.error());
      }
      for (AdapterUpdate update : adapter.updates().values()) {
        String name = pairs.inBase(update.baseTensor());
        try {
          addUpdate(name, update, heads);
        } catch (UserInputException e) {
          reject(name, e);
        }
      }
      Map<String, List<ParameterLora>> ways = new TreeMap<>();
      for (ParameterLora way : adapter.parameters()) {
        ways.computeIfAbsent(way.a().matrix(), tensor -> new ArrayList<>())
            .add(way.in(pairs.moduleInBase(way.module())));
      }
      ways.values().forEach(this::addParameter);
    }

    /**
     * Reads the adapters that the checkpoint is said to have been merged from. One that can't be
     * used is rejected, and the checkpoint is analysed without it.
     */
    void addMerge(OpenedFiles files) throws IOException {
      if (!full || !updates.isEmpty()) {
        rejections.add(
            Rejection.of(
                spec.id(),
                UserInputException.inFile(
                    RejectCode.FORMAT_UNSUPPORTED,
                    spec.sources().get(0),
                    "merged_from is for a whole checkpoint; found an adapter")));
        return;
      }
      for (String source : spec.mergedFrom()) {
        try {
          Pairing link = new Pairing(spec, new TreeMap<>());
          link.add(Adapter.open(files, source), AdapterCoverage.Role.MERGED_FROM);
          links.add(link);
          notes.addAll(link.notes);
          coverage.add(link.coverage.get(0).at(links.size()));
          link.rejections.stream()
              .filter(rejection -> rejection.code() != RejectCode.MISSING_IN_BASE)
              .forEach(rejections::add);
        } catch (RuntimeException e) {
          UserInputException fault = UserInputException.of(files.orChange(e), source, null);
          rejections.add(Rejection.of(spec.id(), fault));
        }
      }
      for (AdapterCoverage of : coverage) {
        of.missing(base.uri(), base.matrices().keySet().iterator().next())
            .ifPresent(fault -> rejections.add(Rejection.of(spec.id(), fault)));
      }
    }

    /** What the tuned matrices should be, by name; without those of which it is not known. */
    private Map<String, MergedFrom> merges() {
      Map<String, MergedFrom> merges = new TreeMap<>();
      if (spec.mergedFrom().isEmpty()) {
        return merges;
      }
      for (BaseMatrix matrix : base.matrices().values()) {
        MatrixSource whole = tuned.get(matrix.name());
        if (whole == null) {
          continue;
        }
        if (matrix.source().scale() != null || whole.scale() != null) {
          rejections.add(
              Rejection.of(
                  spec.id(),
                  UserInputException.inTensor(
                      RejectCode.DTYPE_UNSUPPORTED,
                      whole.file(),
                      whole.matrix(),
                      "merged_from: a merge in 8-bit weights with scales can't be checked, as their"
                          + " rounding is not known; give the merged checkpoint from before the"
                          + " quantisation")));
          return Map.of();
        }
        MergedFrom from = mergedFrom(matrix);
        if (from != null) {
          merges.put(matrix.name(), from);
        }
      }
      return merges;
    }

    /** What the tuned matrix should be; null where that is not known. */
    private MergedFrom mergedFrom(BaseMatrix matrix) {
      if (links.size() < spec.mergedFrom().size()
          || coverage.stream().anyMatch(of -> of.found() == 0)) {
        return null;
      }
      List<Integer> positions = new ArrayList<>();
      List<AdapterUpdate> chain = new ArrayList<>();
      for (int i = 0; i < links.size(); i++) {
        Pairing link = links.get(i);
        if (link.rejected.containsKey(matrix.name())
            || link.rejected.containsKey(matrix.tensor())) {
          return null;
        }
        for (AdapterUpdate update : link.updates.getOrDefault(matrix.name(), List.of())) {
          positions.add(i + 1);
          chain.add(update);
        }
      }
      List<AdapterUpdate> onBase = UpdateSource.of(chain, matrix.source()).adapters();
      List<MergedFrom.Link> updates = new ArrayList<>();
      for (int i = 0; i < positions.size(); i++) {
        updates.add(new MergedFrom.Link(positions.get(i), onBase.get(i)));
      }
      return new MergedFrom(updates);
    }

    private void rejectModule(String baseTensor, NamePairs pairs, UserInputException error) {
      if (baseTensor == null) {
        rejections.add(Rejection.of(spec.id(), error));
      } else {
        String name = pairs.inBase(baseTensor);
        if (error.code() == RejectCode.ADAPTER_UNSUPPORTED && isLeftOutByChoice(name)) {
          error.tensor().ifPresent(tensor -> leftOut.put(tensor, kindInBase(name)));
          return; // what can't be done does not matter where nothing is asked for
        }
        reject(name, error);
        if (!base.tensors().contains(name)) {
          spoil(name.replaceFirst("(\\.base_layer)*\\.weight$", "."), error);
        }
      }
    }

    private boolean isLeftOutByChoice(String name) {
      BasePlan.Unanalysed unanalysed = base.leftOut().get(name);
      return unanalysed != null && !NO_MATRICES.contains(unanalysed.kind());
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

    private void addUpdate(String name, AdapterUpdate update, OneSidedHeads heads) {
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
        addToMatrix(matrix, update);
        return;
      }
      addUpdateOfNoMatrix(name, update, heads);
    }

    private void addToMatrix(BaseMatrix matrix, AdapterUpdate update) {
      add(matrix.name(), update.fittedTo(matrix.source()));
    }

    private void add(String matrix, AdapterUpdate update) {
      updates.computeIfAbsent(matrix, name -> new ArrayList<>()).add(update);
    }

    /** An update of a tensor that is not analysed, or that the base lacks. */
    private void addUpdateOfNoMatrix(String name, AdapterUpdate update, OneSidedHeads heads) {
      MatrixSource first = update.sources().get(0);
      if (!base.tensors().contains(name)) {
        boolean replaced = update instanceof ReplacedWeight;
        if (replaced && !base.selection().selects(name, 2)) {
          leaveOut(update, LeftOut.EMBEDDING_OR_HEAD);
        } else if (replaced && base.selection().leavesHeadsOut() && heads.contain(name)) {
          onlyHere.add(name);
          leaveOut(update, LeftOut.HEAD_OF_ONE_SIDE);
        } else {
          throw UserInputException.inTensor(
              RejectCode.MISSING_IN_BASE,
              first.file(),
              first.matrix(),
              "its weight %s is not in the base %s".formatted(name, base.uri()));
        }
        return;
      }
      BasePlan.Unanalysed unanalysed = base.leftOut().get(name);
      if (unanalysed != null && NO_MATRICES.contains(unanalysed.kind())) {
        throw UserInputException.inTensor(
            RejectCode.SHAPE_MISMATCH,
            first.file(),
            first.matrix(),
            "changes %s, which is %s in the base %s; expected a matrix, as updates of others are not analysed"
                .formatted(name, unanalysed.description(), base.uri()));
      }
      leaveOut(update, kindInBase(name));
    }

    private void leaveOut(AdapterUpdate update, LeftOut kind) {
      update.sources().forEach(source -> leftOut.put(source.matrix(), kind));
    }

    /** Names that differ may be one model's, so that this is told and nothing is refused. */
    private void compareWithBase(String trainedOn) {
      notes.add(
          BaseNames.differ(base.models(), trainedOn)
              ? CheckpointPlan.WARNING
                  + "trained on %s, by its config; the base here is %s at %s"
                      .formatted(trainedOn, base.id(), base.uri())
              : "trained on %s, by its config".formatted(trainedOn));
    }

    /**
     * @param ways to read the same tensors
     */
    private void addParameter(List<ParameterLora> ways) {
      ParameterLora found = null;
      for (BaseMatrix matrix : base.matrices().values()) {
        for (ParameterLora way : ways) {
          try {
            Optional<ExpertLora> update = way.updateOf(matrix.name(), matrix.source());
            if (update.isPresent()) {
              addToMatrix(matrix, update.get());
              found = way;
            }
          } catch (UserInputException e) {
            reject(matrix.name(), e);
            found = way;
          }
        }
      }
      ParameterLora parameter = found == null ? ways.get(0) : found;
      String prefix = parameter.module() + ".";
      boolean selected =
          base.matrices().keySet().stream().anyMatch(name -> name.startsWith(prefix));
      boolean present = base.tensors().stream().anyMatch(name -> name.startsWith(prefix));
      if (found == null && (selected || !present)) {
        List<String> names = ways.stream().flatMap(way -> way.parameters().stream()).toList();
        rejectBelow(
            prefix,
            UserInputException.inTensor(
                RejectCode.MISSING_IN_BASE,
                parameter.a().file(),
                parameter.a().matrix(),
                "no matrix of the base %s fits %s of %s, %d experts of %dx%d"
                    .formatted(
                        base.uri(),
                        String.join(" or ", names),
                        parameter.module(),
                        parameter.experts(),
                        parameter.b().rows(),
                        parameter.a().cols())));
      } else if (found == null) {
        leftOut.put(parameter.a().matrix(), LeftOut.SELECTION);
        leftOut.put(parameter.b().matrix(), LeftOut.SELECTION);
      }
      int experts = expertsOfBase(parameter);
      if (found != null && experts > 0 && experts != parameter.experts()) {
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
              add(
                  part,
                  new LowRankSource(
                      update.baseTensor(), update.a(), b, update.scale(), update.transposed())));
    }

    private void reject(String matrix, UserInputException error) {
      rejections.add(Rejection.of(spec.id(), matrix, error));
      rejected.put(matrix, error.getMessage());
    }

    private void noteHeads(String where, SortedSet<String> names) {
      if (!names.isEmpty()) {
        notes.add(
            "left out, as heads that only %s: %s".formatted(where, Excerpt.of(names, MAX_SHOWN)));
      }
    }

    CheckpointPlan finish() {
      noteHeads("the base has", onlyInBase);
      noteHeads("this has", onlyHere);
      Map<String, MergedFrom> merges = merges();
      List<MatrixPlan> plans = new ArrayList<>();
      for (BaseMatrix matrix : base.matrices().values()) {
        String name = matrix.name();
        List<AdapterUpdate> chain = updates.getOrDefault(name, List.of());
        if (rejected.containsKey(name) || rejected.containsKey(matrix.tensor())) {
          continue; // a chain with a broken link is not analysed in part
        }
        if (tuned.containsKey(name)) {
          plans.add(
              planOf(matrix, new UpdateSource.Full(tuned.get(name), chain), merges.get(name)));
        } else if (!full && !chain.isEmpty()) {
          plans.add(planOf(matrix, UpdateSource.of(chain, matrix.source()), null));
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
      return new CheckpointPlan(spec, plans, rejections, coverage, List.copyOf(notes));
    }

    private MatrixPlan planOf(BaseMatrix matrix, UpdateSource update, MergedFrom mergedFrom) {
      StringBuilder inputs = new StringBuilder();
      inputs.append(matrix.source()).append('\n');
      for (AdapterUpdate adapter : update.adapters()) {
        adapter.sources().forEach(source -> inputs.append(source).append('\n'));
        inputs.append(adapter).append('\n');
      }
      if (update instanceof UpdateSource.Full whole) {
        inputs.append(whole.tuned()).append('\n');
      }
      if (mergedFrom != null) {
        inputs.append("merged from\n");
        for (MergedFrom.Link link : mergedFrom.links()) {
          link.update().sources().forEach(source -> inputs.append(source).append('\n'));
          inputs.append(link).append('\n');
        }
      }
      return new MatrixPlan(
          spec.id(),
          matrix,
          update,
          spec.sequence() != null,
          mergedFrom,
          Fingerprint.of(inputs.toString()));
    }
  }
}
