package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page by itself; how it looks is seen in a browser. */
class HtmlReportTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String page(String checkpointId) throws IOException {
    ObjectNode data = JSON.createObjectNode();
    data.putArray("checkpoints").addObject().put("checkpoint_id", checkpointId);
    return HtmlReport.render(data);
  }

  @Test
  void textsFromInputsAreDataAndNeverMarkup() throws IOException {
    String hostile = "</script><script>alert('x')</script><!--&lt;/*CHARTS*/";

    String page = page(hostile);

    assertThat(page).doesNotContain("alert('x')</script>").doesNotContain("<!--&lt;");
    Matcher data =
        Pattern.compile(
                "<script type=\"application/json\" id=\"data\">(.*?)</script>", Pattern.DOTALL)
            .matcher(page);
    assertThat(data.find()).isTrue();
    assertThat(JSON.readTree(data.group(1)).at("/checkpoints/0/checkpoint_id").asText())
        .isEqualTo(hostile);
  }

  @Test
  void thePageNeedsNoNetwork() throws IOException {
    String page = page("a");

    assertThat(page)
        .contains("new Chart(", "Chart.js v4.4.4")
        .doesNotContain("<script src")
        .doesNotContain("@import")
        .doesNotContain("sourceMappingURL")
        .doesNotContainPattern("<link[^>]*href=\"(?!data:)");
  }

  @Test
  void nothingIsLeftOfTheTemplate() throws IOException {
    assertThat(page("a"))
        .doesNotContain("/*STYLE*/")
        .doesNotContain("/*CHARTS*/")
        .doesNotContain("/*REPORT*/")
        .doesNotContain("/*DATA*/");
  }
}
