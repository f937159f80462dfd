/**
 * The page's script: hover, pin, sort, brush. The page is complete without it. It reads only the page itself
 * (`data-t`: trial, `data-p` and path data: places, `data-v`: exact numbers), inserts texts as texts, and asks no network.
 */
export const script = `
'use strict';
(() => {
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);
document.body.classList.add('live');
for (const hint of all('.js')) hint.hidden = false;
const shapes = all('svg [data-t]');
const titles = new Map();
for (const shape of shapes) {
  const title = shape.querySelector('title');
  if (title) { titles.set(shape.dataset.t, title.textContent); title.remove(); }
}
const rows = new Map(all('tbody tr').map((row) => [row.dataset.t, row]));
const heads = all('thead th');
const names = heads.map((head) => head.textContent);

// Places of a shape, read once: a mark has one, a line one for each point.
const places = new Map();
const placesOf = (shape) => {
  let points = places.get(shape);
  if (!points) {
    points = shape.dataset.p ? [shape.dataset.p.split(',').map(Number)] : shape.getAttribute('d').split(/[ML]/).slice(1).map((part) => part.split(',').map(Number));
    places.set(shape, points);
  }
  return points;
};
const distance = (points, x, y) => {
  let least = Infinity;
  for (let i = 0; i < points.length; i++) {
    const [bx, by] = points[i], [ax, ay] = points[Math.max(0, i - 1)];
    const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
    const t = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
    least = Math.min(least, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2);
  }
  return least;
};
const at = (svg, event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());

// A marked trial is drawn again on top of each chart, and its row is marked.
const pinned = new Set();
let hovered;
let copies = [];
const show = () => {
  for (const copy of copies) copy.remove();
  copies = [];
  for (const row of rows.values()) row.classList.toggle('on', pinned.has(row.dataset.t) || row.dataset.t === hovered);
  if (hovered === undefined && !pinned.size) return;
  for (const shape of shapes) {
    if (shape.dataset.t !== hovered && !pinned.has(shape.dataset.t)) continue;
    const copy = shape.cloneNode(true);
    copy.removeAttribute('data-t');
    copy.classList.add('on');
    copy.classList.remove('off');
    shape.parentNode.append(copy);
    copies.push(copy);
  }
};
const pin = (trial) => { if (!pinned.delete(trial)) pinned.add(trial); show(); };

const tip = byId('tip');
const fill = (trial) => {
  const row = rows.get(trial);
  const head = document.createElement('b');
  head.textContent = row ? 'Trial ' + trial : titles.get(trial);
  const lines = [];
  if (row) [...row.cells].forEach((cell, index) => {
    if (!index || cell.classList.contains('none') || lines.length > 17) return;
    const line = document.createElement('span');
    line.textContent = names[index] + ': ' + cell.textContent;
    lines.push(line);
  });
  tip.replaceChildren(head, ...lines);
};
const point = (trial, event) => {
  if (trial !== hovered) { hovered = trial; show(); if (trial !== undefined) fill(trial); }
  tip.hidden = trial === undefined;
  if (tip.hidden) return;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, event.clientX + 16 + width > innerWidth ? event.clientX - width - 16 : event.clientX + 16) + 'px';
  tip.style.top = Math.max(4, Math.min(innerHeight - height - 4, event.clientY + 12)) + 'px';
};
for (const svg of all('svg.chart')) {
  const inside = shapes.filter((shape) => svg.contains(shape));
  const nearest = (event) => {
    const { x, y } = at(svg, event);
    let best, least = 196;
    for (const shape of inside) {
      if (shape.classList.contains('off')) continue;
      const d = distance(placesOf(shape), x, y);
      if (d <= least) { least = d; best = shape; }
    }
    return best && best.dataset.t;
  };
  svg.addEventListener('pointermove', (event) => point(event.buttons ? undefined : nearest(event), event));
  svg.addEventListener('pointerleave', (event) => point(undefined, event));
  svg.addEventListener('click', (event) => {
    const trial = event.target.classList.contains('brush') ? undefined : nearest(event);
    if (trial !== undefined) pin(trial);
  });
}
for (const [trial, row] of rows) {
  row.addEventListener('pointerenter', () => { hovered = trial; show(); });
  row.addEventListener('pointerleave', () => { hovered = undefined; show(); });
  row.addEventListener('click', () => { if (!String(getSelection())) pin(trial); });
}

// Rounded numbers show themselves in full.
for (const cell of all('td[data-v]')) cell.title = cell.dataset.v;

// Sorting: numbers by value, texts by language; what is missing always comes last.
const body = document.querySelector('tbody');
heads.forEach((head, index) => {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') === 'ascending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const sign = down ? -1 : 1;
    const keys = new Map([...rows.values()].map((row) => {
      const cell = row.cells[index];
      return [row, cell.classList.contains('none') ? undefined : head.classList.contains('n') ? Number(cell.dataset.v ?? cell.textContent) : cell.textContent];
    }));
    const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : sign * (a < b ? -1 : a > b ? 1 : 0)) : sign * String(a).localeCompare(String(b));
    body.append(...[...rows.values()].sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      return x === undefined ? (y === undefined ? 0 : 1) : y === undefined ? -1 : compare(x, y);
    }));
  });
});

// Brushing: a range on one or more axes leaves the trials whose lines pass through all of them.
const parallel = byId('parallel');
const ranges = new Map();
const selection = document.querySelector('.selection');
const select = () => {
  const lines = parallel ? shapes.filter((shape) => parallel.contains(shape)) : [];
  const chosen = new Set(lines.filter((line) => [...ranges].every(([column, { low, high }]) => {
    const y = placesOf(line)[column + 1][1];
    return y >= low && y <= high;
  })).map((line) => line.dataset.t));
  const some = ranges.size > 0;
  for (const shape of shapes) shape.classList.toggle('off', some && !chosen.has(shape.dataset.t));
  for (const [trial, row] of rows) row.hidden = some && !chosen.has(trial);
  selection.hidden = !some;
  byId('selected').textContent = chosen.size + ' of ' + lines.length + ' trials selected in the parallel coordinates';
  show();
};
const clear = (column) => {
  const range = ranges.get(column);
  if (range) range.band.remove();
  ranges.delete(column);
};
for (const brush of all('.brush')) {
  const column = Number(brush.dataset.column);
  let start;
  brush.addEventListener('pointerdown', (event) => {
    start = at(parallel, event).y;
    brush.setPointerCapture(event.pointerId);
    clear(column);
    select();
  });
  brush.addEventListener('pointermove', (event) => {
    if (start === undefined) return;
    const end = at(parallel, event).y;
    clear(column);
    if (Math.abs(end - start) > 3) {
      const low = Math.min(start, end), high = Math.max(start, end);
      const band = document.createElementNS(brush.namespaceURI, 'rect');
      band.setAttribute('class', 'band');
      for (const [name, value] of [['x', Number(brush.getAttribute('x')) + 6], ['width', 16], ['y', low], ['height', high - low]]) band.setAttribute(name, value);
      brush.parentNode.append(band);
      ranges.set(column, { low, high, band });
    }
    select();
  });
  const stop = () => { start = undefined; };
  brush.addEventListener('pointerup', stop);
  brush.addEventListener('pointercancel', stop);
}
byId('clear').addEventListener('click', () => { for (const column of [...ranges.keys()]) clear(column); select(); });
addEventListener('keydown', (event) => { if (event.key === 'Escape') { pinned.clear(); for (const column of [...ranges.keys()]) clear(column); select(); } });
})();
`
