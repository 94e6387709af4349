package io.github.intruders.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.util.regex.Pattern;

/**
 * Reads the JSON files beside the weights. A name that stands twice in one object is an error;
 * {@code NaN} and {@code Infinity} are legal, since Python writes them. Length, depth and number of
 * values are bounded.
 */
public final class JsonFile {
  private static final int MAX_BYTES = 100_000_000;
  private static final int MAX_DEPTH = 100;

  /** An index has two for each tensor; what is read is kept in memory, some 50 bytes for each. */
  private static final long MAX_TOKENS = 4_000_000;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                  // Names made to collide would fail the symbol table.
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxTokenCount(MAX_TOKENS)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** What Jackson says of the text itself, whose name is known here. */
  private static final Pattern SOURCE =
      Pattern.compile(" \\(start marker at \\[Source: [^\\]]*\\]\\)");

  private JsonFile() {}

  /**
   * Reads one file, whose root must be an object.
   *
   * @param invalid the code of a file that is not JSON, or no object, or over 100 MB
   * @throws UserInputException with that code
   * @throws java.io.FileNotFoundException if there is no such file
   */
  public static JsonNode readObject(Storage storage, String uri, RejectCode invalid)
      throws IOException {
    JsonNode root = read(storage, uri, invalid);
    if (!root.isObject()) {
      throw UserInputException.inFile(
          invalid,
          uri,
          root.isMissingNode() ? "The file is empty" : "Expected a JSON object at the root");
    }
    return root;
  }

  /**
   * Reads one file with any root; an empty file's is missing.
   *
   * @param invalid the code of a file that is not JSON, or over 100 MB
   * @throws UserInputException with that code
   * @throws java.io.FileNotFoundException if there is no such file
   */
  public static JsonNode read(Storage storage, String uri, RejectCode invalid) throws IOException {
    try {
      return MAPPER.readTree(StrictUtf8.reader(TextFile.bytes(storage, uri, MAX_BYTES, invalid)));
    } catch (JsonProcessingException e) {
      throw UserInputException.inFile(invalid, uri, "Not valid JSON" + describe(e));
    } catch (CharacterCodingException e) {
      throw UserInputException.inFile(invalid, uri, "Not valid JSON: the file is not UTF-8");
    }
  }

  /**
   * Understands a text, which must be an object; the bounds are those of a file.
   *
   * @param uri of the file that the text is in
   * @throws UserInputException with the code for what is not JSON, or no object
   */
  public static JsonNode object(String uri, String text, RejectCode invalid) {
    try {
      JsonNode root = MAPPER.readTree(text);
      if (root.isObject()) {
        return root;
      }
      throw UserInputException.inFile(invalid, uri, "Expected a JSON object in the metadata");
    } catch (JsonProcessingException e) {
      throw UserInputException.inFile(invalid, uri, "Not valid JSON in the metadata" + describe(e));
    }
  }

  /** Place, where Jackson knows it, and cause of a fault, to follow what is faulty. */
  static String describe(JsonProcessingException fault) {
    JsonLocation place = fault.getLocation();
    String cause = SOURCE.matcher(fault.getOriginalMessage()).replaceAll("");
    return place == null
        ? ": " + cause
        : " at line %d, column %d: %s".formatted(place.getLineNr(), place.getColumnNr(), cause);
  }
}
