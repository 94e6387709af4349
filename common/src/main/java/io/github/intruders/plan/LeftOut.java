package io.github.intruders.plan;

/** The kinds of tensor that are not analysed, by what is asked for or as they are no matrices. */
enum LeftOut {
  /** Norms, biases and other tensors of one dimension or none. */
  VECTOR,
  /** Token and position embeddings, output heads and what belongs to them alone. */
  EMBEDDING_OR_HEAD,
  /** Convolutions and other tensors of three dimensions and more that are no stacks of experts. */
  CONVOLUTION,
  /** Matrices that are no layer's weight, such as masks, scales and buffers. */
  NOT_A_WEIGHT,
  /** What {@code --include} and {@code --exclude} leave out. */
  SELECTION,
  /** Counterparts of tensors of the base that can't be used, which the base's rejects name. */
  REJECTED_IN_BASE,
  /** What all layers of an adapter share, where every one has its own copy. */
  SHARED_COPY,
  /** A head that only one side has, which a note names. */
  HEAD_OF_ONE_SIDE
}
