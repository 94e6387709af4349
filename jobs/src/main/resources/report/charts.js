// Charts, by Chart.js. Each point may have lines of its own to show when hovered.

const charts = [];
Chart.defaults.font.family = 'system-ui, sans-serif';
Chart.defaults.font.size = 12;

function axis({ title, type, min, max, whole, reverse, ticks, at }) {
  return { type: type || 'linear', min, max, reverse: Boolean(reverse), beginAtZero: min === 0, title: { display: true, text: title }, grid: {}, border: { display: false },
    afterBuildTicks: at ? (scale) => { scale.ticks = at().map((value) => ({ value })); } : undefined,
    ticks: Object.assign({ maxRotation: 0, autoSkipPadding: 8 }, whole ? { precision: 0 } : {}, type === 'logarithmic' ? { callback: (value) => (/^[125]/.test(value.toExponential()) ? value : '') } : {}, ticks) };
}
/**
 * A chart of points and lines.
 * Gives back what sets its datasets, and the titles of its axes where they change.
 */
function plot(parent, label, x, y) {
  const box = element('div', undefined, 'chart');
  const canvas = element('canvas');
  canvas.setAttribute('role', 'img');
  box.append(canvas);
  parent.append(box);
  const chart = new Chart(canvas, { type: 'scatter', data: { datasets: [] }, options: {
    responsive: true, maintainAspectRatio: false, animation: false, parsing: false,
    interaction: { mode: 'nearest', intersect: false, axis: 'xy' },
    layout: { padding: { top: 6, right: 12 } },
    scales: { x: axis(x), y: axis(y) },
    plugins: {
      legend: { display: false },
      tooltip: { padding: 10, boxPadding: 4, usePointStyle: true, filter: (item) => Boolean(item.dataset.tip),
        callbacks: { title: () => '', label: (item) => item.dataset.tip(item.raw) } },
    },
  } });
  charts.push(chart);
  return (datasets, titles) => {
    const ink = ofTheme('--ink');
    const soft = ofTheme('--soft');
    ['x', 'y'].forEach((which) => {
      const scale = chart.options.scales[which];
      scale.grid.color = ofTheme('--line');
      scale.ticks.color = soft;
      scale.title.color = soft;
      if (titles && titles[which]) scale.title.text = titles[which];
      if (titles && titles[which + 'Max']) scale.max = titles[which + 'Max'];
    });
    Object.assign(chart.options.plugins.tooltip, { backgroundColor: ofTheme('--raised'), bodyColor: ink, borderColor: soft, borderWidth: 1 });
    chart.data.datasets = datasets;
    chart.update('none');
    const points = sum(datasets.filter((set) => set.tip).map((set) => set.data.length));
    canvas.dataset.points = points;
    canvas.setAttribute('aria-label', label + ': ' + counted(points, 'point') + '; ' + chart.options.scales.y.title.text + ' against ' + chart.options.scales.x.title.text
      + '. The numbers are in the table that follows.');
  };
}
/** Chart.js takes points that it need not parse for sorted, and would leave others outside its axes. */
const sorted = (points) => points.filter((point) => isNumber(point.x) && isNumber(point.y)).sort((a, b) => a.x - b.x);
const line = (points, hex, tipOf, more) => Object.assign({ data: sorted(points), showLine: true, borderColor: hex, backgroundColor: hex,
  borderWidth: 2, pointRadius: 2.5, pointHoverRadius: 5, pointHitRadius: 8, clip: 8, tip: tipOf }, more);
const dots = (points, hex, index, tipOf, more) => line(points, hex, tipOf, Object.assign({ showLine: false, pointRadius: 5, pointHoverRadius: 7, pointStyle: SHAPES[Math.min(index, COLOURED)] }, more));
const MUTE = { pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0 };
/** A line to compare with. */
const ruler = (points, hex, dash) => line(points, hex, null, { borderDash: dash, borderWidth: 1.5, ...MUTE });
/** The room between two lines. */
const band = (upper, lower, hex) => [line(upper, hex, null, { fill: '+1', backgroundColor: alpha(hex, 0.15), borderWidth: 0, ...MUTE }), line(lower, hex, null, { borderWidth: 0, ...MUTE })];

const EACH = 40;
/**
 * One curve a checkpoint, or where there are many, the median of each group in a band of its middle 80 %.
 * points: of a checkpoint; tipOf: lines for a point of it.
 */
function curves(parent, choices, label, x, y, points, tipOf) {
  const keys = key(parent);
  const set = plot(parent, label, x, y);
  let chosen = false;
  const how = choice(choices, 'Lines', [['each', 'checkpoints'], ['groups', 'groups']], 'each', () => { chosen = true; draw(); });
  const draw = (titles) => {
    const rows = drawnCheckpoints();
    if (!chosen) how.select.value = rows.length > EACH ? 'groups' : 'each';
    keys(groupKey(rows));
    if (how.select.value === 'each') {
      set(rows.map((one) => line(points(one), shade(one), (point) => [name(one.checkpoint_id)].concat(tipOf(point)), { pointRadius: rows.length > EACH ? 0 : 2.5, borderWidth: rows.length > EACH ? 1 : 2 })), titles);
      return;
    }
    const sets = [];
    grouped(rows, groupOf).forEach((own, group) => {
      const hex = colour(groupIndex(group));
      const at = [...grouped(own.flatMap(points), (point) => point.x)].sort((a, b) => a[0] - b[0]).map(([place, all]) => {
        const values = all.map((point) => point.y);
        return { x: place, y: quantile(values, 0.5), low: quantile(values, 0.1), high: quantile(values, 0.9), of: values.length };
      });
      sets.push(line(at, hex, (point) => [name(group) + ': ' + counted(point.of, 'checkpoint'), 'median ' + short(point.y), 'middle 80 %: ' + short(point.low) + ' to ' + short(point.high)]),
        ...band(at.map((point) => ({ x: point.x, y: point.high })), at.map((point) => ({ x: point.x, y: point.low })), hex));
    });
    set(sets, titles);
  };
  redraws.push(() => draw());
  return draw;
}
