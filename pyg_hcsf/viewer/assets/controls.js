// Keyboard, pointer and button events.

function help() {
  if (find('help').open) find('help').close();
  else find('help').showModal();
}

const KEYS = {
  ' ': () => play(), ArrowLeft: (step) => go(state.t - step),
  ArrowRight: (step) => go(state.t + step), Home: () => go(0),
  End: () => go(length - 1), 1: () => view('front'), 2: () => view('side'),
  3: () => view('top'), e: () => toggle('errors'), u: () => toggle('halos'),
  g: () => toggle('graph'), l: () => toggle('labels'),
  r: () => toggle('roaming'), s: save, '?': help,
  o: () => set({ layout: state.layout === 'split' ? 'overlay' : 'split' }),
  '[': () => turn(-0.1, 0), ']': () => turn(0.1, 0),
  '+': () => zoom(1.15), '=': () => zoom(1.15), '-': () => zoom(1 / 1.15),
};

function turn(dx, dy) {
  orbit.turn(dx, dy);
  set({ view: '' });
}

function zoom(factor) {
  orbit.magnify(factor);
  set({});
}

document.addEventListener('keydown', (event) => {
  const { target, key } = event;
  const busy = target.tagName === 'SELECT' || target.id === 'count' ||
    (target.tagName === 'BUTTON' && key === ' ') ||
    (find('help').open && key !== '?');
  const act = KEYS[key.length === 1 ? key.toLowerCase() : key];
  if (busy || !act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(event.shiftKey ? 10 : 1);
});

// One pointer rotates the view, two zoom.
const touches = new Map();
const spread = () => {
  const [a, b] = [...touches.values()];
  return Math.hypot(a.x - b.x, a.y - b.y);
};
sceneCanvas.addEventListener('pointerdown', (event) => {
  sceneCanvas.setPointerCapture(event.pointerId);
  touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
});
sceneCanvas.addEventListener('pointermove', (event) => {
  const last = touches.get(event.pointerId);
  if (!last) return;
  const width = touches.size === 2 ? spread() : 0;
  const here = { x: event.clientX, y: event.clientY };
  touches.set(event.pointerId, here);
  if (touches.size === 2) zoom(spread() / Math.max(1, width));
  else turn(0.008 * (here.x - last.x), 0.008 * (here.y - last.y));
});
for (const end of ['pointerup', 'pointercancel']) {
  sceneCanvas.addEventListener(end, (event) =>
    touches.delete(event.pointerId));
}
sceneCanvas.addEventListener('wheel', (event) => {
  event.preventDefault();
  zoom(Math.exp(-0.0012 * event.deltaY));
}, { passive: false });

function scrub(event) {
  const box = find('curve').getBoundingClientRect();
  const share = (event.clientX - box.left - INSET) / (box.width - 2 * INSET);
  go(share * (length - 1));
}
find('curve').addEventListener('pointerdown', (event) => {
  find('curve').setPointerCapture(event.pointerId);
  scrub(event);
});
find('curve').addEventListener('pointermove', (event) => {
  if (find('curve').hasPointerCapture(event.pointerId)) scrub(event);
});

find('frame').addEventListener('input', () => go(Number(find('frame').value)));
find('play').addEventListener('click', () => play());
find('back').addEventListener('click', () => go(state.t - 1));
find('next').addEventListener('click', () => go(state.t + 1));
find('save').addEventListener('click', save);
find('ask').addEventListener('click', help);
find('person').addEventListener('change', () =>
  set({ person: Number(find('person').value) }));
find('group').addEventListener('change', () =>
  set({ group: Number(find('group').value) }));
find('count').addEventListener('input', () =>
  set({ count: Number(find('count').value) }));
document.addEventListener('click', (event) => {
  const button = event.target.closest('.tools button');
  if (!button) return;
  const { dataset } = button;
  if (dataset.view) view(dataset.view);
  if (dataset.layout) set({ layout: dataset.layout });
  if (dataset.toggle) toggle(dataset.toggle);
  if (event.detail) button.blur(); // so that space plays after a click
});
new ResizeObserver(() => set({})).observe(document.body);
new ResizeObserver(() => set({})).observe(sceneCanvas);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  readColours();
  set({});
});
