package io.github.intruders.krylov;

/**
 * What is known of a unit vector u by leading approximate triplets (σⱼ, ũⱼ) of a matrix M. For a
 * true left singular vector w of M with singular value σ and partner y, and with fⱼ and gⱼ the
 * residuals M ṽⱼ − σⱼ ũⱼ and Mᵀ ũⱼ − σⱼ ṽⱼ,
 *
 * <pre>|⟨w, ũⱼ⟩| ≤ (‖fⱼ‖ + ‖gⱼ‖) / |σ − σⱼ|,</pre>
 *
 * for every σ, so that nothing has to be known of how many triplets there are or where.
 *
 * @param values σⱼ, descending
 * @param errors ‖fⱼ‖ + ‖gⱼ‖, or more
 * @param cosines ⟨ũⱼ, u⟩
 */
record LeadingPart(double[] values, double[] errors, double[] cosines) {
  /** Where a vector can no longer be told from the true one. */
  private static final double NEAR = 0.05;

  /** Nothing known. */
  static final LeadingPart NONE = new LeadingPart(new double[0], new double[0], new double[0]);

  /**
   * An upper bound of |Σⱼ ⟨ũⱼ, u⟩ ⟨w, ũⱼ⟩| for all w whose singular values lie between two numbers.
   */
  double over(double from, double to) {
    double near = 0;
    double far = 0;
    for (int j = 0; j < values.length; j++) {
      double distance = Math.max(0, Math.max(from - values[j], values[j] - to));
      double size = Math.abs(cosines[j]);
      if (errors[j] <= NEAR * distance) {
        far += size * errors[j] / distance;
      } else {
        near += size * size;
      }
    }
    return Math.sqrt(near) + far;
  }
}
