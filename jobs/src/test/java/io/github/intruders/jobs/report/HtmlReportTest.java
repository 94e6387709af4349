package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page by itself; how it looks is seen in a browser. */
class HtmlReportTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String page(String checkpointId) throws IOException {
    ObjectNode data = JSON.createObjectNode();
    data.putArray("words").add(checkpointId);
    return HtmlReport.render(data);
  }

  @Test
  void textsFromInputsAreDataAndNeverMarkup() throws IOException {
    String hostile =
        "</script><script>alert('x')</script><!--&lt;/*CHARTS*/ \u2028\u2029\u0001\ufffe\ud83d\ude00";

    String page = page(hostile);

    assertThat(page).doesNotContain("alert('x')</script>").doesNotContain("<!--&lt;");
    Matcher data =
        Pattern.compile(
                "<script type=\"application/json\" id=\"data\">(.*?)</script>", Pattern.DOTALL)
            .matcher(page);
    assertThat(data.find()).isTrue();
    assertThat(data.group(1)).matches("[ -~]+");
    assertThat(JSON.readTree(data.group(1)).at("/words/0").asText()).isEqualTo(hostile);
  }

  @Test
  void thePageNeedsNoNetwork() throws IOException {
    String page = page("a");

    assertThat(page)
        .contains("new Chart(")
        .containsPattern("Chart\\.js v\\d")
        .doesNotContain("<script src")
        .doesNotContain("@import")
        .doesNotContain("sourceMappingURL")
        .doesNotContainPattern("<link[^>]*href=\"(?!data:)");
  }

  @Test
  void thePolicyKnowsTheScriptsAndTheStyleOfThePageByTheirHashes() throws Exception {
    String page = page("a");
    Matcher policy =
        Pattern.compile("<meta http-equiv=\"Content-Security-Policy\" content=\"([^\"]*)\">")
            .matcher(page);
    assertThat(policy.find()).isTrue();
    assertThat(policy.group(1)).startsWith("default-src 'none'; ").doesNotContain("unsafe");
    Matcher inline = Pattern.compile("<(style|script)>(.*?)</\\1>", Pattern.DOTALL).matcher(page);
    int found = 0;
    while (inline.find()) {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(inline.group(2).getBytes(StandardCharsets.UTF_8));
      assertThat(policy.group(1)).contains(Base64.getEncoder().encodeToString(digest));
      found++;
    }
    assertThat(found).isEqualTo(3);
  }

  @Test
  void nothingIsLeftOfTheTemplate() throws IOException {
    assertThat(page("a"))
        .doesNotContain("/*POLICY*/")
        .doesNotContain("/*STYLE*/")
        .doesNotContain("/*CHARTS*/")
        .doesNotContain("/*REPORT*/")
        .doesNotContain("/*DATA*/");
  }
}
