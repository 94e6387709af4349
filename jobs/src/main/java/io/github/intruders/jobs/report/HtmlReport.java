package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Properties;

/**
 * The report: one HTML page that needs no network, with its charts drawn from data inside it. Texts
 * from inputs reach the page as data only, never as markup; and by its content security policy the
 * browser runs the page's own scripts only, known by their hashes, and loads nothing from anywhere.
 */
public final class HtmlReport {
  /** What Maven says of the chart library in its jar. */
  private static final String CHARTS_POM =
      "/META-INF/maven/org.webjars.npm/chart.js/pom.properties";

  private static final String CHARTS = "/META-INF/resources/webjars/chart.js/%s/dist/chart.umd.js";

  private HtmlReport() {}

  /**
   * Writes {@code OUT/report/index.html}.
   *
   * @return where the page lies
   */
  public static String write(ReportInput input, Storage storage, String outUri) throws IOException {
    String page = render(ReportData.of(input));
    String file = storage.resolve(outUri, "report/index.html");
    storage.write(file, out -> out.write(page.getBytes(StandardCharsets.UTF_8)));
    return file;
  }

  static String render(JsonNode data) throws IOException {
    String style = resource("/report/report.css");
    String charts = resource(charts()).replaceAll("(?m)^//# sourceMappingURL=.*$", "");
    String report =
        String.join(
            "\n",
            resource("/report/page.js"),
            resource("/report/charts.js"),
            resource("/report/figures.js"));
    String policy =
        "default-src 'none'; img-src data:; style-src %s; script-src %s %s; base-uri 'none'; form-action 'none'"
            .formatted(hash(style), hash(charts), hash(report));
    return resource("/report/page.html")
        .replace("/*POLICY*/", policy)
        .replace("/*STYLE*/", style)
        .replace("/*CHARTS*/", charts)
        .replace("/*REPORT*/", report)
        .replace("/*DATA*/", json(data));
  }

  /** The library's path, which holds its version. */
  private static String charts() throws IOException {
    Properties jar = new Properties();
    jar.load(new StringReader(resource(CHARTS_POM)));
    return CHARTS.formatted(jar.getProperty("version"));
  }

  /** JSON that can neither end the script element around it nor start another one. */
  private static String json(JsonNode data) throws JsonProcessingException {
    return EmbeddedTables.JSON
        .writeValueAsString(data)
        .replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e");
  }

  /** By which a content security policy knows an element's text. */
  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return "'sha256-%s'".formatted(Base64.getEncoder().encodeToString(digest));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("The jar lacks %s".formatted(name));
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
