package io.github.intruders.jobs.report;

import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.mitigation.WrittenFolder;
import java.util.Locale;

/** A mitigation as a person reads it in a terminal. */
public final class MitigationReport {
  private MitigationReport() {}

  /** One line per checkpoint and variant, then where the models are. */
  public static String render(MitigationSummary summary, String outUri, TablePlace tables) {
    StringBuilder text = new StringBuilder();
    if (summary.models().isEmpty()) {
      text.append("No model was edited against base '%s'%n".formatted(summary.baseId()));
    } else {
      appendModels(text, summary);
    }
    if (summary.rejected() > 0) {
      text.append("Left out: %d%n".formatted(summary.rejected()));
      summary.rejections().forEach(message -> text.append("  ").append(message).append('\n'));
    }
    text.append(
        String.format(
            Locale.ROOT,
            "%s in %s, %.1f s%n",
            summary.models().isEmpty()
                ? "Tables"
                : "Models in %s/mitigated, table mitigations".formatted(outUri),
            tables.text(),
            summary.elapsedSeconds()));
    return text.toString();
  }

  private static void appendModels(StringBuilder text, MitigationSummary summary) {
    int checkpointWidth = "checkpoint".length();
    int variantWidth = "variant".length();
    for (MitigationSummary.Model model : summary.models()) {
      checkpointWidth = Math.max(checkpointWidth, model.checkpointId().length());
      variantWidth = Math.max(variantWidth, model.variant().length());
    }
    ConsoleRow row =
        new ConsoleRow(
            "%-" + checkpointWidth + "s  %-" + variantWidth + "s  %11s  %15s  %21s  %9s  %s");
    text.append("Edited models against base '%s'%n%n".formatted(summary.baseId()));
    text.append(
        row.of("checkpoint", "variant", "touched", "intruders", "update norm", "error", "in"));
    for (MitigationSummary.Model model : summary.models()) {
      text.append(
          row.of(
              model.checkpointId(),
              model.variant(),
              "%d of %d".formatted(model.matricesTouched(), model.matrices()),
              "%d -> %d".formatted(model.intrudersBefore(), model.intrudersAfter()),
              String.format(
                  Locale.ROOT, "%.4g -> %.4g", model.updateNormBefore(), model.updateNormAfter()),
              String.format(Locale.ROOT, "%.1e", model.maxReconstructionError()),
              model.uri() == null
                  ? "not written"
                  : model.maxReconstructionError() == 0 ? "-" : model.maxReconstructionMatrix()));
    }
    text.append(
        "%nerror: what is stored against W' in double precision, relative to the edited update; the"
                .formatted()
            + " largest of all matrices\n");
    if (summary.models().stream().anyMatch(model -> model.uri() != null && model.chain() > 1)) {
      text.append(WrittenFolder.CHAIN_NOTE).append('\n');
    }
  }
}
