package io.github.intruders.checkpoint;

import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * The ZIP archive that {@code torch.save} writes since PyTorch 1.6: one folder with {@code
 * data.pkl}, {@code byteorder} and {@code data/KEY} for each storage. Every entry is stored as it
 * is, so that its bytes are a range of the file.
 */
final class TorchArchive {
  /** Far more than a file has storages. */
  private static final int MAX_ENTRIES = 1 << 16;

  /**
   * What 40,000 entries of torch's take in the central directory; each costs the library memory.
   */
  private static final long MAX_DIRECTORY_BYTES = 4 << 20;

  private static final int BLOCK_BYTES = 32 << 10;
  private static final int LOCAL_HEADER_BYTES = 30;
  private static final int LOCAL_HEADER_SIGNATURE = 0x04034b50;
  private static final int METHOD_AT = 8;
  private static final int NAME_LENGTH_AT = 26;
  private static final int EXTRA_LENGTH_AT = 28;
  private static final String PICKLE = "data.pkl";
  private static final String REMEDY =
      "write the file anew: torch.save(torch.load(FILE, weights_only=True), FILE)";

  private static final Comparator<Place> BY_PLACE =
      Comparator.comparingLong(Place::headerOffset).thenComparing(Place::name);

  /**
   * Bytes of the file that an entry owns, with its header in front.
   *
   * @param checksum null where torch was told to make none, and wrote 0
   */
  record Place(String name, long headerOffset, long offset, long lengthBytes, Checksum checksum) {}

  private final String file;
  private final Map<String, Place> places;
  private final String root;

  private TorchArchive(String file, Map<String, Place> places, String root) {
    this.file = file;
    this.places = places;
    this.root = root;
  }

  /**
   * Reads the directory and every entry's header.
   *
   * @throws UserInputException if it is no archive of torch's making
   */
  static TorchArchive read(RangeSource source) throws IOException {
    List<ZipArchiveEntry> entries = directory(source);
    Map<String, Place> places = new HashMap<>();
    List<Place> ordered = new ArrayList<>();
    for (ZipArchiveEntry entry : entries) {
      Place place = place(source, entry);
      if (places.put(place.name(), place) != null) {
        throw invalid(source.uri(), "Entry %s stands twice".formatted(shown(place.name())));
      }
      ordered.add(place);
    }
    ordered.sort(BY_PLACE);
    requireApart(source.uri(), ordered);
    return new TorchArchive(source.uri(), places, root(source.uri(), ordered));
  }

  private static List<ZipArchiveEntry> directory(RangeSource source) throws IOException {
    RangeChannel channel = new RangeChannel(source, BLOCK_BYTES, MAX_DIRECTORY_BYTES);
    List<ZipArchiveEntry> entries = new ArrayList<>();
    try (ZipFile zip =
        ZipFile.builder()
            .setSeekableByteChannel(channel)
            .setIgnoreLocalFileHeader(true)
            .setUseUnicodeExtraFields(false)
            .get()) {
      Enumeration<ZipArchiveEntry> all = zip.getEntries();
      while (all.hasMoreElements()) {
        entries.add(all.nextElement());
      }
    } catch (IOException | RuntimeException e) { // the library throws either at a broken directory
      channel.rethrowFailure();
      if (channel.exhausted()) {
        throw tooLarge(
            source.uri(), "The ZIP directory takes more than %d bytes", MAX_DIRECTORY_BYTES);
      }
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw invalid(source.uri(), "The ZIP directory is broken: " + cause.getMessage());
    }
    if (entries.size() > MAX_ENTRIES) {
      throw tooLarge(source.uri(), "The ZIP directory has more than %d entries", MAX_ENTRIES);
    }
    return entries;
  }

  /** Checks one entry against the header in front of its bytes. */
  private static Place place(RangeSource source, ZipArchiveEntry entry) throws IOException {
    String file = source.uri();
    String name = entry.getName();
    requireInside(file, name);
    if (entry.getMethod() != ZipEntry.STORED) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          file,
          "Entry %s is compressed, which torch.save never does; %s".formatted(shown(name), REMEDY));
    }
    if (entry.getGeneralPurposeBit().usesEncryption()) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED, file, "Entry %s is encrypted".formatted(shown(name)));
    }
    long length = entry.getSize();
    long headerOffset = entry.getLocalHeaderOffset();
    if (length < 0 || length != entry.getCompressedSize()) {
      throw invalid(
          file,
          "Entry %s is stored, but takes %d bytes for %d"
              .formatted(shown(name), entry.getCompressedSize(), length));
    }
    if (headerOffset < 0 || headerOffset > source.lengthBytes() - LOCAL_HEADER_BYTES) {
      throw outside(file, name);
    }
    ByteBuffer header = ByteBuffer.allocate(LOCAL_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    source.readFully(headerOffset, header.array(), 0, LOCAL_HEADER_BYTES);
    int nameLength = Short.toUnsignedInt(header.getShort(NAME_LENGTH_AT));
    int extraLength = Short.toUnsignedInt(header.getShort(EXTRA_LENGTH_AT));
    if (header.getInt(0) != LOCAL_HEADER_SIGNATURE
        || header.getShort(METHOD_AT) != ZipEntry.STORED
        || nameLength != entry.getRawName().length) {
      throw invalid(
          file, "Entry %s differs from the header before its bytes".formatted(shown(name)));
    }
    long offset = headerOffset + LOCAL_HEADER_BYTES + nameLength + extraLength;
    if (offset > source.lengthBytes() || length > source.lengthBytes() - offset) {
      throw outside(file, name);
    }
    Checksum checksum =
        entry.getCrc() == 0
            ? null
            : new Checksum("record %s of the archive".formatted(name), entry.getCrc());
    return new Place(name, headerOffset, offset, length, checksum);
  }

  private static void requireInside(String file, String name) {
    boolean inside =
        !name.startsWith("/")
            && name.chars().noneMatch(c -> c == '\\' || c == ':' || c < ' ')
            && !List.of(name.split("/", -1)).contains("..");
    if (!inside) {
      throw UserInputException.inFile(
          RejectCode.SHARD_OUTSIDE,
          file,
          "Entry %s of the archive leads out of it".formatted(shown(name)));
    }
  }

  private static void requireApart(String file, List<Place> ordered) {
    for (int i = 1; i < ordered.size(); i++) {
      Place before = ordered.get(i - 1);
      Place place = ordered.get(i);
      if (place.headerOffset() < before.offset() + before.lengthBytes()) {
        throw UserInputException.inFile(
            RejectCode.TENSOR_OFFSETS,
            file,
            "Entries %s and %s of the archive overlap"
                .formatted(shown(before.name()), shown(place.name())));
      }
    }
  }

  private static String root(String file, List<Place> places) {
    List<String> roots =
        places.stream()
            .map(Place::name)
            .filter(name -> name.endsWith("/" + PICKLE))
            .map(name -> name.substring(0, name.length() - PICKLE.length()))
            .filter(name -> name.indexOf('/') == name.length() - 1)
            .toList();
    if (roots.size() != 1) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          file,
          "Expected a ZIP archive written by torch.save, with one FOLDER/data.pkl; found %d"
              .formatted(roots.size()));
    }
    return roots.get(0);
  }

  private static String shown(String name) {
    return Excerpt.of(name, 80);
  }

  private static UserInputException outside(String file, String entry) {
    return UserInputException.inFile(
        RejectCode.FILE_SIZE,
        file,
        "Entry %s of the archive reaches beyond the file".formatted(shown(entry)));
  }

  private static UserInputException invalid(String file, String message) {
    return UserInputException.inFile(RejectCode.HEADER_INVALID, file, message);
  }

  private static UserInputException tooLarge(String file, String message, long bound) {
    return UserInputException.inFile(RejectCode.HEADER_TOO_LARGE, file, message.formatted(bound));
  }

  /** Compares all bytes of an entry with its checksum. */
  void requireIntact(Place place, byte[] bytes) {
    CRC32 sum = new CRC32();
    sum.update(bytes);
    boolean whole = bytes.length == place.lengthBytes();
    if (whole && place.checksum() != null && sum.getValue() != place.checksum().crc32()) {
      throw UserInputException.inFile(
          RejectCode.CHECKSUM_WRONG, file, place.checksum().fault(sum.getValue()));
    }
  }

  /** Where the pickle lies. */
  Place pickle() {
    return places.get(root + PICKLE);
  }

  /** Where a storage lies; null if there is none of this key. */
  Place storage(String key) {
    return places.get(root + "data/" + key);
  }

  /**
   * Refuses numbers in the order of big-endian machines. Files from before PyTorch 2.1 don't tell
   * theirs; they are taken as little-endian.
   */
  void requireLittleEndian(RangeSource source) throws IOException {
    Place place = places.get(root + "byteorder");
    if (place == null) {
      return;
    }
    byte[] bytes = new byte[(int) Math.min(place.lengthBytes(), 16)];
    try {
      source.readFully(place.offset(), bytes, 0, bytes.length);
    } catch (EOFException e) {
      throw outside(file, place.name());
    }
    requireIntact(place, bytes);
    String order = new String(bytes, StandardCharsets.US_ASCII);
    if (!order.equals("little")) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          file,
          "Expected numbers in little-endian order, found \"%s\"; %s on a little-endian machine"
              .formatted(order, REMEDY));
    }
  }
}
