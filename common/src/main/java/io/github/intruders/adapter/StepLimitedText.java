package io.github.intruders.adapter;

/** Text that may be looked at only so often, so that a regular expression can't run for ever. */
final class StepLimitedText implements CharSequence {
  private final CharSequence text;
  private int stepsLeft;

  StepLimitedText(CharSequence text, int steps) {
    this.text = text;
    this.stepsLeft = steps;
  }

  @Override
  public char charAt(int index) {
    if (stepsLeft-- <= 0) {
      throw new ExceededException();
    }
    return text.charAt(index);
  }

  @Override
  public int length() {
    return text.length();
  }

  @Override
  public CharSequence subSequence(int start, int end) {
    return text.subSequence(start, end);
  }

  @Override
  public String toString() {
    return text.toString();
  }

  /** The text was looked at too often. */
  static final class ExceededException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
