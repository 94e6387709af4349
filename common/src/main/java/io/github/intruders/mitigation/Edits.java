package io.github.intruders.mitigation;

import io.github.intruders.plan.MatrixPlan;
import java.io.IOException;

/**
 * Gives the edit of a planned matrix: by the plan, not by a name, since the sides' names differ.
 */
@FunctionalInterface
public interface Edits {
  /** The edit, in the arena that is open; {@link MatrixEdit.Kept} where nothing changes. */
  MatrixEdit of(MatrixPlan plan) throws IOException;
}
