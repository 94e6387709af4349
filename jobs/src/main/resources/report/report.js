'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const figures = document.getElementById('figures');
  const contents = document.getElementById('contents');
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const PALETTE = ['#1f5f99', '#d1702a', '#3b8a4a', '#8a4fbf', '#b3361e', '#2a9aa0', '#a0821c', '#c24a86', '#5c6bc0', '#7a7f87'];
  const MANY = 24;
  const charts = [];
  const summary = data.summary || {};
  const epsilon = summary.epsilon;

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }
  function short(value) {
    if (value === null || value === undefined) return '';
    if (typeof value !== 'number') return String(value);
    if (Number.isInteger(value)) return String(value);
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value.toFixed(3);
  }
  const percent = (share) => (100 * (share || 0)).toFixed(1) + ' %';
  const group = (rows, key) => rows.reduce((map, row) => {
    const name = typeof key === 'function' ? key(row) : row[key];
    if (!map.has(name)) map.set(name, []);
    map.get(name).push(row);
    return map;
  }, new Map());
  const bySequence = (row) => row.sequence || row.method || 'single';
  const colour = (index) => PALETTE[index % PALETTE.length];
  const line = (label, points, index, extra) => Object.assign({
    label, data: points, showLine: true, borderColor: colour(index), backgroundColor: colour(index), borderWidth: 2, pointRadius: 3 }, extra);
  const sequences = [...new Set(data.checkpoints.map(bySequence))].sort();
  const lastStep = data.checkpoints.reduce((last, row) => Math.max(last, row.step || 1), 1);
  /** One colour a sequence, stronger the later the step. */
  const shade = (row) => colour(sequences.indexOf(bySequence(row))) + Math.round(255 * (0.35 + 0.65 * (row.step || lastStep) / lastStep)).toString(16).padStart(2, '0');
  const named = (datasets, options) => {
    options.plugins.legend.labels.filter = (item) => datasets[item.datasetIndex].legend !== undefined;
    options.plugins.legend.display = sequences.length <= MANY;
    const label = Chart.defaults.plugins.legend.labels.generateLabels;
    options.plugins.legend.labels.generateLabels = (made) => label(made).map((item) => Object.assign(item, { text: datasets[item.datasetIndex].legend || item.text }));
    options.plugins.tooltip.callbacks.label = (item) => item.dataset.label + ': ' + short(item.raw.y);
  };
  function ofCheckpoint(row, points, label) {
    const last = data.checkpoints.filter((one) => bySequence(one) === bySequence(row)).pop();
    return line(label, points, 0, { borderColor: shade(row), backgroundColor: shade(row), legend: last === row ? bySequence(row) : undefined });
  }

  function section(id, title, how) {
    const made = element('section');
    made.id = id;
    made.append(element('h2', title), element('p', how, 'how'));
    figures.append(made);
    const link = element('a', title);
    link.href = '#' + id;
    contents.append(link);
    return made;
  }
  function table(rows, columns, className) {
    const wrap = element('div', undefined, 'scroll');
    const made = element('table', undefined, className);
    const head = element('tr');
    columns.forEach(([, label, kind]) => head.append(element('th', label, kind)));
    const thead = element('thead');
    thead.append(head);
    const body = element('tbody');
    rows.forEach((row) => {
      const line = element('tr');
      columns.forEach(([key, , kind]) => {
        const value = typeof key === 'function' ? key(row) : row[key];
        line.append(element('td', short(value), kind));
      });
      body.append(line);
    });
    made.append(thead, body);
    wrap.append(made);
    return wrap;
  }
  /** The figure's numbers as a table, made when it is opened first. */
  function asTable(parent, rows, columns) {
    const details = element('details');
    details.append(element('summary', 'The numbers (' + rows.length + ' rows)'));
    details.addEventListener('toggle', () => {
      if (details.open && details.childElementCount === 1) details.append(table(rows, columns));
    });
    parent.append(details);
  }
  function chart(parent, type, datasets, x, y, more) {
    const box = element('div', undefined, 'chart');
    const canvas = element('canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', parent.querySelector('h2').textContent);
    box.append(canvas);
    parent.append(box);
    const options = {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      parsing: type === 'bar' ? undefined : false,
      interaction: { mode: 'nearest', intersect: false },
      scales: { x: axis(x), y: axis(y) },
      plugins: {
        legend: { display: datasets.length > 1 && datasets.length <= MANY, labels: { boxWidth: 12 } },
        tooltip: { callbacks: {} },
      },
    };
    if (more) more(options);
    const made = new Chart(canvas, { type, data: { labels: options.labels, datasets }, options });
    charts.push(made);
    return made;
  }
  function axis(title) {
    const settings = typeof title === 'string' ? { title } : title;
    return { type: settings.type || 'linear', min: settings.min, max: settings.max, beginAtZero: settings.zero,
      ticks: settings.whole ? { precision: 0 } : {}, title: { display: true, text: settings.title } };
  }
  function paint() {
    Chart.defaults.color = css('--soft');
    Chart.defaults.borderColor = css('--line');
    charts.forEach((made) => {
      ['x', 'y'].forEach((name) => {
        const scale = made.options.scales[name];
        scale.grid = { color: css('--line') };
        scale.ticks.color = css('--soft');
        scale.title.color = css('--soft');
      });
      made.options.plugins.legend.labels.color = css('--ink');
      made.update('none');
    });
  }

  function overview() {
    const rows = data.checkpoints;
    const analysed = rows.filter((row) => row.matrices > 0);
    document.getElementById('about').textContent = 'What fine-tuning did to ' + (summary.base_id || 'the base') + ': ' + rows.length + ' checkpoints, top '
      + summary.top_k + ' ' + (summary.side || '') + ' singular vectors of each matrix, an intruder if no base vector reaches a similarity of ' + epsilon + '.';
    const made = section('checkpoints', 'Checkpoints', 'One line each, from the least to the most forgetting expected by the weights alone. Energy share: how much of the '
      + 'tested spectrum the intruders hold; it still tells checkpoints apart where the count saturates.');
    const ordered = analysed.slice().sort((a, b) => (a.place || 0) - (b.place || 0)).concat(rows.filter((row) => !row.matrices));
    made.append(table(ordered, [['checkpoint_id', 'checkpoint'], ['sequence', 'sequence', 'text'], ['method', 'method', 'text'], ['place', 'place'],
      ['matrices', 'matrices'], ['intruder_count', 'intruders'], [(row) => percent(row.intruder_energy_share), 'energy share'],
      [(row) => percent(row.update_relative_norm), 'update norm'], ['update_effective_rank', 'effective rank'], ['rejected', 'rejected']]));
  }
  function againstEpsilon() {
    const made = section('epsilon', 'Intruders against the threshold', 'The number of intruders if the similarity that makes one lay elsewhere than at ' + epsilon
      + '. A finding that depends on the threshold shows as a steep line there. One colour a sequence, stronger the later the step.');
    const rows = [];
    const sets = data.checkpoints.filter((row) => row.intruders).map((row) => {
      const points = Object.entries(row.intruders).map(([x, y]) => ({ x: Number(x), y })).sort((a, b) => a.x - b.x);
      points.forEach((point) => rows.push({ checkpoint: row.checkpoint_id, epsilon: point.x, intruders: point.y }));
      return ofCheckpoint(row, points, row.checkpoint_id);
    });
    chart(made, 'scatter', sets, { title: 'threshold ε', min: 0, max: 1 }, { title: 'intruders', zero: true }, (options) => named(sets, options));
    asTable(made, rows, [['checkpoint', 'checkpoint'], ['epsilon', 'ε'], ['intruders', 'intruders']]);
  }
  function againstK() {
    const made = section('k', 'Intruders against k', 'How many of the k leading vectors are intruders, at the threshold of this run. '
      + 'A line that bends early: the intruders are the strongest directions.');
    const sets = [];
    const rows = [];
    group(data.vectors, (row) => row.checkpoint_id + (summary.side === 'both' ? ' ' + row.side : '')).forEach((vectors, name) => {
      let total = 0;
      const points = vectors.map((row) => {
        total += row.intruders;
        rows.push({ checkpoint: name, k: row.singular_index + 1, intruders: total });
        return { x: row.singular_index + 1, y: total };
      });
      sets.push(ofCheckpoint(data.checkpoints.find((row) => row.checkpoint_id === vectors[0].checkpoint_id), points, name));
    });
    chart(made, 'scatter', sets, { title: 'k', whole: true }, { title: 'intruders among the first k', zero: true }, (options) => named(sets, options));
    asTable(made, rows, [['checkpoint', 'checkpoint'], ['k', 'k'], ['intruders', 'intruders']]);
  }
  function bestSimilarity() {
    const made = section('similarity', 'Best similarity by vector', 'Over all matrices of a checkpoint: the median and the middle half of the best similarity of each leading vector, '
      + 'and the lowest. The dashed line is what 99 % of random directions stay below: a vector near it resembles nothing in the base.');
    const names = [...group(data.vectors, (row) => row.checkpoint_id + ' ' + row.side).entries()];
    const select = element('select');
    select.setAttribute('aria-label', 'Checkpoint');
    names.forEach(([name], index) => select.append(new Option(name, index)));
    made.append(select);
    const sets = () => {
      const rows = names[select.value || 0][1];
      const points = (key) => rows.map((row) => ({ x: row.singular_index, y: row[key] }));
      return [line('median', points('median'), 0), line('middle half', points('upper'), 0, { borderWidth: 1, pointRadius: 0, fill: '+1', backgroundColor: PALETTE[0] + '33' }),
        line('lower quarter', points('lower'), 0, { borderWidth: 1, pointRadius: 0 }), line('lowest', points('lowest'), 4),
        line('chance', points('null_similarity'), 9, { borderDash: [6, 4], pointRadius: 0 }),
        line('threshold', rows.map((row) => ({ x: row.singular_index, y: epsilon })), 1, { borderDash: [2, 3], pointRadius: 0 })];
    };
    select.value = names.length - 1;
    const drawn = chart(made, 'scatter', sets(), { title: 'singular index', whole: true }, { title: 'best similarity', min: 0, max: 1 });
    select.addEventListener('change', () => { drawn.data.datasets = sets(); drawn.update('none'); });
    asTable(made, data.vectors, [['checkpoint_id', 'checkpoint'], ['side', 'side', 'text'], ['singular_index', 'index'], ['lowest', 'lowest'], ['lower', 'lower quarter'],
      ['median', 'median'], ['upper', 'upper quarter'], ['highest', 'highest'], ['null_similarity', 'chance']]);
  }
  function heatMap() {
    const made = section('heat', 'Where they are', 'Intruders by layer and module, as a share of the tested vectors there; the darker, the more.');
    const byCheckpoint = group(data.heat, 'checkpoint_id');
    const names = [...byCheckpoint.keys()];
    const select = element('select');
    select.setAttribute('aria-label', 'Checkpoint');
    names.forEach((name) => select.append(new Option(name, name)));
    if (names.length > 1) made.append(select);
    select.value = names.reduce((most, name) => {
      const total = (id) => byCheckpoint.get(id).reduce((sum, row) => sum + row.intruders, 0);
      return total(name) > total(most) ? name : most;
    }, names[0]);
    const holder = element('div', undefined, 'scroll');
    made.append(holder);
    const draw = () => {
      const rows = byCheckpoint.get(select.value || names[0]) || [];
      const layers = [...new Set(rows.map((row) => row.layer))].sort((a, b) => a - b);
      const modules = [...new Set(rows.map((row) => row.module))].sort();
      const grid = element('table', undefined, 'heat');
      const head = element('tr');
      head.append(element('th', 'layer'));
      modules.forEach((module) => head.append(element('th', module)));
      grid.append(head);
      const tested = Number(summary.top_k) || 10;
      layers.forEach((layer) => {
        const tr = element('tr');
        tr.append(element('td', layer < 0 ? '–' : layer));
        modules.forEach((module) => {
          const row = rows.find((one) => one.layer === layer && one.module === module);
          const td = element('td', row ? row.intruders : '');
          if (row) td.style.backgroundColor = 'rgba(' + css('--heat') + ',' + Math.min(0.9, row.intruders / (row.matrices * tested)) + ')';
          tr.append(td);
        });
        grid.append(tr);
      });
      holder.replaceChildren(grid);
    };
    select.addEventListener('change', draw);
    draw();
  }
  function accumulation() {
    if (!data.accumulation || !data.accumulation.length) return;
    const made = section('accumulation', 'Accumulation along sequences', 'Intruders against the original base after each task (solid), and all that were ever born up to there (dashed). '
      + 'Where the lines part, earlier intruders have faded.');
    const sets = [];
    let index = 0;
    group(data.accumulation, 'sequence').forEach((rows, name) => {
      sets.push(line(name, rows.map((row) => ({ x: row.step, y: row.intruders, row })), index));
      sets.push(line(name + ', ever born', rows.map((row) => ({ x: row.step, y: row.cumulative_born, row })), index++, { borderDash: [5, 4], pointRadius: 0, borderWidth: 1 }));
    });
    chart(made, 'scatter', sets, { title: 'step', whole: true }, { title: 'intruders', zero: true }, (options) => {
      options.plugins.tooltip.callbacks.label = (item) => {
        const row = item.raw.row;
        return row.sequence + ' step ' + row.step + (row.task ? ' (' + row.task + ')' : '') + ': ' + row.intruders + ' = ' + row.born + ' born + ' + row.persisted + ' persisted; ' + row.faded + ' faded';
      };
    });
    asTable(made, data.accumulation, [['sequence', 'sequence'], ['step', 'step'], ['task', 'task', 'text'], ['intruders', 'intruders'], ['born', 'born'], ['persisted', 'persisted'],
      ['faded', 'faded'], ['cumulative_born', 'born so far'], ['intruder_energy_share', 'energy share']]);
  }
  function followed() {
    if (!data.followed || !data.followed.length) return;
    const made = section('followed', 'One matrix step by step', 'For each sequence the matrix with most intruders. Top: each intruder’s singular value as it lives on. '
      + 'Below: similarity of tuned (rows) to base vectors (columns) after each step; rows marked in colour are intruders, which resemble no column.');
    const select = element('select');
    select.setAttribute('aria-label', 'Sequence');
    data.followed.forEach((row, index) => select.append(new Option(row.sequence + ': ' + row.matrix, index)));
    made.append(select);
    const size = (one) => data.tracks.filter((row) => row.sequence === one.sequence && row.matrix === one.matrix && row.state !== 'faded').length;
    select.value = data.followed.reduce((most, one, index) => (size(one) > size(data.followed[most]) ? index : most), 0);
    const tracksOf = (one) => data.tracks.filter((row) => row.sequence === one.sequence && row.matrix === one.matrix);
    const sets = () => [...group(tracksOf(data.followed[select.value || 0]), 'track').entries()].map(([track, rows], index) =>
      line('track ' + track, rows.filter((row) => row.state !== 'faded').map((row) => ({ x: row.step, y: row.singular_value, row })), index));
    const drawn = chart(made, 'scatter', sets(), { title: 'step', whole: true, min: 1, max: lastStep }, { title: 'singular value' }, (options) => {
      options.plugins.legend.display = false;
      options.scales.x.ticks.stepSize = 1;
      options.plugins.tooltip.callbacks.label = (item) => {
        const row = item.raw.row;
        return 'track ' + row.track + ', ' + row.state + (row.born_by_task ? ', came with ' + row.born_by_task : '') + ': σ ' + short(row.singular_value) + ', index ' + row.singular_index
          + ', best similarity ' + short(row.best_similarity);
      };
    });
    const holder = element('div', undefined, 'small');
    made.append(holder);
    const draw = () => {
      const one = data.followed[select.value || 0];
      drawn.data.datasets = sets();
      drawn.update('none');
      const tracks = tracksOf(one);
      holder.replaceChildren();
      group((data.similarity || []).filter((row) => row.sequence === one.sequence && row.matrix === one.matrix), (row) => row.step + ' ' + row.side).forEach((rows) => {
        const box = element('div');
        box.append(element('h3', 'Step ' + rows[0].step + ', ' + rows[0].side));
        const grid = element('table', undefined, 'grid');
        const head = element('tr');
        head.append(element('th', ''));
        rows[0].row.forEach((_, column) => head.append(element('th', column)));
        grid.append(head);
        rows.forEach((row) => {
          const intruder = tracks.some((track) => track.step === row.step && track.state !== 'faded' && track.singular_index === row.tuned_index);
          const tr = element('tr', undefined, intruder ? 'intruder' : '');
          tr.append(element('th', row.tuned_index + (intruder ? ' ◂' : '')));
          row.row.forEach((similarity, column) => {
            const td = element('td');
            td.style.backgroundColor = 'rgba(' + css('--cool') + ',' + similarity + ')';
            td.title = 'tuned ' + row.tuned_index + ', base ' + column + ': ' + short(similarity);
            tr.append(td);
          });
          grid.append(tr);
        });
        box.append(grid);
        holder.append(box);
      });
    };
    select.addEventListener('change', draw);
    draw();
    asTable(made, data.tracks, [['sequence', 'sequence'], ['matrix', 'matrix', 'text'], ['track', 'track'], ['step', 'step'], ['state', 'state', 'text'], ['singular_index', 'index'],
      ['singular_value', 'σ'], ['best_similarity', 'best similarity'], ['similarity_to_previous', 'to the step before'], ['born_by_task', 'came with', 'text']]);
  }
  function effectiveRank() {
    const rows = data.checkpoints.filter((row) => row.matrices > 0);
    const made = section('rank', 'Effective rank of the updates', 'How many directions an update uses, against its size relative to the base. Full fine-tuning uses many, an adapter at most its rank, a chain the sum of its ranks.');
    const sets = [...group(rows, bySequence).entries()].map(([name, own]) => ({ label: name, backgroundColor: colour(sequences.indexOf(name)), pointRadius: 5,
      data: own.map((row) => ({ x: 100 * row.update_relative_norm, y: row.update_effective_rank, row })) }));
    chart(made, 'scatter', sets, 'update norm, % of the base', { title: 'effective rank', type: 'logarithmic' }, (options) => {
      options.plugins.tooltip.callbacks.label = (item) => item.raw.row.checkpoint_id + ': effective rank ' + short(item.raw.y) + ', norm ' + short(item.raw.x) + ' %';
    });
    asTable(made, rows, [['checkpoint_id', 'checkpoint'], ['update_effective_rank', 'effective rank'], [(row) => percent(row.update_relative_norm), 'update norm']]);
  }
  function forgetting() {
    if (!data.metrics || !data.metrics.length) return;
    const made = section('forgetting', 'Intruders and forgetting', 'Each point a checkpoint; up is worse than the base. ρ is Spearman’s rank correlation over all of them, p by the t approximation; '
      + 'steps of one sequence are not independent, so p is too small.');
    const measures = [['intruder_count', 'intruders'], ['intruder_energy_share', 'intruder energy share'], ['update_relative_norm', 'update norm'], ['update_effective_rank', 'effective rank']];
    const metricSelect = element('select');
    const measureSelect = element('select');
    metricSelect.setAttribute('aria-label', 'Metric');
    measureSelect.setAttribute('aria-label', 'Measure');
    const metrics = [...new Set(data.metrics.map((row) => row.metric))].sort();
    const strongest = (data.correlations || []).filter((row) => row.grouping === 'all' && row.measure === 'intruder_count' && row.method === 'spearman')
      .sort((a, b) => Math.abs(b.rho) - Math.abs(a.rho))[0];
    metrics.forEach((metric) => metricSelect.append(new Option(metric, metric)));
    measures.forEach(([key, label]) => measureSelect.append(new Option(label, key)));
    if (strongest) metricSelect.value = strongest.metric;
    const note = element('p', '', 'note');
    made.append(metricSelect, document.createTextNode(' against '), measureSelect, note);
    const checkpoints = new Map(data.checkpoints.map((row) => [row.checkpoint_id, row]));
    const sets = () => {
      const points = data.metrics.filter((row) => row.metric === metricSelect.value && row.forgetting !== undefined && checkpoints.has(row.checkpoint_id) && checkpoints.get(row.checkpoint_id).matrices > 0)
        .map((row) => ({ x: checkpoints.get(row.checkpoint_id)[measureSelect.value], y: row.forgetting, row: checkpoints.get(row.checkpoint_id) }));
      return [...group(points, (point) => bySequence(point.row)).entries()].sort().map(([name, own]) => ({ label: name, data: own, backgroundColor: colour(sequences.indexOf(name)), pointRadius: 5 }));
    };
    const drawn = chart(made, 'scatter', sets(), 'intruders', 'forgetting', (options) => {
      options.plugins.tooltip.callbacks.label = (item) => item.raw.row.checkpoint_id + ': ' + short(item.raw.x) + ', forgetting ' + short(item.raw.y);
    });
    const draw = () => {
      drawn.data.datasets = sets();
      drawn.options.scales.x.title.text = measureSelect.selectedOptions[0].textContent;
      drawn.options.scales.y.title.text = 'forgetting: ' + metricSelect.value;
      drawn.update('none');
      const found = (data.correlations || []).find((row) => row.grouping === 'all' && row.method === 'spearman' && row.metric === metricSelect.value && row.measure === measureSelect.value);
      note.textContent = found ? 'ρ = ' + found.rho.toFixed(3) + ', p = ' + Number(found.p_value).toPrecision(2) + ', n = ' + found.n
        + (found.ci_low !== undefined ? ', 95 % interval ' + found.ci_low.toFixed(2) + ' to ' + found.ci_high.toFixed(2) : '') : 'No correlation is defined here.';
    };
    metricSelect.addEventListener('change', draw);
    measureSelect.addEventListener('change', draw);
    draw();
    asTable(made, data.correlations || [], [['grouping', 'over'], ['metric', 'metric', 'text'], ['measure', 'measure', 'text'], ['method', 'method', 'text'], ['n', 'n'], ['rho', 'ρ or τ'],
      ['p_value', 'p'], ['p_value_method', 'by', 'text'], ['ci_low', '95 % from'], ['ci_high', 'to']]);
  }
  function mitigation() {
    if (!data.mitigations || !data.mitigations.length) return;
    const made = section('mitigation', 'Mitigation', 'Intruders left after scaling them by λ, with the controls. λ = 1 changes nothing. Whether a model forgets less has to be measured on it.');
    const sets = [...group(data.mitigations, (row) => row.checkpoint_id + ' ' + row.variant.replace(/-l[^-]*$/, '')).entries()].map(([name, rows], index) =>
      line(name, rows.map((row) => ({ x: row.lambda, y: row.intruders_after })).sort((a, b) => a.x - b.x), index));
    chart(made, 'scatter', sets, 'λ', { title: 'intruders after', zero: true });
    asTable(made, data.mitigations, [['checkpoint_id', 'checkpoint'], ['variant', 'variant', 'text'], ['lambda', 'λ'], ['intruders_scaled', 'scaled'], ['intruders_after', 'intruders after'],
      ['update_norm_before', 'norm before'], ['update_norm_after', 'norm after']]);
  }
  function worst() {
    if (!data.worst || !data.worst.length) return;
    const made = section('worst', 'Worst matrices', 'Most intruders first. Margin: how many times stronger the update could be before an intruder is expected from the base’s spectrum alone; '
      + 'below 1 one is expected.' + (summary.critical_margin_auc ? ' Here it tells matrices with intruders from those without with an AUC of ' + summary.critical_margin_auc.toFixed(2) + '.' : ''));
    made.append(table(data.worst, [['checkpoint_id', 'checkpoint'], ['matrix', 'matrix', 'text'], ['intruder_count', 'intruders'], [(row) => percent(row.intruder_energy_share), 'energy share'],
      [(row) => percent(row.update_relative_norm), 'update norm'], ['update_effective_rank', 'effective rank'], ['critical_margin', 'margin'], ['solver', 'solver', 'text'], ['max_residual', 'residual']]));
  }
  function rejects() {
    if (!data.rejected) return;
    const made = section('rejects', 'Left out', data.rejected + ' inputs could not be analysed' + (data.rejected > data.rejects.length ? '; the first ' + data.rejects.length : '') + '.');
    made.append(table(data.rejects, [['checkpoint_id', 'checkpoint'], ['matrix', 'matrix', 'text'], ['code', 'code', 'text'], ['message', 'message', 'text']]));
  }

  Chart.defaults.color = css('--soft');
  Chart.defaults.borderColor = css('--line');
  [overview, againstEpsilon, againstK, bestSimilarity, heatMap, accumulation, followed, effectiveRank, forgetting, mitigation, worst, rejects].forEach((draw) => draw());
  document.getElementById('provenance').textContent = 'Run ' + (summary.run_id || '') + '. ' + (summary.definition || '') + '. ' + (summary.backend || '')
    + Object.entries(summary.versions || {}).map(([name, version]) => ', ' + name + ' ' + version).join('') + '.';
  paint();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  addEventListener('beforeprint', () => charts.forEach((made) => made.resize()));
})();
