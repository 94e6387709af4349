package io.github.intruders.fidelity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.MergedFrom;
import io.github.intruders.plan.Planner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;

/** Figures of merges of the zoo's adapters against NumPy. */
class FidelityGoldenTest {
  private static final Path ZOO = Path.of(System.getProperty("zoo"));

  private final Storage storage = new HadoopStorage(new Configuration());
  private final TensorReader reader = new TensorReader(storage);

  @Test
  void figuresAreThoseOfDenseMatrices() throws Exception {
    JsonNode golden;
    try (InputStream in = FidelityGoldenTest.class.getResourceAsStream("/golden/fidelity.json")) {
      golden = JsonMapper.builder().build().readTree(in);
    }
    BasePlan base =
        BasePlan.of(
            storage, "base", ZOO.resolve("base").toString(), MatrixSelection.of(null, null));

    assertThat(golden.path("cases")).hasSize(32);
    for (JsonNode one : golden.path("cases")) {
      MatrixPlan plan = plan(base, one);
      try (Arena arena = Arena.open()) {
        compare(plan, one);
      }
    }
  }

  private void compare(MatrixPlan plan, JsonNode one) throws IOException {
    String as =
        "%s %s %s %s"
            .formatted(
                one.path("chain"),
                one.path("matrix").asText(),
                one.path("dtype").asText(),
                one.path("case").asText());
    DType type = DType.valueOf(one.path("dtype").asText());
    List<MergedFrom.Link> links = new ArrayList<>();
    plan.update()
        .adapters()
        .forEach(update -> links.add(new MergedFrom.Link(links.size() + 1, update)));
    Matrix w0 = reader.read(plan.base().source(), Precision.DOUBLE);
    Matrix w = merged(one.path("case").asText(), type, w0, links);

    Fidelity found = MergeCheck.of(w0, w, type, new MergedFrom(links), reader);

    assertThat(found.verdict()).as(as).isEqualTo(verdict(one.path("case").asText()));
    assertThat(found.precision()).as(as).isEqualTo(type.name());
    close(as, found.residual(), one.path("residual"));
    close(as, found.residualOfRounding(), one.path("residual_of_rounding"));
    close(as, found.lostShare(), one.path("lost_share"));
    close(as, found.lostSharePredicted(), one.path("lost_share_predicted"));
    assertThat(found.coefficients()).as(as).hasSameSizeAs(links);
    for (int i = 0; i < links.size(); i++) {
      double expected = one.path("coefficients").path(i).doubleValue();
      assertThat(found.coefficients().get(Integer.toString(i + 1)))
          .as(as)
          .isCloseTo(expected, within(1e-9));
    }
  }

  private static Verdict verdict(String merge) {
    return switch (merge) {
      case "twice" -> Verdict.SCALED;
      case "missing" -> Verdict.LINK_MISSING;
      default -> Verdict.FAITHFUL;
    };
  }

  private static void close(String as, double found, JsonNode expected) {
    assertThat(found)
        .as(as)
        .isCloseTo(expected.doubleValue(), within(1e-9 * expected.doubleValue() + 1e-15));
  }

  private Matrix merged(String merge, DType type, Matrix w0, List<MergedFrom.Link> links)
      throws IOException {
    Matrix w = w0.copy();
    int last = links.size() - (merge.equals("missing") ? 1 : 0);
    for (int times = 0; times < (merge.equals("twice") ? 2 : 1); times++) {
      for (MergedFrom.Link link : links.subList(0, last)) {
        w = link.update().applyTo(w, reader);
        if (merge.equals("links")) {
          ElementEncoder.roundInPlace(w, type, "w");
        }
      }
    }
    return ElementEncoder.roundInPlace(w, type, "w");
  }

  private MatrixPlan plan(BasePlan base, JsonNode one) throws IOException {
    List<String> chain = new ArrayList<>();
    one.path("chain").forEach(link -> chain.add(ZOO.resolve(link.asText()).toString()));
    return new Planner(storage, base)
        .plan(new CheckpointSpec("chain", chain, null, null, null, Map.of())).matrices().stream()
            .filter(matrix -> matrix.base().name().equals(one.path("matrix").asText()))
            .findFirst()
            .orElseThrow();
  }
}
