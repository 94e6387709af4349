package io.github.intruders.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.management.ThreadMXBean;
import io.github.intruders.checkpoint.TorchZip.Claim;
import io.github.intruders.checkpoint.TorchZip.Pickle;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives and pickles that torch would never write are refused, and nothing of them is run. */
class HostileTorchFileTest {
  private static final String URI = "memory:/pytorch_model.bin";
  private static final long MAX_ALLOCATED_BYTES = 512 << 20;
  private static final String REMEDY =
      "save the state dict alone with torch.save(model.state_dict(), FILE), or as safetensors";

  private static Map<String, TensorInfo> read(byte[] file) throws IOException {
    return TensorFile.read(new BytesSource(URI, file)).tensors();
  }

  private static void assertRefused(byte[] file, RejectCode code, String message) {
    UserInputException refusal = catchThrowableOfType(UserInputException.class, () -> read(file));

    assertThat(refusal).isNotNull();
    assertThat(refusal.getMessage()).startsWith("[" + URI + "] ").contains(message);
    assertThat(refusal.code()).isEqualTo(code);
  }

  private static void assertPickleRefused(Pickle pickle, RejectCode code, String message) {
    assertRefused(TorchZip.of(pickle.end(), 16), code, message);
  }

  private static Pickle dict() {
    return new Pickle().op('}').text("w");
  }

  /** A file that all refused ones differ from in one thing. */
  @Test
  void theHarmlessArchiveIsRead() throws IOException {
    byte[] file = TorchZip.of(dict().tensor("0", 4, 0, List.of(2, 2), 2, 1).op('s').end(), 16);

    assertThat(read(file).get("w").description()).isEqualTo("F32 2x2");
  }

  // ---- pickles that would run code

  @ParameterizedTest
  @CsvSource({
    "os,system",
    "posix,system",
    "nt,system",
    "builtins,eval",
    "builtins,exec",
    "builtins,getattr",
    "__builtin__,eval",
    "__builtin__,apply",
    "subprocess,Popen",
    "torch,load",
    "torch.hub,load",
    "torch.storage,_load_from_bytes",
    "torch._utils,_rebuild_tensor",
    "torch,FloatStorage.__init__",
    "torch._utils._rebuild_tensor_v2,__globals__",
    "collections,namedtuple",
    "copyreg,_reconstructor",
    "numpy.core.multiarray,_reconstruct",
    "functools,partial",
    "runpy,run_path",
    "importlib,import_module",
    "io.github.intruders.jobs.cli.Main,main",
    "java.lang.Runtime,exec",
  })
  void whatANameWouldCallIsNeverLookedUp(String module, String name) {
    assertPickleRefused(
        dict().name(module, name).op('(').text("touch /tmp/x").op('t', 'R', 's'),
        RejectCode.CODE_REFUSED,
        "The pickle names %s.%s, which no tensor is made of; nothing was run; %s"
            .formatted(module, name, REMEDY));
  }

  @ParameterizedTest
  @CsvSource({"0x82,EXT1", "0x83,EXT2", "0x84,EXT4", "0x81,NEWOBJ", "0x92,NEWOBJ_EX"})
  void theExtensionRegistryAndObjectsAreRefusedByName(String code, String operation) {
    assertPickleRefused(
        dict().op(Integer.decode(code), 1, 0, 0, 0),
        RejectCode.FORMAT_UNSUPPORTED,
        "The pickle has operation %s at byte 9, which torch.save does not write for tensors; %s"
            .formatted(operation, REMEDY));
  }

  @ParameterizedTest
  @CsvSource({"i,INST", "o,OBJ", "S,STRING", "p,PUT", "2,DUP", "P,PERSID", "d,DICT", "I,INT"})
  void operationsOfOtherProtocolsAreRefusedByName(char code, String operation) {
    assertPickleRefused(
        dict().op(code),
        RejectCode.FORMAT_UNSUPPORTED,
        "operation %s at byte".formatted(operation));
  }

  @Test
  void aNameIsNotPutTogetherFromTexts() {
    assertPickleRefused(
        dict().text("os").text("system").op(0x93),
        RejectCode.FORMAT_UNSUPPORTED,
        "operation STACK_GLOBAL");
  }

  @Test
  void stateIsNotSetOnATensor() {
    assertPickleRefused(
        dict().tensor("0", 4, 0, List.of(4), 1).op('}', 'b', 's'),
        RejectCode.HEADER_INVALID,
        "it sets the state of a tensor to a dict, expected dicts");
  }

  @Test
  void stateIsNotSetFromACallable() {
    assertPickleRefused(
        dict().op('}').name("collections", "OrderedDict").op('b', 's'),
        RejectCode.HEADER_INVALID,
        "it sets the state of a dict to collections.OrderedDict, expected dicts");
  }

  @ParameterizedTest
  @ValueSource(strings = {"FloatStorage", "float32"})
  void typesAreNotCalled(String name) {
    assertPickleRefused(
        dict().name("torch", name).op(')', 'R', 's'),
        RejectCode.HEADER_INVALID,
        "it calls torch." + name);
  }

  @Test
  void aTextIsNotCalled() {
    assertPickleRefused(
        dict().text("print").op(')', 'R', 's'), RejectCode.HEADER_INVALID, "it calls a text");
  }

  @Test
  void aDictIsNotMadeOfArguments() {
    assertPickleRefused(
        dict().name("collections", "OrderedDict").op(']', 0x85, 'R', 's'),
        RejectCode.HEADER_INVALID,
        "it makes collections.OrderedDict of 1 parts, expected 0");
  }

  @Test
  void aPersistentIdIsAStorageOrNothing() {
    assertPickleRefused(
        dict().op('(').text("module").text("evil").op('t', 'Q', 's'),
        RejectCode.HEADER_INVALID,
        "it makes a storage of 2 parts, expected 5");
  }

  // ---- pickles that are broken, or large

  @Test
  void aCollectionThatHoldsItselfIsNoTrap() {
    assertPickleRefused(
        new Pickle()
            .op('}', 'q', 0)
            .text("model")
            .op('h', 0, 's')
            .text("a")
            .op(']', 'q', 1, 'h', 1)
            .op('a', 's'),
        RejectCode.FORMAT_UNSUPPORTED,
        "No state dict in this file: found model, a;");
  }

  @Test
  void deepNestingCostsNoStack() {
    Pickle pickle = new Pickle();
    for (int i = 0; i < 200_000; i++) {
      pickle.op(']');
    }
    for (int i = 1; i < 200_000; i++) {
      pickle.op('a');
    }

    assertPickleRefused(
        pickle, RejectCode.FORMAT_UNSUPPORTED, "Expected a state dict, found a list;");
  }

  @Test
  void moreValuesThanAnyStateDictHasAreRefused() {
    Pickle pickle = new Pickle();
    for (int i = 0; i < 2_000_001; i++) {
      pickle.op('}');
    }

    assertPickleRefused(
        pickle, RejectCode.HEADER_TOO_LARGE, "The pickle makes more than 2000000 values");
  }

  /** Two tuples of this many numbers, and as many tensors that all recall them. */
  private static byte[] manyTensorsOfTwoTuples(int tensors, int dimensions, int shape, int stride) {
    Pickle pickle = new Pickle().op('}', '(');
    pickle.text("first").tensor("0", 4, 0, List.of(1), 1);
    for (int i = 0; i < tensors; i++) {
      pickle.text("t" + i);
      if (i == 0) {
        pickle.name("torch._utils", "_rebuild_tensor_v2").op('q', 0, '(', '(').text("storage");
        pickle.name("torch", "FloatStorage").text("0").text("cpu").whole(4).op('t', 'Q', 'q', 1);
        pickle.op('K', 0, '(');
        for (int d = 0; d < dimensions; d++) {
          pickle.whole(shape);
        }
        pickle.op('t', 'q', 2, '(');
        for (int d = 0; d < dimensions; d++) {
          pickle.whole(stride);
        }
        pickle.op('t', 'q', 3, 0x89, 'N', 't', 'R');
      } else {
        pickle.op('h', 0, '(', 'h', 1, 'K', 0, 'h', 2, 'h', 3, 0x89, 'N', 't', 'R');
      }
    }
    return TorchZip.of(pickle.op('u').end(), 16);
  }

  @Test
  void sizesThatManyTensorsShareTakeMemoryOnce() throws IOException {
    byte[] file = manyTensorsOfTwoTuples(150_000, 64, 1, 1000);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();

    Map<String, TensorInfo> tensors = read(file);

    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MAX_ALLOCATED_BYTES);
    assertThat(tensors).hasSize(150_001);
    assertThat(tensors.get("t7").shape()).isSameAs(tensors.get("t149999").shape());
  }

  @Test
  void countlessViewsThatCanNotBeUsedAreRefusedTogether() {
    byte[] file = manyTensorsOfTwoTuples(150_000, 30, 2, 0);

    assertRefused(
        file,
        RejectCode.FORMAT_UNSUPPORTED,
        "More than 10000 of its tensors can't be used; the first reason: [%s] Tensor t0: is a view"
                .formatted(URI)
            + " with steps, shape [2, 2, 2, 2, 2, 2, 2, 2, …]");
  }

  @Test
  void aShapeOfMoreDimensionsThanTorchAllowsIsRefused() {
    assertRefused(
        manyTensorsOfTwoTuples(1, 65, 1, 1),
        RejectCode.HEADER_INVALID,
        "it takes a tuple of 65 values for a shape, expected at most 64");
  }

  @Test
  void aShapeIsATupleWhichCanNotGrow() {
    Pickle pickle = dict().name("torch", "Size").op(']', 0x85, 'R', 's');

    assertPickleRefused(pickle, RejectCode.HEADER_INVALID, "it takes a list for a shape");
  }

  /** As many dicts as are allowed, all of them kept. */
  @Test
  void theLargestPickleTakesBoundedMemory() throws IOException {
    Pickle pickle = new Pickle().op('}');
    for (int i = 0; i < 1_999_998; i++) {
      pickle.op('}', 'r', i, i >> 8, i >> 16, 0);
    }
    byte[] file = TorchZip.of(pickle.end());
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = threads.getCurrentThreadAllocatedBytes();

    assertRefused(file, RejectCode.HEADER_INVALID, "something is left over at its end");

    assertThat(threads.getCurrentThreadAllocatedBytes() - allocated)
        .isLessThan(MAX_ALLOCATED_BYTES);
  }

  @Test
  void aTextLongerThanThePickleIsRefusedBeforeMemoryIsTaken() {
    assertPickleRefused(
        new Pickle().op('X', 0xff, 0xff, 0xff, 0xff),
        RejectCode.HEADER_INVALID,
        "it ends within an operation");
  }

  @ParameterizedTest
  @ValueSource(strings = {"t", "e", "u", "s", "b", "R", "Q", "a", ".", "h\u0001", "q\u0001"})
  void valuesThatAreNotThereAreRefused(String operations) {
    Pickle pickle = new Pickle();
    operations.chars().forEach(pickle::op);

    assertPickleRefused(pickle, RejectCode.HEADER_INVALID, "The pickle is broken before byte");
  }

  @Test
  void aNameTwiceIsRefused() {
    assertPickleRefused(
        dict().op('N', 's').text("w").op('N', 's'),
        RejectCode.DUPLICATE_TENSOR,
        "Tensor w: stands twice in the pickle");
  }

  // ---- tensors outside their storage

  @ParameterizedTest
  @CsvSource({"1,2,2", "0,5,1", "0,2,4", "0,2,2147483647", "2147483647,2,1"})
  void aViewThatReachesBeyondItsStorageIsRefused(int offset, int rows, int stride) {
    assertPickleRefused(
        dict().tensor("0", 4, offset, List.of(rows, 2), stride, 1).op('s'),
        RejectCode.TENSOR_SIZE,
        "Tensor w: reaches up to byte");
  }

  @Test
  void aSizeThatOverflowsIsRefused() {
    int most = Integer.MAX_VALUE;

    assertPickleRefused(
        dict().tensor("0", 4, 0, List.of(most, most, most, most), 1, 1, 1, 1).op('s'),
        RejectCode.TENSOR_SIZE,
        "Tensor w: its size or place exceeds any file's");
  }

  @Test
  void negativeSizesAreRefused() {
    assertPickleRefused(
        dict().tensor("0", 4, 0, List.of(-2, -2), 1, 1).op('s'),
        RejectCode.HEADER_INVALID,
        "it takes a number for a size or place");
    assertPickleRefused(
        dict().tensor("0", 4, -1, List.of(2, 2), 1, 1).op('s'),
        RejectCode.HEADER_INVALID,
        "it takes a number for a size or place");
  }

  @Test
  void aStorageOfAnotherLengthIsRefused() {
    assertPickleRefused(
        dict().tensor("0", 5, 0, List.of(2, 2), 2, 1).op('s'),
        RejectCode.TENSOR_SIZE,
        "Tensor w: expected 20 bytes of storage, found 16");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "../data.pkl", "../../../etc/passwd", ""})
  void aStorageThatIsNoEntryIsRefused(String key) {
    assertPickleRefused(
        dict().tensor(key, 4, 0, List.of(2, 2), 2, 1).op('s'),
        RejectCode.TENSOR_MISSING,
        "Tensor w: its storage data/%s is not in the archive".formatted(key));
  }

  // ---- archives

  private static final byte[] PICKLE = dict().tensor("0", 4, 0, List.of(2, 2), 2, 1).op('s').end();

  private static TorchZip zip() {
    return new TorchZip().add("archive/data.pkl", PICKLE);
  }

  @Test
  void aZipBombIsNotInflated() {
    TorchZip zip = zip();
    Claim bomb = new Claim("archive/data/0", 8, 16, 0xfffffff0L, zip.size());

    assertRefused(
        zip.write(bomb, new byte[16]).claim(bomb).bytes(),
        RejectCode.FORMAT_UNSUPPORTED,
        "Entry archive/data/0 is compressed, which torch.save never does;");
  }

  @Test
  void aStoredEntryOfTwoLengthsIsRefused() {
    TorchZip zip = zip();
    Claim entry = new Claim("archive/data/0", 0, 16, 64, zip.size());

    assertRefused(
        zip.write(entry, new byte[16]).claim(entry).bytes(),
        RejectCode.HEADER_INVALID,
        "Entry archive/data/0 is stored, but takes 16 bytes for 64");
  }

  @Test
  void overlappingEntriesAreRefused() {
    TorchZip zip = zip();
    Claim entry = new Claim("archive/data/0", 0, 16, 16, zip.size());
    Claim same = new Claim("archive/data/1", 0, 16, 16, zip.size());

    assertRefused(
        zip.write(entry, new byte[16]).claim(entry).claim(same).bytes(),
        RejectCode.TENSOR_OFFSETS,
        "Entries archive/data/0 and archive/data/1 of the archive overlap");
  }

  @Test
  void anEntryThatReachesIntoTheNextIsRefused() {
    TorchZip zip = zip();
    Claim entry = new Claim("archive/data/0", 0, 100, 100, zip.size());
    zip.write(entry, new byte[16]).claim(entry);

    assertRefused(
        zip.add("archive/data/1", new byte[200]).bytes(),
        RejectCode.TENSOR_OFFSETS,
        "Entries archive/data/0 and archive/data/1 of the archive overlap");
  }

  @ParameterizedTest
  @ValueSource(longs = {1_000, 0x7fffffff, 0xfffffffeL})
  void anEntryOutsideTheFileIsRefused(long length) {
    TorchZip zip = zip();
    Claim entry = new Claim("archive/data/0", 0, length, length, zip.size());

    assertRefused(
        zip.write(entry, new byte[16]).claim(entry).bytes(),
        RejectCode.FILE_SIZE,
        "Entry archive/data/0 of the archive reaches beyond the file");
  }

  @ParameterizedTest
  @ValueSource(longs = {7, 500, 0x7fffffff, 0xfffffffeL})
  void aHeaderThatIsNotThereIsRefused(long offset) {
    UserInputException refusal =
        catchThrowableOfType(
            UserInputException.class,
            () ->
                read(
                    zip()
                        .add("archive/data/1", new byte[600])
                        .claim(new Claim("archive/data/0", 0, 16, 16, offset))
                        .bytes()));

    assertThat(refusal.code()).isIn(RejectCode.HEADER_INVALID, RejectCode.FILE_SIZE);
    assertThat(refusal).hasMessageContaining("archive/data/0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../data.pkl", "archive/../../x", "/etc/passwd", "C:/x", "a\\..\\x", "a/.."})
  void namesThatLeadOutOfTheArchiveAreRefused(String name) {
    assertRefused(
        zip().add("archive/data/0", new byte[16]).add(name, "x").bytes(),
        RejectCode.SHARD_OUTSIDE,
        "Entry %s of the archive leads out of it".formatted(name.replace('\\', '/')));
  }

  @Test
  void anEntryTwiceIsRefused() {
    assertRefused(
        zip().add("archive/data/0", new byte[16]).add("archive/data/0", new byte[16]).bytes(),
        RejectCode.HEADER_INVALID,
        "Entry archive/data/0 stands twice");
  }

  @Test
  void twoPicklesAreRefused() {
    assertRefused(
        zip().add("other/data.pkl", PICKLE).bytes(),
        RejectCode.FORMAT_UNSUPPORTED,
        "with one FOLDER/data.pkl; found 2");
  }

  @Test
  void anArchiveOfSomethingElseIsRefused() {
    assertRefused(
        new TorchZip().add("word/document.xml", "<x/>").bytes(),
        RejectCode.FORMAT_UNSUPPORTED,
        "Expected a ZIP archive written by torch.save, with one FOLDER/data.pkl; found 0");
  }

  @Test
  void bigEndianNumbersAreRefused() {
    assertRefused(
        zip().add("archive/data/0", new byte[16]).add("archive/byteorder", "big").bytes(),
        RejectCode.FORMAT_UNSUPPORTED,
        "Expected numbers in little-endian order, found \"big\";");
  }

  @Test
  void aDirectoryOfManyEntriesIsRefused() {
    TorchZip zip = zip();
    for (int i = 0; i < 120_000; i++) {
      zip.claim(new Claim("archive/data/more-than-any-model-has-and-a-long-name/" + i, 0, 0, 0, 0));
    }

    assertRefused(
        zip.bytes(),
        RejectCode.HEADER_TOO_LARGE,
        "The ZIP directory takes more than 4194304 bytes");
  }

  /** As many entries as the directory's bytes can hold. */
  @Test
  void theLargestDirectoryTakesBoundedMemory() {
    TorchZip zip = zip();
    for (int i = 0; i < 75_000; i++) {
      zip.claim(new Claim("a/" + i, 0, 0, 0, 0));
    }
    byte[] file = zip.bytes();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = threads.getCurrentThreadAllocatedBytes();

    assertRefused(
        file, RejectCode.HEADER_TOO_LARGE, "The ZIP directory has more than 65536 entries");

    assertThat(threads.getCurrentThreadAllocatedBytes() - allocated)
        .isLessThan(4L * MAX_ALLOCATED_BYTES); // most of it short-lived, in the library
  }

  @Test
  void aPickleOfManyBytesIsRefused() {
    assertRefused(
        new TorchZip().add("archive/data.pkl", new byte[(16 << 20) + 1]).bytes(),
        RejectCode.HEADER_TOO_LARGE,
        "The pickle has 16777217 bytes, at most 16777216 are read");
  }

  @Test
  void whatIsNoArchiveIsRefused() {
    assertRefused(new byte[0], RejectCode.FORMAT_UNSUPPORTED, "found an empty file");
    assertRefused(
        new byte[] {7, 7, 7}, RejectCode.FORMAT_UNSUPPORTED, "found another kind of file");
    byte[] tar = new byte[512];
    System.arraycopy("ustar".getBytes(StandardCharsets.UTF_8), 0, tar, 257, 5);
    assertRefused(tar, RejectCode.FORMAT_UNSUPPORTED, "since PyTorch 1.6; write it anew");
  }
}
