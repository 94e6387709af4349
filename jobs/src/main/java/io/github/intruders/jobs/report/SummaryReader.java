package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TextFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the summary that an earlier run wrote. */
public final class SummaryReader {
  private static final Logger LOG = LoggerFactory.getLogger(SummaryReader.class);
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final JsonNode NONE = JSON.createArrayNode();
  private static final int MOST_BYTES = Integer.MAX_VALUE - 8;
  private static final List<String> LISTS =
      List.of("checkpoints", "accumulation", "ranking", "forgetting");

  private SummaryReader() {}

  /**
   * The summary that lies in {@code outUri}, without its lists, which the report's tables hold;
   * empty if none does, or none that can be trusted.
   */
  public static ObjectNode withoutLists(Storage storage, String outUri) throws IOException {
    return withoutLists(
        read(storage, outUri, "what it says is left out").orElseGet(JSON::createObjectNode));
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
    Map<String, Double> seconds = new HashMap<>();
    Optional<ObjectNode> summary =
        read(storage, outUri, "the time left is told without it, and this run replaces it");
    for (JsonNode stage : summary.map(it -> it.at("/provenance/stages")).orElse(NONE)) {
      seconds.put(stage.path("stage").asText(), stage.path("seconds").asDouble());
    }
    return seconds;
  }

  /**
   * The summary; empty where there is none, and with a warning where it does not say what was
   * written.
   *
   * @param consequence of a damaged one, in words
   */
  private static Optional<ObjectNode> read(Storage storage, String outUri, String consequence)
      throws IOException {
    String file = storage.resolve(outUri, "_summary.json");
    if (!storage.exists(file)) {
      return Optional.empty();
    }
    try {
      String text = TextFile.read(storage, file, MOST_BYTES, RejectCode.CHECKSUM_WRONG);
      if (JSON.readTree(text) instanceof ObjectNode summary && SummarySeal.takeOff(summary)) {
        return Optional.of(summary);
      }
      LOG.warn(
          "[{}] The summary is not what a run wrote, its seal does not fit; {}", file, consequence);
    } catch (UserInputException e) {
      LOG.warn("{}; {}", e.getMessage(), consequence);
    } catch (JsonProcessingException e) {
      LOG.warn("[{}] The summary is damaged: {}; {}", file, e.getOriginalMessage(), consequence);
    }
    return Optional.empty();
  }
}
