package io.github.intruders.manifest;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A value of a YAML or JSON document that knows its line, so that every fault can name it.
 *
 * @param value a {@code Map<String, ManifestNode>}, a {@code List<ManifestNode>}, a String, a Long,
 *     a Double, a Boolean, or null
 * @param line where it starts, from 1
 */
record ManifestNode(String file, Object value, int line) {
  private static final int MAX_DEPTH = 20;

  private static final YAMLFactory FACTORY =
      YAMLFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .build();

  /** Parses a whole document. */
  static ManifestNode parse(String file, String text) {
    try (YAMLParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() == null) {
        throw fault(file, 1, "The manifest is empty");
      }
      ManifestNode node = read(file, parser);
      if (parser.nextToken() != null) {
        throw fault(
            file,
            parser.currentTokenLocation().getLineNr(),
            "Expected one document, found a second one");
      }
      return node;
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
      throw fault(file, line, e.getOriginalMessage().lines().findFirst().orElse("not YAML"));
    } catch (IOException e) {
      throw new IllegalStateException("A text in memory can always be read", e);
    }
  }

  private static ManifestNode read(String file, YAMLParser parser) throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    if (parser.isCurrentAlias()) {
      throw fault(file, line, "Aliases (*name) are not supported in a manifest");
    }
    Object value =
        switch (parser.currentToken()) {
          case START_OBJECT -> readMap(file, parser);
          case START_ARRAY -> readList(file, parser);
          case VALUE_STRING -> parser.getText();
          case VALUE_NUMBER_INT -> readInteger(parser);
          case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
          case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
          default -> null;
        };
    return new ManifestNode(file, value, line);
  }

  private static Object readInteger(JsonParser parser) throws IOException {
    return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
        ? parser.getText()
        : (Object) parser.getLongValue();
  }

  private static Map<String, ManifestNode> readMap(String file, YAMLParser parser)
      throws IOException {
    Map<String, ManifestNode> map = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      map.put(key, read(file, parser));
    }
    return map;
  }

  private static List<ManifestNode> readList(String file, YAMLParser parser) throws IOException {
    List<ManifestNode> list = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      list.add(read(file, parser));
    }
    return list;
  }

  /** This value as an object, whose keys must all be among {@code allowed}. */
  Map<String, ManifestNode> object(String name, List<String> allowed) {
    Map<String, ManifestNode> map = anyObject(name);
    map.forEach(
        (key, child) -> {
          if (!allowed.contains(key)) {
            throw child.fault(
                "Unknown key '%s' in %s; expected one of %s".formatted(key, name, allowed));
          }
        });
    return map;
  }

  /** This value as an object with any keys. */
  @SuppressWarnings("unchecked") // readMap makes no other maps
  Map<String, ManifestNode> anyObject(String name) {
    if (!(value instanceof Map)) {
      throw wrongType(name, "an object");
    }
    return (Map<String, ManifestNode>) value;
  }

  @SuppressWarnings("unchecked") // readList makes no other lists
  List<ManifestNode> list(String name) {
    if (!(value instanceof List)) {
      throw wrongType(name, "a list");
    }
    return (List<ManifestNode>) value;
  }

  /** This value as a text that is not blank; a number or boolean is its text. */
  String text(String name) {
    if (value == null || value instanceof Map || value instanceof List) {
      throw wrongType(name, "a text");
    }
    String text = value.toString();
    if (text.isBlank()) {
      throw fault("%s is blank".formatted(name));
    }
    return text;
  }

  int integer(String name) {
    if (!(value instanceof Long number) || number < 0 || number > Integer.MAX_VALUE) {
      throw wrongType(name, "an integer of 0 or more");
    }
    return number.intValue();
  }

  private UserInputException wrongType(String name, String expected) {
    String found =
        value == null
            ? "nothing"
            : value instanceof Map
                ? "an object"
                : value instanceof List ? "a list" : "'%s'".formatted(value);
    return fault("%s: expected %s, found %s".formatted(name, expected, found));
  }

  /** A fault at this value's line. */
  UserInputException fault(String message) {
    return fault(file, line, message);
  }

  private static UserInputException fault(String file, int line, String message) {
    return UserInputException.inFile(
        RejectCode.MANIFEST_INVALID, file, "line %d: %s".formatted(line, message));
  }
}
