package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The demo's models, as they come in the jar. */
final class DemoData {
  private static final String ZIP = "/demo/zoo.zip";
  private static final String FOLDER = "_demo";
  private static final String MANIFEST = "manifest.yaml";

  private DemoData() {}

  /**
   * Writes them below the output, where every executor reaches them too. Does nothing if they are
   * there: the manifest is written last.
   *
   * @return the manifest's URI
   */
  static String unpack(Storage storage, String out) throws IOException {
    String folder = storage.resolve(out, FOLDER);
    String manifest = storage.resolve(folder, MANIFEST);
    if (storage.exists(manifest)) {
      return manifest;
    }
    byte[] names = {};
    try (ZipInputStream zip = new ZipInputStream(resource())) {
      for (ZipEntry file = zip.getNextEntry(); file != null; file = zip.getNextEntry()) {
        byte[] content = zip.readAllBytes();
        if (file.getName().equals(MANIFEST)) {
          names = content;
        } else if (!file.isDirectory()) {
          storage.write(storage.resolve(folder, file.getName()), target -> target.write(content));
        }
      }
    }
    byte[] last = names;
    storage.write(manifest, target -> target.write(last));
    return manifest;
  }

  private static InputStream resource() {
    InputStream zip = DemoData.class.getResourceAsStream(ZIP);
    if (zip == null) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot find the demo's data: it comes in the jar that Maven packs, or set INTRUDERS_HOME"
              + " to the repository");
    }
    return zip;
  }
}
