package io.github.intruders.check;

import io.github.intruders.check.Verdict.State;
import java.io.IOException;
import java.io.OutputStream;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * A result in the XML of JUnit, as CI servers show it: a suite for each rule, a case for each
 * checkpoint. A broken rule of severity {@code error} is a failure; one whose state is not known
 * and counts as an error is an error; what is weaker is text beside a case that passed, since JUnit
 * knows no warnings; and an unknown state that does not matter is a case that was skipped.
 */
public final class JUnitXml {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss").withZone(ZoneOffset.UTC);
  private static final String NO_TIME = "0";

  private final CheckResult result;
  private final XMLStreamWriter xml;

  private JUnitXml(CheckResult result, XMLStreamWriter xml) {
    this.result = result;
    this.xml = xml;
  }

  /** Writes it in UTF-8. */
  public static void write(CheckResult result, OutputStream out) throws IOException {
    try {
      XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(out, "UTF-8");
      new JUnitXml(result, xml).write();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IOException("The XML can't be written", e);
    }
  }

  /** What JUnit calls the outcome of a case. */
  private enum Kind {
    PASSED,
    FAILED,
    ERROR,
    SKIPPED;

    static Kind of(Verdict verdict) {
      boolean fails = verdict.effect() == Severity.ERROR;
      return switch (verdict.state()) {
        case PASSED -> PASSED;
        case BROKEN -> fails ? FAILED : PASSED;
        case UNKNOWN -> fails ? ERROR : verdict.effect() == null ? SKIPPED : PASSED;
      };
    }
  }

  private void write() throws XMLStreamException {
    Map<String, List<Verdict>> byRule = new TreeMap<>();
    result
        .verdicts()
        .forEach(
            verdict ->
                byRule
                    .computeIfAbsent(verdict.rule().id(), unseen -> new ArrayList<>())
                    .add(verdict));
    xml.writeStartDocument("UTF-8", "1.0");
    xml.writeCharacters("\n");
    xml.writeStartElement("testsuites");
    attribute("name", result.rules().name());
    counts(result.verdicts());
    for (Rule rule : result.rules().rules()) {
      suite(rule, byRule.getOrDefault(rule.id(), List.of()));
    }
    xml.writeCharacters("\n");
    xml.writeEndElement();
    xml.writeEndDocument();
  }

  private void counts(List<Verdict> verdicts) throws XMLStreamException {
    attribute("tests", String.valueOf(verdicts.size()));
    attribute("failures", count(verdicts, Kind.FAILED));
    attribute("errors", count(verdicts, Kind.ERROR));
  }

  private static String count(List<Verdict> verdicts, Kind kind) {
    return String.valueOf(verdicts.stream().filter(one -> Kind.of(one) == kind).count());
  }

  private void suite(Rule rule, List<Verdict> verdicts) throws XMLStreamException {
    xml.writeCharacters("\n  ");
    xml.writeStartElement("testsuite");
    attribute("name", rule.id());
    counts(verdicts);
    attribute("skipped", count(verdicts, Kind.SKIPPED));
    attribute("time", NO_TIME);
    attribute("timestamp", TIME.format(result.checkedAt().truncatedTo(ChronoUnit.SECONDS)));
    for (Verdict verdict : verdicts) {
      xml.writeCharacters("\n    ");
      test(verdict);
    }
    xml.writeCharacters("\n  ");
    xml.writeEndElement();
  }

  private void test(Verdict verdict) throws XMLStreamException {
    xml.writeStartElement("testcase");
    attribute("name", verdict.checkpointId());
    attribute("classname", result.rules().name() + "." + verdict.rule().id());
    attribute("time", NO_TIME);
    switch (Kind.of(verdict)) {
      case FAILED -> told("failure", verdict);
      case ERROR -> told("error", verdict);
      case SKIPPED -> {
        xml.writeEmptyElement("skipped");
        attribute("message", verdict.text());
      }
      case PASSED -> {
        if (verdict.state() != State.PASSED) {
          xml.writeStartElement("system-out");
          xml.writeCharacters(clean(verdict.effect().text() + ": " + verdict.text()));
          xml.writeEndElement();
        }
      }
    }
    xml.writeEndElement();
  }

  private void told(String element, Verdict verdict) throws XMLStreamException {
    xml.writeStartElement(element);
    attribute("type", verdict.state().text());
    attribute("message", verdict.text());
    xml.writeCharacters(clean(verdict.rule().text()));
    xml.writeEndElement();
  }

  private void attribute(String name, String value) throws XMLStreamException {
    xml.writeAttribute(name, clean(value));
  }

  /** Without what XML can't hold, not even escaped. */
  private static String clean(String text) {
    return text.codePoints()
        .map(c -> isXml(c) ? c : '\uFFFD')
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static boolean isXml(int c) {
    return c == '\t'
        || c == '\n'
        || c == '\r'
        || (c >= 0x20 && c <= 0xD7FF)
        || (c >= 0xE000 && c <= 0xFFFD)
        || c >= 0x10000;
  }
}
