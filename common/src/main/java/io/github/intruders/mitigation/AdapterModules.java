package io.github.intruders.mitigation;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.adapter.LowRankUpdate;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which factors of an adapter, or of a chain of them, belong to which planned matrix. They are
 * found by where they lie, as the plan has it, so that whatever paired the names of adapter and
 * base holds here, too.
 */
final class AdapterModules {
  private AdapterModules() {}

  /**
   * One module.
   *
   * @param baseTensor its weight as the last of the adapters that have it names it
   * @param plan what is planned for it; null where the selection leaves it out
   * @param links its factors, in the order of the adapters; at least one
   */
  record Module(String baseTensor, MatrixPlan plan, List<LowRankSource> links) {}

  /**
   * The modules that hold plain LoRA factors, by {@link Module#baseTensor()}.
   *
   * @param plans what is planned of these adapters; each is found, or the whole is refused
   * @throws UserInputException if a planned update can't be written back
   */
  static Map<String, Module> of(List<Adapter> chain, Collection<MatrixPlan> plans) {
    Map<String, MatrixPlan> planOf = new HashMap<>();
    for (MatrixPlan plan : plans) {
      for (LowRankSource link : links(plan)) {
        MatrixPlan twin = planOf.put(place(link), plan);
        if (twin != null && !twin.base().name().equals(plan.base().name())) {
          throw split(link);
        }
      }
    }
    Map<String, List<LowRankSource>> links = new LinkedHashMap<>();
    Map<String, MatrixPlan> planned = new HashMap<>();
    for (Adapter adapter : chain) {
      for (AdapterUpdate update : adapter.updates().values()) {
        if (!TunedMatrix.isPlain(update)) {
          continue;
        }
        LowRankSource link = TunedMatrix.plain(update);
        MatrixPlan plan = planOf.get(place(link));
        String key = plan == null ? "\n" + link.baseTensor() : plan.base().name();
        if (plan != null) {
          planned.put(key, plan);
          if (links(plan).stream().noneMatch(link::equals)) {
            throw split(link);
          }
        }
        links.computeIfAbsent(key, name -> new ArrayList<>()).add(link);
      }
    }
    for (MatrixPlan plan : plans) {
      if (links.getOrDefault(plan.base().name(), List.of()).size() != links(plan).size()) {
        throw UserInputException.inFile(
            RejectCode.NOT_WRITTEN,
            chain.get(chain.size() - 1).uri(),
            "The factors of %s are not found again; did the adapter change during the run?"
                .formatted(plan.base().name()));
      }
    }
    Map<String, Module> modules = new TreeMap<>();
    links.forEach(
        (key, factors) -> {
          Module module = module(planned.get(key), factors);
          if (modules.put(module.baseTensor(), module) != null) {
            throw differentNames(factors.get(0), module.baseTensor());
          }
        });
    return modules;
  }

  private static Module module(MatrixPlan plan, List<LowRankSource> links) {
    String name = links.get(links.size() - 1).baseTensor();
    for (LowRankSource link : links) {
      if (!link.baseTensor().equals(name)) {
        throw differentNames(link, name);
      }
    }
    return new Module(name, plan, List.copyOf(links));
  }

  private static List<LowRankSource> links(MatrixPlan plan) {
    List<LowRankSource> links = new ArrayList<>();
    if (plan.update() instanceof UpdateSource.LowRank lowRank) {
      for (LowRankUpdate link : lowRank.chain()) {
        links.add(TunedMatrix.plain(link));
      }
    } else {
      throw TunedMatrix.unsupported(plan.update().adapters().get(0));
    }
    return links;
  }

  private static String place(LowRankSource link) {
    return link.a().file() + "\n" + link.a().matrix();
  }

  private static UserInputException split(LowRankSource link) {
    return UserInputException.inTensor(
        RejectCode.ADAPTER_UNSUPPORTED,
        link.b().file(),
        link.b().matrix(),
        "LoRA on a weight that is split can't be edited as an adapter; leave --split-fused out");
  }

  private static UserInputException differentNames(LowRankSource link, String name) {
    return UserInputException.inTensor(
        RejectCode.ADAPTER_UNSUPPORTED,
        link.a().file(),
        link.a().matrix(),
        "A chain whose adapters name the modules differently, %s and %s, can't become one adapter;"
                .formatted(link.baseTensor(), name)
            + " save them with the same class of model");
  }
}
