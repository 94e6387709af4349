package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.EOFException;
import java.io.IOException;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What one file of weights holds, in whatever format it is; no file stays open.
 *
 * @param file URI of the file
 * @param tensors by name, in the order the file has them; unmodifiable
 * @param refused why a tensor that the file holds can't be used, by name; unmodifiable
 * @param metadata the free text of a safetensors header; unmodifiable
 */
public record TensorFile(
    String file,
    Map<String, TensorInfo> tensors,
    Map<String, UserInputException> refused,
    Map<String, String> metadata) {
  private static final String SAFETENSORS = ".safetensors";
  private static final String GGUF = ".gguf";

  public TensorFile {
    Objects.requireNonNull(file, "file");
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    refused = Collections.unmodifiableMap(new LinkedHashMap<>(refused));
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  TensorFile(
      String file, Map<String, TensorInfo> tensors, Map<String, UserInputException> refused) {
    this(file, tensors, refused, Map.of());
  }

  /** Whether files of this name are understood: safetensors, PyTorch's own, and GGUF. */
  public static boolean understands(String fileName) {
    return fileName.endsWith(SAFETENSORS)
        || fileName.endsWith(GGUF)
        || TorchFile.isNamedSo(fileName);
  }

  /** Whether a file of this name may hold weights: it is understood, and no state of a training. */
  private static boolean mayHoldWeights(String fileName) {
    return understands(fileName) && !ForeignFormat.isNoWeights(fileName);
  }

  /**
   * The files of a folder that may hold its weights and are not hidden; only the safetensors files
   * where there are such.
   *
   * @param fileNames the names of all files in the folder
   */
  public static List<String> candidates(Collection<String> fileNames) {
    List<String> understood =
        fileNames.stream().filter(name -> !name.startsWith(".") && mayHoldWeights(name)).toList();
    List<String> safetensors =
        understood.stream().filter(name -> name.endsWith(SAFETENSORS)).toList();
    return safetensors.isEmpty() ? understood : safetensors;
  }

  /**
   * Reads what tells where the tensors lie, and of a tensor no more than some kilobytes, for its
   * {@link Stamp}. The format follows from the name.
   *
   * @throws UserInputException if the file is broken, or not what its name says
   * @throws java.io.FileNotFoundException if there is no such file
   */
  public static TensorFile read(Storage storage, String uri) throws IOException {
    try (RangeSource source = storage.open(uri)) {
      return read(source);
    }
  }

  static TensorFile read(RangeSource source) throws IOException {
    try {
      TensorFile file = parsed(source);
      return source.opened().isEmpty() ? file : file.stamped(source, source.opened().get());
    } catch (EOFException e) {
      throw UserInputException.inFile(
          RejectCode.READ_FAILED, source.uri(), "The file became shorter while it was read");
    }
  }

  /** This file, of which each tensor knows how to tell that it changed. */
  private TensorFile stamped(RangeSource source, StoredFile opened) throws IOException {
    List<TensorInfo> all = List.copyOf(tensors.values());
    List<List<Sample>> samples =
        opened.etag().isEmpty()
            ? new Sampler(source).of(all)
            : Collections.nCopies(all.size(), List.of());
    String version = opened.identity();
    Map<String, TensorInfo> stamped = new LinkedHashMap<>();
    for (int i = 0; i < all.size(); i++) {
      TensorInfo tensor = all.get(i);
      stamped.put(tensor.name(), tensor.stampedBy(new Stamp(version, samples.get(i))));
    }
    return new TensorFile(file, stamped, refused, metadata);
  }

  private static TensorFile parsed(RangeSource source) throws IOException {
    try {
      return parse(source);
    } catch (UserInputException e) {
      throw ForeignText.named(source, e);
    }
  }

  private static TensorFile parse(RangeSource source) throws IOException {
    if (TorchFile.isNamedSo(source.uri())) {
      return TorchFile.read(source);
    }
    if (source.uri().endsWith(GGUF)) {
      return GgufFile.read(source);
    }
    SafetensorsHeader header = SafetensorsHeader.parse(source);
    return new TensorFile(source.uri(), header.tensors(), Map.of(), header.metadata());
  }

  /**
   * This file, which must hold a tensor, be it one that can't be used.
   *
   * @throws UserInputException with code {@code NOTHING_TO_ANALYSE} if there is none
   */
  public TensorFile requireTensors() {
    if (tensors.isEmpty() && refused.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.NOTHING_TO_ANALYSE,
          file,
          "There is no tensor in this file: it was saved from an empty state dict, as happens on a"
              + " rank of a distributed training that does not hold the weights; gather the weights"
              + " and save again");
    }
    return this;
  }

  /**
   * This file, where every tensor of it can be used.
   *
   * @throws UserInputException the first reason why one can't
   */
  public TensorFile requireWhole() {
    for (UserInputException reason : refused.values()) {
      throw reason;
    }
    return this;
  }
}
