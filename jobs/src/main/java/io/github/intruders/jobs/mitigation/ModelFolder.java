package io.github.intruders.jobs.mitigation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.checkpoint.JsonFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.store.LeftOvers;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.mitigation.WrittenFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The folder of one edited model. It is whole once {@value WrittenFolder#MARKER} is in it, which is
 * written last, after all files were read back, and says how the model was made.
 */
final class ModelFolder {
  private static final String FILES = "files";
  private static final JsonMapper JSON = new JsonMapper();

  private final Storage storage;
  private final String uri;
  private final String key;
  private final Map<String, Object> made;

  /**
   * @param key names all that the model depends on
   * @param made how it is made, as the marker tells
   */
  ModelFolder(Storage storage, String uri, String key, Map<String, Object> made) {
    this.storage = storage;
    this.uri = uri;
    this.key = key;
    this.made = made;
  }

  String uri() {
    return uri;
  }

  /**
   * Refuses folders that would lie over an input or over each other.
   *
   * @throws UserInputException naming the checkpoint and the folder
   */
  static void requireFree(
      Storage storage,
      String outUri,
      String baseUri,
      List<CheckpointSpec> specs,
      MitigationSettings settings) {
    for (CheckpointSpec spec : specs) {
      requirePlainId(spec.id());
      for (Variant variant : settings.variants()) {
        String folder = WrittenFolder.uri(storage, outUri, spec.id(), variant.name());
        requireApart(spec, folder, baseUri);
        for (CheckpointSpec other : specs) {
          other.sources().forEach(source -> requireApart(spec, folder, source));
          if (!other.id().equals(spec.id())
              && (other.id() + "/").startsWith(spec.id() + "/" + variant.name() + "/")) {
            throw UserInputException.of(
                RejectCode.SETTING_INVALID,
                "Cannot write %s: the output of checkpoint %s goes there"
                    .formatted(folder, other.id()));
          }
        }
      }
    }
  }

  private static void requirePlainId(String id) {
    for (String part : id.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..") || part.contains("\\")) {
        throw UserInputException.of(
            RejectCode.SETTING_INVALID,
            "Cannot name a folder after checkpoint '%s'; give it another id".formatted(id));
      }
    }
  }

  private static void requireApart(CheckpointSpec spec, String folder, String input) {
    String one = folder + "/";
    String other = input.endsWith("/") ? input : input + "/";
    if (one.startsWith(other) || other.startsWith(one)) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          input,
          "Cannot write the edited %s to %s: an input must not lie over it; choose another --out"
              .formatted(spec.id(), folder));
    }
  }

  String file(String name) {
    return storage.resolve(uri, name);
  }

  /**
   * Whether the folder is whole and made of the same inputs in the same way: the marker says just
   * what it would be written with, and the files it names have the lengths they had.
   */
  boolean isFinished() throws IOException {
    if (!storage.exists(file(WrittenFolder.MARKER))) {
      return false;
    }
    try {
      JsonNode marker =
          JsonFile.readObject(storage, file(WrittenFolder.MARKER), RejectCode.CONFIG_INVALID);
      Map<String, Long> files = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> file : marker.path(FILES).properties()) {
        files.put(file.getKey(), file.getValue().asLong(-1));
      }
      return marker.equals(JSON.readTree(marker(files)))
          && !files.isEmpty()
          && lengths().entrySet().containsAll(files.entrySet());
    } catch (UserInputException e) {
      return false;
    }
  }

  /** The files of the folder but for hidden ones and the marker. */
  private Map<String, Long> lengths() throws IOException {
    Map<String, Long> lengths = new LinkedHashMap<>();
    for (StoredFile file : storage.list(uri)) {
      if (!file.directory()
          && !file.name().startsWith(".")
          && !file.name().equals(WrittenFolder.MARKER)) {
        lengths.put(file.name(), file.lengthBytes());
      }
    }
    return lengths;
  }

  /**
   * Clears away another model's files and what jobs killed days ago left half-written, and keeps
   * the files of a killed job that wrote the same.
   */
  void prepare(WrittenFiles written) throws IOException {
    LeftOvers.clearFolder(storage, uri, Instant.now());
    if (isFinished()) {
      return;
    }
    if (storage.exists(file(WrittenFolder.MARKER)) || !written.has(key)) {
      discard(written);
    }
  }

  /** Marks the folder as whole. Equal input gives equal bytes. */
  void finish() throws IOException {
    String json = marker(lengths());
    storage.write(
        file(WrittenFolder.MARKER),
        out -> out.write((json + "\n").getBytes(StandardCharsets.UTF_8)));
  }

  /** Removes the folder and what is known of it. */
  void discard(WrittenFiles written) throws IOException {
    written.forget(key);
    storage.delete(uri);
  }

  private String marker(Map<String, Long> files) throws JsonProcessingException {
    Map<String, Object> marker = new LinkedHashMap<>(made);
    marker.put("key", key);
    marker.put(FILES, files);
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(marker);
  }
}
