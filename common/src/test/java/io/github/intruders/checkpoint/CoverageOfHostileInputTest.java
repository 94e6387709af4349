package io.github.intruders.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Whatever a file holds, it is understood in full or refused as the user's input, at small cost.
 */
class CoverageOfHostileInputTest {
  private static final String URI = "memory:/hostile.safetensors";
  private static final long MAX_ALLOCATED_BYTES = 4 << 20;
  private static final long MAX_NANOS = 2_000_000_000L;

  private static final byte[] GOOD =
      SafetensorsFile.of(
          "{\"__metadata__\":{\"format\":\"pt\"},"
              + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
              + "\"b\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[24,32]},"
              + "\"scalar\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[32,33]},"
              + "\"empty\":{\"dtype\":\"F64\",\"shape\":[0,5],\"data_offsets\":[33,33]},"
              + "\"packed\":{\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[33,36]}}  ",
          new byte[36]);

  private static final List<String> FRAGMENTS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "\\",
          "\\ud800",
          "\u0000",
          "null",
          "true",
          "-1",
          "0",
          "1e400",
          "9007199254740993",
          "18446744073709551615",
          "99999999999999999999999",
          "0.5",
          "\"dtype\":\"F32\"",
          "\"shape\":[]",
          "\"data_offsets\":[0,0]",
          "\"a\":{}",
          "\"__metadata__\":{}",
          "F4",
          "[".repeat(100),
          "9".repeat(2000),
          "é",
          " ",
          "\n");

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @Provide
  Arbitrary<byte[]> mutated() {
    return Arbitraries.randomValue(CoverageOfHostileInputTest::mutate);
  }

  private static byte[] mutate(Random random) {
    byte[] file = GOOD.clone();
    int mutations = 1 + random.nextInt(4);
    for (int i = 0; i < mutations; i++) {
      file =
          switch (random.nextInt(8)) {
            case 0 -> flipBit(file, random);
            case 1 -> replaceByte(file, random);
            case 2 -> splice(file, random, random.nextInt(12), new byte[0]);
            case 3 -> splice(file, random, random.nextInt(8), fragment(random));
            case 4 -> splice(file, random, 0, slice(file, random));
            case 5 -> slice(file, random);
            case 6 -> withLength(file, random.nextLong());
            default -> withLength(file, random.nextInt(400));
          };
    }
    // Most mutations move the text; half of the time the length follows, so that more is looked at.
    return random.nextBoolean() ? withLength(file, file.length - 36 - Long.BYTES) : file;
  }

  private static byte[] flipBit(byte[] file, Random random) {
    byte[] mutated = file.clone();
    if (mutated.length > 0) {
      mutated[random.nextInt(mutated.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return mutated;
  }

  private static byte[] replaceByte(byte[] file, Random random) {
    byte[] mutated = file.clone();
    if (mutated.length > 0) {
      mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
    }
    return mutated;
  }

  private static byte[] fragment(Random random) {
    return FRAGMENTS.get(random.nextInt(FRAGMENTS.size())).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] slice(byte[] file, Random random) {
    int from = random.nextInt(file.length + 1);
    int to = from + random.nextInt(file.length - from + 1);
    byte[] slice = new byte[to - from];
    System.arraycopy(file, from, slice, 0, slice.length);
    return slice;
  }

  private static byte[] splice(byte[] file, Random random, int removed, byte[] inserted) {
    int at = random.nextInt(file.length + 1);
    int rest = Math.max(0, file.length - at - removed);
    return ByteBuffer.allocate(at + inserted.length + rest)
        .put(file, 0, at)
        .put(inserted)
        .put(file, file.length - rest, rest)
        .array();
  }

  private static byte[] withLength(byte[] file, long length) {
    byte[] mutated = file.clone();
    if (mutated.length >= Long.BYTES) {
      ByteBuffer.wrap(mutated).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
    }
    return mutated;
  }

  @Property(tries = 10_000)
  void aMutatedFileIsUnderstoodOrRefused(@ForAll("mutated") byte[] file) throws IOException {
    long allocated = threads.getCurrentThreadAllocatedBytes();
    long started = System.nanoTime();
    try {
      requireWhole(SafetensorsHeader.parse(new BytesSource(URI, file)), file);
    } catch (UserInputException e) {
      assertThat(e.getMessage()).startsWith("[" + URI + "] ");
    }
    assertThat(System.nanoTime() - started).isLessThan(MAX_NANOS);
    assertThat(threads.getCurrentThreadAllocatedBytes() - allocated)
        .isLessThan(MAX_ALLOCATED_BYTES);
  }

  /** The tensors follow each other from the header's end to the file's. */
  private static void requireWhole(SafetensorsHeader header, byte[] file) {
    long end = Long.BYTES + ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    for (TensorInfo tensor : header.tensors().values()) {
      assertThat(tensor.offset()).isEqualTo(end);
      long bits = tensor.dtype().bits();
      for (long dimension : tensor.shape()) {
        bits *= dimension;
      }
      assertThat(tensor.lengthBytes() * 8).isEqualTo(bits);
      end += tensor.lengthBytes();
    }
    assertThat(end).isEqualTo(file.length);
  }
}
