package io.github.intruders.checkpoint.hadoop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.UserInputException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HadoopStorageTest {
  @TempDir Path folder;
  private final HadoopStorage storage = new HadoopStorage(new Configuration());

  private String uri(String name) {
    return storage.resolve(storage.qualify(folder.toString()), name);
  }

  private void write(String name, String text) throws IOException {
    storage.write(uri(name), out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/data/base,file:/data/base",
    "/data/./x/../base/,file:/data/base",
    "/data/with space#1%20?,file:/data/with space#1%20?",
    "/data/a:b,file:/data/a:b",
    "file:///data/base/,file:/data/base",
    "file:/data/base,file:/data/base",
    "s3a://bucket/models/base/,s3a://bucket/models/base",
    "hdfs://name:8020/base,hdfs://name:8020/base",
  })
  void urisTakeTheirAbsoluteForm(String given, String expected) {
    assertThat(storage.qualify(given)).isEqualTo(expected);
    assertThat(storage.qualify(expected)).isEqualTo(expected);
  }

  @Test
  void aRelativePathIsLocal() {
    assertThat(storage.qualify("a:b/c"))
        .isEqualTo("file:" + Path.of("").toAbsolutePath() + "/a:b/c");
  }

  @Test
  void aFolderWithAColonInANameIsListedAndLinksAreFollowed() throws IOException {
    write("2026-01-01T10:00:00/a", "x");
    Files.createSymbolicLink(folder.resolve("link"), folder.resolve("2026-01-01T10:00:00"));
    Files.createSymbolicLink(folder.resolve("nowhere"), folder.resolve("nothing"));

    assertThat(storage.list(uri("")))
        .extracting(StoredFile::name, StoredFile::directory, StoredFile::lengthBytes)
        .containsExactly(tuple("2026-01-01T10:00:00", true, 0L), tuple("link", true, 0L));
    assertThat(storage.list(uri("link")))
        .extracting(StoredFile::uri, StoredFile::lengthBytes)
        .containsExactly(tuple(uri("link/a"), 1L));
    String real = "file:" + folder.toRealPath() + "/2026-01-01T10:00:00/a";
    assertThat(storage.realUri(uri("link/a"))).isEqualTo(real);
    assertThat(storage.listDeeply(uri(""))).isEmpty();
    assertThatThrownBy(() -> storage.realUri(uri("nowhere")))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessageContaining("nowhere] No such file or folder");
  }

  @Test
  void nothingIsNoPath() {
    assertThatThrownBy(() -> storage.qualify(" "))
        .isInstanceOf(UserInputException.class)
        .hasMessage("Expected a path or URI, found none");
    assertThatThrownBy(() -> storage.qualify("a\0b"))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith("Not a path or URI: \"a?b\"");
  }

  @Test
  void aUriWithCredentialsIsRefusedWithoutRepeatingThem() {
    assertThatThrownBy(() -> storage.qualify("s3a://key:hidden@bucket/base"))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith(
            "Cannot use a URI with credentials in it, s3a://***@bucket/base: take")
        .message()
        .doesNotContain("hidden");
    assertThat(storage.qualify("abfs://container@account/base"))
        .isEqualTo("abfs://container@account/base");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://b.s3.amazonaws.com/m.safetensors?X-Amz-Expires=60&X-Amz-Signature=hidden",
        "s3a://bucket/m.safetensors?X-Amz-Credential=hidden%2Fus-east-1&X-Amz-Date=2026",
        "s3a://bucket/m.safetensors?x-amz-security-token=hidden",
        "https://b.s3.amazonaws.com/m?AWSAccessKeyId=hidden&Signature=hidden&Expires=1",
        "https://storage.googleapis.com/b/m?GoogleAccessId=hidden",
        "https://storage.googleapis.com/b/m?X-Goog-Signature=hidden",
        "https://account.blob.core.windows.net/c/m?sv=2022-11-02&sr=b&sig=hidden",
        "https://host/m?api_key=hidden",
        "https://host/m?apikey=hidden",
        "https://host/m?password=hidden#part",
        "https://host/m?access_token=hidden",
        "models/m.safetensors?download=true&token=hidden",
      })
  void aUriWithASecretInItsQueryIsRefusedWithoutRepeatingIt(String uri) {
    assertThatThrownBy(() -> storage.qualify(uri))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith("Cannot use a URI with credentials in it, ")
        .message()
        .contains("=***")
        .doesNotContain("hidden");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3a://bucket/tokens=1e9/keys=2/m",
        "file:/models/monkey=1?",
        "https://host/m?revision=main",
        "s3a://bucket/m?versionId=3",
      })
  void anOrdinaryUriIsNoSecret(String uri) {
    assertThat(storage.qualify(uri)).isEqualTo(uri);
  }

  private void run(String... command) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder(command).start().waitFor()).isZero();
  }

  @Test
  void whatIsNoRegularFileIsRefusedAtOnce() throws Exception {
    run("mkfifo", folder.resolve("pipe").toString());
    Files.createSymbolicLink(folder.resolve("link-to-pipe"), folder.resolve("pipe"));
    Files.createSymbolicLink(folder.resolve("zeros"), Path.of("/dev/zero"));
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      Path place = Files.createTempDirectory("socket").resolve("s"); // such a path must be short
      socket.bind(UnixDomainSocketAddress.of(place));
      Files.createSymbolicLink(folder.resolve("socket"), place);
      for (String name : List.of("pipe", "link-to-pipe", "zeros", "socket")) {
        assertTimeoutPreemptively(
            Duration.ofMinutes(1),
            () ->
                assertThatThrownBy(() -> storage.open(uri(name)))
                    .isInstanceOf(UserInputException.class)
                    .hasMessageStartingWith(
                        "[%s] This is a pipe, a socket or a device".formatted(uri(name))));
      }
      Files.delete(place);
      Files.delete(place.getParent());
    }
    Files.createDirectory(folder.resolve("folder"));
    assertThatThrownBy(() -> storage.open(uri("folder")))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessage("[%s] This is a folder, not a file".formatted(uri("folder")));
  }

  @Test
  void aLinkToARegularFileIsOne() throws IOException {
    Files.writeString(folder.resolve("blob"), "text");
    Files.createSymbolicLink(folder.resolve("link"), folder.resolve("blob"));

    try (RangeSource source = storage.open(uri("link"))) {
      assertThat(source.lengthBytes()).isEqualTo(4);
    }
  }

  @Test
  void anOpenThatIsNeverAnsweredIsGivenUpAndSaysWhatToDo() {
    CountDownLatch never = new CountDownLatch(1);

    assertThatThrownBy(
            () ->
                LimitedOpening.within(
                    Duration.ofMillis(50),
                    "file:/mnt/m",
                    () -> {
                      never.await();
                      return null;
                    }))
        .isInstanceOf(IOException.class)
        .hasMessage("[file:/mnt/m] The file could not be opened within 0 s")
        .satisfies(
            failure ->
                assertThat(StorageFault.in(failure))
                    .hasValueSatisfying(
                        fault -> {
                          assertThat(fault.kind()).isEqualTo(StorageFault.Kind.UNAVAILABLE);
                          assertThat(fault.message()).startsWith("The disk or network file system");
                        }));
    never.countDown();
  }

  @Test
  void theLibraryThatS3NeedsIsNamed() {
    assertThatThrownBy(() -> storage.exists("s3a://bucket/base"))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("S3AFileSystem not found, which s3a:// needs")
        .hasMessageContaining("-- --packages org.apache.hadoop:hadoop-aws:3.4.2");
    assertThatThrownBy(() -> storage.exists("s3://bucket/base"))
        .isInstanceOf(UserInputException.class)
        .hasMessage("[s3://bucket/base] No file system is set up for s3://; S3 goes by s3a://");
  }

  @Test
  void aSchemeWithoutFileSystemIsTheUsersMatter() {
    assertThatThrownBy(() -> storage.exists("nonesuch://bucket/base"))
        .isInstanceOf(UserInputException.class)
        .hasMessage("[nonesuch://bucket/base] No file system is set up for nonesuch://");
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "with space", "a:b", "hash#1", "100%20", "question?", "ünï"})
  void namesAreTakenAsTheyAre(String name) throws IOException {
    write(name, "text");

    assertThat(names()).containsExactly(name);
    assertThat(storage.exists(uri(name))).isTrue();
    assertThat(storage.list(storage.qualify(folder.toString())))
        .extracting(StoredFile::uri)
        .containsExactly(uri(name));
    try (RangeSource source = storage.open(uri(name))) {
      assertThat(source.uri()).isEqualTo(uri(name));
      assertThat(source.lengthBytes()).isEqualTo(4);
    }
  }

  @Test
  void rangesAreReadInAnyOrder() throws IOException {
    write("file", "0123456789");
    byte[] into = new byte[6];

    try (RangeSource source = storage.open(uri("file"))) {
      source.readFully(7, into, 0, 3);
      source.readFully(0, into, 3, 3);

      assertThat(into).asString(StandardCharsets.US_ASCII).isEqualTo("789012");
      assertThatThrownBy(() -> source.readFully(8, into, 0, 3)).isInstanceOf(EOFException.class);
    }
  }

  @Test
  void whatIsMissingOrAFolderCannotBeOpened() {
    assertThatThrownBy(() -> storage.open(uri("nothing")))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessage("[%s] No such file or folder".formatted(uri("nothing")));
    assertThatThrownBy(() -> storage.open("file:" + folder))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessage("[file:%s] This is a folder, not a file".formatted(folder));
  }

  @Test
  void foldersAreListedInTheOrderOfNames() throws IOException {
    write("b", "12");
    write("sub/c", "123");
    write("a", "1");

    List<StoredFile> files = storage.list("file:" + folder);

    assertThat(files).extracting(StoredFile::name).containsExactly("a", "b", "sub");
    assertThat(files).extracting(StoredFile::lengthBytes).containsExactly(1L, 2L, 0L);
    assertThat(files).extracting(StoredFile::directory).containsExactly(false, false, true);
    assertThat(files.get(0)).isEqualTo(storage.status(uri("a")));
    assertThat(files.get(0).modifiedMillis())
        .isEqualTo(Files.getLastModifiedTime(folder.resolve("a")).toMillis());
    assertThat(storage.isDirectory(uri("sub"))).isTrue();
    assertThat(storage.isDirectory(uri("a"))).isFalse();
    assertThat(storage.isDirectory(uri("nothing"))).isFalse();
  }

  @Test
  void aFileIsNoListing() throws IOException {
    write("a", "1");

    assertThatThrownBy(() -> storage.list(uri("a")))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessage("[%s] This is a file, not a folder".formatted(uri("a")));
  }

  @Test
  void writingReplacesAndLeavesNothingElse() throws IOException {
    write("file", "old");
    write("file", "new");

    assertThat(folder.resolve("file")).hasContent("new");
    assertThat(names()).containsExactly("file");
  }

  @Test
  void aFolderIsNoFileToWriteTo() throws IOException {
    Files.createDirectory(folder.resolve("results"));

    assertThatThrownBy(() -> write("results", "new"))
        .isInstanceOf(UserInputException.class)
        .hasMessage("[%s] There is a folder of this name; name a file".formatted(uri("results")));
    assertThat(names()).containsExactly("results");
    assertThat(folder.resolve("results")).isEmptyDirectory();
  }

  @Test
  void theOldFileStaysUntilTheNewOneIsWhole() throws IOException {
    write("file", "old");

    storage.write(
        uri("file"),
        out -> {
          out.write('n');
          out.flush();
          assertThat(folder.resolve("file")).hasContent("old");
          assertThat(names()).hasSize(2).element(0).asString().startsWith(".file.");
        });

    assertThat(folder.resolve("file")).hasContent("n");
  }

  @Test
  void aFailureLeavesTheOldFile() throws IOException {
    write("file", "old");

    assertThatThrownBy(
            () ->
                storage.write(
                    uri("file"),
                    out -> {
                      out.write('n');
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");

    assertThat(folder.resolve("file")).hasContent("old");
    assertThat(names()).containsExactly("file");
  }

  @Test
  void staleChecksumsDoNoHarm() throws IOException {
    write("file", "0123456789");
    Files.write(folder.resolve(".file.crc"), "crc\0wrong".getBytes(StandardCharsets.US_ASCII));
    byte[] into = new byte[10];

    try (RangeSource source = storage.open(uri("file"))) {
      source.readFully(0, into, 0, 10);
    }

    assertThat(into).asString(StandardCharsets.US_ASCII).isEqualTo("0123456789");
  }

  /** Refuses to rename onto a file, as HDFS does; counts how often. */
  static final class StrictFileSystem extends RawLocalFileSystem {
    private static final AtomicInteger REFUSED = new AtomicInteger();
    private static final AtomicInteger RIVALS = new AtomicInteger();

    @Override
    public URI getUri() {
      return URI.create("strict:///");
    }

    @Override
    public boolean rename(org.apache.hadoop.fs.Path from, org.apache.hadoop.fs.Path to)
        throws IOException {
      if (RIVALS.getAndDecrement() > 0) {
        create(to, false).close();
      }
      if (exists(to)) {
        REFUSED.incrementAndGet();
        return false;
      }
      return super.rename(from, to);
    }
  }

  @ParameterizedTest
  @CsvSource({"0,0", "1,1", "2,2"})
  void writingReplacesWhereARenameDoesNot(int rivals, int refused) throws IOException {
    Configuration configuration = new Configuration();
    configuration.setClass("fs.strict.impl", StrictFileSystem.class, FileSystem.class);
    HadoopStorage strict = new HadoopStorage(configuration);
    String uri = "strict:" + folder.resolve("file");
    write("file", "old");
    StrictFileSystem.REFUSED.set(0);
    StrictFileSystem.RIVALS.set(rivals);

    strict.write(uri, out -> out.write('n'));

    assertThat(folder.resolve("file")).hasContent("n");
    assertThat(names()).containsExactly("file");
    assertThat(StrictFileSystem.REFUSED).hasValue(refused);
  }

  @Test
  void aRenameThatNeverSucceedsIsAnErrorAndLeavesNoTemporaryFile() {
    Configuration configuration = new Configuration();
    configuration.setClass("fs.strict.impl", StrictFileSystem.class, FileSystem.class);
    HadoopStorage strict = new HadoopStorage(configuration);
    String uri = "strict:" + folder.resolve("file");
    StrictFileSystem.RIVALS.set(100);

    assertThatThrownBy(() -> strict.write(uri, out -> out.write('n')))
        .isInstanceOf(IOException.class)
        .hasMessageMatching(
            "\\[\\Q%s\\E] Cannot rename \\Qstrict:%s\\E/\\.file\\..*\\.tmp to it"
                .formatted(uri, folder));
    StrictFileSystem.RIVALS.set(0);
    assertThat(folder.resolve("file")).isEmptyFile();
    assertThat(folder.toFile().list()).containsExactly("file");
  }
}
