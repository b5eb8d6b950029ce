// The 2D panel, the error curve and the bars next to the poses.

const colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of [
    'panel', 'ink', 'muted', 'line', 'grid', 'left', 'right', 'trunk',
    'truth', 'first', 'second', 'plus', 'minus',
  ]) colours[name] = style.getPropertyValue(`--${name}`).trim();
  colours.heat = ['low', 'mid', 'high'].map((name) =>
    style.getPropertyValue(`--${name}`).trim().split(' ').map(Number));
  colours.font = getComputedStyle(document.body).fontFamily;
}

const tint = (source) =>
  results.indexOf(source) === 1 ? colours.second : colours.first;

// The colour of an error between 0 and the end of the scale.
function heat(value) {
  const place = 2 * clamp(value / scaleEnd, 0, 1);
  const k = place < 1 ? 0 : 1;
  const rgb = colours.heat[k].map((from, i) =>
    Math.round(from + (place - k) * (colours.heat[k + 1][i] - from)));
  return `rgb(${rgb.join(' ')})`;
}

// Sets the resolution of a canvas; returns its context and size.
function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: w, clientHeight: h } = canvas;
  const [width, height] = [Math.round(w * ratio), Math.round(h * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
  }
  const ctx = canvas.getContext('2d');
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, w, h);
  return { ctx, w, h };
}

// The part of the image with people, plus a margin.
const seen = people.filter((person) => person.keypoints);
const imageSize = seen.map((p) => p.keypoints.size).find(Boolean);
const picture = (() => {
  const [[left, right], [top, bottom]] = [0, 1].map((axis) => {
    const values = seen.flatMap((p) =>
      [...p.keypoints.xy].filter((_, k) => k % 2 === axis));
    return [quantile(values, 0.002) || 0, quantile(values, 0.998) || 1];
  });
  const margin = 0.12 * Math.max(right - left, bottom - top, 1);
  return {
    x: left - margin, y: top - margin,
    w: right - left + 2 * margin, h: bottom - top + 2 * margin,
  };
})();

function drawImage(canvas, state) {
  const { ctx, w, h } = prepare(canvas);
  const scale = Math.min(w / picture.w, h / picture.h);
  const x0 = w / 2 - scale * (picture.x + picture.w / 2);
  const y0 = h / 2 - scale * (picture.y + picture.h / 2);
  if (imageSize) {
    ctx.lineWidth = 1;
    ctx.strokeStyle = colours.truth;
    ctx.strokeRect(x0, y0, scale * imageSize[0], scale * imageSize[1]);
  }
  ctx.lineCap = 'round';
  const words = [];
  page.names.forEach((_, number) => {
    const person = people.find((p) => p.number === number && p.keypoints);
    const row = person?.row[state.t] ?? -1;
    if (row < 0) return;
    const { xy, score, body } = person.keypoints;
    const fade = state.visible.includes(number) ? 1 : 0.25;
    const points = body.joints.map((_, j) => {
      const k = row * body.joints.length + j;
      const [x, y] = [xy[2 * k], xy[2 * k + 1]];
      return Number.isFinite(x + y) ? {
        at: [x0 + scale * x, y0 + scale * y],
        sure: fade * clamp(score[k], 0.06, 1),
      } : null;
    });
    for (const [child, parent] of body.bones) {
      const [a, b] = [points[child], points[parent]];
      if (!a || !b) continue;
      ctx.globalAlpha = Math.min(a.sure, b.sure);
      line(ctx, a.at, b.at, 2.5, sideColour(body, child));
    }
    points.forEach((p, j) => {
      if (!p) return;
      ctx.globalAlpha = 1;
      disc(ctx, p.at, 3.6, colours.panel);
      ctx.globalAlpha = p.sure;
      disc(ctx, p.at, 2.6, sideColour(body, j));
      if (state.labels && fade === 1) words.push([body.joints[j], p.at]);
    });
    ctx.globalAlpha = 1;
  });
  drawWords(ctx, words);
}

// The mean over joints and visible people of a result in a frame.
const course = (source, t, state) => mean(source.people
  .filter((p) => p.course && state.visible.includes(p.number))
  .map((p) => p.course[t]));

const INSET = 8; // half of a slider's thumb: where its track begins

// A curve for each result with one bin per pixel, at the maximum of its frames.
// Cached until the visible people or the width change.
const drawn = { key: '', curves: [] };
function curvesOf(bins, state) {
  const key = `${bins} ${state.person}`;
  if (drawn.key !== key) {
    drawn.key = key;
    drawn.curves = results.map((source) => {
      const curve = new Float32Array(bins).fill(NaN);
      for (let t = 0; t < length; t++) {
        const k = Math.floor(t * bins / length);
        const value = course(source, t, state);
        if (!(curve[k] >= value)) curve[k] = value;
      }
      return curve;
    });
  }
  return drawn.curves;
}

function drawCurve(canvas, state) {
  const { ctx, w, h } = prepare(canvas);
  const bins = Math.max(1, Math.min(length, Math.round(w - 2 * INSET)));
  const x = (share) => INSET + (w - 2 * INSET) * share;
  const curves = curvesOf(bins, state);
  const top = Math.max(1, ...curves.map((curve) =>
    quantile([...curve], 1) || 0));
  const y = (value) => h - 2 - (h - 14) * value / top;
  ctx.fillStyle = colours.grid;
  ctx.fillRect(INSET, h - 2, w - 2 * INSET, 1);
  curves.forEach((curve, k) => {
    ctx.beginPath();
    let pen = false;
    curve.forEach((value, b) => {
      if (Number.isFinite(value)) {
        ctx[pen ? 'lineTo' : 'moveTo'](x(b / Math.max(1, bins - 1)), y(value));
      }
      pen = Number.isFinite(value);
    });
    ctx.strokeStyle = tint(results[k]);
    ctx.lineWidth = 1.4;
    ctx.lineJoin = 'round';
    ctx.stroke();
  });
  ctx.fillStyle = colours.muted;
  ctx.font = `10px ${colours.font}`;
  ctx.textAlign = 'right';
  ctx.fillText(`${top.toFixed(0)} mm`, w - INSET, 9);
  ctx.textAlign = 'left';
  const now = x(state.t / Math.max(1, length - 1));
  line(ctx, [now, 0], [now, h], 1.2, colours.ink);
  for (const source of results) {
    const value = course(source, state.t, state);
    if (Number.isFinite(value)) disc(ctx, [now, y(value)], 3.4, tint(source));
  }
}

function make(tag, text = '', kind = '') {
  const node = document.createElement(tag);
  node.textContent = text;
  if (kind) node.className = kind;
  return node;
}

// Rows of named bars in a table: [{name, bars: [{value, tick, colour}]}].
const built = new Map();
function fillBars(body, rows, end, digits) {
  const layout = rows.map((row) => [row.name, row.bars.length]).join();
  if (built.get(body) !== layout) {
    built.set(body, layout);
    body.replaceChildren(...rows.map((row) => {
      const entry = make('tr');
      const cell = make('td');
      cell.append(...row.bars.map(() => {
        const bar = make('div', '', 'bar');
        bar.append(make('b'), make('u'));
        return bar;
      }));
      const name = make('th', row.name);
      name.scope = 'row';
      entry.append(name, cell, make('td'));
      return entry;
    }));
  }
  const percent = (value) => `${100 * clamp(value / end || 0, 0, 1)}%`;
  rows.forEach((row, i) => {
    const [, cell, figure] = body.rows[i].cells;
    row.bars.forEach(({ value, tick, colour }, k) => {
      const [fill, mark] = cell.children[k].children;
      fill.style.width = percent(value);
      fill.style.background = colour;
      mark.style.left = percent(tick);
      mark.hidden = !Number.isFinite(tick);
    });
    figure.textContent = row.bars.map(({ value }) =>
      Number.isFinite(value) ? value.toFixed(digits) : '–').join(' · ');
  });
}

function showMeasure(section, state) {
  const shown = results.map((source) => source.people.find((p) =>
    p.measure && state.visible.includes(p.number))).filter(Boolean);
  section.hidden = !shown.length || !state.errors;
  if (section.hidden) return;
  const { joints } = shown[0].body;
  const same = shown.filter((p) => p.skeleton === shown[0].skeleton);
  fillBars(section.querySelector('tbody'), joints.map((name, j) => ({
    name,
    bars: same.map((person) => ({
      value: person.measure[state.t * person.size + j],
      tick: person.typical[j],
      colour: tint(results.find((s) => s.people.includes(person))),
    })),
  })), scaleEnd, 0);
  section.querySelector('.total').replaceChildren(...results.map((source) => {
    const row = make('span');
    const key = make('i');
    key.style.background = tint(source);
    const now = course(source, state.t, state);
    const figure = Number.isFinite(now) ? now.toFixed(1) : '–';
    row.append(key, `${source.name}  `, make('b', figure), ' mm');
    return row;
  }));
}

function showHops(section, state) {
  const { hops } = page.graph;
  const row = hops.row ? hops.row[state.t] : -1;
  const count = hops.names.length;
  fillBars(section.querySelector('tbody'), hops.names.map((name, k) => ({
    name: `hop ${name}`,
    bars: [{
      value: row < 0 ? hops.total[k] : hops.values[row * count + k],
      tick: row < 0 ? NaN : hops.total[k],
      colour: colours.plus,
    }],
  })), Math.max(1e-9, ...hops.total, ...(hops.values ?? [])), 2);
  section.querySelector('.note').textContent = row < 0 ?
    'Mean importance of an edge, all frames' :
    'Mean importance of an edge, this frame; marks: all frames';
}
