package io.github.intruders.jobs.results;

import java.util.Iterator;
import java.util.NoSuchElementException;

/** What is made of some elements of another iterator, one at a time. */
abstract class Selected<T, R> implements Iterator<R> {
  private final Iterator<T> elements;
  private R next;

  Selected(Iterator<T> elements) {
    this.elements = elements;
  }

  /** What comes of an element; null for nothing. */
  abstract R select(T element);

  /** What comes after all elements; null for nothing more. */
  R last() {
    return null;
  }

  @Override
  public boolean hasNext() {
    while (next == null && elements.hasNext()) {
      next = select(elements.next());
    }
    if (next == null) {
      next = last();
    }
    return next != null;
  }

  @Override
  public R next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    R result = next;
    next = null;
    return result;
  }
}
