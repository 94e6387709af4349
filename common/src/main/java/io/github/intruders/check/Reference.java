package io.github.intruders.check;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a figure is compared with, where its limit is relative. */
public sealed interface Reference {
  /** As rules spell it. */
  String text();

  /** The same figure of what was accepted last, in the same line of checkpoints. */
  record LastAccepted() implements Reference {
    @Override
    public String text() {
      return "last accepted";
    }
  }

  /**
   * The same figure of the same checkpoint, in an earlier state of the tables.
   *
   * @param version a run's id, or a time
   */
  record AsOf(String version) implements Reference {
    @Override
    public String text() {
      return "as-of " + version;
    }
  }

  /** The same figure of another checkpoint. */
  record OfCheckpoint(String checkpointId) implements Reference {
    @Override
    public String text() {
      return "checkpoint " + checkpointId;
    }
  }

  /** What {@link #parse} takes, for messages. */
  String EXPECTED = "'last accepted', 'as-of RUN', 'as-of TIME' or 'checkpoint ID'";

  /** From its text; empty if it is none. */
  static Optional<Reference> parse(String text) {
    if (text.equals("last accepted")) {
      return Optional.of(new LastAccepted());
    }
    Matcher matcher = Pattern.compile("(as-of|checkpoint) +(\\S.*)").matcher(text.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return Optional.of(
        matcher.group(1).equals("as-of")
            ? new AsOf(matcher.group(2))
            : new OfCheckpoint(matcher.group(2)));
  }
}
