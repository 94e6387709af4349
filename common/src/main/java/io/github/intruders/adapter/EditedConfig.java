package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * An {@code adapter_config.json} with other ranks and scales for some modules, and without what
 * acts at load time. Everything else in it stays. The patterns name whole modules; where PEFT's
 * matching would take one name for another, the names are anchored.
 */
public final class EditedConfig {
  /** What chooses the adapted modules; in a chain each adapter may choose others. */
  private static final List<String> SITES =
      List.of("target_modules", "exclude_modules", "layers_to_transform", "layers_pattern");

  private EditedConfig() {}

  /**
   * What a module gets.
   *
   * @param rank columns of its B
   * @param scale what PEFT is to multiply B · A by
   */
  public record Site(int rank, double scale) {}

  /**
   * The config of an edited adapter, or of one that stands for a chain. What would act when it is
   * loaded is taken out, see {@link LoadTimeFields}.
   *
   * @param chain at least one adapter; fields other than the modules' come from the last
   * @param sites what has changed, by base tensor; of a chain every base tensor that it updates
   * @return a new config, equal to the last adapter's own if nothing has changed
   */
  public static JsonNode of(List<Adapter> chain, Map<String, Site> sites) {
    Adapter last = chain.get(chain.size() - 1);
    ObjectNode config = last.config().deepCopy();
    LoadTimeFields.clear(config);
    if (sites.isEmpty()) {
      return config;
    }
    AdapterConfig old = AdapterConfig.parse(last.uri(), config);
    SortedMap<String, Integer> ranks = new TreeMap<>();
    SortedMap<String, Double> alphas = new TreeMap<>();
    SortedSet<String> modules = modules(last.tensors());
    sites.keySet().forEach(tensor -> modules.add(module(tensor)));
    for (String module : modules) {
      Site site = sites.get(module + ".weight");
      int rank = site == null ? old.rankOf(module) : site.rank();
      double alpha =
          site == null
              ? old.alphas().valueFor(module).orElse(old.alpha())
              : site.scale() * (old.rankStabilised() ? Math.sqrt(rank) : rank);
      if (rank != old.rank()) {
        ranks.put(module, rank);
      }
      if (alpha != old.alpha()) {
        alphas.put(module, alpha);
      }
    }
    config.set("rank_pattern", pattern(modules, ranks));
    config.set("alpha_pattern", pattern(modules, alphas));
    if (chain.size() > 1 && !sameSites(chain)) {
      SITES.forEach(config::putNull);
      ArrayNode names = config.putArray("target_modules");
      modules.forEach(names::add);
    }
    return config;
  }

  private static String module(String baseTensor) {
    return baseTensor.substring(0, baseTensor.length() - ".weight".length());
  }

  /** Every module that PEFT looks up a rank for: linear layers, and embeddings too. */
  private static SortedSet<String> modules(Collection<TensorInfo> tensors) {
    SortedSet<String> modules = new TreeSet<>();
    for (TensorInfo tensor : tensors) {
      int end = tensor.name().indexOf(".lora_");
      if (tensor.name().startsWith(AdapterTensor.PREFIX) && end > AdapterTensor.PREFIX.length()) {
        modules.add(tensor.name().substring(AdapterTensor.PREFIX.length(), end));
      }
    }
    return modules;
  }

  /** Sorted, as PEFT saves it, so that loading and saving changes nothing. */
  private static ObjectNode pattern(
      Set<String> modules, SortedMap<String, ? extends Number> given) {
    ObjectNode plain = JsonNodeFactory.instance.objectNode();
    given.forEach((module, value) -> plain.set(module, number(value)));
    if (saysTheSame(plain, modules, given)) {
      return plain;
    }
    SortedMap<String, Number> anchored = new TreeMap<>();
    given.forEach((module, value) -> anchored.put("^" + escaped(module), value));
    ObjectNode pattern = JsonNodeFactory.instance.objectNode();
    anchored.forEach((key, value) -> pattern.set(key, number(value)));
    if (!saysTheSame(pattern, modules, given)) {
      throw new IllegalStateException("No pattern tells these modules apart: " + given.keySet());
    }
    return pattern;
  }

  private static boolean saysTheSame(
      ObjectNode pattern, Set<String> modules, Map<String, ? extends Number> given) {
    Map<String, Double> values = new LinkedHashMap<>();
    pattern.properties().forEach(entry -> values.put(entry.getKey(), entry.getValue().asDouble()));
    ModulePatterns patterns = new ModulePatterns("the edited config", "pattern", values);
    for (String module : modules) {
      Double expected = given.containsKey(module) ? given.get(module).doubleValue() : null;
      Double found = patterns.valueFor(module).orElse(null);
      if (expected == null ? found != null : !expected.equals(found)) {
        return false;
      }
    }
    return true;
  }

  private static String escaped(String module) {
    return module.replaceAll("[^A-Za-z0-9_]", "\\\\$0");
  }

  private static JsonNode number(Number value) {
    double number = value.doubleValue();
    return number == Math.rint(number) && Math.abs(number) < 1e15
        ? JsonNodeFactory.instance.numberNode((long) number)
        : JsonNodeFactory.instance.numberNode(number);
  }

  private static boolean sameSites(List<Adapter> chain) {
    JsonNode last = chain.get(chain.size() - 1).config();
    for (Adapter adapter : chain) {
      for (String field : SITES) {
        if (!elements(adapter.config().path(field)).equals(elements(last.path(field)))) {
          return false;
        }
      }
    }
    return true;
  }

  /** PEFT saves sets in any order. */
  private static List<String> elements(JsonNode field) {
    if (field.isMissingNode() || field.isNull()) {
      return List.of();
    }
    if (!field.isArray()) {
      return List.of(field.toString());
    }
    List<String> elements = new ArrayList<>();
    field.forEach(element -> elements.add(element.toString()));
    elements.sort(null);
    return elements;
  }
}
