package io.github.intruders.mitigation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/** The model that {@code golden_mitigation.py} makes, edited and read back, for tests. */
final class MadeUpModel {
  static final List<String> MATRICES =
      List.of(
          "model.layers.0.mlp.square_proj.weight",
          "model.layers.1.mlp.tall_proj.weight",
          "model.layers.2.mlp.wide_proj.weight");

  final Storage storage = new HadoopStorage(new Configuration());
  final TensorReader reader = new TensorReader(storage);
  private final Path work;
  private final BasePlan base;

  MadeUpModel(Path work) throws IOException {
    this.work = work;
    this.base = BasePlan.of(storage, "base", uri("base"), MatrixSelection.of(null, null));
  }

  static Path fixture(String name) {
    try {
      return Path.of(
              Objects.requireNonNull(MadeUpModel.class.getResource("/fixtures/mitigation")).toURI())
          .resolve(name);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  String uri(String name) {
    return storage.qualify(fixture(name).toString());
  }

  /** The sources of a tuned model of the fixture. */
  static List<String> sources(String tuned) {
    return tuned.equals("chain") ? List.of("link-1", "link-2") : List.of(tuned);
  }

  static JsonNode expected() throws IOException {
    return new ObjectMapper().readTree(fixture("expected.json").toFile());
  }

  CheckpointPlan plan(String tuned) throws IOException {
    List<String> uris = sources(tuned).stream().map(this::uri).toList();
    return plan(new CheckpointSpec(tuned, uris, null, null, null, Map.of()));
  }

  CheckpointPlan plan(CheckpointSpec spec) throws IOException {
    return new Planner(storage, base).plan(spec);
  }

  /** What was edited, by matrix and variant. */
  Map<String, Map<String, MatrixFigures>> edit(CheckpointPlan plan, MitigationSettings settings)
      throws IOException {
    return edit(plan, settings, ScanSettings.published());
  }

  Map<String, Map<String, MatrixFigures>> edit(
      CheckpointPlan plan, MitigationSettings settings, ScanSettings scan) throws IOException {
    MatrixMitigator mitigator =
        new MatrixMitigator(
            storage,
            new SpectraStore(storage, work.resolve("spectra").toUri().toString()),
            scan,
            settings);
    Map<String, Map<String, MatrixFigures>> figures = new TreeMap<>();
    for (MatrixPlan matrix : plan.matrices()) {
      mitigator.mitigate(
          matrix.base(),
          "unchanged",
          List.of(matrix),
          outcome -> {
            MitigationOutcome.Edited edited = (MitigationOutcome.Edited) outcome;
            edits().write(matrix.base().name(), edited.variants());
            for (MitigationOutcome.EditedVariant variant : edited.variants()) {
              figures
                  .computeIfAbsent(matrix.base().name(), name -> new TreeMap<>())
                  .put(variant.variant().name(), variant.figures());
            }
          });
    }
    return figures;
  }

  EditStore edits() {
    return new EditStore(storage, storage.qualify(work.resolve("edits").toString()));
  }

  /** Writes a variant of what was edited last; returns its folder. */
  Path write(CheckpointPlan plan, Variant variant) throws IOException {
    Path folder = work.resolve("written").resolve(plan.spec().id()).resolve(variant.name());
    String target = storage.qualify(folder.toString());
    Edits edits = matrix -> edits().read(matrix.base().name(), variant);
    if (Adapter.isAdapter(storage, plan.spec().sources().get(0))) {
      AdapterEditor editor = AdapterEditor.open(storage, plan.spec().sources(), plan.matrices());
      editor.write(edits, target);
      editor.prove(edits, target);
    } else {
      CheckpointEditor editor = CheckpointEditor.open(storage, plan.spec().sources().get(0));
      for (String file : editor.files()) {
        editor.write(file, plan.matrices(), edits, storage.resolve(target, file));
        editor.prove(file, plan.matrices(), edits, storage.resolve(target, file));
      }
      editor.proveWhole(target);
    }
    return folder;
  }

  /** A base matrix. */
  Matrix base(String matrix) throws IOException {
    return reader.read(base.matrices().get(matrix).source(), Precision.DOUBLE);
  }

  /** A matrix of a tuned or edited model, from its files. */
  Matrix tuned(Path folder, String matrix) throws IOException {
    if (!Adapter.isAdapter(storage, folder.toString())) {
      return read(Checkpoint.open(storage, folder.toString()).tensors().get(matrix));
    }
    LowRankSource update =
        (LowRankSource) Adapter.open(storage, folder.toString()).updates().get(matrix);
    return base(matrix)
        .plusProductInPlace(
            update.scale(),
            reader.read(update.b(), Precision.DOUBLE),
            reader.read(update.a(), Precision.DOUBLE));
  }

  /** W' by numpy. */
  Matrix golden(String tuned, String variant, String matrix) throws IOException {
    return read(
        Checkpoint.open(storage, fixture("expected.safetensors").toString())
            .tensors()
            .get(tuned + "/" + variant + "/" + matrix));
  }

  private Matrix read(TensorInfo tensor) throws IOException {
    return reader.read(MatrixSource.of(tensor, false).get(0), Precision.DOUBLE);
  }

  static MitigationSettings settings(Selection selection, Double... lambdas) {
    return new MitigationSettings(Arrays.asList(lambdas), selection, false, 1, false);
  }

  static double relativeDistance(Matrix found, Matrix expected) {
    return found.copy().plusInPlace(-1, expected).frobeniusNorm() / expected.frobeniusNorm();
  }
}
