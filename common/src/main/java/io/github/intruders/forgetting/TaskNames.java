package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which metric measures which task: the one whose name holds the task's name as whole words, in any
 * case, such as {@code loss_python} or {@code arc_easy/acc}. Of several tasks the longest is meant;
 * a metric that could be of two is of none.
 *
 * @param tasks the tasks of the sequences
 */
public record TaskNames(Set<String> tasks) implements Serializable {
  public TaskNames {
    tasks = new TreeSet<>(tasks);
  }

  public static TaskNames of(Collection<String> tasks) {
    return new TaskNames(new TreeSet<>(tasks));
  }

  /**
   * A metric of a task.
   *
   * @param task as the sequences call it
   * @param family the metric's words with an asterisk for the task's: the same metric of another
   *     task has the same
   */
  public record TaskMetric(String task, String family) implements Serializable {}

  /** The task that a metric measures, if there is just one. */
  public Optional<TaskMetric> of(String metric) {
    List<String> words = words(metric);
    TaskMetric best = null;
    int length = 0;
    boolean ambiguous = false;
    for (String task : tasks) {
      List<String> own = words(task);
      int at = own.isEmpty() ? -1 : Collections.indexOfSubList(words, own);
      if (at >= 0 && own.size() >= length) {
        ambiguous = own.size() == length;
        length = own.size();
        best = new TaskMetric(task, family(words, at, own.size()));
      }
    }
    return ambiguous ? Optional.empty() : Optional.ofNullable(best);
  }

  private static String family(List<String> words, int at, int length) {
    return String.join(
        " ",
        Stream.of(words.subList(0, at), List.of("*"), words.subList(at + length, words.size()))
            .flatMap(List::stream)
            .toList());
  }

  private static List<String> words(String name) {
    return Arrays.stream(name.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+", -1))
        .filter(word -> !word.isEmpty())
        .toList();
  }
}
