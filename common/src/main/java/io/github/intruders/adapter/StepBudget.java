package io.github.intruders.adapter;

/** How much work the patterns of one config may cause, all of them together. Not thread-safe. */
final class StepBudget {
  private long left;

  /**
   * @param steps such as looks at a character
   */
  StepBudget(long steps) {
    this.left = steps;
  }

  /**
   * Takes steps.
   *
   * @throws ExceededException if there are not so many left
   */
  void spend(long steps) {
    left -= steps;
    if (left < 0) {
      throw new ExceededException();
    }
  }

  /** The text, of which each look at a character is a step. */
  CharSequence countLooksAt(String text) {
    return new Counted(text);
  }

  private final class Counted implements CharSequence {
    private final String text;

    Counted(String text) {
      this.text = text;
    }

    @Override
    public char charAt(int index) {
      spend(1);
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
      return text;
    }
  }

  /** There are no steps left. */
  static final class ExceededException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
