'use strict';
// What the page holds, which checkpoints are drawn, and the parts that figures are made of.

const data = JSON.parse(document.getElementById('data').textContent);
const summary = data.summary;
/** The threshold of the run; null where its summary does not lie beside the tables. */
const epsilon = typeof summary.epsilon === 'number' ? summary.epsilon : null;

/** A table's rows as objects; none if the stage did not run. */
function rowsOf(name) {
  const table = data.tables[name];
  if (!table) return [];
  return table.rows.map((values) => Object.fromEntries(table.columns.map((column, index) =>
    [column, values[index] !== null && table.texts.includes(index) ? data.words[values[index]] : values[index]])));
}
function grouped(rows, key) {
  const groups = new Map();
  rows.forEach((row) => {
    const name = key(row);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(row);
  });
  return groups;
}
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);
const sum = (values) => values.reduce((total, value) => total + (value || 0), 0);
function quantile(values, share) {
  const sorted = values.slice().sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below] + (place - below) * ((sorted[below + 1] === undefined ? sorted[below] : sorted[below + 1]) - sorted[below]);
}

// Texts.

function short(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return value.toExponential(2);
  return value.toFixed(size < 10 ? 3 : 1);
}
const percent = (share) => (isNumber(share) ? (100 * share).toFixed(1) + ' %' : '');
const counted = (count, one) => count + ' ' + one + (count === 1 ? '' : 's');
/** A text from an input within one of ours: shortened, and with a direction of its own. */
function name(text, most) {
  const letters = [...String(text)];
  const room = most || 48;
  const kept = letters.length <= room ? letters : [...letters.slice(0, room / 2 - 1), '…', ...letters.slice(-room / 2)];
  return '\u2068' + kept.join('') + '\u2069';
}

// Checkpoints, and which of them are drawn.

const checkpoints = rowsOf('checkpoints');
const checkpointOf = new Map(checkpoints.map((row) => [row.checkpoint_id, row]));
const lastSteps = new Map();
checkpoints.forEach((row) => lastSteps.set(row.sequence, Math.max(lastSteps.get(row.sequence) || 0, row.step || 0)));
const sides = [...new Set(rowsOf('vectors').map((row) => row.side))].sort();

const OTHERS = 'others';
const COLOURED = 7;
const analysed = checkpoints.filter((row) => row.matrices > 0);
const valuesOf = (key) => new Set(analysed.map((row) => row[key]));
/** The columns of tags that differ, and how they are called. */
const tags = data.tables.checkpoints.columns.filter((column) => column.startsWith('tag '));
const tagText = (column) => column.replace(/^tag /, '').replace(/_id$/, '');
const groupings = ['sequence', 'method', 'task', 'base_id'].concat(tags).filter((key) => valuesOf(key).size > 1);
const state = { terms: [], grouping: null, side: sides[0], printing: false };
/** Texts of the current grouping's coloured groups, in order. */
let groups = [];

const groupText = (row) => (row[state.grouping] === null || row[state.grouping] === undefined ? 'none' : String(row[state.grouping]));
function groupOf(row) {
  if (!state.grouping) return 'all';
  const text = groupText(row);
  return groups.includes(text) ? text : OTHERS;
}
function groupBy(grouping) {
  state.grouping = grouping;
  if (!grouping) {
    groups = ['all'];
    return;
  }
  const totals = [...grouped(analysed, groupText)].map(([text, rows]) => [text, sum(rows.map((row) => row.intruder_count))]);
  groups = totals.sort((a, b) => b[1] - a[1]).slice(0, COLOURED).map(([text]) => text).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
groupBy(groupings.find((key) => valuesOf(key).size <= COLOURED) || groupings[0] || null);

const haystack = (row) => [row.checkpoint_id, row.sequence, row.method, row.task].concat(tags.map((tag) => row[tag])).join(' ').toLowerCase();
const isNamed = (row) => state.terms.every((term) => haystack(row).includes(term));
const isDrawn = (row) => row && row.matrices > 0 && isNamed(row);
const drawnCheckpoints = () => checkpoints.filter(isDrawn);

/** What draws anew when the choice of checkpoints or the colours change. */
const redraws = [];
function redraw() {
  redraws.forEach((draw) => draw());
}

// Colours: told apart by colour-blind people too, and by shape where there are points.

const LIGHT = ['#0b62a4', '#c4500c', '#00785a', '#a33b7c', '#8a6a00', '#0f7f9c', '#5a4fcf', '#6b7280'];
const DARK = ['#6cb2f0', '#ff9a5c', '#4fc79a', '#ee8fc6', '#e0bd4a', '#58cbe0', '#a99cff', '#a3acb8'];
const SHAPES = ['circle', 'triangle', 'rect', 'rectRot', 'circle', 'triangle', 'rect', 'rectRot'];
const GLYPHS = ['●', '▲', '■', '◆', '●', '▲', '■', '◆'];
const DASHED = 'dashed';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const isDark = () => prefersDark.matches && !state.printing;
const colour = (index) => (isDark() ? DARK : LIGHT)[Math.min(index, COLOURED)];
const groupIndex = (group) => (groups.includes(group) ? groups.indexOf(group) : COLOURED);
const alpha = (hex, share) => hex + Math.round(255 * share).toString(16).padStart(2, '0');
/** Its group's colour, stronger the later the step. */
const shade = (row) => alpha(colour(groupIndex(groupOf(row))), row.step ? 0.4 + 0.6 * row.step / lastSteps.get(row.sequence) : 1);
const ofTheme = (property) => getComputedStyle(document.documentElement).getPropertyValue(property + (isDark() ? '-dark' : '-light')).trim();

/** Between the paper and a colour: [background, colour of text on it]. */
function blend(hex, share) {
  const parts = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  const paper = parts(ofTheme('--paper'));
  const mixed = parts(hex).map((part, index) => Math.round(paper[index] + (part - paper[index]) * share));
  const light = [0.2126, 0.7152, 0.0722].reduce((total, weight, index) => total + weight * Math.pow(mixed[index] / 255, 2.2), 0);
  return ['rgb(' + mixed.join(' ') + ')', light > 0.18 ? '#000000' : '#ffffff'];
}
function paintCell(cell, hex, share) {
  const [background, ink] = blend(hex, Math.max(0, Math.min(1, share)));
  cell.style.backgroundColor = background;
  cell.style.color = ink;
}

// Elements. Texts are set as text only.

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}
function section(id, title, how) {
  const made = element('section');
  made.id = id;
  const heading = element('h2', title);
  heading.id = id + '-title';
  heading.tabIndex = -1;
  made.setAttribute('aria-labelledby', heading.id);
  made.append(heading, element('p', how, 'how'));
  document.getElementById('figures').append(made);
  const link = element('a', title);
  link.href = '#' + id;
  document.getElementById('contents').append(link);
  return made;
}
/** A figure with a heading of its own; draws when told to. */
function figure(parent, title, how) {
  const made = element('figure');
  if (title) made.append(element('h3', title));
  if (how) made.append(element('p', how, 'how'));
  parent.append(made);
  return made;
}
function choicesIn(parent) {
  const made = element('div', undefined, 'choices');
  parent.append(made);
  return made;
}
let controls = 0;
/** A labelled choice. */
function choice(parent, label, options, value, onChange) {
  const made = element('label', label + ' ', 'choice');
  const select = element('select');
  select.id = 'choice-' + (controls += 1);
  made.htmlFor = select.id;
  made.append(select);
  parent.append(made);
  const fill = (pairs, chosen) => {
    select.replaceChildren(...pairs.map(([key, text]) => new Option(text, key)));
    if (chosen !== undefined && pairs.some(([key]) => String(key) === String(chosen))) select.value = chosen;
    made.hidden = pairs.length < 2;
  };
  fill(options, value);
  select.addEventListener('change', onChange);
  return { select, fill };
}
/** What the colours of a figure mean: [text, colour, the index of a shape or DASHED; a line without]. */
function key(parent) {
  const made = element('ul', undefined, 'key');
  parent.append(made);
  return (entries) => made.replaceChildren(...entries.map(([text, hex, look]) => {
    const item = element('li');
    const mark = element('span', GLYPHS[look], look === undefined ? 'mark' : look === DASHED ? 'mark dash' : 'glyph');
    mark.style.color = hex;
    mark.setAttribute('aria-hidden', 'true');
    item.append(mark, element('bdi', text));
    return item;
  }));
}
const groupKey = (rows, shapes) => [...new Set(rows.map(groupOf))].sort((a, b) => groupIndex(a) - groupIndex(b))
  .map((group) => [group, colour(groupIndex(group)), shapes ? groupIndex(group) : undefined]);

// Tables.

/** What is wider than the page scrolls in a box of its own, by keys too. */
function scrolling(label) {
  const wrap = element('div', undefined, 'scroll');
  wrap.tabIndex = 0;
  wrap.setAttribute('role', 'region');
  wrap.setAttribute('aria-label', label);
  return wrap;
}
const ROWS_AT_FIRST = 100;
/**
 * A table that sorts by its columns.
 * columns: [what a row has, heading, kind: text or nothing for numbers, how it is written]
 */
function table(rows, columns, caption, most) {
  const wrap = scrolling(caption);
  const made = element('table');
  made.append(element('caption', caption));
  const head = element('tr');
  const body = element('tbody');
  const values = columns.map(([what]) => (typeof what === 'function' ? what : (row) => row[what]));
  let ordered = rows;
  let shown = most || ROWS_AT_FIRST;
  const more = element('button', undefined, 'more');
  more.type = 'button';
  const fill = () => {
    body.replaceChildren(...ordered.slice(0, shown).map((row) => {
      const line = element('tr');
      columns.forEach(([, , kind, write], index) => {
        const value = values[index](row);
        const cell = element(index === 0 ? 'th' : 'td', undefined, kind);
        if (index === 0) cell.scope = 'row';
        const written = write ? write(value, row) : short(value);
        if (written instanceof Node) cell.append(written);
        else if (kind === 'text') cell.append(element('bdi', written));
        else cell.textContent = written;
        if (kind === 'text' && value) cell.title = value;
        line.append(cell);
      });
      return line;
    }));
    more.hidden = shown >= rows.length;
    more.textContent = 'Show all ' + rows.length + ' rows';
  };
  more.addEventListener('click', () => { shown = rows.length; fill(); });
  columns.forEach(([, label, kind], index) => {
    const cell = element('th', undefined, kind);
    cell.scope = 'col';
    const button = element('button', label);
    button.type = 'button';
    button.addEventListener('click', () => {
      const down = cell.getAttribute('aria-sort') === 'ascending';
      [...head.children].forEach((other) => other.removeAttribute('aria-sort'));
      cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rank = (value) => (value === null || value === undefined || value === '' ? null : value);
      ordered = rows.slice().sort((a, b) => {
        const [x, y] = [rank(values[index](a)), rank(values[index](b))];
        if (x === null || y === null) return (x === null) - (y === null);
        const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true });
        return down ? -order : order;
      });
      fill();
    });
    cell.append(button);
    head.append(cell);
  });
  const top = element('thead');
  top.append(head);
  made.append(top, body);
  wrap.append(made);
  fill();
  const all = element('div');
  all.append(wrap, more);
  return all;
}
/** A figure's numbers, made when they are opened. */
function numbers(parent, rows, columns, caption) {
  const details = element('details');
  const label = element('summary', 'As a table: ' + caption);
  details.append(label);
  const fill = () => {
    while (label.nextSibling) label.nextSibling.remove();
    if (details.open) details.append(table(rows(), columns, caption));
  };
  details.addEventListener('toggle', fill);
  redraws.push(fill);
  parent.append(details);
}

// Tips for what is no chart: anything with a data-tip.

const tip = element('div', undefined, 'tip');
tip.setAttribute('role', 'tooltip');
tip.hidden = true;
document.body.append(tip);
function showTip(event) {
  const on = event.target.closest ? event.target.closest('[data-tip]') : null;
  tip.hidden = !on;
  if (!on) return;
  tip.textContent = on.dataset.tip;
  const place = on.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  tip.style.left = Math.max(4, Math.min(place.left + scrollX, scrollX + room - tip.offsetWidth - 4)) + 'px';
  tip.style.top = (place.bottom + scrollY + 6) + 'px';
}
['pointerover', 'focusin', 'click'].forEach((kind) => document.addEventListener(kind, showTip));
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') tip.hidden = true; });
