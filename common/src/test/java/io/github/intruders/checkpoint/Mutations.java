package io.github.intruders.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Random changes to good files of any format. */
public final class Mutations {
  private static final long[] EXTREMES = {
    0, 1, -1, 16, 255, 65_535, 1L << 31, (1L << 31) - 1, 1L << 32, 1L << 53, Long.MAX_VALUE
  };

  private static final List<String> FRAGMENTS =
      List.of(
          "cos\nsystem\n",
          "cbuiltins\neval\n",
          "ctorch\nFloatStorage\n",
          "(",
          ")",
          "t",
          "R",
          "b",
          "}",
          "]",
          "q\u0000",
          "h\u0000",
          "Q",
          ".",
          "\u0082\u0001",
          "N",
          "\u0085",
          "PK\u0001\u0002",
          "PK\u0003\u0004",
          "PK\u0005\u0006",
          "GGUF",
          "{",
          "[[[[[[",
          "\"",
          "..",
          "../",
          "\\u0000",
          "null",
          "1e400",
          "\"weight_map\":",
          "\"r\": 3,",
          "\"use_dora\": true,",
          "\"peft_type\": \"LOHA\",",
          "lora_A",
          ".alpha");

  private Mutations() {}

  /** One to four changes: of bits, bytes, numbers, or pieces that mean something in a format. */
  public static byte[] mutate(byte[] good, Random random) {
    byte[] file = good.clone();
    int mutations = 1 + random.nextInt(4);
    for (int i = 0; i < mutations; i++) {
      int at = random.nextInt(file.length + 1);
      file =
          switch (random.nextInt(6)) {
            case 0 -> put(file, at, (byte) (byteAt(file, at) ^ 1 << random.nextInt(8)));
            case 1 -> put(file, at, (byte) random.nextInt(256));
            case 2 -> put(file, at, number(random));
            case 3 -> splice(file, at, random.nextInt(12), new byte[0]);
            case 4 ->
                splice(
                    file,
                    at,
                    random.nextInt(8),
                    FRAGMENTS
                        .get(random.nextInt(FRAGMENTS.size()))
                        .getBytes(StandardCharsets.ISO_8859_1));
            default -> random.nextInt(10) == 0 ? splice(file, at, file.length, new byte[0]) : file;
          };
    }
    return file;
  }

  private static byte byteAt(byte[] file, int at) {
    return at < file.length ? file[at] : 0;
  }

  private static byte[] number(Random random) {
    byte[] bytes = new byte[Long.BYTES];
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(EXTREMES[random.nextInt(EXTREMES.length)] + random.nextInt(3) - 1);
    return Arrays.copyOf(bytes, random.nextBoolean() ? Integer.BYTES : Long.BYTES);
  }

  private static byte[] put(byte[] file, int at, byte... bytes) {
    byte[] mutated = file.clone();
    System.arraycopy(bytes, 0, mutated, at, Math.min(bytes.length, file.length - at));
    return mutated;
  }

  private static byte[] splice(byte[] file, int at, int removed, byte[] inserted) {
    int rest = Math.max(0, file.length - at - removed);
    return ByteBuffer.allocate(at + inserted.length + rest)
        .put(file, 0, at)
        .put(inserted)
        .put(file, file.length - rest, rest)
        .array();
  }
}
