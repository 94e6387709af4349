package io.github.intruders.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** What a pickle can describe here: texts, numbers, collections, and the parts of tensors. */
sealed interface PickleValue {
  /** What it is, for messages; never what it holds, which may be itself. */
  String kind();

  /** A text. */
  record Text(String text) implements PickleValue {
    @Override
    public String kind() {
      return "a text";
    }
  }

  /** A whole number. */
  record Whole(long number) implements PickleValue {
    @Override
    public String kind() {
      return "a number";
    }
  }

  /** A value that tells nothing about tensors: a fraction, a long number, a truth value, None. */
  enum Plain implements PickleValue {
    FRACTION,
    LONG,
    TRUTH,
    NONE;

    @Override
    public String kind() {
      return this == NONE ? "None" : this == TRUTH ? "a truth value" : "a number";
    }
  }

  /** A name of Python's that may stand in a state dict. */
  record Name(TorchName meaning) implements PickleValue {
    @Override
    public String kind() {
      return meaning.fullName();
    }
  }

  /** Where a pickle's list or tuple begins. */
  enum Mark implements PickleValue {
    MARK;

    @Override
    public String kind() {
      return "a mark";
    }
  }

  /** A list, or a tuple, which is never changed. */
  final class Items implements PickleValue {
    private final List<PickleValue> values;
    private final boolean list;

    /** The values as numbers, once somebody asked for them. */
    private List<Long> numbers;

    private Items(List<PickleValue> values, boolean list) {
      this.values = values;
      this.list = list;
    }

    static Items tuple(List<PickleValue> values) {
      return new Items(List.copyOf(values), false);
    }

    static Items list() {
      return new Items(new ArrayList<>(0), true);
    }

    boolean isList() {
      return list;
    }

    List<PickleValue> values() {
      return values;
    }

    /** The values of a tuple as numbers, the same list each time; unmodifiable. */
    List<Long> numbers(ToLongFunction<PickleValue> number) {
      if (numbers == null) {
        numbers = List.copyOf(values.stream().map(number::applyAsLong).toList());
      }
      return numbers;
    }

    @Override
    public String kind() {
      return list ? "a list" : "a tuple";
    }
  }

  /** A dict; entries whose keys are no texts are counted, not kept. */
  final class Dictionary implements PickleValue {
    private final Map<String, PickleValue> entries = new LinkedHashMap<>(0);
    private int otherKeys;

    Map<String, PickleValue> entries() {
      return entries;
    }

    int otherKeys() {
      return otherKeys;
    }

    void countOtherKey() {
      otherKeys++;
    }

    @Override
    public String kind() {
      return "a dict";
    }
  }

  /**
   * A storage, as the pickle has it.
   *
   * @param key the name of its entry in the archive
   * @param dtype of its elements; null for one that is counted in bytes
   * @param elements how many it has
   */
  record Storage(String key, DType dtype, long elements) implements PickleValue {
    @Override
    public String kind() {
      return "a storage";
    }
  }

  /**
   * A view of a storage.
   *
   * @param offset of the first element, in elements
   * @param shape outermost dimension first
   * @param strides in elements, one per dimension
   */
  record Tensor(Storage storage, DType dtype, long offset, List<Long> shape, List<Long> strides)
      implements PickleValue {
    @Override
    public String kind() {
      return "a tensor";
    }
  }
}
