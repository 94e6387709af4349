package io.github.intruders.decisions;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The schemas of OpenLineage's specification, from files; nothing is fetched. */
final class EventSchemas {
  private static final List<String> FILES =
      List.of(
          "OpenLineage",
          "ParentRunFacet",
          "ErrorMessageRunFacet",
          "ProcessingEngineRunFacet",
          "TagsRunFacet",
          "JobTypeJobFacet",
          "SchemaDatasetFacet",
          "SymlinksDatasetFacet",
          "DataQualityAssertionsDatasetFacet",
          "OutputStatisticsOutputDatasetFacet");

  private final JsonSchemaFactory factory;
  private final Map<String, String> byId = new HashMap<>();

  EventSchemas() {
    for (String name : FILES) {
      try (InputStream file =
          EventSchemas.class.getResourceAsStream("/schemas/" + name + ".json")) {
        String schema = new String(file.readAllBytes(), StandardCharsets.UTF_8);
        byId.put(new JsonMapper().readTree(schema).path("$id").asText(), schema);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    factory =
        JsonSchemaFactory.getInstance(
            VersionFlag.V202012,
            builder -> builder.schemaLoaders(loaders -> loaders.schemas(byId)));
  }

  /** All that is wrong with an event and with its facets, each by the schema that it names. */
  List<String> faults(JsonNode event) {
    List<String> faults = new ArrayList<>();
    validate(event, event.path("schemaURL").asText(), faults);
    facets(event, faults);
    return faults;
  }

  private void facets(JsonNode node, List<String> faults) {
    if (node.has("_schemaURL")) {
      validate(node, node.path("_schemaURL").asText(), faults);
    }
    node.forEach(child -> facets(child, faults));
  }

  private void validate(JsonNode node, String url, List<String> faults) {
    if (!byId.containsKey(url.replaceFirst("#.*", ""))) {
      faults.add("No schema " + url);
      return;
    }
    SchemaValidatorsConfig config =
        SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
    JsonSchema schema = factory.getSchema(SchemaLocation.of(url), config);
    schema.validate(node).forEach(fault -> faults.add(url + ": " + fault));
  }
}
