package io.github.intruders.jobs.cost;

import io.github.intruders.cost.CostModel;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;

/** What pieces of work cost beside each other: for telling the time left. */
public final class ScanCost {
  private ScanCost() {}

  /** The cost in core-seconds by the base's decomposition, which is stored. */
  public static double of(MatrixPlan plan, ScanSettings settings) {
    CostModel model = new CostModel(settings);
    return model.scan(plan.base(), model.workload(plan)).coreSeconds();
  }

  /** The same by bounds. */
  public static double byBounds(MatrixPlan plan, ScanSettings settings) {
    CostModel model = new CostModel(settings);
    return model.bounds(plan.base(), model.workload(plan), false).coreSeconds();
  }
}
