package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.checkpoint.JsonFile;
import io.github.intruders.checkpoint.TensorFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * PEFT's config as diffusers keeps it in the header of {@code pytorch_lora_weights.safetensors}:
 * each field with the name of the pipeline's part in front, such as {@code transformer.r}, as the
 * names of the tensors have it; without one where a part was saved by itself.
 *
 * @param component what stands in front of a module's name, with its dot; may be empty
 * @param root the fields of the config as in {@code adapter_config.json}
 */
record DiffusersConfig(String component, JsonNode root) {
  private static final String KEY = "lora_adapter_metadata";
  private static final String RANK = "r";

  /**
   * The config that a file holds, if it does.
   *
   * @throws UserInputException with code {@code ADAPTER_CONFIG_INVALID} if it can't be understood,
   *     {@code ADAPTER_UNSUPPORTED} if there are several parts of a pipeline in the file
   */
  static Optional<DiffusersConfig> of(TensorFile file) {
    String text = file.metadata().get(KEY);
    if (text == null) {
      return Optional.empty();
    }
    JsonNode fields = JsonFile.object(file.file(), text, RejectCode.ADAPTER_CONFIG_INVALID);
    SortedMap<String, ObjectNode> configs = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : fields.properties()) {
      if (field.getKey().equals(RANK) || field.getKey().endsWith("." + RANK)) {
        String component = field.getKey().substring(0, field.getKey().length() - RANK.length());
        configs.put(component, JsonNodeFactory.instance.objectNode());
      }
    }
    if (configs.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_CONFIG_INVALID,
          file.file(),
          "Expected a field r, or one such as transformer.r, in the header's %s".formatted(KEY));
    }
    if (configs.size() > 1) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_UNSUPPORTED,
          file.file(),
          "The file holds updates of several models, %s; save those of each by itself with"
                  .formatted(String.join(", ", configs.keySet()))
              + " save_lora_adapter, and compare each with its own base");
    }
    String component = configs.firstKey();
    ObjectNode root = configs.get(component);
    for (Map.Entry<String, JsonNode> field : fields.properties()) {
      if (!field.getKey().startsWith(component)) {
        throw UserInputException.inFile(
            RejectCode.ADAPTER_CONFIG_INVALID,
            file.file(),
            "Field %s in the header's %s belongs to no part of a pipeline"
                .formatted(field.getKey(), KEY));
      }
      root.set(field.getKey().substring(component.length()), field.getValue());
    }
    return Optional.of(new DiffusersConfig(component, root));
  }
}
