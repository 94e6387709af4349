package io.github.intruders.manifest;

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
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * A value of a YAML or JSON document that knows its line, so that every fault can name it.
 *
 * @param value a {@code Map<String, ManifestNode>}, a {@code List<ManifestNode>}, a String (a
 *     number or boolean as it is written), or null
 * @param line where it starts, from 1
 * @param keyLine where its key stands, or the same as {@code line}
 */
record ManifestNode(String file, Object value, int line, int keyLine) {
  private static final int MAX_DEPTH = 20;
  private static final Pattern INTEGER = Pattern.compile("\\d{1,10}");

  /** What a manifest of 64 MB can hold, at two tokens for an entry, and what fits into memory. */
  private static final long MAX_TOKENS = 16_000_000;

  private static final YAMLFactory FACTORY =
      YAMLFactory.builder()
          .loaderOptions(loaderOptions())
          .streamReadConstraints(StreamReadConstraints.builder().maxTokenCount(MAX_TOKENS).build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL)
          .build();

  /** The length is limited where the file is read; SnakeYAML's own limit is 3 MiB. */
  private static LoaderOptions loaderOptions() {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE);
    return options;
  }

  /** Parses a whole document. */
  static ManifestNode parse(String file, String text) {
    requirePrintable(file, text);
    try (YAMLParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() == null) {
        throw fault(file, 1, "The manifest is empty");
      }
      ManifestNode node = read(file, parser, parser.currentTokenLocation().getLineNr(), 0);
      if (parser.nextToken() != null) {
        throw fault(
            file,
            parser.currentTokenLocation().getLineNr(),
            "Expected one document, found a second one");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw syntaxFault(file, e);
    } catch (IOException e) {
      throw new IllegalStateException("A text in memory can always be read", e);
    }
  }

  private static void requirePrintable(String file, String text) {
    int line = 1;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      boolean control =
          Character.isISOControl(c) && c != '\t' && c != '\n' && c != '\r' && c != 0x85;
      if (control || (c >= 0xD800 && c <= 0xDFFF) || c == 0xFFFE || c == 0xFFFF) {
        throw fault(file, line, "YAML can't hold the character U+%04X".formatted(c));
      }
      if (c == '\n') {
        line++;
      }
    }
  }

  /** Names what the parser stumbled over, and where what it was reading began. */
  private static UserInputException syntaxFault(String file, JsonProcessingException e) {
    if (!(e.getCause() instanceof MarkedYAMLException syntax) || syntax.getProblemMark() == null) {
      int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
      String message = e.getOriginalMessage().lines().findFirst().orElse("not YAML");
      return message.startsWith("Expected a field name") // goes on with the parser's insides
          ? fault(file, line, "Expected a text as key, found an object or a list")
          : fault(file, line, message);
    }
    String problem = "Cannot read as YAML: " + syntax.getProblem();
    Mark start = syntax.getContextMark();
    if (syntax.getContext() != null && start != null) {
      problem += ", %s that starts on line %d".formatted(syntax.getContext(), start.getLine() + 1);
    }
    return fault(file, syntax.getProblemMark().getLine() + 1, problem.replaceAll("\\s+", " "));
  }

  private static ManifestNode read(String file, YAMLParser parser, int keyLine, int depth)
      throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    if (parser.isCurrentAlias()) {
      throw fault(file, line, "Aliases (*name) are not supported in a manifest");
    }
    if (depth > MAX_DEPTH) {
      throw fault(file, line, "Expected at most %d levels of nesting".formatted(MAX_DEPTH));
    }
    Object value =
        switch (parser.currentToken()) {
          case START_OBJECT -> readMap(file, parser, depth + 1);
          case START_ARRAY -> readList(file, parser, depth + 1);
          case VALUE_NULL -> null;
          default -> parser.getText(); // as it is written: a version 1.10 is not 1.1
        };
    return new ManifestNode(file, value, line, keyLine);
  }

  private static Map<String, ManifestNode> readMap(String file, YAMLParser parser, int depth)
      throws IOException {
    Map<String, ManifestNode> map = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      int keyLine = parser.currentTokenLocation().getLineNr();
      parser.nextToken();
      map.put(key, read(file, parser, keyLine, depth));
    }
    return map.isEmpty() ? Map.of() : map;
  }

  private static List<ManifestNode> readList(String file, YAMLParser parser, int depth)
      throws IOException {
    List<ManifestNode> list = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      list.add(read(file, parser, parser.currentTokenLocation().getLineNr(), depth));
    }
    return list.isEmpty() ? List.of() : list; // a hostile one has millions of empty lists
  }

  /** This value as an object, whose keys must all be among {@code allowed}. */
  Map<String, ManifestNode> object(String name, List<String> allowed) {
    Map<String, ManifestNode> map = anyObject(name);
    map.forEach(
        (key, child) -> {
          if (!allowed.contains(key)) {
            throw fault(
                file,
                child.keyLine,
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

  /** This value as a text that is not blank; a number or boolean is as it is written. */
  String text(String name) {
    if (!(value instanceof String text)) {
      throw wrongType(name, "a text");
    }
    if (text.isBlank()) {
      throw fault("%s is blank".formatted(name));
    }
    return text;
  }

  /** This value as an integer of 0 or more in decimal digits. */
  int integer(String name) {
    if (!(value instanceof String text)
        || !INTEGER.matcher(text).matches()
        || Long.parseLong(text) > Integer.MAX_VALUE) {
      throw wrongType(name, "an integer from 0 to " + Integer.MAX_VALUE);
    }
    return Integer.parseInt(text);
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
