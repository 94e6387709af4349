package io.github.intruders.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The JSON of one safetensors header, token by token, so that a hostile one costs memory only in
 * proportion to its size. Checks the form; where tensors lie is {@link SafetensorsHeader}'s matter.
 */
final class HeaderParser {
  private static final String METADATA = "__metadata__";

  /** What a double holds exactly; no file is longer. */
  private static final long MAX_NUMBER = 1L << 53;

  /** Far more than any tensor has; the format sets no bound. */
  private static final int MAX_DIMENSIONS = 256;

  /** Far more than a file has; the format sets no bound. Each takes memory and a place in lists. */
  static final int MAX_TENSORS = 250_000;

  /** A tensor takes 13 and more where it has many dimensions or fields that are not known here. */
  private static final long MAX_TOKENS = 100L * MAX_TENSORS;

  private static final int MAX_SHOWN = 40;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          // Names made to collide would fail the symbol table.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(64)
                  .maxTokenCount(MAX_TOKENS)
                  .maxStringLength(SafetensorsHeader.MAX_HEADER_BYTES)
                  .build())
          .build();

  /** One tensor as the header has it; begin and end in bytes from the start of the data. */
  record Entry(String name, DType dtype, List<Long> shape, long begin, long end) {}

  private final String file;
  private final JsonParser json;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private Map<String, String> metadata;

  private HeaderParser(String file, JsonParser json) {
    this.file = file;
    this.json = json;
  }

  /**
   * Parses a whole header.
   *
   * @throws UserInputException with code {@code HEADER_INVALID} or {@code DUPLICATE_TENSOR}
   */
  static HeaderParser parse(String file, byte[] header) throws IOException {
    try (JsonParser json = JSON.createParser(StrictUtf8.reader(header))) {
      HeaderParser parser = new HeaderParser(file, json);
      parser.parseRoot();
      return parser;
    } catch (JsonProcessingException e) {
      throw UserInputException.inFile(
          RejectCode.HEADER_INVALID, file, "The header is not valid JSON" + JsonFile.describe(e));
    } catch (CharacterCodingException e) {
      throw UserInputException.inFile(
          RejectCode.HEADER_INVALID, file, "The header is not valid UTF-8");
    }
  }

  /** The tensors in the header's order. */
  List<Entry> entries() {
    return List.copyOf(entries.values());
  }

  /** The free text of the header, in its order; empty if there is none. */
  Map<String, String> metadata() {
    return metadata == null ? Map.of() : Collections.unmodifiableMap(metadata);
  }

  private void parseRoot() throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw invalid("The header must be a JSON object, found " + found());
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      json.nextToken();
      if (name.equals(METADATA)) {
        parseMetadata();
      } else {
        parseTensor(name);
      }
    }
    if (json.nextToken() != null) {
      throw invalid("The header must end after its JSON object, found " + found());
    }
  }

  private void parseMetadata() throws IOException {
    if (metadata != null) {
      throw invalid("__metadata__ stands twice in the header");
    }
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw invalid("__metadata__ must be an object, found " + found());
    }
    metadata = new LinkedHashMap<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      if (json.nextToken() != JsonToken.VALUE_STRING) {
        throw invalid("__metadata__ must map text to text, found %s at %s".formatted(found(), key));
      }
      if (!StrictUtf8.canHold(key) || !StrictUtf8.canHold(json.getText())) {
        throw invalid("__metadata__ has half of a surrogate pair in it");
      }
      if (metadata.put(key, json.getText()) != null) {
        throw invalid("%s stands twice in __metadata__".formatted(key));
      }
    }
  }

  private void parseTensor(String name) throws IOException {
    if (!StrictUtf8.canHold(name)) {
      throw invalid("A tensor's name has half of a surrogate pair in it");
    }
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw invalid(name, "expected an object, found " + found());
    }
    if (entries.size() == MAX_TENSORS) {
      throw UserInputException.inFile(
          RejectCode.HEADER_TOO_LARGE,
          file,
          "The header has more than %d tensors".formatted(MAX_TENSORS));
    }
    DType dtype = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    Set<String> fields = new HashSet<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String field = json.currentName();
      if (!fields.add(field)) {
        throw invalid(name, field + " stands twice");
      }
      json.nextToken();
      switch (field) {
        case "dtype" -> dtype = parseDType(name);
        case "shape" -> shape = parseNumbers(name, field, MAX_DIMENSIONS);
        case "data_offsets" -> offsets = parseNumbers(name, field, 2);
        default -> json.skipChildren();
      }
    }
    if (dtype == null || shape == null || offsets == null) {
      throw invalid(
          name,
          (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets") + " is missing");
    }
    if (offsets.size() != 2) {
      throw invalid(name, "data_offsets must be two numbers, found " + offsets);
    }
    if (entries.put(name, new Entry(name, dtype, shape, offsets.get(0), offsets.get(1))) != null) {
      throw UserInputException.inTensor(
          RejectCode.DUPLICATE_TENSOR, file, name, "stands twice in the header");
    }
  }

  private DType parseDType(String tensor) throws IOException {
    if (json.currentToken() != JsonToken.VALUE_STRING) {
      throw invalid(tensor, "dtype must be text, found " + found());
    }
    String dtype = json.getText();
    return DType.named(dtype)
        .orElseThrow(() -> invalid(tensor, "dtype %s is not known".formatted(shown(dtype))));
  }

  private List<Long> parseNumbers(String tensor, String field, int most) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      throw invalid(tensor, "%s must be a list of numbers, found %s".formatted(field, found()));
    }
    List<Long> numbers = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (numbers.size() == most) {
        throw invalid(tensor, "%s has more than %d numbers".formatted(field, most));
      }
      numbers.add(parseNumber(tensor, field));
    }
    return List.copyOf(numbers);
  }

  private long parseNumber(String tensor, String field) throws IOException {
    boolean whole =
        json.currentToken() == JsonToken.VALUE_NUMBER_INT && !json.getText().startsWith("-");
    if (whole && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
      long number = json.getLongValue();
      if (number <= MAX_NUMBER) {
        return number;
      }
    }
    throw invalid(
        tensor,
        "%s must hold whole numbers from 0 to %d, found %s".formatted(field, MAX_NUMBER, found()));
  }

  /** The present token as it stands in the file, cut to a readable length. */
  private String found() throws IOException {
    JsonToken token = json.currentToken();
    return switch (token == null ? JsonToken.NOT_AVAILABLE : token) {
      case NOT_AVAILABLE -> "nothing";
      case START_OBJECT -> "an object";
      case START_ARRAY -> "a list";
      case VALUE_STRING -> shown(json.getText());
      default -> shortened(json.getText());
    };
  }

  private static String shown(String text) {
    return '"' + shortened(text) + '"';
  }

  private static String shortened(String text) {
    return Excerpt.of(text, MAX_SHOWN);
  }

  private UserInputException invalid(String message) {
    return UserInputException.inFile(RejectCode.HEADER_INVALID, file, message);
  }

  private UserInputException invalid(String tensor, String message) {
    return UserInputException.inTensor(RejectCode.HEADER_INVALID, file, tensor, message);
  }
}
