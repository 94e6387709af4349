package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The fields of a LoRA adapter's {@code adapter_config.json} that act when PEFT makes the layers,
 * before it puts the saved factors into them. Some initialisations change the base's weights
 * (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA), others allow some ranks only (orthogonal) or want more
 * settings (EVA). Where the factors alone are the update, as in an edited adapter, none of them may
 * stay.
 */
public final class LoadTimeFields {
  private static final String INITIALISATION = "init_lora_weights";

  /** Objects with the settings of one initialisation each. */
  private static final List<String> SETTINGS =
      List.of("corda_config", "eva_config", "loftq_config", "lora_ga_config");

  private LoadTimeFields() {}

  /** The names of those fields that have an effect in a config. */
  public static List<String> in(JsonNode config) {
    List<String> fields = new ArrayList<>();
    JsonNode way = config.path(INITIALISATION);
    if (!way.isMissingNode() && !way.isNull() && !way.isBoolean()) {
      fields.add(INITIALISATION);
    }
    SETTINGS.stream().filter(field -> AdapterKind.isSet(config.path(field))).forEach(fields::add);
    return fields;
  }

  /** Sets those fields to PEFT's defaults. */
  static void clear(ObjectNode config) {
    for (String field : in(config)) {
      if (field.equals(INITIALISATION)) {
        config.put(field, true);
      } else if (field.equals("loftq_config")) {
        config.putObject(field); // the only one whose default is an empty object
      } else {
        config.putNull(field);
      }
    }
  }
}
