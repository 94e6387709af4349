package io.github.intruders.document;

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
 * @param document what it stands in
 * @param value a {@code Map<String, DocumentNode>}, a {@code List<DocumentNode>}, a String (a
 *     number or boolean as it is written), or null
 * @param line where it starts, from 1
 * @param keyLine where its key stands, or the same as {@code line}
 */
public record DocumentNode(Document document, Object value, int line, int keyLine) {
  private static final int MAX_DEPTH = 20;
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d+)?");
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

  /**
   * What is read.
   *
   * @param file named in every fault
   * @param kind what the document is to people, such as {@code manifest}
   * @param code of every fault
   */
  public record Document(String file, String kind, RejectCode code) {}

  /**
   * Parses a whole document.
   *
   * @throws UserInputException if it is no YAML, or holds what is not understood
   */
  public static DocumentNode parse(Document document, String text) {
    requirePrintable(document, text);
    try (YAMLParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() == null) {
        throw fault(document, 1, "The %s is empty".formatted(document.kind()));
      }
      DocumentNode node = read(document, parser, parser.currentTokenLocation().getLineNr(), 0);
      if (parser.nextToken() != null) {
        throw fault(
            document,
            parser.currentTokenLocation().getLineNr(),
            "Expected one document, found a second one");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw syntaxFault(document, e);
    } catch (IOException e) {
      throw new IllegalStateException("A text in memory can always be read", e);
    }
  }

  private static void requirePrintable(Document document, String text) {
    int line = 1;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      boolean control =
          Character.isISOControl(c) && c != '\t' && c != '\n' && c != '\r' && c != 0x85;
      if (control || (c >= 0xD800 && c <= 0xDFFF) || c == 0xFFFE || c == 0xFFFF) {
        throw fault(document, line, "YAML can't hold the character U+%04X".formatted(c));
      }
      if (c == '\n') {
        line++;
      }
    }
  }

  /** Names what the parser stumbled over, and where what it was reading began. */
  private static UserInputException syntaxFault(Document document, JsonProcessingException e) {
    if (!(e.getCause() instanceof MarkedYAMLException syntax) || syntax.getProblemMark() == null) {
      int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
      String message = e.getOriginalMessage().lines().findFirst().orElse("not YAML");
      return message.startsWith("Expected a field name") // goes on with the parser's insides
          ? fault(document, line, "Expected a text as key, found an object or a list")
          : fault(document, line, message);
    }
    String problem = "Cannot read as YAML: " + syntax.getProblem();
    Mark start = syntax.getContextMark();
    if (syntax.getContext() != null && start != null) {
      problem += ", %s that starts on line %d".formatted(syntax.getContext(), start.getLine() + 1);
    }
    return fault(document, syntax.getProblemMark().getLine() + 1, problem.replaceAll("\\s+", " "));
  }

  private static DocumentNode read(Document document, YAMLParser parser, int keyLine, int depth)
      throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    if (parser.isCurrentAlias()) {
      throw fault(document, line, "Aliases (*name) are not supported in a " + document.kind());
    }
    if (depth > MAX_DEPTH) {
      throw fault(document, line, "Expected at most %d levels of nesting".formatted(MAX_DEPTH));
    }
    Object value =
        switch (parser.currentToken()) {
          case START_OBJECT -> readMap(document, parser, depth + 1);
          case START_ARRAY -> readList(document, parser, depth + 1);
          case VALUE_NULL -> null;
          default -> parser.getText(); // as it is written: a version 1.10 is not 1.1
        };
    return new DocumentNode(document, value, line, keyLine);
  }

  private static Map<String, DocumentNode> readMap(Document document, YAMLParser parser, int depth)
      throws IOException {
    Map<String, DocumentNode> map = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      int keyLine = parser.currentTokenLocation().getLineNr();
      parser.nextToken();
      map.put(key, read(document, parser, keyLine, depth));
    }
    return map.isEmpty() ? Map.of() : map;
  }

  private static List<DocumentNode> readList(Document document, YAMLParser parser, int depth)
      throws IOException {
    List<DocumentNode> list = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      list.add(read(document, parser, parser.currentTokenLocation().getLineNr(), depth));
    }
    return list.isEmpty() ? List.of() : list; // a hostile one has millions of empty lists
  }

  /** This value as an object, whose keys must all be among {@code allowed}. */
  public Map<String, DocumentNode> object(String name, List<String> allowed) {
    Map<String, DocumentNode> map = anyObject(name);
    map.forEach(
        (key, child) -> {
          if (!allowed.contains(key)) {
            throw fault(
                document,
                child.keyLine,
                "Unknown key '%s' in %s; expected one of %s".formatted(key, name, allowed));
          }
        });
    return map;
  }

  /**
   * The value of a key that must be there.
   *
   * @param keys of this object
   */
  public DocumentNode required(Map<String, DocumentNode> keys, String key, String name) {
    DocumentNode child = keys.get(key);
    if (child == null) {
      throw fault("Missing key '%s' in %s".formatted(key, name));
    }
    return child;
  }

  /** This value as an object with any keys. */
  @SuppressWarnings("unchecked") // readMap makes no other maps
  public Map<String, DocumentNode> anyObject(String name) {
    if (!(value instanceof Map)) {
      throw wrongType(name, "an object");
    }
    return (Map<String, DocumentNode>) value;
  }

  @SuppressWarnings("unchecked") // readList makes no other lists
  public List<DocumentNode> list(String name) {
    if (!(value instanceof List)) {
      throw wrongType(name, "a list");
    }
    return (List<DocumentNode>) value;
  }

  /** This value as a text that is not blank; a number or boolean is as it is written. */
  public String text(String name) {
    if (!(value instanceof String text)) {
      throw wrongType(name, "a text");
    }
    if (text.isBlank()) {
      throw fault("%s is blank".formatted(name));
    }
    return text;
  }

  /** This value as an integer of 0 or more in decimal digits. */
  public int integer(String name) {
    if (!(value instanceof String text)
        || !INTEGER.matcher(text).matches()
        || Long.parseLong(text) > Integer.MAX_VALUE) {
      throw wrongType(name, "an integer from 0 to " + Integer.MAX_VALUE);
    }
    return Integer.parseInt(text);
  }

  /** This value as a finite number, in decimal digits, with or without an exponent. */
  public double number(String name) {
    if (value instanceof String text && NUMBER.matcher(text).matches()) {
      double number = Double.parseDouble(text);
      if (Double.isFinite(number)) {
        return number;
      }
    }
    throw wrongType(name, "a number");
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
  public UserInputException fault(String message) {
    return fault(document, line, message);
  }

  private static UserInputException fault(Document document, int line, String message) {
    return UserInputException.inFile(
        document.code(), document.file(), "line %d: %s".formatted(line, message));
  }
}
