package io.github.intruders.checkpoint;

import io.github.intruders.checkpoint.PickleValue.Dictionary;
import io.github.intruders.checkpoint.PickleValue.Items;
import io.github.intruders.checkpoint.PickleValue.Mark;
import io.github.intruders.checkpoint.PickleValue.Name;
import io.github.intruders.checkpoint.PickleValue.Plain;
import io.github.intruders.checkpoint.PickleValue.Storage;
import io.github.intruders.checkpoint.PickleValue.Tensor;
import io.github.intruders.checkpoint.PickleValue.Text;
import io.github.intruders.checkpoint.PickleValue.Whole;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickle of a state dict, and runs nothing: names of Python's are compared with those
 * that tensors are made of ({@link TorchName}) and are never looked up, and what a pickle calls
 * becomes a description of a tensor. Knows the operations that {@code torch.save} writes in its
 * protocol 2; any other is refused.
 *
 * <p>Work and memory are bounded: every operation takes at least a byte of the pickle and makes at
 * most one value, nothing is copied but the texts, and there are at most two million values. Sizes
 * that many tensors share, since the pickle recalls one tuple for them, are one list.
 *
 * @see <a href="https://docs.python.org/3/library/pickletools.html">pickletools</a>
 */
final class PickleMachine {
  /** What a file of 65,536 tensors takes, and more. */
  static final int MAX_BYTES = 16 << 20;

  private static final int MAX_VALUES = 2_000_000;
  private static final int MAX_NAME = 200;

  /** What torch itself allows. */
  private static final int MAX_DIMENSIONS = 64;

  private static final int PROTOCOL = 2;

  /** Operations of other protocols and of other objects, by code, for messages. */
  private static final Map<Integer, String> REFUSED_OPERATIONS =
      Map.ofEntries(
          Map.entry((int) '0', "POP"),
          Map.entry((int) '1', "POP_MARK"),
          Map.entry((int) '2', "DUP"),
          Map.entry((int) 'F', "FLOAT"),
          Map.entry((int) 'I', "INT"),
          Map.entry((int) 'L', "LONG"),
          Map.entry((int) 'P', "PERSID"),
          Map.entry((int) 'S', "STRING"),
          Map.entry((int) 'T', "BINSTRING"),
          Map.entry((int) 'U', "SHORT_BINSTRING"),
          Map.entry((int) 'V', "UNICODE"),
          Map.entry((int) 'B', "BINBYTES"),
          Map.entry((int) 'C', "SHORT_BINBYTES"),
          Map.entry((int) 'd', "DICT"),
          Map.entry((int) 'g', "GET"),
          Map.entry((int) 'i', "INST"),
          Map.entry((int) 'l', "LIST"),
          Map.entry((int) 'o', "OBJ"),
          Map.entry((int) 'p', "PUT"),
          Map.entry(0x81, "NEWOBJ"),
          Map.entry(0x82, "EXT1"),
          Map.entry(0x83, "EXT2"),
          Map.entry(0x84, "EXT4"),
          Map.entry(0x8b, "LONG4"),
          Map.entry(0x8c, "SHORT_BINUNICODE"),
          Map.entry(0x8d, "BINUNICODE8"),
          Map.entry(0x8e, "BINBYTES8"),
          Map.entry(0x8f, "EMPTY_SET"),
          Map.entry(0x90, "ADDITEMS"),
          Map.entry(0x91, "FROZENSET"),
          Map.entry(0x92, "NEWOBJ_EX"),
          Map.entry(0x93, "STACK_GLOBAL"),
          Map.entry(0x94, "MEMOIZE"),
          Map.entry(0x95, "FRAME"),
          Map.entry(0x96, "BYTEARRAY8"),
          Map.entry(0x97, "NEXT_BUFFER"),
          Map.entry(0x98, "READONLY_BUFFER"));

  private final String file;
  private final ByteBuffer pickle;
  private final List<PickleValue> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Integer, PickleValue> memo = new HashMap<>();
  private int values;

  private PickleMachine(String file, byte[] pickle) {
    this.file = file;
    this.pickle = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads a whole pickle.
   *
   * @throws UserInputException with code {@code CODE_REFUSED} if it names what no tensor is made
   *     of, {@code FORMAT_UNSUPPORTED} for another protocol or operation, {@code HEADER_INVALID} if
   *     it is broken, {@code HEADER_TOO_LARGE} if it exceeds a bound
   */
  static PickleValue read(String file, byte[] pickle) {
    PickleMachine machine = new PickleMachine(file, pickle);
    try {
      return machine.run();
    } catch (BufferUnderflowException e) {
      throw machine.invalid("it ends within an operation");
    }
  }

  private PickleValue run() {
    while (true) {
      int operation = Byte.toUnsignedInt(pickle.get());
      if (operation == '.') {
        PickleValue root = pop();
        if (!stack.isEmpty() || !marks.isEmpty() || pickle.hasRemaining()) {
          throw invalid("something is left over at its end");
        }
        return root;
      }
      execute(operation);
    }
  }

  private void execute(int operation) {
    switch (operation) {
      case 0x80 -> requireProtocol(Byte.toUnsignedInt(pickle.get()));
      case 'c' -> push(new Name(name()));
      case 'q' -> memoise(Byte.toUnsignedInt(pickle.get()));
      case 'r' -> memoise(pickle.getInt());
      case 'h' -> recall(Byte.toUnsignedInt(pickle.get()));
      case 'j' -> recall(pickle.getInt());
      case 'X' -> push(new Text(text()));
      case 'J' -> push(new Whole(pickle.getInt()));
      case 'K' -> push(new Whole(Byte.toUnsignedInt(pickle.get())));
      case 'M' -> push(new Whole(Short.toUnsignedInt(pickle.getShort())));
      case 0x8a -> push(longNumber());
      case 'G' -> {
        pickle.getDouble();
        push(Plain.FRACTION);
      }
      case 'N' -> push(Plain.NONE);
      case 0x88, 0x89 -> push(Plain.TRUTH);
      case '(' -> {
        marks.add(stack.size());
        push(Mark.MARK);
      }
      case ')' -> push(Items.tuple(List.of()));
      case 't' -> push(Items.tuple(popToMark()));
      case 0x85 -> push(Items.tuple(pop(1)));
      case 0x86 -> push(Items.tuple(pop(2)));
      case 0x87 -> push(Items.tuple(pop(3)));
      case ']' -> push(Items.list());
      case 'a' -> append(pop(1));
      case 'e' -> append(popToMark());
      case '}' -> push(new Dictionary());
      case 's' -> put(pop(2));
      case 'u' -> put(popToMark());
      case 'b' -> build();
      case 'R' -> reduce();
      case 'Q' -> push(storage(arguments("a storage", pop(), 5, 5)));
      default -> throw refusedOperation(operation);
    }
  }

  private UserInputException refusedOperation(int operation) {
    String name = REFUSED_OPERATIONS.get(operation);
    if (name == null) {
      return invalid("0x%02x is no operation".formatted(operation));
    }
    return UserInputException.inFile(
        RejectCode.FORMAT_UNSUPPORTED,
        file,
        "The pickle has operation %s at byte %d, which torch.save does not write for tensors; %s"
            .formatted(name, pickle.position() - 1, TorchFile.REMEDY));
  }

  private void requireProtocol(int protocol) {
    if (protocol != PROTOCOL) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          file,
          "Expected pickle protocol %d, as torch.save writes by default, found %d; %s"
              .formatted(PROTOCOL, protocol, TorchFile.REMEDY));
    }
  }

  // ---- values

  private void push(PickleValue value) {
    if (++values > MAX_VALUES) {
      throw UserInputException.inFile(
          RejectCode.HEADER_TOO_LARGE,
          file,
          "The pickle makes more than %d values".formatted(MAX_VALUES));
    }
    stack.add(value);
  }

  private PickleValue pop() {
    if (stack.isEmpty() || stack.get(stack.size() - 1) == Mark.MARK) {
      throw invalid("it takes a value that is not there");
    }
    return stack.remove(stack.size() - 1);
  }

  private List<PickleValue> pop(int count) {
    List<PickleValue> popped = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      popped.add(0, pop());
    }
    return popped;
  }

  private List<PickleValue> popToMark() {
    if (marks.isEmpty()) {
      throw invalid("it ends a list that has not begun");
    }
    int mark = marks.remove(marks.size() - 1);
    List<PickleValue> tail = stack.subList(mark, stack.size());
    List<PickleValue> popped = new ArrayList<>(tail.subList(1, tail.size()));
    tail.clear();
    return popped;
  }

  private PickleValue top() {
    PickleValue value = pop();
    stack.add(value);
    return value;
  }

  private void memoise(int index) {
    memo.put(index, top());
  }

  private void recall(int index) {
    PickleValue value = memo.get(index);
    if (value == null) {
      throw invalid("it recalls value %d, which was not kept".formatted(index));
    }
    push(value);
  }

  private byte[] bytes(long count) {
    if (count > pickle.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[(int) count];
    pickle.get(bytes);
    return bytes;
  }

  private String text() {
    byte[] bytes = bytes(Integer.toUnsignedLong(pickle.getInt()));
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw invalid("a text in it is not UTF-8");
    }
  }

  /** One of more than eight bytes, such as a seed, is no size. */
  private PickleValue longNumber() {
    int count = Byte.toUnsignedInt(pickle.get());
    byte[] bytes = bytes(count);
    if (count > Long.BYTES) {
      return Plain.LONG;
    }
    long number = count > 0 && bytes[count - 1] < 0 ? -1 : 0;
    for (int i = count - 1; i >= 0; i--) {
      number = number << Byte.SIZE | Byte.toUnsignedInt(bytes[i]);
    }
    return new Whole(number);
  }

  private TorchName name() {
    String fullName = line() + "." + line();
    return TorchName.named(fullName).orElseThrow(() -> refusedName(fullName));
  }

  private String line() {
    StringBuilder line = new StringBuilder();
    for (char c = (char) pickle.get(); c != '\n'; c = (char) pickle.get()) {
      if (c < ' ' || c > '~' || line.length() == MAX_NAME) {
        throw invalid("a name in it is no name of Python's");
      }
      line.append(c);
    }
    return line.toString();
  }

  private UserInputException refusedName(String fullName) {
    return UserInputException.inFile(
        RejectCode.CODE_REFUSED,
        file,
        "The pickle names %s, which no tensor is made of; nothing was run; %s"
            .formatted(fullName, TorchFile.REMEDY));
  }

  // ---- collections

  private void append(List<PickleValue> added) {
    if (!(top() instanceof Items items) || !items.isList()) {
      throw invalid("it appends to %s, expected a list".formatted(top().kind()));
    }
    items.values().addAll(added);
  }

  private void put(List<PickleValue> keysAndValues) {
    if (!(top() instanceof Dictionary dictionary)) {
      throw invalid("it puts an entry into %s, expected a dict".formatted(top().kind()));
    }
    if (keysAndValues.size() % 2 != 0) {
      throw invalid("a key in it has no value");
    }
    for (int i = 0; i < keysAndValues.size(); i += 2) {
      if (!(keysAndValues.get(i) instanceof Text key)) {
        dictionary.countOtherKey();
      } else if (dictionary.entries().put(key.text(), keysAndValues.get(i + 1)) != null) {
        throw UserInputException.inTensor(
            RejectCode.DUPLICATE_TENSOR, file, key.text(), "stands twice in the pickle");
      }
    }
  }

  /** Attributes of a dict, such as the versions of a model's modules, tell nothing of tensors. */
  private void build() {
    PickleValue state = pop();
    PickleValue object = top();
    if (!(object instanceof Dictionary) || !(state instanceof Dictionary)) {
      throw invalid(
          "it sets the state of %s to %s, expected dicts".formatted(object.kind(), state.kind()));
    }
  }

  // ---- tensors

  private void reduce() {
    PickleValue given = pop();
    PickleValue callable = pop();
    if (!(callable instanceof Name name)) {
      throw invalid("it calls %s".formatted(callable.kind()));
    }
    String fullName = name.meaning().fullName();
    switch (name.meaning().role()) {
      case ORDERED_DICT -> {
        arguments(fullName, given, 0, 0);
        push(new Dictionary());
      }
      case SIZE -> push(items(arguments(fullName, given, 1, 1).get(0)));
      case TENSOR -> push(tensor(arguments(fullName, given, 6, 7), null));
      case TENSOR_OF_TYPE -> {
        List<PickleValue> arguments = arguments(fullName, given, 7, 8);
        push(tensor(arguments, elementType(arguments.get(6))));
      }
      case PARAMETER -> {
        PickleValue tensor = arguments(fullName, given, 3, 3).get(0);
        if (!(tensor instanceof Tensor)) {
          throw invalid("it makes a parameter of %s".formatted(tensor.kind()));
        }
        push(tensor);
      }
      case STORAGE, ELEMENT_TYPE -> throw invalid("it calls " + fullName);
    }
  }

  private List<PickleValue> arguments(String callable, PickleValue given, int least, int most) {
    if (!(given instanceof Items items) || items.isList()) {
      throw invalid("it makes %s of %s".formatted(callable, given.kind()));
    }
    int found = items.values().size();
    if (found < least || found > most) {
      throw invalid("it makes %s of %d parts, expected %d".formatted(callable, found, least));
    }
    return items.values();
  }

  /** ("storage", type, key, device, number of elements). */
  private Storage storage(List<PickleValue> parts) {
    if (!(parts.get(0) instanceof Text tag)
        || !tag.text().equals("storage")
        || !(parts.get(1) instanceof Name type)
        || type.meaning().role() != TorchName.Role.STORAGE
        || !(parts.get(2) instanceof Text key)
        || !(parts.get(3) instanceof Text)) {
      throw invalid("a storage in it is not what torch.save writes");
    }
    return new Storage(key.text(), type.meaning().dtype(), whole(parts.get(4)));
  }

  /** (storage, offset, shape, strides, requires_grad, hooks, …). */
  private Tensor tensor(List<PickleValue> parts, DType given) {
    if (!(parts.get(0) instanceof Storage storage)) {
      throw invalid("it makes a tensor of %s".formatted(parts.get(0).kind()));
    }
    DType dtype = given == null ? storage.dtype() : given;
    boolean typed = storage.dtype() != null;
    if (dtype == null || (typed && storage.dtype() != dtype)) {
      throw invalid("a tensor in it has no element type, or two");
    }
    List<Long> shape = wholes(parts.get(2));
    List<Long> strides = wholes(parts.get(3));
    if (shape.size() != strides.size()) {
      throw invalid(
          "a tensor in it has %d dimensions and %d strides"
              .formatted(shape.size(), strides.size()));
    }
    return new Tensor(storage, dtype, whole(parts.get(1)), shape, strides);
  }

  private DType elementType(PickleValue value) {
    if (value instanceof Name name && name.meaning().role() == TorchName.Role.ELEMENT_TYPE) {
      return name.meaning().dtype();
    }
    throw invalid("it takes %s for an element type".formatted(value.kind()));
  }

  /** A tuple that can be a shape; never a list, which could grow later on. */
  private Items items(PickleValue value) {
    if (!(value instanceof Items items) || items.isList()) {
      throw invalid("it takes %s for a shape".formatted(value.kind()));
    }
    if (items.values().size() > MAX_DIMENSIONS) {
      throw invalid(
          "it takes a tuple of %d values for a shape, expected at most %d"
              .formatted(items.values().size(), MAX_DIMENSIONS));
    }
    return items;
  }

  private List<Long> wholes(PickleValue value) {
    return items(value).numbers(this::whole);
  }

  private long whole(PickleValue value) {
    if (value instanceof Whole whole && whole.number() >= 0) {
      return whole.number();
    }
    throw invalid("it takes %s for a size or place".formatted(value.kind()));
  }

  private UserInputException invalid(String message) {
    return UserInputException.inFile(
        RejectCode.HEADER_INVALID,
        file,
        "The pickle is broken before byte %d: %s".formatted(pickle.position(), message));
  }
}
