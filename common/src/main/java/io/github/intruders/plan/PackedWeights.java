package io.github.intruders.plan;

import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.regex.Pattern;

/** Weights packed by GPTQ, AWQ, compressed-tensors or MXFP4 under names of their own. */
final class PackedWeights {
  private static final Pattern NAME =
      Pattern.compile("(\\.|_)(qweight|weight_packed|blocks)$|\\.weight\\.quant_state\\.");

  private PackedWeights() {}

  static boolean matches(String tensor) {
    return NAME.matcher(tensor).find();
  }

  static UserInputException refusal(TensorInfo tensor) {
    return UserInputException.inTensor(
        RejectCode.DTYPE_UNSUPPORTED,
        tensor.file(),
        tensor.name(),
        "holds packed quantised weights (%s); dequantise the checkpoint to BF16 first"
            .formatted(tensor.dtype()));
  }
}
