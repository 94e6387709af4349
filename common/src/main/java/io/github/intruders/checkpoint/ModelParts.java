package io.github.intruders.checkpoint;

import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files and folders that hold parts of the same matrices, as tools write them that spread each
 * matrix over several devices. A part looks like a whole model of smaller matrices, and its figures
 * are wrong; so parts are refused, each by the name of who can join them.
 */
enum ModelParts {
  META(
      "Meta's model-parallel parts",
      "transformers' convert_llama_weights_to_hf.py, or the converter of the model's authors",
      Certainty.NAMES_A_PART,
      "consolidated\\.(?<part>\\d+)\\.(pth|pt|bin|safetensors)"),
  DEEPSPEED(
      "what the ranks of DeepSpeed's ZeRO-3 hold",
      "zero_to_fp32.py, which lies beside or above them",
      Certainty.NEVER_WHOLE,
      "(bf16_|fp16_)?zero_pp_rank_(?<part>\\d+)_mp_rank_\\d+_(model|optim)_states\\.pt"),
  MEGATRON(
      "the tensor-parallel parts of Megatron, DeepSpeed or NeMo",
      "the tool's converter to the Hugging Face format",
      Certainty.NAMES_A_PART,
      "(mp|tp)_rank_(?<part>\\d+)([._-].*)?"),
  FAIRSEQ(
      "fairseq's model-parallel parts",
      "its scripts reshard_mp or consolidate_fsdp_shards",
      Certainty.NAMES_A_PART,
      ".*model_part-(?<part>\\d+)([._-].*)?"),
  NEOX(
      "GPT-NeoX's layers in model-parallel parts",
      "its tools/ckpts/convert_neox_to_hf.py",
      Certainty.NAMES_A_PART,
      "layer_\\d+-model_(?<part>\\d+)-model_states\\.pt"),
  RANKS(
      "what each rank of a distributed run or of a server has of the model",
      "the tool that wrote them, which can save the whole state dict",
      Certainty.WITH_RANK_ZERO,
      "(.*[._-])?(mp|tp|tensor_parallel|rank)[._-]?(rank[._-]?)?(?<part>\\d+)([._-].*)?");

  /** What a name tells by itself. */
  private enum Certainty {
    /** There is no whole model under such a name. */
    NEVER_WHOLE,
    /** A name with 0 may be the only part, and so whole; one with another number is a part. */
    NAMES_A_PART,
    /** The number may be anything, such as LoRA's rank, unless there is a rank 0 among several. */
    WITH_RANK_ZERO
  }

  private static final int MAX_SHOWN = 4;

  private final String what;
  private final String remedy;
  private final Certainty certainty;
  private final Pattern names;

  ModelParts(String what, String remedy, Certainty certainty, String names) {
    this.what = what;
    this.remedy = remedy;
    this.certainty = certainty;
    this.names = Pattern.compile(names, Pattern.DOTALL);
  }

  /**
   * Refuses a file that is a part of a model, by its name and by what lies beside it.
   *
   * @param uri what is refused
   * @param siblings the names of all files in the same folder
   * @throws UserInputException with code {@code FORMAT_UNSUPPORTED}
   */
  static void requireNoFileOf(String uri, String name, Collection<String> siblings) {
    for (ModelParts parts : values()) {
      parts.requireNot(uri, name, siblings);
    }
  }

  /** The same for a folder, which may be called after anything that was tried. */
  static void requireNoFolderOf(String uri, String name, Collection<String> siblings) {
    for (ModelParts parts : values()) {
      if (parts.tellsByFolder()) {
        parts.requireNot(uri, name, siblings);
      }
    }
  }

  /** Whether a folder of such a name can be refused. */
  private boolean tellsByFolder() {
    return certainty != Certainty.WITH_RANK_ZERO;
  }

  private void requireNot(String uri, String name, Collection<String> siblings) {
    Matcher matcher = names.matcher(name);
    if (!matcher.matches()) {
      return;
    }
    boolean first = isZero(matcher);
    boolean zero = first;
    SortedSet<String> others = new TreeSet<>();
    for (String sibling : siblings) {
      Matcher other = names.matcher(sibling);
      if (other.matches() && !other.group("part").equals(matcher.group("part"))) {
        others.add(sibling);
        zero |= isZero(other);
      }
    }
    boolean part =
        switch (certainty) {
          case NEVER_WHOLE -> true;
          case NAMES_A_PART -> !first || !others.isEmpty();
          case WITH_RANK_ZERO -> zero && !others.isEmpty();
        };
    if (part) {
      others.add(name);
      throw refusal(uri, others);
    }
  }

  private static boolean isZero(Matcher name) {
    return name.group("part").chars().allMatch(c -> c == '0');
  }

  private UserInputException refusal(String uri, SortedSet<String> names) {
    return UserInputException.inFile(
        RejectCode.FORMAT_UNSUPPORTED,
        uri,
        "%s: %s, in which each matrix is cut into pieces, so that one of them alone is no model; join them with %s, and name the result"
            .formatted(Excerpt.of(names, MAX_SHOWN), what, remedy));
  }

  private boolean isNamedSo(String name) {
    return names.matcher(name).matches();
  }

  /** Refuses a file that was named, if it is a part by its own name or its folder's. */
  static void requireNoFile(Storage storage, String uri) throws IOException {
    int slash = uri.lastIndexOf('/');
    String name = uri.substring(slash + 1);
    String folder = uri.substring(0, slash);
    if (Arrays.stream(values()).anyMatch(parts -> parts.isNamedSo(name))) {
      requireNoFileOf(uri, name, names(storage, folder));
    }
    requireNoFolder(storage, folder);
  }

  /** Refuses a folder that was named, if it is a part by its name. */
  static void requireNoFolder(Storage storage, String uri) throws IOException {
    int slash = uri.lastIndexOf('/');
    String name = uri.substring(slash + 1);
    boolean maybePart =
        Arrays.stream(values()).anyMatch(parts -> parts.tellsByFolder() && parts.isNamedSo(name));
    if (slash > 0 && maybePart && storage.isDirectory(uri.substring(0, slash))) {
      requireNoFolderOf(uri, name, names(storage, uri.substring(0, slash)));
    }
  }

  private static List<String> names(Storage storage, String folder) throws IOException {
    return storage.list(folder).stream().map(StoredFile::name).toList();
  }

  /**
   * Refuses one of Meta's parts whose neighbours are not there: the queries of a Llama have as many
   * outputs as inputs, and one part of them does not.
   */
  static void requireWhole(TensorFile file) {
    String name = file.file().substring(file.file().lastIndexOf('/') + 1);
    if (!META.isNamedSo(name)) {
      return;
    }
    Optional<TensorInfo> cut =
        file.tensors().values().stream()
            .filter(tensor -> tensor.name().endsWith("attention.wq.weight"))
            .filter(tensor -> tensor.shape().size() == 2)
            .filter(tensor -> !tensor.shape().get(0).equals(tensor.shape().get(1)))
            .findFirst();
    if (cut.isPresent()) {
      throw UserInputException.inTensor(
          RejectCode.FORMAT_UNSUPPORTED,
          file.file(),
          cut.get().name(),
          "%s does not have as many outputs as inputs, so this is one of several of %s; join them with %s, and name the result"
              .formatted(cut.get().description(), META.what, META.remedy));
    }
  }
}
