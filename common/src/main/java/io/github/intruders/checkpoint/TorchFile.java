package io.github.intruders.checkpoint;

import io.github.intruders.checkpoint.PickleValue.Dictionary;
import io.github.intruders.checkpoint.PickleValue.Tensor;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A state dict as {@code torch.save} writes it: {@code pytorch_model.bin}, {@code *.pt}, {@code
 * *.pth}. Nothing of its pickle is run ({@link PickleMachine}); tensors are ranges of the file, as
 * in safetensors.
 *
 * <p>The state dict is the root of the pickle, or what a root without tensors holds under one of
 * the usual names, as Lightning, nanoGPT and DeepSpeed do; what stands beside it is left out.
 * Tensors may share a storage. A matrix may be stored by columns, which a transposed one is; any
 * other view with gaps or steps is refused.
 */
final class TorchFile {
  static final String REMEDY =
      "save the state dict alone with torch.save(model.state_dict(), FILE), or as safetensors";

  private static final Pattern NAME = Pattern.compile(".*\\.(bin|pt|pth|ckpt)", Pattern.DOTALL);

  /** What a root dict calls the state dict. */
  private static final List<String> STATE_DICTS =
      List.of("state_dict", "model_state_dict", "model", "module");

  /** More than anyone would want listed one by one; each takes memory. */
  private static final int MAX_REFUSED = 10_000;

  private static final int MAX_SHOWN = 8;

  private static final int TAR_MAGIC_AT = 257;

  /** The beginnings of files that are no ZIP archive. */
  private static final int PREFIX_BYTES = TAR_MAGIC_AT + 5;

  private final RangeSource source;
  private final TorchArchive archive;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, UserInputException> refused = new LinkedHashMap<>();

  private TorchFile(RangeSource source, TorchArchive archive) {
    this.source = source;
    this.archive = archive;
  }

  /** Whether a file of this name is taken for one of torch's. */
  static boolean isNamedSo(String fileName) {
    return NAME.matcher(fileName).matches();
  }

  /**
   * Reads the archive's directory and its pickle.
   *
   * @throws UserInputException if the file is broken, of the format before PyTorch 1.6, or holds
   *     anything but a state dict
   */
  static TensorFile read(RangeSource source) throws IOException {
    requireArchive(source);
    TorchFile file = new TorchFile(source, TorchArchive.read(source));
    file.archive.requireLittleEndian(source);
    for (Map.Entry<String, PickleValue> entry : file.stateDict().entries().entrySet()) {
      if (entry.getValue() instanceof Tensor tensor) {
        file.add(entry.getKey(), tensor);
      }
    }
    return new TensorFile(source.uri(), file.tensors, file.refused);
  }

  private static void requireArchive(RangeSource source) throws IOException {
    byte[] bytes = new byte[(int) Math.min(PREFIX_BYTES, source.lengthBytes())];
    source.readFully(0, bytes, 0, bytes.length);
    String prefix = new String(bytes, StandardCharsets.ISO_8859_1);
    if (prefix.startsWith("PK\3\4")) {
      return;
    }
    if (prefix.startsWith("\u0080") || prefix.startsWith("ustar", TAR_MAGIC_AT)) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          source.uri(),
          "This is a pickle without the ZIP archive that torch.save has written since PyTorch 1.6;"
              + " write it anew: torch.save(torch.load(FILE, weights_only=True), FILE)");
    }
    throw UserInputException.inFile(
        RejectCode.FORMAT_UNSUPPORTED,
        source.uri(),
        "Expected a ZIP archive written by torch.save, found "
            + (bytes.length == 0 ? "an empty file" : "another kind of file"));
  }

  private Dictionary stateDict() throws IOException {
    PickleValue root = PickleMachine.read(source.uri(), pickle());
    if (!(root instanceof Dictionary dictionary)) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          source.uri(),
          "Expected a state dict, found %s; %s".formatted(root.kind(), REMEDY));
    }
    List<Dictionary> candidates = new ArrayList<>();
    List<String> places = new ArrayList<>();
    for (String name : STATE_DICTS) {
      if (dictionary.entries().get(name) instanceof Dictionary nested && holdsTensors(nested)) {
        candidates.add(nested);
        places.add("\"%s\"".formatted(name));
      }
    }
    // Beside a state dict a trainer keeps single numbers, such as its best loss.
    if (candidates.isEmpty() ? holdsTensors(dictionary) : holdsMatrices(dictionary)) {
      candidates.add(0, dictionary);
      places.add(0, "the root");
    }
    if (candidates.size() > 1) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          source.uri(),
          "Which state dict is meant? There are tensors in %s; %s"
              .formatted(String.join(" and ", places), REMEDY));
    }
    if (candidates.isEmpty() && !dictionary.entries().isEmpty()) {
      List<String> keys = dictionary.entries().keySet().stream().limit(10).toList();
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          source.uri(),
          "No state dict in this file: found %s; %s".formatted(shown(keys), REMEDY));
    }
    Dictionary chosen = candidates.isEmpty() ? dictionary : candidates.get(0);
    if (chosen.otherKeys() > 0) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          source.uri(),
          "Expected a state dict with texts for names, found %d other keys; %s"
              .formatted(chosen.otherKeys(), REMEDY));
    }
    return chosen;
  }

  private static String shown(List<String> keys) {
    return String.join(", ", keys.stream().map(key -> Excerpt.of(key, 40)).toList());
  }

  private static boolean holdsMatrices(Dictionary dictionary) {
    return dictionary.entries().values().stream()
        .anyMatch(value -> value instanceof Tensor tensor && tensor.shape().size() > 1);
  }

  private static boolean holdsTensors(Dictionary dictionary) {
    return dictionary.entries().values().stream().anyMatch(Tensor.class::isInstance);
  }

  private byte[] pickle() throws IOException {
    TorchArchive.Place place = archive.pickle();
    if (place.lengthBytes() > PickleMachine.MAX_BYTES) {
      throw UserInputException.inFile(
          RejectCode.HEADER_TOO_LARGE,
          source.uri(),
          "The pickle has %d bytes, at most %d are read"
              .formatted(place.lengthBytes(), PickleMachine.MAX_BYTES));
    }
    byte[] bytes = new byte[(int) place.lengthBytes()];
    source.readFully(place.offset(), bytes, 0, bytes.length);
    archive.requireIntact(place, bytes);
    return bytes;
  }

  private void add(String name, Tensor tensor) {
    try {
      tensors.put(name, locate(name, tensor));
    } catch (ArithmeticException e) {
      throw UserInputException.inTensor(
          RejectCode.TENSOR_SIZE, source.uri(), name, "its size or place exceeds any file's");
    } catch (UserInputException e) {
      if (e.code() != RejectCode.FORMAT_UNSUPPORTED) {
        throw e;
      }
      refused.put(name, e);
      if (refused.size() > MAX_REFUSED) {
        throw UserInputException.inFile(
            RejectCode.FORMAT_UNSUPPORTED,
            source.uri(),
            "More than %d of its tensors can't be used; the first reason: %s"
                .formatted(MAX_REFUSED, refused.values().iterator().next().getMessage()));
      }
    }
  }

  private TensorInfo locate(String name, Tensor tensor) {
    TorchArchive.Place place = archive.storage(tensor.storage().key());
    if (place == null) {
      throw UserInputException.inTensor(
          RejectCode.TENSOR_MISSING,
          source.uri(),
          name,
          "its storage data/%s is not in the archive"
              .formatted(shown(List.of(tensor.storage().key()))));
    }
    int width = tensor.dtype().bits() / Byte.SIZE;
    long storageBytes =
        Math.multiplyExact(
            tensor.storage().elements(), tensor.storage().dtype() == null ? 1 : width);
    if (storageBytes != place.lengthBytes()) {
      throw UserInputException.inTensor(
          RejectCode.TENSOR_SIZE,
          source.uri(),
          name,
          "expected %d bytes of storage, found %d".formatted(storageBytes, place.lengthBytes()));
    }
    long elements = elements(tensor);
    long end = elements == 0 ? 0 : Math.multiplyExact(lastElement(tensor) + 1, (long) width);
    if (end > place.lengthBytes()) {
      throw UserInputException.inTensor(
          RejectCode.TENSOR_SIZE,
          source.uri(),
          name,
          "reaches up to byte %d of its storage, which has %d".formatted(end, place.lengthBytes()));
    }
    boolean byRows = elements == 0 || isByRows(tensor);
    if (!byRows && !isByColumns(tensor)) {
      throw UserInputException.inTensor(
          RejectCode.FORMAT_UNSUPPORTED,
          source.uri(),
          name,
          "is a view with steps, shape %s and strides %s; save it with .contiguous()"
              .formatted(some(tensor.shape()), some(tensor.strides())));
    }
    long lengthBytes = Math.multiplyExact(elements, (long) width);
    return new TensorInfo(
        name,
        tensor.dtype(),
        tensor.shape(),
        source.uri(),
        elements == 0 ? place.offset() : place.offset() + tensor.offset() * width,
        lengthBytes,
        !byRows,
        lengthBytes == place.lengthBytes() ? place.checksum() : null,
        null);
  }

  private static String some(List<Long> numbers) {
    return numbers.size() <= MAX_SHOWN
        ? numbers.toString()
        : numbers.subList(0, MAX_SHOWN).toString().replace("]", ", …]");
  }

  private static long elements(Tensor tensor) {
    if (tensor.shape().contains(0L)) {
      return 0;
    }
    long elements = 1;
    for (long dimension : tensor.shape()) {
      elements = Math.multiplyExact(elements, dimension);
    }
    return elements;
  }

  private static long lastElement(Tensor tensor) {
    long last = tensor.offset();
    for (int i = 0; i < tensor.shape().size(); i++) {
      long steps = Math.multiplyExact(tensor.shape().get(i) - 1, tensor.strides().get(i));
      last = Math.addExact(last, steps);
    }
    return Math.addExact(last, 1) - 1;
  }

  private static boolean isByRows(Tensor tensor) {
    long expected = 1;
    for (int i = tensor.shape().size() - 1; i >= 0; i--) {
      long dimension = tensor.shape().get(i);
      if (dimension != 1 && tensor.strides().get(i) != expected) {
        return false;
      }
      expected *= dimension;
    }
    return true;
  }

  private static boolean isByColumns(Tensor tensor) {
    return Stream.of(tensor.shape(), tensor.strides()).allMatch(list -> list.size() == 2)
        && tensor.strides().equals(List.of(1L, tensor.shape().get(0)));
  }
}
