package io.github.intruders.discovery;

import io.github.intruders.checkpoint.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Makes folders with tiny models: one layer of 2x2, called as in a Llama. */
final class TreeBuilder {
  private static final String MODULE = "model.layers.0.self_attn.q_proj";

  private final Path root;

  TreeBuilder(Path root) {
    this.root = root;
  }

  Path root() {
    return root;
  }

  TreeBuilder checkpoint(String path) throws IOException {
    return checkpoint(path, 2);
  }

  TreeBuilder checkpoint(String path, int size) throws IOException {
    new SafetensorsFile()
        .addFloats(MODULE + ".weight", List.of(size, size), new float[size * size])
        .write(root.resolve(path).resolve("model.safetensors"));
    return this;
  }

  TreeBuilder adapter(String path, String base) throws IOException {
    return adapter(path, base, 2);
  }

  TreeBuilder adapter(String path, String base, int size) throws IOException {
    Path folder = root.resolve(path);
    new SafetensorsFile()
        .addFloats(
            "base_model.model." + MODULE + ".lora_A.weight", List.of(1, size), new float[size])
        .addFloats(
            "base_model.model." + MODULE + ".lora_B.weight", List.of(size, 1), new float[size])
        .write(folder.resolve("adapter_model.safetensors"));
    Files.writeString(
        folder.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 1, \"lora_alpha\": 1%s}"
            .formatted(base == null ? "" : ", \"base_model_name_or_path\": \"" + base + "\""));
    return this;
  }

  TreeBuilder file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return this;
  }

  TreeBuilder link(String path, Path target) throws IOException {
    Path link = root.resolve(path);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, target);
    return this;
  }
}
