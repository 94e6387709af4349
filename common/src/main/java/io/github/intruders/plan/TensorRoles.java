package io.github.intruders.plan;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.TensorInfo;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the tensors of a checkpoint are for, as far as that decides whether they are analysed. Names
 * tell most; a matrix outside all layers one side of which is the vocabulary is an embedding or an
 * output head, whatever its name. The vocabulary's size is that of {@code config.json}, and that of
 * the token embedding, if a name tells it.
 */
final class TensorRoles {
  private static final Pattern TOKEN_EMBEDDING =
      Pattern.compile("(^|\\.)(embed_tokens|wte|word_embeddings|tok_embeddings|shared)\\.weight$");
  private static final Pattern IN_A_LAYER = Pattern.compile("(^|\\.)\\d+\\.");

  private final MatrixSelection selection;
  private final Set<Long> vocabularies = new HashSet<>();

  TensorRoles(MatrixSelection selection, Checkpoint checkpoint) {
    this.selection = selection;
    checkpoint.config().ifPresent(this::addVocabularies);
    for (TensorInfo tensor : checkpoint.tensors().values()) {
      if (isLooseMatrix(tensor) && TOKEN_EMBEDDING.matcher(tensor.name()).find()) {
        vocabularies.add(tensor.shape().get(0));
      }
    }
  }

  private void addVocabularies(JsonNode config) {
    for (String field : List.of("vocab_size", "padded_vocab_size")) {
      for (JsonNode part : List.of(config, config.path("text_config"))) {
        if (part.path(field).isIntegralNumber()) {
          vocabularies.add(part.path(field).longValue());
        }
      }
    }
  }

  /** Why a tensor is not analysed; empty if it is. */
  Optional<LeftOut> leftOut(TensorInfo tensor) {
    Optional<LeftOut> kind = selection.leftOut(tensor.name(), tensor.shape().size());
    return kind.isEmpty() && selection.leavesHeadsOut() && hasVocabulary(tensor)
        ? Optional.of(LeftOut.EMBEDDING_OR_HEAD)
        : kind;
  }

  private boolean hasVocabulary(TensorInfo tensor) {
    return isLooseMatrix(tensor)
        && !tensor.shape().get(0).equals(tensor.shape().get(1))
        && tensor.shape().stream().anyMatch(vocabularies::contains);
  }

  private static boolean isLooseMatrix(TensorInfo tensor) {
    return tensor.shape().size() == 2 && !IN_A_LAYER.matcher(tensor.name()).find();
  }
}
