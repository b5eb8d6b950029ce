// The state of the page, its controls and the drawing loop.

const find = (id) => document.getElementById(id);
const state = {
  t: 0, person: -1, view: 'front', group: 0, count: 16,
  layout: results.length > 1 ? 'split' : 'overlay',
  errors: has.measure, halos: false, graph: false, labels: false,
  roaming: false, playing: false, visible: [],
};
const imageCanvas = find('image').querySelector('canvas');
const sceneCanvas = find('scene').querySelector('canvas');
const fps = page.fps || 25;
readColours();
const orbit = new Orbit();
let stale = true, clock = 0, before = 0;

function set(changes) {
  const reseat = 'person' in changes || 'roaming' in changes;
  Object.assign(state, changes);
  if (reseat) {
    const all = page.names.map((_, number) => number);
    state.visible = state.person < 0 ? all : [state.person];
    aim(orbit, state.visible, state.roaming);
  }
  stale = true;
}

function go(t) {
  set({ t: clamp(Math.round(t), 0, length - 1) });
  clock = timeline[state.t];
}

function play(on = !state.playing) {
  if (on && state.t === length - 1) go(0);
  set({ playing: on });
  document.body.classList.toggle('playing', on);
  find('play').setAttribute('aria-label', on ? 'Pause' : 'Play');
  find('status').setAttribute('aria-live', on ? 'off' : 'polite');
}

function view(name) {
  orbit.zoom = 1;
  orbit.look(name);
  set({ view: name });
}

const able = {
  errors: has.measure, halos: has.halos, graph: has.graph || has.hops,
  labels: true, roaming: has.roots,
};
const toggle = (name) => able[name] && set({ [name]: !state[name] });

// The boxes of the 3D panel, each with the layers drawn in it.
function boxes(w, h) {
  const ghost = { source: truth, ghost: true };
  if (state.layout === 'overlay' || page.sources.length < 2) {
    const layers = results.map((source) => ({
      source, colour: results.length > 1 ? tint(source) : undefined,
    }));
    if (truth && !state.graph) layers.unshift(ghost);
    return [{ x: 0, y: 0, w, h, layers }];
  }
  const n = page.sources.length;
  const wide = w > 0.7 * h;
  return page.sources.map((source, k) => ({
    x: wide ? k * w / n : 0, y: wide ? 0 : k * h / n,
    w: wide ? w / n : w, h: wide ? h : h / n,
    layers: [
      ...(state.errors && truth && !source.truth && !state.graph ?
        [ghost] : []),
      { source }],
    name: source.name,
    value: source.truth ? NaN : course(source, state.t, state),
  }));
}

function drawBoxes(canvas) {
  const { ctx, w, h } = prepare(canvas);
  for (const box of boxes(w, h)) {
    drawScene(ctx, box, box.layers, orbit, state);
    if (!box.name) continue;
    ctx.font = `600 12px ${colours.font}`;
    ctx.fillStyle = colours.ink;
    ctx.fillText(box.name, box.x + 12, box.y + 16, box.w - 24);
    if (!Number.isFinite(box.value)) continue;
    ctx.font = `12px ${colours.font}`;
    ctx.fillStyle = colours.muted;
    ctx.fillText(`${box.value.toFixed(1)} mm`, box.x + 12, box.y + 32);
  }
}

function showKey() {
  const keys = state.graph ? [] : [['left', colours.left], ['right', colours.right]];
  const mixed = state.layout === 'overlay' && results.length > 1;
  if (mixed) {
    keys.length = 0;
    results.forEach((source) => keys.push([source.name, tint(source)]));
  }
  if (truth && !state.graph) keys.push([truth.name, colours.truth]);
  find('key').replaceChildren(...keys.map(([name, colour]) => {
    const entry = make('span');
    const mark = make('i');
    mark.style.background = colour;
    entry.append(mark, name);
    return entry;
  }));
}

function showGraph() {
  find('graph').hidden = !(state.graph && has.graph);
  find('hops').hidden = !(state.graph && has.hops);
  if (!find('graph').hidden) {
    const group = page.graph.groups[state.group];
    const shown = strongest(group, state);
    find('count').max = group.edges.length;
    find('shown').textContent = `${shown.length} of ${group.edges.length}`;
    find('strength').textContent = shown.length ?
      `up to ${Math.abs(shown[0].value).toFixed(2)}` : 'all zero';
  }
  if (!find('hops').hidden) showHops(find('hops'), state);
}

function draw() {
  for (const button of document.querySelectorAll('.tools button')) {
    const { view, layout, toggle } = button.dataset;
    if (!view && !layout && !toggle) continue;
    const on = toggle ? state[toggle] : (view ?? layout) === (
      view ? state.view : state.layout);
    button.setAttribute('aria-pressed', on);
  }
  const side = (state.errors && has.measure) || state.graph;
  document.body.classList.toggle('no-side', !side);
  document.body.classList.toggle(
    'split', state.layout === 'split' && page.sources.length > 1);
  find('side').hidden = !side;
  showMeasure(find('measure'), state);
  showGraph();
  showKey();
  const frame = timeline[state.t];
  find('frame').value = state.t;
  find('frame').setAttribute('aria-valuetext', `frame ${frame}`);
  find('status').textContent =
    `frame ${frame} · ${((frame - timeline[0]) / fps).toFixed(2)} s`;
  if (has.keypoints) drawImage(imageCanvas, state);
  drawBoxes(sceneCanvas);
  if (has.measure) drawCurve(find('curve'), state);
}

function tick(now) {
  if (state.playing) {
    clock += fps * Number(find('speed').value) * Math.min(now - before, 250) /
      1000;
    let { t } = state;
    while (t < length - 1 && timeline[t + 1] <= clock) t += 1;
    if (t !== state.t) set({ t });
    if (t === length - 1) play(false);
  }
  before = now;
  if (stale) {
    stale = false;
    draw();
  }
  requestAnimationFrame(tick);
}

// Saves both panels as one PNG, as displayed.
function save() {
  const parts = has.keypoints ? [imageCanvas, sceneCanvas] : [sceneCanvas];
  const sheet = document.createElement('canvas');
  sheet.width = parts.reduce((sum, part) => sum + part.width, 0);
  sheet.height = Math.max(...parts.map((part) => part.height));
  const ctx = sheet.getContext('2d');
  ctx.fillStyle = colours.panel;
  ctx.fillRect(0, 0, sheet.width, sheet.height);
  parts.reduce((x, part) => {
    ctx.drawImage(part, x, 0);
    return x + part.width;
  }, 0);
  sheet.toBlob((blob) => {
    const link = document.createElement('a');
    link.download = `frame-${timeline[state.t]}.png`;
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

// Controls without data are hidden.
function option(text, value) {
  const node = make('option', text);
  node.value = value;
  return node;
}
document.body.classList.toggle('no-image', !has.keypoints);
find('image').hidden = !has.keypoints;
find('curve').hidden = !has.measure;
find('person').hidden = page.names.length < 2;
find('person').append(option('Everyone', -1), ...page.names.map(option));
find('group').append(...(page.graph?.groups ?? []).map((group, k) =>
  option(group.name, k)));
document.querySelectorAll('[data-toggle]').forEach((button) => {
  button.hidden = !able[button.dataset.toggle];
});
if (!truth) {
  document.querySelector('[data-toggle=errors]').textContent = 'Expected error';
}
document.querySelectorAll('[data-layout]').forEach((button) => {
  button.hidden = page.sources.length < 2;
});
document.querySelectorAll('.segments').forEach((group) => {
  group.hidden = [...group.children].every((button) => button.hidden);
});
find('measure').querySelector('h2').textContent = truth ?
  'Error by joint' : 'Expected error by joint';
find('measure').querySelector('.scale').lastChild.textContent =
  `${scaleEnd} mm`;
find('size').textContent = imageSize ? `of ${imageSize.join(' × ')} px` : '';
find('notes').textContent = page.notes.join('\n');
find('frame').max = length - 1;
find('count').max = 400;
find('count').value = state.count;
set({ person: -1 });
go(0);
requestAnimationFrame(tick);
