package io.github.intruders.jobs.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.SafetensorsWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/** A good file taken to pieces, to be put together wrongly. */
final class SafetensorsParts {
  private record Part(String dtype, List<Long> shape, byte[] bytes) {}

  private final Map<String, Part> parts = new TreeMap<>();

  static SafetensorsParts read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    JsonNode header = new ObjectMapper().readTree(bytes, 8, length);
    SafetensorsParts parts = new SafetensorsParts();
    for (Map.Entry<String, JsonNode> tensor : header.properties()) {
      if (!tensor.getKey().equals("__metadata__")) {
        JsonNode offsets = tensor.getValue().path("data_offsets");
        List<Long> shape = new ArrayList<>();
        tensor.getValue().path("shape").forEach(size -> shape.add(size.asLong()));
        parts.parts.put(
            tensor.getKey(),
            new Part(
                tensor.getValue().path("dtype").asText(),
                shape,
                Arrays.copyOfRange(
                    bytes,
                    8 + length + offsets.get(0).asInt(),
                    8 + length + offsets.get(1).asInt())));
      }
    }
    return parts;
  }

  /** Puts the tensors of another file in the place of those of equal names. */
  SafetensorsParts replace(SafetensorsParts others) {
    parts.putAll(others.parts);
    return this;
  }

  Set<String> names() {
    return parts.keySet();
  }

  SafetensorsParts reshape(String name, List<Long> shape) {
    parts.computeIfPresent(name, (key, part) -> new Part(part.dtype(), shape, part.bytes()));
    return this;
  }

  SafetensorsParts overwrite(String name, int at, byte[] bytes) {
    System.arraycopy(bytes, 0, parts.get(name).bytes(), at, bytes.length);
    return this;
  }

  void write(Path file, Predicate<String> which) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    parts.forEach(
        (name, part) -> {
          if (which.test(name)) {
            writer.add(
                name,
                DType.valueOf(part.dtype()),
                part.shape(),
                part.bytes().length,
                out -> out.write(part.bytes()));
          }
        });
    try (OutputStream out = Files.newOutputStream(file)) {
      writer.writeTo(out);
    }
  }
}
