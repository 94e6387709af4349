package io.github.intruders.check;

/** What the values of a column are. */
public enum ColumnKind {
  NUMBER("a number"),
  FLAG("true or false"),
  TEXT("a text"),
  /** A map from texts to numbers. */
  NUMBERS("a map of numbers"),
  /** A map from texts to texts. */
  TEXTS("a map of texts"),
  OTHER("neither a number nor a text");

  private final String text;

  ColumnKind(String text) {
    this.text = text;
  }

  /** For messages. */
  public String text() {
    return text;
  }

  boolean isMap() {
    return this == NUMBERS || this == TEXTS;
  }

  /** What a value of such a map is; the kind itself where it is none. */
  ColumnKind mapped() {
    return this == NUMBERS ? NUMBER : this == TEXTS ? TEXT : this;
  }
}
