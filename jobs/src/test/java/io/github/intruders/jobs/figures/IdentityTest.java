package io.github.intruders.jobs.figures;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.fidelity.Fidelity;
import io.github.intruders.fidelity.Verdict;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.plan.AdapterCoverage;
import io.github.intruders.scan.Geometry;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the matrices of a checkpoint come to. */
class IdentityTest {
  private static final int K = 4;
  private static final int SIZE = 100;

  @Test
  void aModelDescendsIfItIsNearOrPointsTheSameWay() {
    assertThat(of(entry(0.03, 0.5, null)).descends()).isTrue();
    assertThat(of(entry(0.6, 1.5, null)).descends()).isTrue();
    assertThat(of(entry(0.03, 1.4, null)).descends()).isFalse();
    assertThat(of(entry(0.03, 1.4, null)).warning())
        .startsWith("it does not seem to descend from the base");
    assertThat(of(entry(null, 1.4, null)).descends()).isNull();
    assertThat(of(entry(0.04, 1.4, null)).baseOverlap()).isZero();
    assertThat(of(entry(1.0, 0.1, null)).baseOverlap()).isOne();
  }

  @Test
  void whatAnAdapterIsTrainedOnItsWeightsDoNotTell() {
    Identity adapted =
        of(entry(0.03, 1.4, null)).with(List.of(coverage(AdapterCoverage.Role.ADAPTERS, 6)));

    assertThat(adapted.descends()).isNull();
    assertThat(adapted.baseOverlap()).isNull();
    assertThat(adapted.warning()).isNull();
  }

  @Test
  void theFaultThatMostMatricesHaveIsTheVerdict() {
    Identity identity =
        of(
            entry(0.9, 0.1, fidelity(Verdict.FAITHFUL, 0, null)),
            entry(0.9, 0.1, fidelity(Verdict.ROUNDED, 0.1, "rounding")),
            entry(0.9, 0.1, fidelity(Verdict.LINK_MISSING, 0.5, "a little")),
            entry(0.9, 0.1, fidelity(Verdict.LINK_MISSING, 0.7, "much")),
            entry(0.9, 0.1, fidelity(Verdict.UNMERGED, 1, "nothing")));

    assertThat(identity.fidelity()).isEqualTo("link_missing");
    assertThat(identity.fidelityMatrices()).isEqualTo(5);
    assertThat(identity.fidelityFaults()).isEqualTo(3);
    assertThat(identity.fidelityNote()).isEqualTo("2 of 5 matrices, such as m: much");
    assertThat(identity.fidelityResidual()).isEqualTo(Math.sqrt((0.01 + 0.25 + 0.49 + 1) / 5));
    assertThat(identity.fidelityLostShare()).isEqualTo(0.25);
  }

  @Test
  void withoutAFaultTheWeightiestVerdictCounts() {
    Fidelity faithful = fidelity(Verdict.FAITHFUL, 0, null);
    Fidelity rounded = fidelity(Verdict.ROUNDED, 0.1, "rounding");

    assertThat(of(entry(0.9, 0.1, faithful)).fidelity()).isEqualTo("faithful");
    assertThat(of(entry(0.9, 0.1, faithful)).warning()).isNull();
    assertThat(of(entry(0.9, 0.1, rounded), entry(0.9, 0.1, faithful)).fidelity())
        .isEqualTo("rounded");
    assertThat(of(entry(0.9, 0.1, Fidelity.unknown("gone"))).warning())
        .isEqualTo("merge unknown: 1 of 1 matrices, such as m: gone");
  }

  @Test
  void anAdapterWithoutAModuleOfTheBaseIsUnpaired() {
    Identity identity =
        of(entry(0.9, 0.1, null)).with(List.of(coverage(AdapterCoverage.Role.MERGED_FROM, 0)));

    assertThat(identity.fidelity()).isEqualTo("unpaired");
    assertThat(identity.warning())
        .isEqualTo(
            "merge unpaired: adapter 1 of merged_from: none of its 6 modules is in the base, such"
                + " as x.q_proj; was a prefix renamed?");
  }

  private static Identity of(ScanEntry... entries) {
    Identity.Sums sums = new Identity.Sums();
    for (ScanEntry entry : entries) {
      sums.add(entry);
    }
    return sums.identity();
  }

  private static AdapterCoverage coverage(AdapterCoverage.Role role, int found) {
    return new AdapterCoverage(
        role,
        1,
        "file:/a",
        "LoRA",
        null,
        6,
        found,
        found == 6 ? null : "x.q_proj",
        null,
        null,
        Map.of("config", 6),
        2.0,
        2.0);
  }

  /** Of an update of norm 1, a quarter of whose energy is lost. */
  private static Fidelity fidelity(Verdict verdict, double residual, String cause) {
    return new Fidelity(
        verdict, cause, 1.0, residual, 0.1, 0.1, 0.25, 0.25, "BF16", Map.of(), Map.of(), null);
  }

  /**
   * @param energy of each vector in the base's leading ones
   */
  private static ScanEntry entry(Double energy, double relativeNorm, Fidelity fidelity) {
    List<VectorScan> vectors =
        IntStream.range(0, K)
            .mapToObj(
                j ->
                    new VectorScan(
                        Side.LEFT, j, 1, 0.9, 0.9, 0.9, 0, 1.0, false, null, null, energy, null,
                        null, null, 0))
            .toList();
    return new ScanEntry(
        "key",
        "c",
        "m",
        0,
        "q",
        SIZE,
        SIZE,
        "F32",
        null,
        null,
        relativeNorm,
        relativeNorm,
        1,
        1,
        1,
        1,
        1,
        1,
        null,
        null,
        0,
        Map.of(),
        Map.of(),
        0,
        1,
        "block",
        0,
        0,
        vectors,
        Map.of(),
        Geometry.UNKNOWN,
        fidelity);
  }
}
