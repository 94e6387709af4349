package io.github.intruders.jobs.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.table.TableReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * The report: one HTML page that needs no network, with its charts drawn from data inside it. Texts
 * from inputs reach the page as data only, never as markup.
 */
public final class HtmlReport {
  private static final String CHARTS =
      "/META-INF/resources/webjars/chart.js/4.4.4/dist/chart.umd.js";

  private HtmlReport() {}

  /**
   * Writes {@code OUT/report/index.html} from the tables in {@code OUT}.
   *
   * @return where the page lies
   * @throws io.github.intruders.input.UserInputException if no scan has written tables there
   */
  public static String write(TableReader tables, Storage storage, String outUri)
      throws IOException {
    String page = render(ReportData.read(tables, storage, outUri));
    String file = storage.resolve(outUri, "report/index.html");
    storage.write(file, out -> out.write(page.getBytes(StandardCharsets.UTF_8)));
    return file;
  }

  static String render(JsonNode data) throws IOException {
    return resource("/report/page.html")
        .replace("/*STYLE*/", resource("/report/report.css"))
        .replace("/*CHARTS*/", script(resource(CHARTS)))
        .replace("/*REPORT*/", script(resource("/report/report.js")))
        .replace("/*DATA*/", json(data));
  }

  private static String script(String text) {
    return text.replaceAll("(?m)^//# sourceMappingURL=.*$", "");
  }

  /** JSON that can neither end the script element around it nor start another one. */
  private static String json(JsonNode data) {
    return data.toString().replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e");
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
