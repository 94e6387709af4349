package io.github.intruders.jobs.ledger;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * One line of a ledger file: the CRC-32C of what follows as eight hexadecimal digits, a blank, and
 * an entry as JSON. Only what names the entry is parsed here.
 *
 * @param key the entry's key
 * @param checkpointId whose
 * @param matrix which
 * @param json the whole entry; not to be changed
 */
public record LedgerLine(String key, String checkpointId, String matrix, byte[] json)
    implements Serializable {
  private static final int CHECKSUM_DIGITS = 8;
  private static final byte[] EARLIER = "{\"key\":\"".getBytes(StandardCharsets.US_ASCII);
  private static final JsonFactory JSON = new JsonFactory();

  /** Whether a line was written before lines had checksums; its entry is of no use any more. */
  static boolean isOfEarlierVersion(byte[] line) {
    return line.length > EARLIER.length
        && Arrays.equals(line, 0, EARLIER.length, EARLIER, 0, EARLIER.length);
  }

  /**
   * Reads a line.
   *
   * @param line without its end
   * @throws IOException if it is damaged
   */
  static LedgerLine parse(byte[] line) throws IOException {
    if (line.length <= CHECKSUM_DIGITS + 1 || line[CHECKSUM_DIGITS] != ' ') {
      throw new IOException("expected a checksum and an entry");
    }
    byte[] json = new byte[line.length - CHECKSUM_DIGITS - 1];
    System.arraycopy(line, CHECKSUM_DIGITS + 1, json, 0, json.length);
    String given = new String(line, 0, CHECKSUM_DIGITS, StandardCharsets.US_ASCII);
    String found = checksum(json);
    if (!given.equals(found)) {
      throw new IOException("expected the checksum %s, found %s".formatted(given, found));
    }
    return of(json);
  }

  private static LedgerLine of(byte[] json) throws IOException {
    String key = null;
    String checkpointId = null;
    String matrix = null;
    try (JsonParser parser = JSON.createParser(json)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "key" -> key = parser.getText();
          case "checkpoint_id" -> checkpointId = parser.getText();
          case "matrix" -> matrix = parser.getText();
          default -> parser.skipChildren();
        }
        if (key != null && checkpointId != null && matrix != null) {
          return new LedgerLine(key, checkpointId, matrix, json);
        }
      }
    }
    throw new IOException("expected key, checkpoint_id and matrix");
  }

  /** Writes a line with its end. */
  static void write(OutputStream out, byte[] json) throws IOException {
    out.write(checksum(json).getBytes(StandardCharsets.US_ASCII));
    out.write(' ');
    out.write(json);
    out.write('\n');
  }

  private static String checksum(byte[] bytes) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes);
    return String.format("%08x", checksum.getValue());
  }
}
