package io.github.intruders.jobs.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TextFile;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.table.TableDefinition;
import io.github.intruders.linalg.SideBySide;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * What lies in the folders of a table, as the runs that wrote them knew it: what each folder's rows
 * were made of, and the file that holds them. A run need not write again what is there. Nothing
 * rests on it but time: a folder that does not hold the very file that was noted is written anew,
 * whoever changed it, and so is every folder where the note is lost.
 */
final class Published {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int MOST_BYTES = 256 << 20;

  private final Storage storage;
  private final TableDefinition table;
  private final String tableUri;
  private final String file;

  Published(Storage storage, String outUri, TableDefinition table) {
    this.storage = storage;
    this.table = table;
    this.tableUri = storage.resolve(outUri, table.name());
    this.file = storage.resolve(outUri, "_work/published/" + table.name() + ".json");
  }

  /**
   * One folder.
   *
   * @param content names what its rows are made of
   * @param file the identity of the one file in it, see {@link StoredFile#identity}
   */
  private record Folder(String content, String file) {}

  /** Those of the keys whose rows are not there, or made of something else. */
  Map<String, String> changed(Map<String, String> contents) throws IOException {
    Map<String, Folder> noted = read();
    Map<String, String> changed = new HashMap<>(contents);
    List<Callable<Optional<String>>> looks = new ArrayList<>();
    contents.forEach(
        (key, content) -> {
          Folder folder = noted.get(key);
          if (folder != null && folder.content().equals(withColumns(content))) {
            looks.add(() -> holds(key, folder.file()) ? Optional.of(key) : Optional.empty());
          }
        });
    for (Optional<String> there : SideBySide.request(looks)) {
      there.ifPresent(changed::remove);
    }
    return changed;
  }

  private boolean holds(String key, String identity) throws IOException {
    String folder = storage.resolve(tableUri, folder(key));
    try {
      List<StoredFile> files = storage.list(folder);
      return files.size() == 1 && files.get(0).identity().equals(identity);
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  /**
   * Notes what a run has written, beside what others have noted.
   *
   * @param contents what the rows of each key are made of
   * @param files identity of each file, by its path below the table's folder
   */
  void add(Map<String, String> contents, Map<String, String> files) throws IOException {
    Map<String, String> byFolder = new HashMap<>();
    files.forEach((path, identity) -> byFolder.put(path.substring(0, path.indexOf('/')), identity));
    Map<String, Folder> noted = read();
    contents.forEach(
        (key, content) -> {
          String identity = byFolder.get(folder(key));
          if (identity == null) {
            noted.remove(key);
          } else {
            noted.put(key, new Folder(withColumns(content), identity));
          }
        });
    storage.write(file, out -> out.write(JSON.writeValueAsBytes(noted)));
  }

  private String folder(String key) {
    return ParquetTables.folderName(table, key);
  }

  /** Rows with other columns are other rows. */
  private String withColumns(String content) {
    return Fingerprint.of(table.columns().toDDL() + "\n" + content);
  }

  private Map<String, Folder> read() throws IOException {
    if (!storage.exists(file)) {
      return new HashMap<>();
    }
    try {
      String text = TextFile.read(storage, file, MOST_BYTES, RejectCode.READ_FAILED);
      return new HashMap<>(JSON.readValue(text, new TypeReference<Map<String, Folder>>() {}));
    } catch (JsonProcessingException | UserInputException e) {
      return new HashMap<>(); // all is written anew
    }
  }

  /** What a commit tells of the files that it put in place, in this file's form. */
  static byte[] receipt(Map<String, String> files) throws IOException {
    return JSON.writeValueAsBytes(files);
  }

  /** Reads and deletes a receipt; empty where the commit left none. */
  static Map<String, String> takeReceipt(Storage storage, String uri) throws IOException {
    if (!storage.exists(uri)) {
      return Map.of();
    }
    String text = TextFile.read(storage, uri, MOST_BYTES, RejectCode.READ_FAILED);
    storage.delete(uri);
    return JSON.readValue(text, new TypeReference<Map<String, String>>() {});
  }
}
