package io.github.intruders.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** Builds ZIP archives byte by byte, for tests, also such as no library would write. */
final class TorchZip {
  private final ByteArrayOutputStream local = new ByteArrayOutputStream();
  private final ByteArrayOutputStream central = new ByteArrayOutputStream();
  private int entries;

  /** What an entry's record of the directory says. */
  record Claim(String name, int method, long compressed, long uncompressed, long offset) {}

  /** Adds a stored entry. */
  TorchZip add(String name, byte[] bytes) {
    Claim claim = new Claim(name, 0, bytes.length, bytes.length, local.size());
    write(claim, bytes);
    return claim(claim);
  }

  TorchZip add(String name, String text) {
    return add(name, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds an entry whose header says something else than the directory will. */
  TorchZip write(Claim header, byte[] bytes) {
    byte[] name = header.name().getBytes(StandardCharsets.UTF_8);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    ByteBuffer buffer = ByteBuffer.allocate(30 + name.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(0x04034b50).putShort((short) 20).putShort((short) 0);
    buffer.putShort((short) header.method()).putInt(0).putInt((int) crc.getValue());
    buffer.putInt((int) header.compressed()).putInt((int) header.uncompressed());
    buffer.putShort((short) name.length).putShort((short) 0).put(name);
    local.writeBytes(buffer.array());
    local.writeBytes(bytes);
    return this;
  }

  /** Adds a record to the directory. */
  TorchZip claim(Claim claim) {
    byte[] name = claim.name().getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer = ByteBuffer.allocate(46 + name.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(0x02014b50).putShort((short) 20).putShort((short) 20).putShort((short) 0);
    buffer.putShort((short) claim.method()).putInt(0).putInt(0);
    buffer.putInt((int) claim.compressed()).putInt((int) claim.uncompressed());
    buffer.putShort((short) name.length).putShort((short) 0).putShort((short) 0);
    buffer.putShort((short) 0).putShort((short) 0).putInt(0).putInt((int) claim.offset());
    buffer.put(name);
    central.writeBytes(buffer.array());
    entries++;
    return this;
  }

  int size() {
    return local.size();
  }

  /** The whole archive. */
  byte[] bytes() {
    ByteBuffer end = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN);
    end.putInt(0x06054b50).putShort((short) 0).putShort((short) 0);
    end.putShort((short) entries).putShort((short) entries);
    end.putInt(central.size()).putInt(local.size()).putShort((short) 0);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(local.toByteArray());
    all.writeBytes(central.toByteArray());
    all.writeBytes(end.array());
    return all.toByteArray();
  }

  /** A pickle in protocol 2, operation by operation. */
  static final class Pickle {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Pickle() {
      op(0x80, 2);
    }

    Pickle op(int... codes) {
      for (int code : codes) {
        bytes.write(code);
      }
      return this;
    }

    Pickle name(String module, String name) {
      bytes.writeBytes("c%s\n%s\n".formatted(module, name).getBytes(StandardCharsets.UTF_8));
      return this;
    }

    Pickle text(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      op('X').number(utf8.length);
      bytes.writeBytes(utf8);
      return this;
    }

    Pickle whole(int value) {
      return op('J').number(value);
    }

    private Pickle number(int value) {
      bytes.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
      return this;
    }

    /** A tensor of floats: a view of storage {@code key}. */
    Pickle tensor(
        String key, int storageElements, int offset, List<Integer> shape, int... strides) {
      name("torch._utils", "_rebuild_tensor_v2").op('(', '(').text("storage");
      name("torch", "FloatStorage").text(key).text("cpu").whole(storageElements).op('t', 'Q');
      whole(offset).op('(');
      shape.forEach(this::whole);
      op('t', '(');
      for (int stride : strides) {
        whole(stride);
      }
      return op('t', 0x89).name("collections", "OrderedDict").op(')', 'R', 't', 'R');
    }

    byte[] end() {
      return op('.').bytes.toByteArray();
    }
  }

  /** An archive of this pickle and the storages 0, 1, … of these lengths. */
  static byte[] of(byte[] pickle, int... storageBytes) {
    TorchZip zip = new TorchZip().add("archive/data.pkl", pickle);
    List<Integer> lengths = new ArrayList<>();
    for (int length : storageBytes) {
      zip.add("archive/data/" + lengths.size(), new byte[length]);
      lengths.add(length);
    }
    return zip.bytes();
  }
}
