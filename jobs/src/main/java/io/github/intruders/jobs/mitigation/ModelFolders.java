package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.mitigation.WrittenFolder;
import io.github.intruders.scan.ScanSettings;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Where edited models go, and what their markers say. */
record ModelFolders(
    String outUri, String baseId, String baseUri, ScanSettings scan, MitigationSettings settings)
    implements Serializable {
  ModelFolders(JobConfig config, MitigationSettings settings) {
    this(
        config.outUri(),
        config.manifest().baseId(),
        config.manifest().baseUri(),
        config.settings(),
        settings);
  }

  /** The folder of the model that a file belongs to. */
  ModelFolder of(Storage storage, ModelFile file) {
    Map<String, Object> made = new LinkedHashMap<>();
    made.put("checkpoint_id", file.checkpointId());
    made.put("base_id", baseId);
    made.put("sources", file.sources());
    if (file.adapter()) {
      made.put("load_on", baseUri);
    }
    if (file.sources().size() > 1) {
      made.put("note", WrittenFolder.CHAIN_NOTE);
    }
    made.put("variant", file.variant().name());
    made.put("lambda", file.variant().lambda());
    if (file.variant().dose() instanceof Variant.Budget budget) {
      made.put("spike_budget", budget.multiple());
    }
    made.put("selection", settings.selection().name().toLowerCase(Locale.ROOT));
    made.put("keep_rank", settings.keepRank());
    made.put("rounds", settings.rounds());
    made.put("top_k", scan.topK().text());
    made.put("epsilon", scan.epsilon());
    made.put("sides", scan.sides());
    return new ModelFolder(
        storage,
        WrittenFolder.uri(storage, outUri, file.checkpointId(), file.variant().name()),
        file.modelKey(),
        made);
  }
}
