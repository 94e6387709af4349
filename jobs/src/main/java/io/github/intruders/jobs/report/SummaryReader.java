package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads the summary that an earlier run wrote. */
public final class SummaryReader {
  private static final int MOST_BYTES_FOR_SECONDS = 64 << 20;
  private static final List<String> LISTS =
      List.of("checkpoints", "accumulation", "ranking", "forgetting");

  private SummaryReader() {}

  /**
   * The summary that lies in {@code outUri}, without its lists, which the report's tables hold;
   * empty if none does.
   */
  public static ObjectNode withoutLists(Storage storage, String outUri) throws IOException {
    byte[] bytes = bytes(storage, outUri, Integer.MAX_VALUE);
    return bytes == null
        ? JsonNodeFactory.instance.objectNode()
        : withoutLists((ObjectNode) EmbeddedTables.JSON.readTree(bytes));
  }

  static ObjectNode withoutLists(ObjectNode summary) {
    return summary.remove(LISTS);
  }

  /**
   * How long the stages after the scan took in the run whose summary lies in {@code outUri}; empty
   * if none does, or none that tells.
   */
  public static Map<String, Double> earlierSeconds(Storage storage, String outUri)
      throws IOException {
    byte[] bytes = bytes(storage, outUri, MOST_BYTES_FOR_SECONDS);
    Map<String, Double> seconds = new HashMap<>();
    if (bytes != null) {
      try {
        for (JsonNode stage : EmbeddedTables.JSON.readTree(bytes).at("/provenance/stages")) {
          seconds.put(stage.path("stage").asText(), stage.path("seconds").asDouble());
        }
      } catch (JsonProcessingException e) {
        return Map.of(); // it only helps to tell the time left
      }
    }
    return seconds;
  }

  /** Its first bytes; null where there is no summary. */
  private static byte[] bytes(Storage storage, String outUri, int most) throws IOException {
    String file = storage.resolve(outUri, "_summary.json");
    if (!storage.exists(file)) {
      return null;
    }
    try (RangeSource source = storage.open(file)) {
      byte[] bytes = new byte[Math.toIntExact(Math.min(source.lengthBytes(), most))];
      source.readFully(0, bytes, 0, bytes.length);
      return bytes;
    }
  }
}
