package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The store from the outside: filled, listed, pruned, and of one side only. */
@ExtendWith(LocalMaster.class)
class SpectraCommandTest {
  private static final String MATRICES = "layers\\.0\\.mlp";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private static Path temporary;
  private static String store;

  @BeforeAll
  static void fill() {
    store = temporary.resolve("store").toString();
    Outcome outcome = Outcome.of(options("spectra", "full/1-python", store, "--include", MATRICES));
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out()).contains("3 matrices: 3 decomposed now");
  }

  @Test
  void whatIsStoredAlreadyIsToldToPrograms() throws IOException {
    Outcome outcome =
        Outcome.of(options("spectra", "full/1-python", store, "--include", MATRICES, "--json"));

    assertThat(outcome.exitCode()).isZero();
    JsonNode line = JSON.readTree(outcome.out());
    assertThat(line.at("/decomposed").asInt(-1)).isZero();
    assertThat(line.at("/stored").asInt()).isEqualTo(3);
    assertThat(line.at("/rejected").asInt(-1)).isZero();
    assertThat(line.at("/store").asText()).endsWith("/store");
  }

  @Test
  void theListingHasALinePerDecompositionAndNeedsNoManifest() throws IOException {
    Outcome text = Outcome.of("spectra", "--list", "--spectra", store);
    Outcome json = Outcome.of("spectra", "--list", "--json", "--spectra", store);

    assertThat(text.exitCode()).isZero();
    assertThat(text.out().lines().filter(line -> line.contains("mlp."))).hasSize(3);
    assertThat(text.out())
        .containsPattern("model.layers.0.mlp.down_proj.weight +128x384 +both +257.* KiB .*base/")
        .contains("3 decompositions, ");
    JsonNode listing = JSON.readTree(json.out());
    assertThat(json.out().lines()).hasSize(1);
    assertThat(listing.at("/decompositions")).hasSize(3);
    assertThat(listing.at("/decompositions/0/sources/0").asText()).endsWith("model.safetensors");
  }

  @Test
  void pruningKeepsWhatTheBaseUsesAndTakesWhatIsOld() throws IOException {
    String other = temporary.resolve("other").toString();
    Outcome.of(options("spectra", "full/1-python", other, "--include", MATRICES));
    Path base = Path.of(zoo("base"));

    Outcome used =
        Outcome.of("spectra", "--prune", "--unused", "--base", base.toString(), "--spectra", other);
    Outcome planned =
        Outcome.of(
            "spectra", "--prune", "--older-than", "0h", "--dry-run", "--json", "--spectra", other);
    Outcome gone = Outcome.of("spectra", "--prune", "--older-than", "0h", "--spectra", other);

    assertThat(used.out()).contains("Removed 0 files");
    assertThat(JSON.readTree(planned.out()).at("/removed")).hasSize(6);
    assertThat(gone.out()).contains("Removed 6 files").contains("3 links that pointed at nothing");
    assertThat(Outcome.of("spectra", "--list", "--spectra", other).out())
        .contains("0 decompositions");
  }

  @Test
  void whatCanNotBeMeantIsSaid() {
    assertThat(Outcome.of("spectra", "--prune", "--unused", "--spectra", store).err())
        .contains("Give --manifest or --base together with --unused");
    assertThat(Outcome.of("spectra", "--older-than", "3d", "--spectra", store).err())
        .contains("together with --prune");
    Outcome age = Outcome.of("spectra", "--prune", "--older-than", "3w", "--spectra", store);
    assertThat(age.exitCode()).isEqualTo(2);
    assertThat(age.err()).contains("expected days or hours, such as 30d or 12h");
    Outcome none = Outcome.of("spectra", "--list", "--spectra", store + "/none");
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.err()).contains("There is no spectra store");
  }

  @Test
  void aStoreOfOneSideServesFullFineTunesAndAdaptersAlike() throws IOException {
    String small = temporary.resolve("small").toString();
    List<JsonNode> found = new ArrayList<>();
    for (String checkpoint : List.of("full/1-python", "lora-r8/1-python")) {
      found.add(summary(checkpoint, small, "--store", "side"));
      found.add(summary(checkpoint, store, "--store", "all"));
    }

    for (int i = 0; i < found.size(); i += 2) {
      JsonNode bySide = found.get(i).at("/checkpoints/0");
      JsonNode byAll = found.get(i + 1).at("/checkpoints/0");
      assertThat(bySide.at("/intruders")).isEqualTo(byAll.at("/intruders"));
      assertThat(bySide.at("/intruder_energy_share").asDouble())
          .isCloseTo(byAll.at("/intruder_energy_share").asDouble(), within(1e-6));
    }
    JsonNode listing =
        JSON.readTree(Outcome.of("spectra", "--list", "--json", "--spectra", small).out());
    assertThat(listing.at("/decompositions")).hasSize(3);
    listing
        .at("/decompositions")
        .forEach(entry -> assertThat(entry.at("/kind").asText()).isEqualTo("left"));
    JsonNode whole =
        JSON.readTree(Outcome.of("spectra", "--list", "--json", "--spectra", store).out());
    assertThat(listing.at("/bytes").asLong()).isLessThan(whole.at("/bytes").asLong() * 4 / 5);
  }

  private JsonNode summary(String checkpoint, String spectra, String... more) throws IOException {
    List<String> line =
        new ArrayList<>(List.of(options("scan", checkpoint, spectra, "--include", MATRICES)));
    line.addAll(
        List.of(
            "--json",
            "--out",
            temporary
                .resolve(Path.of(spectra).getFileName() + "-out-" + checkpoint.replace('/', '-'))
                .toString()));
    line.addAll(List.of(more));
    Outcome outcome = Outcome.of(line.toArray(String[]::new));
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    return JSON.readTree(outcome.out());
  }

  private static String zoo(String path) {
    return System.getProperty("zoo") + "/" + path;
  }

  private static String[] options(
      String command, String checkpoint, String spectra, String... more) {
    List<String> line =
        new ArrayList<>(
            List.of(
                command, "--base", zoo("base"), "--tuned", zoo(checkpoint), "--spectra", spectra));
    line.addAll(List.of(more));
    return line.toArray(String[]::new);
  }
}
