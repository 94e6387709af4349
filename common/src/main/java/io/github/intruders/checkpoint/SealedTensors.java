package io.github.intruders.checkpoint;

import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Safetensors files that are written to be trusted later. The metadata says what a file is of, and
 * holds the CRC-32 of each tensor, which {@link TensorReader} checks in passing, and a hash over
 * all that the header says. A file that was exchanged, cut short or changed is told from a good
 * one; one of other tools, or of a version that did not seal, counts as damaged.
 */
public final class SealedTensors {
  private static final String SEAL = "seal";
  private static final String SUM = "crc32 ";

  private SealedTensors() {}

  /** Completes the metadata of a file with its sums and its seal; called by the writer. */
  static void seal(
      Map<String, String> metadata, Map<String, Long> sums, Map<String, String> layout) {
    sums.forEach((name, sum) -> metadata.put(SUM + name, "%08x".formatted(sum)));
    metadata.put(SEAL, seal(metadata, layout));
  }

  /**
   * @param layout type and shape of each tensor, by name
   */
  private static String seal(Map<String, String> metadata, Map<String, String> layout) {
    Map<String, String> said = new TreeMap<>(metadata);
    said.remove(SEAL);
    return Fingerprint.of(said + "\n" + new TreeMap<>(layout));
  }

  static String layout(DType dtype, Iterable<Long> shape) {
    return dtype + " " + shape;
  }

  /**
   * Reads the header.
   *
   * @param expected what the metadata has to say, which is what the file is of
   * @return the tensors, each with its checksum, so that reading them checks their bytes
   * @throws UserInputException with code {@code CHECKSUM_WRONG} if the file is not sealed, or not
   *     of what is expected; or with that of a header that is not whole
   * @throws java.io.FileNotFoundException if there is no such file
   */
  public static Map<String, TensorInfo> read(
      Storage storage, String file, Map<String, String> expected) throws IOException {
    SafetensorsHeader header;
    try (RangeSource source = storage.open(file)) {
      header = SafetensorsHeader.parse(source);
    }
    Map<String, String> metadata = header.metadata();
    Map<String, String> layout = new LinkedHashMap<>();
    header
        .tensors()
        .forEach((name, tensor) -> layout.put(name, layout(tensor.dtype(), tensor.shape())));
    if (!metadata.containsKey(SEAL)) {
      throw damaged(file, "it has no checksums, as files of older versions have none");
    }
    if (!seal(metadata, layout).equals(metadata.get(SEAL))) {
      throw damaged(file, "its header was changed after it was written");
    }
    for (Map.Entry<String, String> entry : expected.entrySet()) {
      String found = metadata.get(entry.getKey());
      if (!entry.getValue().equals(found)) {
        throw damaged(
            file,
            "it is of something else: expected %s %s, found %s"
                .formatted(entry.getKey(), entry.getValue(), found));
      }
    }
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    header
        .tensors()
        .forEach(
            (name, tensor) -> {
              String sum = metadata.get(SUM + name);
              if (sum == null) {
                throw damaged(file, "tensor %s has no checksum".formatted(name));
              }
              tensors.put(
                  name, tensor.checkedBy(new Checksum("a stored tensor", Long.parseLong(sum, 16))));
            });
    return tensors;
  }

  private static UserInputException damaged(String file, String reason) {
    return UserInputException.inFile(
        RejectCode.CHECKSUM_WRONG, file, "The file can't be trusted: " + reason);
  }
}
