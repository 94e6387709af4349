package io.github.intruders.jobs.report;

import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.report.ReportInput.MatrixDetails;
import io.github.intruders.jobs.report.ReportInput.MatrixId;
import io.github.intruders.jobs.table.SideNames;
import io.github.intruders.scan.VectorScan;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/** The leading vectors of some matrices, one by one, with their similarities to the base's. */
final class MatrixPictures {
  /** Of a similarity, which is shown as a shade. */
  private static final int SIMILARITY_DIGITS = 3;

  private static final Columns<Pictured> COLUMNS =
      new Columns<Pictured>()
          .text("checkpoint_id", of -> of.entry.checkpointId())
          .text("matrix", of -> of.entry.matrix())
          .text("side", of -> SideNames.toColumn(of.vector.side()))
          .number("singular_index", of -> of.vector.singularIndex())
          .number("singular_value", of -> of.vector.singularValue())
          .number("base_singular_value", of -> of.vector.baseSingularValue())
          .flag("is_intruder", of -> of.vector.isIntruder())
          .number("best_similarity", of -> of.vector.bestSimilarity())
          .number("best_base_index", of -> of.vector.bestBaseIndex())
          .number("null_similarity", of -> of.vector.nullSimilarity())
          .number("cluster_similarity", of -> of.vector.clusterSimilarity())
          .number("energy_in_base_top_k", of -> of.vector.energyInBaseTopK())
          .list("similarities", Pictured::similarities);

  private final EmbeddedTables page;

  MatrixPictures(EmbeddedTables page) {
    this.page = page;
  }

  private record Pictured(ScanEntry entry, VectorScan vector) {
    /** By the base's index; null where they are not known. */
    private List<Double> similarities() {
      List<double[]> ofSide = entry.similarity().get(vector.side());
      if (ofSide == null || vector.singularIndex() >= ofSide.size()) {
        return null;
      }
      return Arrays.stream(ofSide.get(vector.singularIndex()))
          .limit(MatrixDetails.VECTORS)
          .mapToObj(Pictured::rounded)
          .toList();
    }

    private static double rounded(double similarity) {
      return Double.isFinite(similarity)
          ? BigDecimal.valueOf(similarity)
              .setScale(SIMILARITY_DIGITS, RoundingMode.HALF_UP)
              .doubleValue()
          : similarity;
    }
  }

  void put(Set<MatrixId> shown, MatrixDetails details) throws IOException {
    List<ScanEntry> entries = shown.isEmpty() ? List.of() : details.of(shown);
    page.put(
        "matrices",
        COLUMNS,
        entries.stream()
            .sorted(Comparator.comparing(ScanEntry::checkpointId).thenComparing(ScanEntry::matrix))
            .flatMap(
                entry ->
                    entry.vectors().stream()
                        .filter(vector -> vector.singularIndex() < MatrixDetails.VECTORS)
                        .sorted(
                            Comparator.comparing(VectorScan::side)
                                .thenComparingInt(VectorScan::singularIndex))
                        .map(vector -> new Pictured(entry, vector)))
            .toList());
  }
}
