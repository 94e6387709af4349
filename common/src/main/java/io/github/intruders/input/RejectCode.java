package io.github.intruders.input;

/** The kinds of fault an input can have; the names are the values of {@code rejects.code}. */
public enum RejectCode {
  // ---- storage
  /** A file or folder that was named does not exist. */
  NOT_FOUND,
  /** A folder without any checkpoint or adapter in it. */
  EMPTY_FOLDER,
  /** The storage failed to deliver bytes that its listing promises. */
  READ_FAILED,
  /** A file that is not the one any more that the run was planned with. */
  INPUT_CHANGED,

  // ---- files of weights, by what is checked; the names are those of safetensors
  /** Fewer than the 8 bytes of the header's length. */
  HEADER_TOO_SMALL,
  /** A header, directory or pickle beyond a bound, such as 100,000,000 bytes. */
  HEADER_TOO_LARGE,
  /** A header's length that reaches beyond the file. */
  HEADER_LENGTH,
  /** A header, directory or pickle that is not of the format's form. */
  HEADER_INVALID,
  /** A name that stands twice. */
  DUPLICATE_TENSOR,
  /** Offsets with a hole, an overlap, or out of order. */
  TENSOR_OFFSETS,
  /** A byte length that does not follow from shape and dtype, or overflows. */
  TENSOR_SIZE,
  /** Bytes of the file that no tensor owns, or that are missing. */
  FILE_SIZE,
  /** A pickle that names something which no tensor is made of, and that could run code. */
  CODE_REFUSED,

  // ---- folders of shards
  /** An index file that can't be understood. */
  INDEX_INVALID,
  /** A shard's name that leaves the folder. */
  SHARD_OUTSIDE,
  /** A shard that the index names and the folder lacks. */
  SHARD_MISSING,
  /** A tensor that is not in the shard the index names. */
  TENSOR_MISSING,

  // ---- the model's own description
  /** A {@code config.json} that can't be understood. */
  CONFIG_INVALID,

  // ---- contents
  /** An element type that can't be analysed, such as packed quantised weights. */
  DTYPE_UNSUPPORTED,
  /** A file format or layout that can't be analysed. */
  FORMAT_UNSUPPORTED,
  /** Bytes that don't have the checksum that the file gives for them. */
  CHECKSUM_WRONG,
  /** NaN or infinity among the elements. */
  NOT_FINITE,
  /** Base and tuned tensors of different shapes. */
  SHAPE_MISMATCH,
  /** A tensor of the base that the tuned checkpoint lacks. */
  MISSING_IN_TUNED,
  /** A tensor of the tuned checkpoint or adapter that the base lacks. */
  MISSING_IN_BASE,
  /** A name that could mean either of two tensors. */
  NAME_AMBIGUOUS,
  /** A tuned checkpoint that is the base itself. */
  SAME_AS_BASE,
  /** Nothing that could be analysed. */
  NOTHING_TO_ANALYSE,

  // ---- adapters
  /** An {@code adapter_config.json} that can't be understood. */
  ADAPTER_CONFIG_INVALID,
  /** A kind of adapter, or one of its options, that is not supported. */
  ADAPTER_UNSUPPORTED,
  /** Adapter tensors that don't belong together or don't fit their config. */
  ADAPTER_INVALID,

  // ---- metrics
  /** A metrics file, or a value in one, that can't be used. */
  METRIC_INVALID,

  // ---- the job
  /** A manifest that can't be understood. */
  MANIFEST_INVALID,
  /** Rules that can't be understood, or that ask for what no table has. */
  RULES_INVALID,
  /** A setting with a value it can't have. */
  SETTING_INVALID,
  /** Tuned vectors of a scan that are needed later and are gone or were not kept. */
  VECTORS_MISSING,
  /** A step of a sequence that was not analysed, so that intruders can't be followed through it. */
  STEP_MISSING,
  /**
   * An edited model of which nothing is kept: it could not hold every edit, or was read back and
   * did not.
   */
  NOT_WRITTEN,
  /** A decomposition that did not converge. */
  NOT_CONVERGED,
  /** A matrix that needs more memory than a task may use. */
  TOO_LARGE,
  /** A fault of this program that one input triggered; the other inputs are not affected. */
  INTERNAL
}
