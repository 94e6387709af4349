package io.github.intruders.checkpoint.hadoop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptLocalFileSystemTest {
  @TempDir private Path folder;

  private static FileSystem open(Class<? extends FileSystem> kind) throws IOException {
    Configuration configuration = new Configuration();
    configuration.setClass("fs.file.impl", kind, FileSystem.class);
    return FileSystem.newInstance(URI.create("file:///"), configuration);
  }

  private org.apache.hadoop.fs.Path path(String name) {
    return new org.apache.hadoop.fs.Path(folder.resolve(name).toUri());
  }

  private String permissions(String name) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name)));
  }

  @Test
  void filesAndFoldersHaveThePermissionsThatHadoopGivesThem() throws IOException {
    for (Class<? extends FileSystem> kind :
        List.of(LocalFileSystem.class, PromptLocalFileSystem.class)) {
      try (FileSystem files = open(kind)) {
        String name = kind.getSimpleName();
        files.create(path(name + "/file")).close();
        files.mkdirs(path(name + "/shared"), new FsPermission((short) 0775));
        files.setPermission(path(name + "/file"), new FsPermission((short) 0640));
      }
    }

    for (String name : List.of("", "/shared")) {
      assertThat(permissions("PromptLocalFileSystem" + name))
          .isEqualTo(permissions("LocalFileSystem" + name));
    }
    assertThat(permissions("PromptLocalFileSystem/file")).isEqualTo("rw-r-----");
    assertThat(permissions("PromptLocalFileSystem/.file.crc")).isEqualTo("rw-r-----");
  }

  @Test
  void whatIsNotThereGetsNoPermissions() throws IOException {
    try (FileSystem files = open(PromptLocalFileSystem.class)) {
      assertThatThrownBy(() -> files.setPermission(path("no"), new FsPermission((short) 0600)))
          .isInstanceOfAny(NoSuchFileException.class, FileNotFoundException.class);
    }
  }
}
