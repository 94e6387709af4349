package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.compare.PairFigures;
import io.github.intruders.input.Excerpt;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.figures.AdapterPair;
import io.github.intruders.jobs.figures.ComparedAdapter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What a comparison found, as a person reads it in a terminal.
 *
 * @param adapters by id
 * @param pairs how many there are
 * @param duplicates how many of them are copies, by kind
 * @param safeToMerge how many are known to be safe to merge
 * @param closest the most alike
 * @param interfering those that disturb each other most
 * @param rejected how many inputs were left out
 */
public record ComparisonReport(
    String runId,
    String baseId,
    List<ComparedAdapter> adapters,
    long pairs,
    Map<String, Long> duplicates,
    long safeToMerge,
    List<AdapterPair> closest,
    List<AdapterPair> interfering,
    long rejected,
    double elapsedSeconds) {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int FAMILIES_SHOWN = 12;
  private static final int MEMBERS_SHOWN = 4;

  /** The report as text. */
  public String render(TablePlace tables) {
    StringBuilder text = new StringBuilder();
    text.append(
        "%s on base '%s', %s: %d safe to merge, %s%n"
            .formatted(
                Excerpt.counted(adapters.size(), "checkpoint"),
                baseId,
                Excerpt.counted(pairs, "pair"),
                safeToMerge,
                copies()));
    Map<String, List<String>> families = families();
    if (!families.isEmpty()) {
      text.append("%nfamilies%n".formatted());
      families.entrySet().stream()
          .sorted(Map.Entry.comparingByValue((a, b) -> b.size() - a.size()))
          .limit(FAMILIES_SHOWN)
          .forEach(family -> text.append("  %s%n".formatted(members(family.getValue()))));
      if (families.size() > FAMILIES_SHOWN) {
        text.append("  … and %d more%n".formatted(families.size() - FAMILIES_SHOWN));
      }
    }
    append(text, "most alike", closest);
    append(text, "disturb each other most when merged", interfering);
    if (rejected > 0) {
      text.append(
          "%nLeft out: %d; why: jobs/bin/intruders show rejects %s%n"
              .formatted(rejected, tables.options()));
    }
    return text.append("%nTables in %s".formatted(tables.text())).toString();
  }

  /** One line. */
  public String toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("run_id", runId);
    json.put("base_id", baseId);
    json.put("checkpoints", adapters.size());
    json.put("pairs", pairs);
    json.put("families", families());
    json.put("duplicates", duplicates);
    json.put("safe_to_merge", safeToMerge);
    json.put("closest", closest.stream().map(ComparisonReport::figures).toList());
    json.put("interfering", interfering.stream().map(ComparisonReport::figures).toList());
    json.put("rejected", rejected);
    json.put("elapsed_seconds", elapsedSeconds);
    try {
      return JSON.writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private String copies() {
    List<String> kinds = new ArrayList<>();
    duplicates.forEach((kind, count) -> kinds.add("%d %s".formatted(count, kind)));
    return "copies: " + (kinds.isEmpty() ? "none" : String.join(", ", kinds));
  }

  private Map<String, List<String>> families() {
    Map<String, List<String>> families = new TreeMap<>();
    adapters.stream()
        .filter(adapter -> Objects.nonNull(adapter.family()))
        .forEach(
            adapter ->
                families
                    .computeIfAbsent(adapter.family(), unseen -> new ArrayList<>())
                    .add(adapter.checkpointId()));
    return families;
  }

  private static String members(List<String> family) {
    String names = String.join(", ", family.subList(0, Math.min(MEMBERS_SHOWN, family.size())));
    return family.size() > MEMBERS_SHOWN
        ? "%s and %d more".formatted(names, family.size() - MEMBERS_SHOWN)
        : names;
  }

  private static void append(StringBuilder text, String title, List<AdapterPair> pairs) {
    if (pairs.isEmpty()) {
      return;
    }
    int widthA = pairs.stream().mapToInt(pair -> pair.checkpointA().length()).max().orElse(0);
    int widthB = pairs.stream().mapToInt(pair -> pair.checkpointB().length()).max().orElse(0);
    ConsoleRow row = new ConsoleRow("  %-" + widthA + "s  %-" + widthB + "s  %7s  %12s  %6s  %s");
    text.append("%n%s%n".formatted(title));
    text.append(row.of("", "", "cosine", "interference", "null", "copy"));
    for (AdapterPair pair : pairs) {
      PairFigures of = pair.figures();
      text.append(
          row.of(
              pair.checkpointA(),
              pair.checkpointB(),
              number(of.leadingCosine()),
              number(of.interference()),
              number(of.interferenceNull()),
              of.duplicate() == null ? "" : of.duplicate().column()));
    }
  }

  private static String number(Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.3f", value);
  }

  private static Map<String, Object> figures(AdapterPair pair) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("checkpoint_a", pair.checkpointA());
    json.put("checkpoint_b", pair.checkpointB());
    json.put("leading_cosine", pair.figures().leadingCosine());
    json.put("interference", pair.figures().interference());
    json.put("interference_null", pair.figures().interferenceNull());
    json.put(
        "duplicate",
        pair.figures().duplicate() == null ? null : pair.figures().duplicate().column());
    return json;
  }
}
