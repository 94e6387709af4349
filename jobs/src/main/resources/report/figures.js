// The figures, in the order of the page.

const RULE = epsilon === null ? 'the ε of the run' : 'ε = ' + epsilon;

function overview() {
  const all = data.counts.checkpoints;
  document.title = 'Intruder dimensions: ' + (summary.base_id || 'report');
  document.getElementById('about').textContent = 'What fine-tuning did to ' + name(summary.base_id || 'the base') + '. A tuned singular vector among the top ' + (summary.top_k || 'k')
    + ' of a matrix is an intruder if no singular vector of the base has a similarity of ' + (epsilon === null ? 'ε' : epsilon) + ' or more to it.'
    + (all > checkpoints.length ? ' Of ' + all + ' checkpoints, ' + checkpoints.length + ' are drawn, spread evenly over their counts of intruders; worst matrices and correlations are of all.' : '');
  const most = analysed.reduce((worst, row) => (!worst || row.intruder_count > worst.intruder_count ? row : worst), null);
  const facts = [['checkpoints', all], ['analysed matrices', sum(analysed.map((row) => row.matrices))], ['intruders', sum(analysed.map((row) => row.intruder_count))]];
  if (most) facts.push(['most intruders: ' + name(most.checkpoint_id, 30), most.intruder_count]);
  const strongest = strongestCorrelation();
  if (strongest) facts.push(['Spearman’s ρ of the count and ' + name(strongest.metric, 30), strongest.rho.toFixed(2)]);
  facts.push(['inputs left out', data.counts.rejects]);
  document.getElementById('facts').replaceChildren(...facts.map(([label, value]) => {
    const fact = element('div');
    fact.append(element('dt', label), element('dd', value));
    return fact;
  }));
  const made = section('checkpoints', 'Checkpoints', 'From the least to the most forgetting that the weights alone let expect. Energy share: how much of the tested spectrum the intruders hold; '
    + 'it still tells checkpoints apart where the count saturates. Column heads sort.');
  const frozen = rowsOf('frozen');
  if (frozen.length) {
    made.append(element('p', 'A seems to have been frozen in ' + counted(sum(frozen.map((row) => row.frozen)), 'adapter matrix').replace('matrixs', 'matrices') + ' of ' + counted(frozen.length, 'checkpoint')
      + ', ' + name(frozen[0].checkpoint_id) + (frozen.length > 1 ? ' the first' : '') + ': it equals that of the step before, or all its singular values are 1. Such an update writes only what a random projection reads; table matrices, column frozen_input.', 'note'));
  }
  const warnings = rowsOf('warnings');
  if (warnings.length) {
    made.append(element('p', 'Not all are what they say they are: ' + counted(warnings.length, 'checkpoint') + '. Tables fidelity and checkpoints have the figures.', 'note'));
    made.append(table(warnings, [['checkpoint_id', 'checkpoint', 'text'], ['fidelity', 'merge', 'text'], ['residual', 'residual', '', percent], ['lost_share', 'lost', '', percent],
      ['base_overlap', 'base overlap', '', percent], ['warning', 'what is off', 'text wide']], 'Checkpoints that may not be what they say they are', 10));
  }
  const holder = element('div');
  made.append(holder);
  const columns = [['checkpoint_id', 'checkpoint', 'text'], ['sequence', 'sequence', 'text'], ['step', 'step'], ['task', 'task', 'text'], ['method', 'method', 'text'], ['place', 'place'], ['matrices', 'matrices'],
    ['intruder_count', 'intruders'], ['intruder_energy_share', 'energy share', '', percent], ['update_relative_norm', 'update norm', '', percent],
    ['update_effective_rank', 'effective rank'], ['update_stable_rank', 'stable rank'], ['update_mass', 'update mass'], ['max_residual', 'residual'], ['rejected', 'left out']];
  if (groupings.includes('base_id')) columns.splice(1, 0, ['base_id', 'base', 'text']);
  const last = (row) => (row.place === null ? Infinity : row.place);
  redraws.push(() => {
    const rows = checkpoints.filter(isNamed);
    holder.replaceChildren(table(rows.sort((a, b) => last(a) - last(b)), columns, 'Checkpoints and what was found in them', 25));
  });
}
function strongestCorrelation() {
  return rowsOf('correlations').filter((row) => row.grouping === 'all' && row.measure === 'intruder_count' && row.method === 'spearman' && isNumber(row.rho))
    .sort((a, b) => Math.abs(b.rho) - Math.abs(a.rho))[0];
}

function theControls() {
  const parent = document.getElementById('controls');
  const label = element('label', 'Checkpoints ', 'choice');
  const input = element('input');
  input.type = 'search';
  input.id = 'filter';
  input.placeholder = 'id, sequence, method, task';
  label.htmlFor = 'filter';
  label.append(input);
  const count = element('output');
  count.htmlFor = 'filter';
  parent.append(label, count);
  let waiting = 0;
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      state.terms = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      redraw();
    }, 150);
  });
  const colours = choice(parent, 'Colours by', groupings.map((key) => [key, name(tagText(key), 30)]), state.grouping, () => { groupBy(colours.select.value); redraw(); });
  const side = choice(parent, 'Vectors', sides.map((one) => [one, one]), state.side, () => { state.side = side.select.value; redraw(); });
  redraws.push(() => {
    const drawn = drawnCheckpoints().length;
    count.textContent = drawn || !state.terms.length ? drawn + ' of ' + analysed.length + ' drawn' : 'none has these words';
  });
}

function countFigures() {
  const made = section('counts', 'How many intruders', 'The count hangs on two choices: the similarity ε below which a vector is an intruder, and how many leading vectors k of each matrix are tested. '
    + 'Colours grow stronger with the step of a sequence. Lines of groups are medians, in a band of the middle 80 % of their checkpoints.');
  const pair = element('div', undefined, 'pair');
  made.append(pair);
  const left = figure(pair, 'Against the threshold ε', 'Each line: how many vectors are intruders if ε lay there' + (epsilon === null ? '' : '; this run took ' + epsilon) + '. A finding that depends on the threshold is a steep line at it.');
  const atEpsilon = (row) => Object.entries(row.intruders || {}).map(([x, y]) => ({ x: Number(x), y })).sort((a, b) => a.x - b.x);
  curves(left, choicesIn(left), 'Intruders against the threshold', { title: 'threshold ε', min: 0, max: 1 }, { title: 'intruders', min: 0, whole: true }, atEpsilon, (point) => ['ε ' + point.x + ': ' + counted(point.y, 'intruder')]);
  numbers(left, () => drawnCheckpoints().flatMap((row) => atEpsilon(row).map((point) => ({ checkpoint: row.checkpoint_id, ...point }))),
    [['checkpoint', 'checkpoint', 'text'], ['x', 'ε'], ['y', 'intruders']], 'Intruders by checkpoint and threshold');

  const right = figure(pair, 'Against k', 'Each line: how many of the leading vectors up to there are intruders at ' + RULE + '. A line that bends early: the intruders are among the strongest directions. '
    + 'As a share of the spectrum, matrices of different sizes compare.');
  const byIndex = grouped(rowsOf('vectors'), (row) => row.checkpoint_id);
  const byShare = new Map();
  grouped(rowsOf('shares'), (row) => row.checkpoint_id + '\n' + row.side).forEach((rows) => {
    const total = { intruders: 0, tested: 0 };
    byShare.set(rows[0].checkpoint_id, (byShare.get(rows[0].checkpoint_id) || []).concat(rows.map((row) => {
      total.intruders += row.intruders;
      total.tested += row.tested;
      return { side: row.side, x: 100 * row.share, y: total.intruders, tested: total.tested };
    })));
  });
  const choices = choicesIn(right);
  const against = choice(choices, 'Against', [['k', 'k'], ['share', 'share of the spectrum']], isNumber(summary.top_k) ? 'k' : 'share', () => draw());
  const points = (row) => (against.select.value === 'k'
    ? (byIndex.get(row.checkpoint_id) || []).filter((one) => one.side === state.side).map((one) => ({ x: one.singular_index + 1, y: one.intruders, tested: one.tested }))
    : (byShare.get(row.checkpoint_id) || []).filter((one) => one.side === state.side));
  const where = (x) => (against.select.value === 'k' ? 'k ' + x : 'share ' + short(x) + ' %');
  const again = curves(right, choices, 'Intruders against k', { title: 'k', min: 0 }, { title: 'intruders', min: 0, whole: true }, points,
    (point) => [where(point.x) + ': ' + counted(point.y, 'intruder'), 'of ' + point.tested + ' vectors up to there']);
  const draw = () => again({ x: against.select.value === 'k' ? 'k leading vectors of each matrix' : 'share of the spectrum, %' });
  numbers(right, () => drawnCheckpoints().flatMap((row) => points(row).map((point) => ({ checkpoint: row.checkpoint_id, ...point }))),
    [['checkpoint', 'checkpoint', 'text'], ['x', 'k, or share in %'], ['y', 'intruders'], ['tested', 'tested']], 'Intruders by checkpoint and k, or share of the spectrum');
  draw();
}

/** A choice among the drawn checkpoints, the one with most intruders first chosen. */
function checkpointChoice(parent, known, onChange) {
  const made = choice(parent, 'Checkpoint', [], undefined, onChange);
  redraws.push(() => {
    const rows = drawnCheckpoints().filter((row) => known.has(row.checkpoint_id));
    const most = rows.reduce((worst, row) => (!worst || row.intruder_count > worst.intruder_count ? row : worst), null);
    const before = made.select.value;
    made.fill(rows.map((row) => [row.checkpoint_id, name(row.checkpoint_id, 60)]), rows.some((row) => row.checkpoint_id === before) ? before : most && most.checkpoint_id);
  });
  return made.select;
}

function bestSimilarity() {
  const made = section('similarity', 'Best similarity by vector', 'Over all matrices of one checkpoint: how similar each leading tuned vector is to the base vector nearest to it. The median, the middle half as a band, and the lowest. '
    + 'Below the threshold lie the intruders; 99 % of random directions stay below the chance line: a vector near it resembles nothing in the base.');
  const rows = rowsOf('vectors');
  const byCheckpoint = grouped(rows, (row) => row.checkpoint_id);
  const choices = choicesIn(made);
  const select = checkpointChoice(choices, byCheckpoint, () => draw());
  const shown = figure(made);
  const keys = key(shown);
  const set = plot(shown, 'Best similarity by singular index', { title: 'singular index', whole: true }, { title: 'best similarity', min: 0, max: 1 });
  const own = () => (byCheckpoint.get(select.value) || []).filter((row) => row.side === state.side);
  const draw = () => {
    const points = (column) => own().map((row) => ({ x: row.singular_index, y: row[column], row }));
    const tipOf = (title) => (point) => ['index ' + point.x + ', ' + title + ': ' + short(point.y), 'middle half: ' + short(point.row.lower) + ' to ' + short(point.row.upper),
      'chance: ' + short(point.row.chance)];
    keys([['median', colour(0)], ['middle half', alpha(colour(0), 0.3)], ['lowest', colour(1)], ['threshold', colour(2), DASHED], ['chance', colour(COLOURED), DASHED]]);
    set([line(points('median'), colour(0), tipOf('median')), line(points('lowest'), colour(1), tipOf('lowest'), { pointStyle: 'triangle', pointRadius: 4 }),
      ...band(points('upper'), points('lower'), colour(0)),
      ruler(own().map((row) => ({ x: row.singular_index, y: epsilon })), colour(2), [3, 4]), ruler(points('chance'), colour(COLOURED), [8, 5])]);
  };
  redraws.push(draw);
  numbers(shown, own, [['singular_index', 'index'], ['lowest', 'lowest'], ['lower', 'lower quarter'], ['median', 'median'], ['upper', 'upper quarter'], ['chance', 'chance'], ['intruders', 'intruders up to there'],
    ['tested', 'tested up to there']], 'Best similarity by singular index, for the chosen checkpoint');
}

function heatMap() {
  const maps = new Map();
  const add = (title, rows) => grouped(rows, (row) => row.of).forEach((own, of) => maps.set(title + of, { text: title + name(of, 60), rows: own }));
  add('', rowsOf('heat'));
  add('method ', rowsOf('heat_of_methods'));
  add('checkpoint ', rowsOf('heat_of_checkpoints'));
  if (!maps.size) return;
  const made = section('heat', 'Where they are', 'Layers from left to right, kinds of matrices from top to bottom. A cell tells, in per cent, how many of the tested vectors there are intruders, '
    + 'or how much of their energy (σ²) the intruders hold; the darker, the more. A dash: nothing was analysed there.');
  const choices = choicesIn(made);
  const of = choice(choices, 'Of', [...maps].map(([one, map]) => [one, map.text]), undefined, () => draw());
  const measure = choice(choices, 'Share of', [['count', 'vectors'], ['energy', 'energy']], 'count', () => draw());
  const shown = figure(made);
  const wrap = scrolling('Intruders by layer and module');
  const scale = element('div');
  shown.append(scale, wrap);
  const draw = () => {
    const { text, rows } = maps.get(of.select.value);
    const layers = [...new Set(rows.map((row) => row.layer))].sort((a, b) => a - b);
    const modules = [...new Set(rows.map((row) => row.module))].sort();
    const cells = new Map(rows.map((row) => [row.layer + '\n' + row.module, row]));
    const grid = element('table', undefined, layers.length > 24 ? 'heat dense' : 'heat');
    grid.append(element('caption', 'Intruders by layer and module: ' + text));
    const head = element('tr');
    const corner = element('th', 'module');
    corner.scope = 'col';
    head.append(corner, ...layers.map((layer) => {
      const cell = element('th', layer === null ? '–' : layer);
      cell.scope = 'col';
      return cell;
    }));
    const top = element('thead');
    top.append(head);
    const body = element('tbody');
    modules.forEach((module) => {
      const tr = element('tr');
      const side = element('th');
      side.scope = 'row';
      side.append(element('bdi', module));
      tr.append(side);
      layers.forEach((layer) => {
        const row = cells.get(layer + '\n' + module);
        if (!row) {
          tr.append(element('td', '–', 'missing'));
          return;
        }
        const share = measure.select.value === 'count' ? row.intruders / row.tested : row.energy_share || 0;
        const td = element('td', Math.round(100 * share));
        paintCell(td, colour(1), share);
        td.dataset.tip = (layer === null ? '' : 'layer ' + layer + ', ') + name(module) + ': ' + row.intruders + ' of ' + row.tested + ' tested vectors are intruders (' + percent(row.intruders / row.tested)
          + '), with ' + percent(row.energy_share) + ' of the energy';
        tr.append(td);
      });
      body.append(tr);
    });
    grid.append(top, body);
    scale.replaceChildren(scaleOf(colour(1), '0 %', '100 %'));
    wrap.replaceChildren(grid);
    shown.dataset.points = rows.length;
  };
  redraws.push(draw);
  numbers(shown, () => maps.get(of.select.value).rows, [['module', 'module', 'text'], ['layer', 'layer'], ['intruders', 'intruders'], ['tested', 'tested'], ['energy_share', 'energy share', '', percent]],
    'Intruders by layer and module');
}

function accumulation() {
  const rows = rowsOf('accumulation');
  if (!rows.length) return;
  const made = section('accumulation', 'Accumulation along sequences', 'Intruders against the original base after each task of a sequence (solid), and all that were born up to there (dashed). '
    + 'Where the two part, earlier intruders have faded.');
  const choices = choicesIn(made);
  const texts = { intruders: 'intruders', intruder_energy_share: 'intruder energy share', born: 'born at the step', persisted: 'persisted from before', faded: 'faded at the step' };
  const measure = choice(choices, 'Show', Object.entries(texts), 'intruders', () => draw());
  const shown = figure(made);
  const keys = key(shown);
  const set = plot(shown, 'Accumulation along sequences', { title: 'step', whole: true }, { title: 'intruders', min: 0 });
  const FEW = 12;
  const own = () => rows.filter((row) => isDrawn(checkpointOf.get(row.checkpoint_id)));
  const draw = () => {
    const sets = [];
    const sequences = grouped(own(), (row) => row.sequence);
    sequences.forEach((steps) => {
      const index = groupIndex(groupOf(checkpointOf.get(steps[steps.length - 1].checkpoint_id)));
      const few = sequences.size <= FEW;
      const points = (column) => steps.map((row) => ({ x: row.step, y: row[column], row }));
      const tipOf = ({ row }) => [name(row.sequence) + ', step ' + row.step + (row.task ? ': ' + name(row.task) : ''), counted(row.intruders, 'intruder') + ': ' + row.born + ' born, ' + row.persisted + ' persisted; ' + row.faded + ' faded',
        row.cumulative_born + ' born so far; energy share ' + percent(row.intruder_energy_share)];
      sets.push(line(points(measure.select.value), few ? colour(index) : alpha(colour(index), 0.4), tipOf, { pointStyle: SHAPES[index], pointRadius: few ? 4 : 2, borderWidth: few ? 2 : 1 }));
      if (few && measure.select.value === 'intruders') sets.push(ruler(points('cumulative_born'), colour(index), [4, 4]));
    });
    keys(groupKey(own().map((row) => checkpointOf.get(row.checkpoint_id)), true));
    set(sets, { y: texts[measure.select.value] });
  };
  redraws.push(draw);
  numbers(shown, own, [['sequence', 'sequence', 'text'], ['step', 'step'], ['task', 'task', 'text'], ['intruders', 'intruders'], ['born', 'born'], ['persisted', 'persisted'], ['faded', 'faded'],
    ['cumulative_born', 'born so far'], ['intruder_energy_share', 'energy share', '', percent]], 'Accumulation by sequence and step');
}

/** Similarities of tuned (columns) to base vectors (rows) of one matrix; intruders are marked. */
function similarityGrid(vectors, label, digits) {
  const rows = vectors.filter((row) => row.similarities);
  if (!rows.length) return element('p', 'No similarities are stored for it.', 'how');
  const grid = element('div', undefined, digits ? 'grid digits' : 'grid');
  grid.setAttribute('role', 'img');
  const intruders = rows.filter((row) => row.is_intruder).map((row) => row.singular_index);
  grid.setAttribute('aria-label', label + ': similarity of tuned vectors, from left to right, to base vectors, from top to bottom; '
    + (intruders.length ? 'intruders: ' + intruders.join(', ') : 'no intruder'));
  grid.style.setProperty('--columns', rows.length);
  grid.append(element('span', ''), ...rows.map((row) => element('span', (row.is_intruder ? '▼' : '') + row.singular_index, row.is_intruder ? 'head intruder' : 'head')));
  const height = Math.max(0, ...rows.map((row) => row.similarities.length));
  for (let base = 0; base < height; base += 1) {
    grid.append(element('span', base, 'head'), ...rows.map((row) => {
      const similarity = row.similarities[base];
      const cell = element('span', digits && isNumber(similarity) ? similarity.toFixed(2).replace(/^0/, '') : '', row.is_intruder ? 'intruder' : '');
      if (isNumber(similarity)) paintCell(cell, colour(0), similarity);
      cell.dataset.tip = 'tuned ' + row.singular_index + (row.is_intruder ? ' (intruder)' : '') + ', base ' + base + ': similarity ' + short(similarity);
      return cell;
    }));
  }
  return grid;
}
function scaleOf(hex, from, to) {
  const made = element('p', undefined, 'scale');
  made.append(element('span', from), ...[0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => {
    const box = element('i');
    paintCell(box, hex, share);
    return box;
  }), element('span', to));
  return made;
}
const matrixKey = (row) => row.checkpoint_id + '\n' + row.matrix;
const vectorsOf = grouped(rowsOf('matrices'), matrixKey);
const vectorColumns = [['singular_index', 'index'], ['is_intruder', 'intruder', 'text', short], ['singular_value', 'σ tuned'], ['base_singular_value', 'σ base'], ['best_similarity', 'best similarity'], ['best_base_index', 'to base vector'],
  ['null_similarity', 'chance'], ['cluster_similarity', 'to its cluster'], ['energy_in_base_top_k', 'energy in base’s top k', '', percent]];

function followed() {
  const followedRows = rowsOf('followed');
  if (!followedRows.length) return;
  const made = section('followed', 'One matrix, step by step', 'Of a sequence, the matrix with most intruders. Each line is one intruder as training goes on: where it stands in the spectrum, how strong it is, '
    + 'whether it still is the direction it was. A line that climbs to index 0 has become the strongest direction of the matrix.');
  const choices = choicesIn(made);
  const which = choice(choices, 'Sequence', followedRows.map((row, index) => [index, name(row.sequence, 30) + ': ' + name(row.matrix, 60)]), 0, () => draw());
  which.select.parentElement.hidden = false;
  const tracks = rowsOf('tracks');
  const pictured = rowsOf('pictured');
  const chosen = () => followedRows[which.select.value];
  const own = () => tracks.filter((row) => row.sequence === chosen().sequence);
  const three = element('div', undefined, 'three');
  made.append(three);
  const whole = { title: 'step', whole: true, ticks: { stepSize: 1 } };
  const index = plot(figure(three, 'Singular index'), 'Singular index of intruders by step', whole, { title: 'singular index', reverse: true, min: 0, ticks: { stepSize: 1, autoSkipPadding: 2 } });
  const strength = plot(figure(three, 'Singular value'), 'Singular value of intruders by step', whole, { title: 'σ', min: 0 });
  const likeness = plot(figure(three, 'Similarity to the step before'), 'Similarity of intruders to the step before', whole, { title: 'similarity', min: 0, max: 1 });
  const shown = figure(made, 'Similarity matrices', 'Tuned vectors from left to right, base vectors from top to bottom, after each step shown. An untouched matrix has a dark diagonal. A marked column is an intruder: it resembles no base vector.');
  const scale = element('div');
  const holder = element('div', undefined, 'grids');
  shown.append(scale, holder);
  const draw = () => {
    const sets = (column) => [...grouped(own(), (row) => row.track)].map(([track, rows], place) => line(rows.filter((row) => row.state !== 'faded').map((row) => ({ x: row.step, y: row[column], row })), colour(place % COLOURED),
      ({ row }) => ['track ' + track + ', step ' + row.step + ': ' + row.state, 'born at step ' + row.born_at_step + (row.born_by_task ? ' by ' + name(row.born_by_task) : ''), 'index ' + row.singular_index + ', σ ' + short(row.singular_value),
        'best similarity to the base ' + short(row.best_similarity)].concat(isNumber(row.similarity_to_previous) ? ['similarity to the step before ' + short(row.similarity_to_previous)] : []),
      { pointStyle: SHAPES[place % SHAPES.length], pointRadius: 4, borderDash: place >= COLOURED ? [4, 3] : [] }));
    index(sets('singular_index'));
    strength(sets('singular_value'));
    likeness(sets('similarity_to_previous'));
    scale.replaceChildren(scaleOf(colour(0), 'similarity 0', '1'));
    let cells = 0;
    holder.replaceChildren(...pictured.filter((row) => row.sequence === chosen().sequence).map((row) => {
      const vectors = (vectorsOf.get(matrixKey(row)) || []).filter((vector) => vector.side === state.side);
      cells += vectors.filter((vector) => vector.similarities).length;
      const box = element('div');
      box.append(element('h4', 'Step ' + row.step + (row.task ? ': ' + name(row.task, 24) : '')), similarityGrid(vectors, 'Step ' + row.step));
      return box;
    }));
    shown.dataset.points = cells;
  };
  redraws.push(draw);
  numbers(made, own, [['track', 'track'], ['step', 'step'], ['task', 'task', 'text'], ['state', 'state', 'text'], ['singular_index', 'index'], ['singular_value', 'σ'], ['best_similarity', 'best similarity'],
    ['similarity_to_previous', 'to the step before'], ['born_at_step', 'born at'], ['born_by_task', 'born by', 'text']], 'Tracks of the matrix, by step');
  numbers(made, () => pictured.filter((row) => row.sequence === chosen().sequence).flatMap((row) => (vectorsOf.get(matrixKey(row)) || []).map((vector) => ({ step: row.step, ...vector }))),
    [['step', 'step'], ['side', 'side', 'text']].concat(vectorColumns, [[(row) => (row.similarities || []).map((value) => value.toFixed(2)).join(' '), 'similarity to base vectors 0, 1, …', 'text']]), 'Vectors of the matrix and their similarities, by step');
}

/** One point a checkpoint, group beside group, with the median of each. */
function byGroups(parent, label, y, own, valueOf, tipOf) {
  let shownGroups = [];
  const set = plot(parent, label, { title: 'group', min: -0.5, at: () => shownGroups.map((_, place) => place),
    ticks: { autoSkip: false, callback: (value) => name(shownGroups[value], 16) } }, y);
  redraws.push(() => {
    const byGroup = [...grouped(own(), groupOf)].sort((a, b) => groupIndex(a[0]) - groupIndex(b[0]));
    shownGroups = byGroup.map(([group]) => group);
    const sets = byGroup.flatMap(([group, rows], place) => {
      const hex = colour(groupIndex(group));
      const middle = quantile(rows.map(valueOf), 0.5);
      return [dots(rows.map((row, at) => ({ x: place + (rows.length > 1 ? 0.6 * (at / (rows.length - 1) - 0.5) : 0), y: valueOf(row), row })), rows.length > EACH ? alpha(hex, 0.5) : hex, groupIndex(group), tipOf,
        { pointRadius: rows.length > EACH ? 3 : 5 }), ruler([{ x: place - 0.36, y: middle }, { x: place + 0.36, y: middle }], hex, [])];
    });
    set(sets, { x: state.grouping ? tagText(state.grouping) : 'checkpoints', xMax: Math.max(0.5, shownGroups.length - 0.5) });
  });
}

function effectiveRank() {
  const made = section('rank', 'Effective rank of the updates', 'How many directions an update uses, exp of the entropy of its singular values, as the mean over the matrices of each checkpoint. Full fine-tuning uses many, an adapter at most its rank, '
    + 'a chain of adapters the sum of their ranks. Bars: medians. From left to right within a group: its checkpoints in their order.');
  const shown = figure(made);
  const own = () => drawnCheckpoints().filter((row) => row.update_effective_rank > 0);
  byGroups(shown, 'Effective rank by group', { title: 'effective rank (log)', type: 'logarithmic' }, own, (row) => row.update_effective_rank,
    ({ row }) => [name(row.checkpoint_id), 'effective rank ' + short(row.update_effective_rank), 'update norm ' + percent(row.update_relative_norm) + ' of the base']);
  numbers(shown, own, [['checkpoint_id', 'checkpoint', 'text'], ['method', 'method', 'text'], ['sequence', 'sequence', 'text'], ['update_effective_rank', 'effective rank'], ['update_relative_norm', 'update norm', '', percent]],
    'Effective rank of the updates');
}

const ANGLES = [['left_rotation_mean', 'mean angle, left'], ['right_rotation_mean', 'mean angle, right'], ['left_rotation', 'largest angle, left'], ['right_rotation', 'largest angle, right']];
const GEOMETRY = ANGLES.concat([['spectral_shift', 'spectral shift'], ['unchanged_share', 'unchanged entries']]).filter(([column]) => analysed.some((row) => isNumber(row[column])));

function geometry() {
  if (!GEOMETRY.length) return;
  const made = section('geometry', 'Geometry', 'How far the space of the ' + (summary.top_k || 'k') + ' leading vectors of each matrix is turned from the base’s, by its principal angles, and how far its singular values are shifted. Means over matrices. '
    + 'Supervised fine-tuning turns and shifts; reinforcement learning leaves both nearly as they are and most entries unchanged; distillation from the model’s own samples lies in between and settles early.');
  const choices = choicesIn(made);
  const angle = choice(choices, 'Angle', ANGLES.filter(([column]) => GEOMETRY.some(([one]) => one === column)), undefined, () => draw());
  const keys = key(made);
  const degrees = (value) => (isNumber(value) ? short(value) + '°' : 'not known');
  const tipOf = ({ row }) => [name(row.checkpoint_id), 'mean angle: left ' + degrees(row.left_rotation_mean) + ', right ' + degrees(row.right_rotation_mean), 'largest: left ' + degrees(row.left_rotation) + ', right ' + degrees(row.right_rotation),
    'spectral shift ' + short(row.spectral_shift)].concat(isNumber(row.unchanged_share) ? [percent(row.unchanged_share) + ' of the entries unchanged'] : []);
  const three = element('div', undefined, 'three');
  made.append(three);
  const turned = plot(figure(three, 'Rotation and shift', 'Lower left: the base’s leading structure is kept. Upper right: it is turned and rescaled.'), 'Rotation of the leading subspace against the spectral shift', { title: 'spectral shift (log)', type: 'logarithmic' },
    { title: 'angle, degrees', min: 0, max: 90, ticks: { stepSize: 15 } });
  const draw = () => {
    const rows = drawnCheckpoints().filter((row) => row.spectral_shift > 0 && isNumber(row[angle.select.value]));
    turned([...grouped(rows, groupOf)].map(([group, points]) => dots(points.map((row) => ({ x: row.spectral_shift, y: row[angle.select.value], row })), rows.length > EACH ? alpha(colour(groupIndex(group)), 0.6) : colour(groupIndex(group)), groupIndex(group), tipOf,
      { pointRadius: rows.length > EACH ? 3.5 : 5 })), { y: angle.select.selectedOptions[0].textContent + ', degrees' });
    keys(groupKey(drawnCheckpoints(), true));
  };
  redraws.push(draw);
  const shares = figure(three, 'Unchanged entries', 'Of full fine-tunes: entries that differ by less than BF16 can tell, 0.1 %.');
  const full = () => drawnCheckpoints().filter((row) => isNumber(row.unchanged_share));
  if (analysed.some((row) => isNumber(row.unchanged_share))) {
    byGroups(shares, 'Share of unchanged entries by group', { title: 'unchanged, %', min: 0, max: 100 }, full, (row) => 100 * row.unchanged_share, tipOf);
  } else {
    shares.append(element('p', 'Nothing to show: no checkpoint here is a full fine-tune that is stored in the same type as its base.', 'how'));
  }
  const steps = rowsOf('accumulation').filter((row) => isNumber(row.subspace_locking));
  const lasting = figure(three, 'Subspace locking', 'How much of the space of the last step’s leading right vectors is there after each step.');
  const lockingTip = ({ row }) => [name(row.sequence) + ', step ' + row.step + (row.task ? ': ' + name(row.task) : ''), percent(row.subspace_locking) + ' of the last step’s space'];
  if (steps.length) {
    const set = plot(lasting, 'Subspace locking by step', { title: 'step', whole: true }, { title: 'shared with the last step', max: 1 });
    redraws.push(() => {
      const sequences = grouped(steps.filter((row) => isDrawn(checkpointOf.get(row.checkpoint_id))), (row) => row.sequence);
      set([...sequences.values()].map((rows) => {
        const index = groupIndex(groupOf(checkpointOf.get(rows[rows.length - 1].checkpoint_id)));
        return line(rows.map((row) => ({ x: row.step, y: row.subspace_locking, row })), sequences.size > EACH ? alpha(colour(index), 0.4) : colour(index), lockingTip, { pointStyle: SHAPES[index], pointRadius: sequences.size > EACH ? 2 : 4 });
      }));
    });
  } else {
    lasting.append(element('p', 'Nothing to show: no sequence was followed to its last step.', 'how'));
  }
  numbers(made, () => drawnCheckpoints().filter((row) => GEOMETRY.some(([column]) => isNumber(row[column]))), [['checkpoint_id', 'checkpoint', 'text'], ['method', 'method', 'text'], ['sequence', 'sequence', 'text']].concat(GEOMETRY.map(([column, text]) =>
    (column === 'unchanged_share' ? [column, text, '', percent] : [column, column === 'spectral_shift' ? text : text + ', °']))), 'Geometry of the checkpoints drawn');
  if (steps.length) {
    numbers(made, () => steps.filter((row) => isDrawn(checkpointOf.get(row.checkpoint_id))), [['sequence', 'sequence', 'text'], ['step', 'step'], ['task', 'task', 'text'], ['subspace_locking', 'shared with the last step', '', percent]], 'Subspace locking by sequence and step');
  }
}

const MEASURES = [['intruder_count', 'intruders'], ['intruder_energy_share', 'intruder energy share'], ['update_relative_norm', 'update norm over base norm'], ['update_effective_rank', 'effective rank'],
  ['update_stable_rank', 'stable rank'], ['update_mass', 'update mass']];
const SHORT = { method: 'method', intruder_count: 'count', intruder_energy_share: 'energy share', update_relative_norm: 'norm', update_effective_rank: 'effective rank', update_stable_rank: 'stable rank', update_mass: 'mass' };
const metrics = rowsOf('metrics').map((row) => row.metric);
const forgettingOf = new Map(rowsOf('forgetting').map((row) => [row.checkpoint_id, row.values]));

/** What the measures tell beside each other: three figures of a metric and a group. */
function ladder(parent, chosen) {
  const all = rowsOf('ladder');
  if (!all.length) return;
  const own = () => all.filter((row) => row.metric === chosen().metric && row.grouping === chosen().grouping);
  const text = (measure) => SHORT[measure] || measure;
  const columns = [[(row) => (row.rung === null ? '' : row.rung), 'rung'], ['scale', 'on', 'text'], ['added', 'measure', 'text'], ['given', 'given', 'text'], ['n', 'n'], ['clusters', 'sequences'], ['r2', 'R²'], ['gain', 'gain'],
    ['gain_low', '95 % from'], ['gain_high', 'to'], ['gain_plain_low', 'plain from'], ['gain_plain_high', 'to'], ['partial', 'partial ρ'], ['partial_low', '95 % from'], ['partial_high', 'to'], ['p_value', 'p'], ['p_value_holm', 'p by Holm'],
    ['note', 'note', 'text wide']];
  if (!all.some((row) => isNumber(row.r2))) {
    numbers(parent, own, columns, 'What each measure adds to others: there are too few checkpoints');
    return;
  }
  const pair = element('div', undefined, 'pair');
  parent.append(pair);
  const interval = (low, high) => (isNumber(low) ? '95 % from whole sequences: ' + short(low) + ' to ' + short(high) : 'no interval: too few sequences');
  const why = (row) => (row.note ? [row.note] : []);

  const first = figure(pair, 'Each measure by itself', 'Rank correlation with forgetting, the strongest on top. Bars: the middle 95 % of resamples of whole sequences.');
  const firstNote = element('p', '', 'how');
  const single = () => own().filter((row) => row.rung === null && !row.given).sort((a, b) => Math.abs(b.partial || 0) - Math.abs(a.partial || 0));
  let measuresShown = [];
  const bySelf = plot(first, 'Rank correlation of each measure with forgetting', { title: 'Spearman’s ρ', min: -1, max: 1 },
    { title: 'measure', reverse: true, min: -0.5, max: 5.5, at: () => measuresShown.map((_, place) => place), ticks: { autoSkip: false, callback: (value) => measuresShown[value] || '' } });
  first.append(firstNote);

  const second = figure(pair, 'What each adds to those before it', 'R² of nested regressions: the method, then the norm of the update, its stable rank, and the count or the energy share of the intruders. A flat line: what comes in tells nothing new. Bars: the gain’s middle 95 %.');
  const secondKey = key(second);
  const steps = ['method', '+ norm', '+ stable rank', '+ count', 'or + energy'];
  const rungs = plot(second, 'R² of nested regressions by rung', { title: 'rung', min: -0.4, max: 4.4, at: () => steps.map((_, place) => place), ticks: { autoSkip: false, callback: (value) => steps[value] || '' } }, { title: 'R²', min: 0, max: 1 });
  const secondNote = element('p', '', 'how');
  second.append(secondNote);
  const place = (row) => (row.added === 'intruder_energy_share' ? 4 : row.rung);

  const third = figure(parent, 'Each measure, given one other', 'Partial rank correlation of the measure of a row with forgetting, once the measure of the column is known. In bold where it holds by Holm’s correction and by the resamples of whole sequences. '
    + 'A measure whose row fades tells what the others tell.');
  const wrap = scrolling('Partial rank correlations');
  third.append(wrap);

  const notes = (rows) => [...new Set(rows.flatMap((row) => (row.note ? row.note.split('; ') : [])))].map((one) => one[0].toUpperCase() + one.slice(1) + '.').join(' ');
  redraws.push(() => {
    const rows = single();
    measuresShown = rows.map((row) => text(row.added));
    const tipOf = ({ row }) => [text(row.added) + ': ρ ' + short(row.partial) + ', n ' + row.n, 'p ' + short(row.p_value) + ', by Holm ' + short(row.p_value_holm), interval(row.partial_low, row.partial_high)];
    const known = rows.map((row, at) => ({ x: row.partial, y: at, row })).filter((point) => isNumber(point.x));
    bySelf([dots(known, colour(0), 0, tipOf), ruler([{ x: 0, y: -0.5 }, { x: 0, y: 5.5 }], colour(COLOURED), [3, 4])]
      .concat(known.filter(({ row }) => isNumber(row.partial_low)).map(({ row, y }) => ruler([{ x: row.partial_low, y }, { x: row.partial_high, y }], colour(0), []))));
    firstNote.textContent = notes(rows);

    const climbed = own().filter((row) => row.rung !== null);
    const scales = [['rank', 'on ranks', 0], ['log', 'on logarithms', 1]];
    const shift = (row) => (row.scale === 'log' ? 0.08 : -0.08);
    const stepTip = ({ row }) => ['+ ' + text(row.added) + ' on ' + row.scale + 's: R² ' + short(row.r2), 'gain ' + short(row.gain) + ', p ' + short(row.p_value) + ', by Holm ' + short(row.p_value_holm), interval(row.gain_low, row.gain_high)].concat(why(row));
    rungs(scales.flatMap(([scale, , index]) => {
      const points = climbed.filter((row) => row.scale === scale && isNumber(row.r2)).map((row) => ({ x: place(row) + shift(row), y: row.r2, row }));
      const bars = points.filter(({ row }) => isNumber(row.gain_low)).map(({ x, y, row }) => ruler([{ x, y: Math.min(1, y - row.gain + row.gain_low) }, { x: x + 1e-6, y: Math.min(1, y - row.gain + row.gain_high) }], alpha(colour(index), 0.6), []));
      return [line(points.filter(({ row }) => place(row) < 4), colour(index), stepTip, { pointStyle: SHAPES[index], pointRadius: 5 }),
        dots(points.filter(({ row }) => place(row) === 4), colour(index), index, stepTip)].concat(bars);
    }));
    secondKey(scales.map(([, label, index]) => [label, colour(index), index]));
    secondNote.textContent = notes(climbed);

    const pairs = own().filter((row) => row.rung === null && row.given);
    const order = rows.map((row) => row.added);
    const grid = element('table', undefined, 'heat');
    grid.append(element('caption', 'Partial rank correlation with forgetting'));
    const head = element('tr');
    const corner = element('th', 'measure, given …');
    corner.scope = 'col';
    head.append(corner, ...order.map((given) => { const cell = element('th', text(given)); cell.scope = 'col'; return cell; }));
    const top = element('thead');
    top.append(head);
    const body = element('tbody');
    order.forEach((added) => {
      const tr = element('tr');
      const side = element('th', text(added));
      side.scope = 'row';
      tr.append(side, ...order.map((given) => {
        const row = pairs.find((one) => one.added === added && one.given === given);
        if (!row || !isNumber(row.partial)) {
          const none = element('td', '–', 'missing');
          if (row && row.note) none.dataset.tip = row.note;
          return none;
        }
        const holds = row.p_value_holm < 0.05 && isNumber(row.partial_low) && row.partial_low * row.partial_high > 0;
        const td = element('td', row.partial.toFixed(2), holds ? 'holds' : '');
        paintCell(td, colour(row.partial < 0 ? 1 : 0), Math.abs(row.partial) * 0.8);
        td.dataset.tip = text(added) + ' given ' + text(given) + ': ρ ' + short(row.partial) + ', p ' + short(row.p_value) + ', by Holm ' + short(row.p_value_holm) + '; ' + interval(row.partial_low, row.partial_high);
        return td;
      }));
      body.append(tr);
    });
    grid.append(top, body);
    wrap.replaceChildren(grid);
    third.dataset.points = pairs.length;
  });
  numbers(third, own, columns, 'The ladder and the pairs of measures, with every interval');
}

function forgetting() {
  if (!metrics.length) return;
  const made = section('forgetting', 'Intruders and forgetting', 'Each point is a checkpoint; the higher, the worse it does than the base. ρ is Spearman’s rank correlation, with p by the t approximation. '
    + 'Steps of one sequence are not independent: over all of them p is too small; the last steps alone are fairer.');
  const correlations = rowsOf('correlations');
  const finding = element('p', '', 'finding');
  finding.setAttribute('role', 'status');
  made.append(finding);
  const inGroup = (row, grouping) => grouping === 'all' || grouping.startsWith('between=') || tags.some((tag) => grouping === tagText(tag) + '=' + row[tag]) || (grouping === 'last-step' ? !row.sequence || row.step === lastSteps.get(row.sequence)
    : grouping === 'method=' + row.method || grouping === 'sequence=' + row.sequence);
  const over = [...new Set(correlations.map((row) => row.grouping))];
  const strongest = strongestCorrelation();
  const choices = choicesIn(made);
  const metric = choice(choices, 'Metric', metrics.map((one) => [one, name(one, 40)]), strongest && strongest.metric, () => redraw());
  const measure = choice(choices, 'Against', MEASURES, 'intruder_count', () => draw());
  const grouping = choice(choices, 'Over', over.map((one) => [one, one === 'all' ? 'all checkpoints' : one === 'last-step' ? 'last steps' : one.startsWith('between=') ? 'means of groups by ' + name(one.slice(8), 30) : name(one, 40)]), 'all', () => redraw());
  const chosen = () => ({ metric: metric.select.value, grouping: grouping.select.value || 'all' });
  const findings = rowsOf('findings');
  redraws.push(() => {
    const { metric: one, grouping: group } = chosen();
    const found = findings.find((row) => row.metric === one && row.grouping === group);
    finding.textContent = found ? found.sentence : '';
    finding.hidden = !found;
  });
  ladder(made, chosen);
  const shown = figure(made, 'Checkpoint by checkpoint');
  const note = element('p', '', 'note');
  note.setAttribute('role', 'status');
  shown.append(note);
  const keys = key(shown);
  const set = plot(shown, 'Forgetting against a measure', { title: 'intruders' }, { title: 'forgetting' });
  const own = () => drawnCheckpoints().filter((row) => inGroup(row, grouping.select.value || 'all') && forgettingOf.has(row.checkpoint_id))
    .map((row) => ({ ...row, forgetting: forgettingOf.get(row.checkpoint_id)[metrics.indexOf(metric.select.value)] })).filter((row) => isNumber(row.forgetting));
  const draw = () => {
    const rows = own();
    const column = measure.select.value;
    const tipOf = ({ row }) => [name(row.checkpoint_id), MEASURES.find(([one]) => one === column)[1] + ': ' + short(row[column]), 'forgetting: ' + short(row.forgetting)];
    set([...grouped(rows, groupOf)].map(([group, points]) => dots(points.map((row) => ({ x: row[column], y: row.forgetting, row })), rows.length > EACH ? alpha(colour(groupIndex(group)), 0.6) : colour(groupIndex(group)),
      groupIndex(group), tipOf, { pointRadius: rows.length > EACH ? 3.5 : 5.5 })), { x: measure.select.selectedOptions[0].textContent, y: 'forgetting: ' + name(metric.select.value, 30) });
    keys(groupKey(rows, true));
    const found = correlations.find((row) => row.grouping === (grouping.select.value || 'all') && row.method === 'spearman' && row.metric === metric.select.value && row.measure === column);
    note.textContent = !found ? 'No correlation was computed for this.' : !isNumber(found.rho) ? 'ρ is not defined here: ' + found.reason
      : 'ρ = ' + found.rho.toFixed(3) + ', p = ' + (isNumber(found.p_value) ? Number(found.p_value.toPrecision(2)) : 'undefined') + ', n = ' + found.n
        + (isNumber(found.ci_low) ? ', 95 % interval ' + found.ci_low.toFixed(2) + ' to ' + found.ci_high.toFixed(2) : '') + (state.terms.length ? ' (of all ' + found.n + ', not only of those drawn)' : '');
  };
  redraws.push(draw);
  numbers(shown, own, [['checkpoint_id', 'checkpoint', 'text'], ['forgetting', 'forgetting']].concat(MEASURES), 'Forgetting and measures of the checkpoints drawn');
  numbers(made, () => correlations, [['grouping', 'over', 'text'], ['metric', 'metric', 'text'], ['measure', 'measure', 'text'], ['method', 'method', 'text'], ['n', 'n'], ['rho', 'ρ or τ'], ['p_value', 'p'],
    ['p_value_method', 'p by', 'text'], ['ci_low', '95 % from'], ['ci_high', 'to'], ['incomplete', 'incomplete'], ['reason', 'why undefined', 'text']], 'Every rank correlation of a measure with forgetting');
}

const PANELS = 12;
/** Small multiples over one or two tags; several seeds as their mean and standard deviation. */
function multiples() {
  const by = (valuesOf('method').size > 1 ? ['method'] : []).concat(tags.filter((tag) => tag !== 'tag seed'));
  if (!by.length && !tags.length) return;
  const made = section('multiples', 'Side by side', 'One panel for each value of a tag, or of two, on the same axes: what is the same in all of them does not hang on the tag. '
    + (tags.includes('tag seed') ? 'Checkpoints that differ only in their seed are shown as mean and standard deviation (bars).' : 'With a tag seed, checkpoints that differ only in it are shown as mean and standard deviation.'));
  const choices = choicesIn(made);
  const numeric = tags.filter((tag) => analysed.every((row) => row[tag] === null || (row[tag] !== '' && Number.isFinite(Number(row[tag])))) && analysed.some((row) => row[tag] !== null));
  const named = (tag) => name(tagText(tag), 30);
  const quantities = MEASURES.concat(GEOMETRY, metrics.map((one, at) => ['forgetting ' + at, 'forgetting: ' + name(one, 30)]));
  const against = (analysed.some((row) => row.step !== null) ? [['step', 'step']] : []).concat(numeric.filter((tag) => tag !== 'tag seed').map((tag) => [tag, named(tag)]));
  const along = against.length ? against[0][0] : 'update_relative_norm';
  // Panels by what lies along the axis would hold one place each.
  const first = choice(choices, 'Panels by', [['', 'nothing: one panel']].concat(by.map((tag) => [tag, named(tag)])), by.find((tag) => tag !== along && tag !== 'method') || by.find((tag) => tag !== along && !against.length) || '', () => redraw());
  const second = choice(choices, 'and by', [['', 'nothing else']].concat(by.map((tag) => [tag, named(tag)])), '', () => redraw());
  const y = choice(choices, 'Show', quantities, 'intruder_count', () => redraw());
  const x = choice(choices, 'Against', against.concat(quantities), along, () => redraw());
  const valueOf = (row, what) => {
    if (what.startsWith('tag ')) return row[what] === null ? null : Number(row[what]);
    return what.startsWith('forgetting ') ? (forgettingOf.get(row.checkpoint_id) || [])[Number(what.slice(11))] : row[what];
  };
  const holder = element('div', undefined, 'three');
  const note = element('p', '', 'how');
  made.append(holder, note);
  const own = () => drawnCheckpoints().map((row) => ({ row, x: valueOf(row, x.select.value), y: valueOf(row, y.select.value), seed: row['tag seed'],
    panel: [first.select.value, second.select.value].filter((tag, at, all) => tag && all.indexOf(tag) === at).map((tag) => tagText(tag) + ' ' + (row[tag] === null ? 'none' : row[tag])).join(', '),
    same: JSON.stringify(tags.filter((tag) => tag !== 'tag seed').map((tag) => row[tag]).concat(row.step, row.task, row.method)) })).filter((point) => isNumber(point.x) && isNumber(point.y));
  const summed = (points) => [...grouped(points, (point) => (point.seed === null || point.seed === undefined ? point.row.checkpoint_id : point.same)).values()].map((seeds) => {
    const mean = (key) => sum(seeds.map((one) => one[key])) / seeds.length;
    const middle = mean('y');
    return { x: mean('x'), y: middle, row: seeds[0].row, n: seeds.length, sd: seeds.length > 1 ? Math.sqrt(sum(seeds.map((one) => (one.y - middle) ** 2)) / (seeds.length - 1)) : null };
  });
  let panelCharts = [];
  redraws.push(() => {
    panelCharts.forEach((chart) => { charts.splice(charts.indexOf(chart), 1); chart.destroy(); });
    const before = charts.length;
    const points = own();
    const panels = [...grouped(points, (point) => point.panel)].sort((a, b) => a[0].localeCompare(b[0], 'en', { numeric: true }));
    const all = panels.slice(0, PANELS).map(([text, mine]) => [text, summed(mine)]);
    const ends = (key, extra) => { const values = all.flatMap(([, mine]) => mine.flatMap((point) => [point[key] - (extra ? point.sd || 0 : 0), point[key] + (extra ? point.sd || 0 : 0)])); return [Math.min(0, ...values), Math.max(0, ...values) || 1]; };
    const [left, right] = ends('x');
    const [bottom, ceiling] = ends('y', true);
    const xs = all.flatMap(([, mine]) => mine.map((point) => point.x));
    const log = Math.min(...xs) > 0 && Math.max(...xs) / Math.min(...xs) > 50;
    holder.replaceChildren();
    holder.className = all.length > 1 ? 'three' : '';
    all.forEach(([text, mine]) => {
      const set = plot(figure(holder, text ? name(text, 60) : 'All checkpoints'), 'Small multiple ' + name(text || 'of all checkpoints', 60), log ? { title: x.select.selectedOptions[0].textContent, type: 'logarithmic', min: Math.min(...xs) / 1.3, max: Math.max(...xs) * 1.3 }
        : { title: x.select.selectedOptions[0].textContent, min: left, max: right + (right - left) * 0.05, whole: x.select.value === 'step', ticks: { includeBounds: false } }, { title: y.select.selectedOptions[0].textContent, min: bottom, max: ceiling + (ceiling - bottom) * 0.05, ticks: { includeBounds: false } });
      const tipOf = (point) => [name(point.row.checkpoint_id) + (point.n > 1 ? ' and ' + counted(point.n - 1, 'other seed') : ''), short(point.y) + (isNumber(point.sd) ? ' ± ' + short(point.sd) : ''), 'at ' + short(point.x)];
      set([...grouped(mine, (point) => groupOf(point.row))].flatMap(([group, ofGroup]) => [dots(ofGroup, colour(groupIndex(group)), groupIndex(group), tipOf)]
        .concat(ofGroup.filter((point) => point.sd > 0).map((point) => ruler([{ x: point.x, y: point.y - point.sd }, { x: point.x * (1 + 1e-9), y: point.y + point.sd }], colour(groupIndex(group)), [])))));
    });
    panelCharts = charts.slice(before);
    note.textContent = panels.length > PANELS ? 'The first ' + PANELS + ' of ' + panels.length + ' panels; the words at the top of the page choose others.' : '';
  });
  numbers(made, () => [...grouped(own(), (point) => point.panel)].flatMap(([panel, points]) => summed(points).map((point) => ({ panel, checkpoint: point.row.checkpoint_id, ...point }))),
    [['panel', 'panel', 'text'], ['checkpoint', 'checkpoint, or one of its seeds', 'text'], ['n', 'seeds'], ['x', 'against'], ['y', 'shown, mean'], ['sd', 'standard deviation']], 'The panels in numbers');
}

/** What tasks learnt earlier are after later ones. */
function transfer() {
  const rows = rowsOf('transfer');
  if (!rows.length) return;
  const made = section('transfer', 'Tasks along sequences', 'What each metric is after each task of a sequence, so that it shows which task unlearns which. From the best: how much worse than at the best earlier step. '
    + 'Transfer: how much better than right after the metric’s own task was learnt, below 0 where that is being lost. Against the base: what the whole sequence cost or gained.');
  const choices = choicesIn(made);
  const sequences = [...new Set(rows.map((row) => row.sequence))];
  const sequence = choice(choices, 'Sequence', sequences.map((one) => [one, name(one, 40)]), undefined, () => redraw());
  const VALUES = { value: 'value', forgetting: 'worse than the base', forgetting_from_best: 'worse than the best earlier step', transfer: 'better than when learnt' };
  const shownValue = choice(choices, 'Show', Object.entries(VALUES), rows.some((row) => isNumber(row.forgetting_from_best)) ? 'forgetting_from_best' : 'forgetting', () => redraw());
  const shown = figure(made);
  const wrap = scrolling('Metrics by step of a sequence');
  const scale = element('div');
  shown.append(scale, wrap);
  const own = () => rows.filter((row) => row.sequence === sequence.select.value);
  const worse = (row) => (shownValue.select.value === 'transfer' ? -row.transfer : shownValue.select.value === 'value' ? row.forgetting : row[shownValue.select.value]);
  const draw = () => {
    const cells = own();
    const column = shownValue.select.value;
    const steps = [...new Map(cells.map((row) => [row.step, row.task])).entries()].sort((a, b) => a[0] - b[0]);
    const order = (metric) => { const at = steps.findIndex(([, task]) => task !== null && task === cells.find((row) => row.metric === metric).metric_task); return at < 0 ? steps.length : at; };
    const ordered = [...new Set(cells.map((row) => row.metric))].sort((a, b) => order(a) - order(b) || a.localeCompare(b, 'en', { numeric: true }));
    const most = Math.max(...cells.map((row) => Math.abs(worse(row)) || 0)) || 1;
    const grid = element('table', undefined, 'heat');
    grid.append(element('caption', VALUES[column] + ', by metric and step of ' + name(sequence.select.value, 40)));
    const head = element('tr');
    const corner = element('th', 'metric');
    corner.scope = 'col';
    head.append(corner, ...steps.map(([step, task]) => { const cell = element('th', step + (task === null ? '' : ': ' + name(task, 16))); cell.scope = 'col'; return cell; }));
    const top = element('thead');
    top.append(head);
    const body = element('tbody');
    ordered.forEach((metric) => {
      const tr = element('tr');
      const side = element('th');
      side.scope = 'row';
      side.append(element('bdi', name(metric, 40)));
      tr.append(side, ...steps.map(([step]) => {
        const row = cells.find((one) => one.metric === metric && one.step === step);
        if (!row || !isNumber(row[column])) return element('td', '–', 'missing');
        const td = element('td', row[column].toFixed(Math.abs(row[column]) < 10 ? 2 : 1), row.learned_at_step === row.step ? 'holds' : '');
        paintCell(td, colour(worse(row) > 0 ? 1 : 0), 0.8 * Math.abs(worse(row)) / most);
        td.dataset.tip = name(metric) + ' after step ' + step + ': ' + short(row.value) + ', base ' + short(row.base_value) + (isNumber(row.forgetting_from_best) ? '; worse than at step ' + row.best_step + ' by ' + short(row.forgetting_from_best) : '')
          + (isNumber(row.transfer) ? '; transfer since step ' + row.learned_at_step + ' ' + short(row.transfer) : '');
        return td;
      }));
      body.append(tr);
    });
    grid.append(top, body);
    wrap.replaceChildren(grid);
    shown.dataset.points = cells.length;
  };
  const means = rows.filter((row) => isNumber(row.backward_transfer));
  if (means.length) {
    const other = figure(made, 'Backward transfer', 'Over the tasks learnt before: how much better they are than right after each was learnt, on average (solid), and how much worse than at their best, as a negative number (dashed). Below 0, later tasks unlearn earlier ones.');
    const families = [...new Set(means.map((row) => row.family))];
    const family = choice(choices, 'Metric', families.map((one) => [one, name(one, 40)]), undefined, () => redraw());
    const keys = key(other);
    const set = plot(other, 'Backward transfer by step', { title: 'step', whole: true }, { title: 'backward transfer' });
    redraws.push(() => {
      const known = means.filter((row) => row.family === family.select.value && isDrawn(checkpointOf.get(row.checkpoint_id)));
      const drawn = [...grouped(known, (row) => row.sequence)].map(([one, cells]) => [one, [...new Map(cells.map((row) => [row.step, row])).values()]]);
      const hex = (one) => colour(groupIndex(groupOf(checkpointOf.get(one[1][0].checkpoint_id))));
      const tipOf = ({ row }) => [name(row.sequence) + ', step ' + row.step + (row.task ? ': ' + name(row.task) : ''), 'backward transfer ' + short(row.backward_transfer) + ' over ' + counted(row.tasks_before, 'task'),
        'average forgetting ' + short(row.average_forgetting)];
      set(drawn.flatMap((one) => [line(one[1].map((row) => ({ x: row.step, y: row.backward_transfer, row })), hex(one), tipOf, { pointRadius: 4 }),
        ruler(one[1].filter((row) => isNumber(row.average_forgetting)).map((row) => ({ x: row.step, y: -row.average_forgetting })), hex(one), [4, 4])]));
      keys(groupKey(known.map((row) => checkpointOf.get(row.checkpoint_id))));
    });
  }
  redraws.push(draw);
  numbers(made, own, [['metric', 'metric', 'text'], ['step', 'step'], ['task', 'task', 'text'], ['metric_task', 'measures', 'text'], ['value', 'value'], ['base_value', 'base'], ['forgetting', 'worse than base'], ['best_step', 'best step'],
    ['forgetting_from_best', 'worse than best'], ['learned_at_step', 'learnt at'], ['transfer', 'transfer'], ['tasks_before', 'tasks before'], ['average_forgetting', 'average forgetting'], ['backward_transfer', 'backward transfer']],
    'Metrics of the chosen sequence, step by step');
}

function mitigation() {
  const rows = rowsOf('mitigations');
  if (!rows.length) return;
  const made = section('mitigation', 'Mitigation', 'What is left after the intruders are scaled by λ: 1 changes nothing, 0 removes them. The controls tell whether it is the intruders that matter: neighbour scales a vector beside them, '
    + 'shrink the whole update to the same norm, random adds a random direction of the same strength, outside takes as much of the update outside the intruders. A spike budget and a hard threshold have no λ: they are in the numbers below. Taking a direction away can bring up another: the count need not fall to 0.');
  const kind = (row) => editOf(row.variant);
  const byCheckpoint = grouped(rows, (row) => row.checkpoint_id);
  const choices = choicesIn(made);
  const of = choice(choices, 'Checkpoint', [...byCheckpoint.keys()].map((id) => [id, name(id, 60)]), undefined, () => draw());
  /** A variant that was evaluated is a checkpoint of its own, named by its folder. */
  const measured = (row, at) => {
    const values = forgettingOf.get(row.checkpoint_id + '/' + row.variant) || forgettingOf.get('mitigated/' + row.checkpoint_id + '/' + row.variant);
    return values ? values[at] : null;
  };
  const evaluated = metrics.filter((one, at) => rows.some((row) => isNumber(measured(row, at))));
  const metric = choice(choices, 'Metric', evaluated.map((one) => [one, name(one, 40)]), undefined, () => draw());
  const keys = key(made);
  const three = element('div', undefined, 'three');
  made.append(three);
  const after = plot(figure(three, 'Intruders after'), 'Intruders after mitigation', { title: 'λ' }, { title: 'intruders', min: 0 });
  const norm = plot(figure(three, 'Norm of the update'), 'Norm of the update after mitigation', { title: 'λ' }, { title: 'norm after / before' });
  const loss = evaluated.length ? plot(figure(three, 'Forgetting, measured'), 'Measured forgetting after mitigation', { title: 'λ' }, { title: 'forgetting' }) : null;
  if (!loss) {
    made.append(element('p', 'Whether a model forgets less has to be measured on it: evaluate a variant, add it to the manifest under the id CHECKPOINT/VARIANT and its metrics to the metrics file, and its forgetting is drawn here.', 'how'));
  }
  const own = () => byCheckpoint.get(of.select.value).map((row) => ({ ...row, norm: row.update_norm_before > 0 ? row.update_norm_after / row.update_norm_before : null,
    forgetting: evaluated.length ? measured(row, metrics.indexOf(metric.select.value)) : null })).sort((a, b) => (isNumber(a.lambda) ? a.lambda : Infinity) - (isNumber(b.lambda) ? b.lambda : Infinity) || 0);
  const draw = () => {
    const kinds = [...grouped(own(), kind)].sort((a, b) => EDITS.indexOf(a[0]) - EDITS.indexOf(b[0]));
    const place = placeOf;
    const isControl = isControlOf;
    const tipOf = (row) => [name(row.variant), counted(row.intruders_before, 'intruder') + ' before, ' + row.intruders_after + ' after', (isNumber(row.lambda) ? row.intruders_scaled + ' scaled by ' + row.lambda : 'the whole update'),
      'norm of the update ' + short(row.update_norm_before) + ' → ' + short(row.update_norm_after)].concat(isNumber(row.forgetting) ? ['forgetting ' + short(row.forgetting)] : []);
    const sets = (column, before) => kinds.map(([one, variants]) => line(variants.filter((row) => isNumber(row.lambda)).map((row) => ({ x: row.lambda, y: row[column], row })), colour(place(one)), ({ row }) => tipOf(row),
      { pointStyle: SHAPES[place(one)], pointRadius: 4, borderDash: isControl(one) ? [5, 4] : [] })).concat(isNumber(before) ? [ruler([0, 1].map((x) => ({ x, y: before })), colour(COLOURED), [2, 4])] : []);
    after(sets('intruders_after', own()[0].intruders_before));
    norm(sets('norm', 1));
    if (loss) loss(sets('forgetting', (forgettingOf.get(of.select.value) || [])[metrics.indexOf(metric.select.value)]), { y: 'forgetting: ' + name(metric.select.value, 24) });
    keys(kinds.map(([one]) => [one, colour(place(one)), isControl(one) ? DASHED : undefined]).concat([['before', colour(COLOURED), DASHED]]));
  };
  redraws.push(draw);
  numbers(made, own, [['variant', 'variant', 'text'], ['lambda', 'λ'], ['intruders_before', 'intruders before'], ['intruders_scaled', 'scaled'], ['intruders_after', 'after'], ['update_norm_before', 'norm before'],
    ['update_norm_after', 'norm after'], ['reconstruction_error', 'error'], ['forgetting', 'forgetting']], 'Variants of the chosen checkpoint');
}

function comparedPairs() {
  const all = rowsOf('compared');
  if (all.length < 2) return;
  const made = section('pairs', 'Pairs of checkpoints', 'How alike the updates of two checkpoints are, what alike ones side by side. Blue: the two point the same way, orange: opposite ways. A block along the diagonal is a family. '
    + 'A merge of two is safe where they interfere no more than twice as much as random updates of the same ranks would, and point different ways.');
  const cosines = new Map();
  rowsOf('pairs').forEach((row) => { cosines.set(row.checkpoint_a + '\n' + row.checkpoint_b, row); cosines.set(row.checkpoint_b + '\n' + row.checkpoint_a, row); });
  const shown = figure(made, 'Cosine of the updates');
  const wrap = scrolling('Cosines of the updates');
  shown.append(wrap);
  redraws.push(() => {
    const rows = all.filter((row) => !checkpointOf.has(row.checkpoint_id) || isNamed(checkpointOf.get(row.checkpoint_id)));
    const grid = element('table', undefined, rows.length > 12 ? 'heat dense' : 'heat');
    grid.append(element('caption', 'Cosine of the updates, by checkpoint'));
    const head = element('tr');
    const corner = element('th', 'checkpoint');
    corner.scope = 'col';
    head.append(corner, ...rows.map((row, index) => { const cell = element('th', String(index + 1)); cell.scope = 'col'; cell.title = name(row.checkpoint_id); return cell; }));
    const top = element('thead');
    top.append(head);
    const body = element('tbody');
    let points = 0;
    rows.forEach((row, index) => {
      const tr = element('tr');
      const side = element('th');
      side.scope = 'row';
      side.append(element('bdi', (index + 1) + ' ' + name(row.checkpoint_id, 40)));
      tr.append(side, ...rows.map((other) => {
        const pair = cosines.get(row.checkpoint_id + '\n' + other.checkpoint_id);
        if (!pair || !isNumber(pair.leading_cosine)) return element('td', row === other ? '' : '–', 'missing');
        points += 1;
        const td = element('td', rows.length > 12 ? '' : pair.leading_cosine.toFixed(2));
        paintCell(td, colour(pair.leading_cosine < 0 ? 1 : 0), Math.abs(pair.leading_cosine));
        td.dataset.tip = name(row.checkpoint_id) + ', ' + name(other.checkpoint_id) + ': cosine ' + short(pair.leading_cosine) + ', interference ' + short(pair.interference) + ', random ' + short(pair.interference_null)
          + (pair.duplicate ? '; copy: ' + pair.duplicate : '');
        return td;
      }));
      body.append(tr);
    });
    grid.append(top, body);
    wrap.replaceChildren(grid);
    shown.dataset.points = points;
  });
  const pairColumns = [['checkpoint_a', 'checkpoint', 'text'], ['checkpoint_b', 'and', 'text'], ['leading_cosine', 'cosine', undefined, short], ['left_overlap', 'overlap of outputs', undefined, short], ['right_overlap', 'overlap of inputs', undefined, short],
    ['interference', 'interference', undefined, short], ['interference_null', 'of random ones', undefined, short], ['shared_intruders', 'shared intruders'], ['duplicate', 'copy', 'text'], ['safe_to_merge', 'safe to merge', 'text']];
  const listed = (rows, title, how) => {
    const part = figure(made, title, how);
    part.dataset.points = rows.length;
    part.append(rows.length ? table(rows, pairColumns, title) : element('p', 'None.'));
  };
  const families = all.filter((row) => row.family !== null);
  const part = figure(made, 'Families', 'Checkpoints that are related to each other by the cosines of their updates, and the nearest to each.');
  part.append(table(families.length ? families : all, [['checkpoint_id', 'checkpoint', 'text'], ['family', 'family', 'text'], ['family_size', 'members'], ['nearest', 'nearest', 'text'], ['nearest_cosine', 'cosine', undefined, short], ['update_norm', 'norm', undefined, short]], 'Families'));
  listed(rowsOf('copies'), 'Copies', 'exact: the same update up to rounding. near: almost the same. scaled: the same direction at another strength.');
  listed(rowsOf('safe'), 'Safe to merge', 'The pairs that disturb each other least, at most fifty; the table adapter_pairs has all.');
  numbers(made, () => rowsOf('pairs'), pairColumns, 'All pairs that are drawn');
}

/** Kinds of edits, mitigations first. */
const EDITS = ['top', 'all', 'budget', 'threshold', 'neighbour', 'shrink', 'random', 'outside'];
const CONTROLS = EDITS.slice(4);
/** Such as random, of random-budget-1. */
const editOf = (variant) => variant.split('-')[0];
const isControlOf = (kind) => CONTROLS.includes(kind);
/** Colour and shape of a kind: all and outside share them, and the line of a control is dashed. */
const placeOf = (kind) => (kind === 'outside' ? 1 : Math.max(0, EDITS.indexOf(kind)));

/** What edits did to measured models, as the paper's tables tell it: in percent of the model before the edit. */
function effects() {
  const rows = rowsOf('effects');
  if (!rows.length) return;
  const made = section('effects', 'Accuracy and loss after mitigation', 'What evaluated edits did to the metric that a model was tuned for (target) and to one that no task is named in (pre-training), in percent of the tuned model before the edit: 0 is no change. '
    + 'A mitigation is worth something where the pre-training loss falls and the target stays; compare with the controls.');
  const byCheckpoint = grouped(rows, (row) => row.checkpoint_id);
  const choices = choicesIn(made);
  const of = choice(choices, 'Checkpoint', [...byCheckpoint.keys()].map((id) => [id, name(id, 60)]), undefined, () => { offer(); draw(); });
  const all = [...new Set(rows.map((row) => row.metric))];
  const target = choice(choices, 'Target', all.map((one) => [one, name(one, 40)]), undefined, () => draw());
  const kept = choice(choices, 'Pre-training', all.map((one) => [one, name(one, 40)]), undefined, () => draw());
  const offer = () => {
    const own = byCheckpoint.get(of.select.value);
    const first = (roles) => roles.map((role) => own.find((row) => row.role === role)).find(Boolean) || own[0];
    target.select.value = first(['target', 'other_task']).metric;
    kept.select.value = first(['pretraining', 'general']).metric;
  };
  const keys = key(made);
  const three = element('div', undefined, 'three');
  made.append(three);
  const targets = plot(figure(three, 'Target'), 'Change of the target metric after mitigation, in percent', { title: 'λ' }, { title: 'change in %' });
  const losses = plot(figure(three, 'Pre-training'), 'Change of the pre-training metric after mitigation, in percent', { title: 'λ' }, { title: 'change in %' });
  const both = plot(figure(three, 'Both'), 'Change of the target against change of the pre-training metric', { title: 'pre-training: change in %' }, { title: 'target: change in %' });
  const own = () => {
    const byVariant = grouped(byCheckpoint.get(of.select.value), (row) => row.variant);
    return [...byVariant].map(([variant, measured]) => {
      const one = (metric) => measured.find((row) => row.metric === metric) || {};
      const ofTarget = one(target.select.value);
      const ofKept = one(kept.select.value);
      return { variant, kind: editOf(variant), lambda: measured[0].lambda, target: ofTarget.change_percent, target_value: ofTarget.value, kept: ofKept.change_percent, kept_value: ofKept.value, kept_base: ofKept.base_value };
    }).sort((a, b) => EDITS.indexOf(a.kind) - EDITS.indexOf(b.kind) || a.lambda - b.lambda || 0);
  };
  const draw = () => {
    const edits = own();
    const kinds = [...grouped(edits.filter((row) => EDITS.includes(row.kind)), (row) => row.kind)];
    const hex = (kind) => colour(placeOf(kind));
    const style = (kind) => ({ pointStyle: SHAPES[placeOf(kind)], pointRadius: 4, borderDash: isControlOf(kind) ? [5, 4] : [] });
    const signed = (value) => (isNumber(value) ? (value > 0 ? '+' : '') + value.toFixed(1) + ' %' : 'not known');
    const tipOf = ({ row }) => [name(row.variant), 'target ' + signed(row.target), 'pre-training ' + signed(row.kept)];
    const zero = (values) => ruler([Math.min(0, ...values), Math.max(1, ...values)].map((x) => ({ x, y: 0 })), colour(COLOURED), [2, 4]);
    const lambdas = edits.map((row) => row.lambda).filter(isNumber);
    const sets = (column) => kinds.map(([kind, ofKind]) => line(ofKind.filter((row) => isNumber(row.lambda) && isNumber(row[column])).map((row) => ({ x: row.lambda, y: row[column], row })), hex(kind), tipOf, style(kind))).concat([zero(lambdas)]);
    targets(sets('target'), { y: name(target.select.value, 24) + ': change in %' });
    losses(sets('kept'), { y: name(kept.select.value, 24) + ': change in %' });
    const known = (row) => isNumber(row.target) && isNumber(row.kept);
    both(kinds.map(([kind, ofKind]) => dots(ofKind.filter(known).map((row) => ({ x: row.kept, y: row.target, row })), hex(kind), placeOf(kind), tipOf, { pointRadius: 5 }))
      .concat([dots([{ x: 0, y: 0, row: { variant: 'unedited', target: 0, kept: 0 } }], colour(COLOURED), COLOURED, tipOf, { pointRadius: 4 })]),
    { x: name(kept.select.value, 24) + ': change in %', y: name(target.select.value, 24) + ': change in %' });
    keys(kinds.map(([kind]) => [kind, hex(kind), isControlOf(kind) ? DASHED : undefined]).concat([['unedited', colour(COLOURED), DASHED]]));
  };
  offer();
  redraws.push(draw);
  const two = (value) => (isNumber(value) ? value.toFixed(2) : '');
  numbers(made, own, [['variant', 'variant', 'text'], ['lambda', 'λ'], ['target', 'target %', '', two], ['kept', 'pre-training %', '', two], ['target_value', 'target'], ['kept_value', 'pre-training'], ['kept_base', 'pre-training of the base']],
    'Change of target and pre-training metric of the chosen checkpoint, by edit');
}

/** Which critical strength tells matrices with intruders from those without, in words. */
function separation() {
  const PLACES = { k: 'the k-th singular value', edge: 'the edge of the bulk', top: 'the first singular value' };
  const told = (summary.critical_margins || []).filter((one) => isNumber(one.auc));
  const range = (one) => one.auc.toFixed(2) + (isNumber(one.ci_low) ? ' (' + one.ci_low.toFixed(2) + ' to ' + one.ci_high.toFixed(2) + ' over whole sequences)' : '');
  const best = told.filter((one) => one.best);
  if (!told.length) return isNumber(summary.critical_margin_auc) ? ' Here the margin tells matrices with intruders from those without with an AUC of ' + summary.critical_margin_auc.toFixed(2) + '.' : '';
  return ' How well the margin tells matrices with intruders from those without, as AUC: ' + told.map((one) => 'at ' + PLACES[one.evaluated_at] + ' ' + range(one)).join(', ') + '.'
    + (best.length === 1 ? ' Best here: ' + PLACES[best[0].evaluated_at] + (told.some((one) => one !== best[0] && isNumber(one.ci_high) && isNumber(best[0].ci_low) && one.ci_high >= best[0].ci_low) ? ', by less than the intervals tell apart.' : '.') : '');
}

function worstMatrices() {
  const rows = rowsOf('worst');
  if (!rows.length) return;
  const made = section('worst', 'Worst matrices', 'Most intruders first; the name of a matrix leads to its vectors, one by one. Margin: how many times stronger the update could be before an intruder is expected from the base’s spectrum alone; below 1 one is expected.'
    + separation());
  const holder = element('div');
  made.append(holder);
  rows.forEach((row, index) => { row.index = index; });
  const link = (text, row) => {
    const to = element('a');
    to.href = '#matrix-' + (row.index + 1);
    to.append(element('bdi', text));
    return to;
  };
  redraws.push(() => {
    holder.replaceChildren(table(rows.filter((row) => isDrawn(checkpointOf.get(row.checkpoint_id)) || !checkpointOf.has(row.checkpoint_id)), [['matrix', 'matrix', 'text', link], ['checkpoint_id', 'checkpoint', 'text'], ['intruder_count', 'intruders'],
      ['intruder_energy_share', 'energy share', '', percent], ['update_relative_norm', 'update norm', '', percent], ['update_rank', 'rank'], ['update_effective_rank', 'effective rank'], ['update_effective_rank_low', 'at least'], ['update_effective_rank_high', 'at most'], ['critical_margin', 'margin'],
      ['solver', 'solver', 'text'], ['max_residual', 'residual']], 'Matrices with most intruders', 15));
  });

  const one = section('matrix', 'One matrix, vector by vector', 'The leading vectors of one of the worst matrices. Cluster: the similarity to the span of the base vectors whose singular values are almost equal to the best match’s; '
    + 'where it is high and the best similarity low, the vector is only a rotation among base vectors and nothing new.');
  const choices = choicesIn(one);
  const which = choice(choices, 'Matrix', rows.map((row, index) => [index, (index + 1) + '. ' + name(row.matrix, 60) + ' of ' + name(row.checkpoint_id, 40)]), 0, () => draw());
  which.select.parentElement.hidden = false;
  const facts = element('dl', undefined, 'facts small');
  one.append(facts);
  const three = element('div', undefined, 'three');
  one.append(three);
  const first = figure(three, 'Best similarity');
  const firstKey = key(first);
  const best = plot(first, 'Best similarity of each vector', { title: 'singular index', whole: true }, { title: 'similarity', min: 0, max: 1 });
  const second = figure(three, 'Singular values');
  const secondKey = key(second);
  const strength = plot(second, 'Singular values, tuned and base', { title: 'singular index', whole: true }, { title: 'σ', min: 0 });
  const third = figure(three, 'Similarity matrix');
  const grid = element('div');
  third.append(element('p', 'tuned →, base ↓; ▼ intruder', 'how'), grid);
  const own = () => (vectorsOf.get(matrixKey(rows[which.select.value])) || []).filter((row) => row.side === state.side);
  const draw = () => {
    const row = rows[which.select.value];
    facts.replaceChildren(...[['checkpoint', name(row.checkpoint_id, 40)], ['shape', row.rows + ' × ' + row.cols + ' ' + (row.dtype || '')], ['intruders', row.intruder_count], ['energy share', percent(row.intruder_energy_share)],
      ['update norm', percent(row.update_relative_norm)], ['σ₁ of update / base', short(row.update_spectral_norm) + ' / ' + short(row.base_spectral_norm)], ['margin', short(row.critical_margin)]].map(([label, value]) => {
      const fact = element('div');
      fact.append(element('dt', label), element('dd', value));
      return fact;
    }));
    const vectors = own();
    const points = (column) => vectors.map((vector) => ({ x: vector.singular_index, y: vector[column], vector }));
    const tipOf = ({ vector }) => ['vector ' + vector.singular_index + (vector.is_intruder ? ': intruder' : ''), 'best similarity ' + short(vector.best_similarity) + ' (base vector ' + vector.best_base_index + ')', 'cluster ' + short(vector.cluster_similarity)
      + ', chance ' + short(vector.null_similarity), 'σ ' + short(vector.singular_value) + ', base ' + short(vector.base_singular_value)];
    const intruder = vectors.map((vector) => (vector.is_intruder ? colour(1) : colour(0)));
    best([dots(points('best_similarity'), colour(0), 0, tipOf, { pointBackgroundColor: intruder, pointBorderColor: intruder, pointStyle: vectors.map((vector) => (vector.is_intruder ? 'triangle' : 'circle')) }),
      dots(points('cluster_similarity'), colour(2), 3, tipOf, { pointRadius: 3.5 }), ruler(vectors.map((vector) => ({ x: vector.singular_index, y: epsilon })), colour(2), [3, 4]), ruler(points('null_similarity'), colour(COLOURED), [8, 5])]);
    firstKey([['vector', colour(0), 0], ['intruder', colour(1), 1], ['cluster', colour(2), 3], ['threshold', colour(2), DASHED], ['chance', colour(COLOURED), DASHED]]);
    strength([line(points('singular_value'), colour(0), tipOf, { pointBackgroundColor: intruder, pointBorderColor: intruder, pointRadius: 4 }), ruler(points('base_singular_value'), colour(COLOURED), [8, 5])]);
    secondKey([['tuned', colour(0), 0], ['intruder', colour(1), 0], ['base', colour(COLOURED), DASHED]]);
    grid.replaceChildren(similarityGrid(vectors, 'One matrix', true));
    third.dataset.points = vectors.filter((vector) => vector.similarities).length;
  };
  redraws.push(draw);
  numbers(one, own, vectorColumns, 'The leading vectors of the chosen matrix');
  const follow = () => {
    const found = /^#matrix-(\d+)$/.exec(location.hash);
    if (!found || !rows[found[1] - 1]) return;
    which.select.value = found[1] - 1;
    draw();
    one.scrollIntoView();
    document.getElementById('matrix-title').focus({ preventScroll: true });
  };
  addEventListener('hashchange', follow);
  return follow;
}

function checks() {
  const rows = rowsOf('checks');
  if (!rows.length) return;
  const refused = rows.filter((row) => row.acceptance === null);
  const made = section('checks', 'Rules', counted(rows.length - refused.length, 'checkpoint') + ' accepted, ' + refused.length + ' not, when rules were held against them last. A state that is not known is neither kept nor broken.');
  const findings = rowsOf('check_findings');
  if (findings.length) {
    const limit = (value, row) => (value === null ? '' : row.bound + ' ' + short(value));
    made.append(table(findings, [['subject', 'checkpoint', 'text'], ['rule', 'rule', 'text'], ['effect', 'counts as', 'text'], ['state', 'state', 'text'], ['figure', 'figure', 'text wide'],
      ['observed', 'is'], ['limit', 'allowed', 'text', limit], ['reference_of', 'beside', 'text'], ['reason', 'why not known', 'text wide']], 'Rules that are broken, or of which it is not known'));
  }
  made.append(table(rows, [['checkpoint_id', 'checkpoint', 'text'], ['rule_set', 'rules', 'text'], ['acceptance', 'accepted by', 'text'], ['passed', 'kept'], ['broken', 'broken'], ['unknown', 'not known'],
    ['checked_at', 'when', 'text']], 'Checkpoints that rules were held against'));
}

function rejects() {
  if (!data.counts.rejects) return;
  const rows = rowsOf('rejects');
  const made = section('rejects', 'Left out', counted(data.counts.rejects, 'input') + ' could not be analysed' + (data.counts.rejects > rows.length ? '; the first ' + rows.length : '') + ':');
  made.append(table(rows, [['checkpoint_id', 'checkpoint', 'text'], ['matrix', 'matrix', 'text'], ['code', 'code', 'text'], ['message', 'message', 'text wide']], 'Inputs that were left out'));
}

function provenance() {
  const footer = document.getElementById('provenance');
  footer.append(element('p', summary.run_id ? 'Run ' + summary.run_id + '. An intruder: ' + summary.definition + '.' : 'Without a run’s summary beside the tables.'),
    element('p', [summary.backend].concat(Object.entries(summary.versions || {}).map(([what, version]) => what + ' ' + version)).filter(Boolean).join('; ')
      + '. Numbers are rounded to six digits here; the tables beside this page hold all of them. Chart.js draws the charts (MIT licence).'));
}

theControls();
overview();
if (analysed.length) [countFigures, bestSimilarity, heatMap, accumulation, followed, effectiveRank, geometry, forgetting, transfer, multiples, comparedPairs, mitigation, effects].forEach((draw) => draw());
const followLink = worstMatrices();
checks();
rejects();
provenance();
redraw();
if (followLink) followLink();
prefersDark.addEventListener('change', redraw);
const forPaper = (printing) => {
  state.printing = printing;
  redraw();
  charts.forEach((chart) => (printing ? chart.resize(chart.canvas.closest('.three') ? 330 : 680, chart.canvas.closest('.three') ? 240 : 280) : chart.resize()));
};
addEventListener('beforeprint', () => forPaper(true));
addEventListener('afterprint', () => forPaper(false));
document.documentElement.dataset.drawn = Math.round(performance.now());
