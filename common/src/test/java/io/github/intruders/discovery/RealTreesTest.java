package io.github.intruders.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RealTreesTest {
  @TempDir Path temporary;

  @Test
  void look() throws IOException {
    Path trees = Path.of("src/test/resources/fixtures/trees").toAbsolutePath();
    Path copy = copy(trees);
    LocalDiscovery.Found found = new LocalDiscovery(copy.resolve("trainer")).tags("runs/{method}/{task}-seed{seed}").manifest(copy.resolve("trainer/m.yaml")).find();
    System.out.println(found.text() + "\n" + found.fleet().trainerMetrics());
    System.out.println(new LocalDiscovery(copy.resolve("hub")).manifest(copy.resolve("hub/m.yaml")).find().text());
    System.out.println(new LocalDiscovery(copy.resolve("trl")).base(copy.resolve("trainer/models/tiny-llama")).manifest(copy.resolve("trl/m.yaml")).find().text());
    for (String name : new String[] {"llama", "gpt2", "qwen3-moe"}) {
      Path peft = Path.of("src/test/resources/fixtures/peft/" + name).toAbsolutePath();
      System.out.println(new LocalDiscovery(peft).base(peft.resolve("base")).manifest(peft.resolve("m.yaml")).find().text());
    }
    Path zoo = Path.of(System.getProperty("zoo"));
    System.out.println(new LocalDiscovery(zoo).manifest(zoo.resolve("m.yaml")).find().text());
  }

  private Path copy(Path trees) throws IOException {
    try (Stream<Path> files = Files.walk(trees)) {
      for (Path file : files.toList()) {
        Path to = temporary.resolve(trees.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else {
          Files.copy(file, to);
        }
      }
    }
    for (String line : Files.readAllLines(temporary.resolve("hub/links.txt"))) {
      String[] link = line.split(" ", 2);
      Path place = temporary.resolve("hub").resolve(link[0]);
      Files.createDirectories(place.getParent());
      Files.createSymbolicLink(place, Path.of(link[1]));
    }
    return temporary;
  }
}
