// The data of the page, and errors computed from them. Lengths are in
// millimetres with z up; missing joints are NaN.

function decode(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Kind(bytes.buffer);
}

const page = JSON.parse(document.getElementById('data').textContent);
const timeline = decode(page.frames, Int32Array);
const length = timeline.length;
const truth = page.sources.find((source) => source.truth);
const results = page.sources.filter((source) => !source.truth);

for (const source of page.sources) {
  for (const person of source.people) {
    person.body = page.skeletons[person.skeleton];
    person.size = person.body.joints.length;
    person.row = decode(person.row, Int32Array);
    for (const key of ['pose', 'root', 'uncertainty']) {
      person[key] = person[key] && decode(person[key], Float32Array);
    }
    const points = person.keypoints;
    if (points) {
      points.body = page.skeletons[points.skeleton];
      points.xy = decode(points.xy, Float32Array);
      points.score = decode(points.score, Float32Array);
    }
  }
}
for (const group of page.graph?.groups ?? []) {
  group.weights = decode(group.weights, Float32Array);
  group.row = group.row && decode(group.row, Int32Array);
}
if (page.graph?.hops) {
  const hops = page.graph.hops;
  hops.values = hops.values && decode(hops.values, Float32Array);
  hops.row = hops.row && decode(hops.row, Int32Array);
}

const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

function quantile(values, q) {
  const known = Float32Array.from(values).filter(Number.isFinite).sort();
  return known.length ? known[Math.round(q * (known.length - 1))] : NaN;
}

function mean(values) {
  let sum = 0, count = 0;
  for (const value of values) {
    if (Number.isFinite(value)) { sum += value; count += 1; }
  }
  return count ? sum / count : NaN;
}

const personOf = (source, number) =>
  source?.people.find((person) => person.number === number);

function joint(person, t, j) {
  const k = 3 * (person.row[t] * person.size + j);
  return person.pose.subarray(k, k + 3);
}

// The error of every joint against the ground truth, or else the error that the
// model expects: [frames, joints] over the timeline, or null.
function measured(person) {
  const n = person.size;
  const other = personOf(truth, person.number);
  if (truth && other?.skeleton !== person.skeleton) return null;
  if (!truth && !person.uncertainty) return null;
  const out = new Float32Array(length * n).fill(NaN);
  for (let t = 0; t < length; t++) {
    if (person.row[t] < 0 || (other && other.row[t] < 0)) continue;
    for (let j = 0; j < n; j++) {
      if (other) {
        const [a, b] = [joint(person, t, j), joint(other, t, j)];
        out[t * n + j] = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
      } else {
        out[t * n + j] = person.uncertainty[person.row[t] * n + j];
      }
    }
  }
  return out;
}

for (const source of results) {
  for (const person of source.people) {
    person.measure = measured(person);
    if (!person.measure) continue;
    const n = person.size;
    person.course = Float32Array.from({ length }, (_, t) =>
      mean(person.measure.subarray(t * n, t * n + n)));
    person.typical = person.body.joints.map((_, j) =>
      mean(person.course.map((_, t) => person.measure[t * n + j])));
  }
}
const people = results.flatMap((source) => source.people);
const has = {
  measure: people.some((person) => person.measure),
  keypoints: people.some((person) => person.keypoints),
  halos: people.some((person) => person.uncertainty),
  roots: page.sources.some((source) => source.people.some((p) => p.root)),
  graph: Boolean(page.graph?.groups.length),
  hops: Boolean(page.graph?.hops),
};
// The maximum of the colour scale and of the bars, rounded.
const worst = quantile(
  people.flatMap((person) => [...(person.measure ?? [])]), 0.98);
const scaleEnd = [20, 50, 100, 150, 200, 300, 500, 1000, 2000].find(
  (end) => end >= worst) ?? 5000;

// The extent of a person around the root: lowest and highest joint, and the
// horizontal reach in most frames.
const bounds = page.names.map((_, number) => {
  const person = personOf(truth, number) ?? people.find(
    (person) => person.number === number);
  const low = [], high = [], wide = [];
  for (let k = 0; k < person.pose.length; k += 3 * person.size) {
    const pose = person.pose.subarray(k, k + 3 * person.size);
    const z = pose.filter((_, i) => i % 3 === 2);
    low.push(Math.min(...z));
    high.push(Math.max(...z));
    wide.push(Math.max(...z.map((_, j) =>
      Math.hypot(pose[3 * j], pose[3 * j + 1]))));
  }
  return {
    floor: quantile(low, 0.02), top: quantile(high, 0.98),
    reach: quantile(wide, 0.75),
  };
});

function rootOf(person, t) {
  for (const source of [{ people: [person] }, ...page.sources]) {
    const other = personOf(source, person.number);
    if (other?.root && other.row[t] >= 0) {
      const k = 3 * other.row[t];
      return other.root.subarray(k, k + 3);
    }
  }
  return null;
}
