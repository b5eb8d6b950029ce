// The 3D panel: an orbit camera, with bones and joints sorted by depth.

class Orbit {
  constructor() {
    this.center = [0, 0, 0];
    this.extent = [700, 950]; // half of the width and of the height seen
    this.zoom = 1;
    this.look('front');
  }

  look(view) {
    this.yaw = facing + (view === 'side' ? Math.PI / 2 : 0);
    this.pitch = view === 'top' ? Math.PI / 2 : 0.14;
  }

  turn(dx, dy) {
    this.yaw -= dx;
    this.pitch = clamp(this.pitch + dy, -0.2, Math.PI / 2);
  }

  magnify(factor) {
    this.zoom = clamp(this.zoom * factor, 0.25, 10);
  }

  // The projection of points to a box: [x, y, depth, pixels per mm].
  projection(box) {
    const [width, height] = this.extent;
    const distance = 5 * Math.max(width, height);
    const [cy, sy] = [Math.cos(this.yaw), Math.sin(this.yaw)];
    const [cp, sp] = [Math.cos(this.pitch), Math.sin(this.pitch)];
    const tall = Math.hypot(cp * height, sp * width);
    const fit = Math.min(box.w / 2 / width, box.h / 2 / tall);
    const focal = 0.9 * fit * distance * this.zoom;
    const [x0, y0] = [box.x + box.w / 2, box.y + box.h / 2];
    return ([x, y, z]) => {
      const [dx, dy, dz] = [
        x - this.center[0], y - this.center[1], z - this.center[2]];
      const far = cy * dy - sy * dx;
      const depth = distance + cp * far - sp * dz;
      const scale = focal / Math.max(depth, distance / 20);
      const [right, up] = [cy * dx + sy * dy, cp * dz + sp * far];
      return [x0 + scale * right, y0 - scale * up, depth, scale];
    };
  }
}

// In camera axes, the front view is that of the camera. Otherwise it faces the
// first person in the first frame, by the left and right joints.
const facing = (() => {
  const person = people[0];
  if (page.axes === 'camera' || !person.pose.length) return 0;
  let [x, y] = [0, 0];
  person.body.left.forEach((left, k) => {
    const right = person.body.right[k];
    const dx = person.pose[3 * left] - person.pose[3 * right];
    const dy = person.pose[3 * left + 1] - person.pose[3 * right + 1];
    if (Number.isFinite(dx + dy)) { x += dx; y += dy; }
  });
  return Math.atan2(y, x);
})();

// Lengths in millimetres, for bodies as large as people.
const unit = page.unit;
const APART = 1100 * unit; // people who are shown in place

// Points the camera at the visible people.
function aim(orbit, visible, roaming) {
  if (!roaming) {
    const most = (size) => Math.max(...visible.map((n) => size(bounds[n])));
    const tall = most(({ floor, top }) => top - floor);
    orbit.center = [0, 0, tall / 2];
    orbit.extent = [
      APART / 2 * (visible.length - 1) + most(({ reach }) => reach),
      tall / 2 + 80 * unit];
    return;
  }
  const low = [Infinity, Infinity, Infinity], high = low.map((v) => -v);
  for (const person of people.filter((p) => visible.includes(p.number))) {
    for (let t = 0; t < length; t++) {
      const root = person.row[t] < 0 ? null : rootOf(person, t);
      root?.forEach((value, i) => {
        if (!Number.isFinite(value)) return;
        low[i] = Math.min(low[i], value - unit * (i < 2 ? 500 : 1000));
        high[i] = Math.max(high[i], value + unit * (i < 2 ? 500 : 800));
      });
    }
  }
  if (!Number.isFinite(low[0])) return aim(orbit, visible, false);
  orbit.center = low.map((value, i) => (value + high[i]) / 2);
  orbit.center[2] -= floorOf(roaming);
  orbit.extent = [
    Math.hypot(high[0] - low[0], high[1] - low[1]) / 2,
    (high[2] - low[2]) / 2];
}

// The height of the common floor of people at their roots.
let lowest = null;
function floorOf(roaming) {
  if (!roaming) return 0;
  if (lowest !== null) return lowest;
  const low = [];
  for (const person of people) {
    for (let t = 0; t < length; t++) {
      const root = person.row[t] < 0 ? null : rootOf(person, t);
      if (!root) continue;
      low.push(root[2] + Math.min(...person.body.joints.map((_, j) =>
        joint(person, t, j)[2])));
    }
  }
  lowest = quantile(low, 0.02) || 0;
  return lowest;
}

function placeOf(person, t, visible, roaming) {
  const root = roaming ? rootOf(person, t) : null;
  if (root) return [root[0], root[1], root[2] - floorOf(true)];
  const slot = visible.indexOf(person.number) - (visible.length - 1) / 2;
  const [x, y] = [Math.cos(facing), Math.sin(facing)];
  return [APART * slot * x, APART * slot * y, -bounds[person.number].floor];
}

function drawFloor(ctx, project, orbit) {
  const step = 500 * unit, [cx, cy] = orbit.center;
  const reach = step * clamp(Math.ceil(orbit.extent[0] / step) + 1, 5, 12);
  const [x0, y0] = [cx, cy].map((v) => step * Math.round(v / step));
  ctx.strokeStyle = colours.grid;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let k = -reach; k <= reach; k += step) {
    for (const [a, b] of [
      [[x0 + k, y0 - reach, 0], [x0 + k, y0 + reach, 0]],
      [[x0 - reach, y0 + k, 0], [x0 + reach, y0 + k, 0]],
    ]) {
      ctx.moveTo(...project(a).slice(0, 2));
      ctx.lineTo(...project(b).slice(0, 2));
    }
  }
  ctx.stroke();
}

function line(ctx, a, b, width, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.beginPath();
  ctx.moveTo(a[0], a[1]);
  ctx.lineTo(b[0], b[1]);
  ctx.stroke();
}

function disc(ctx, [x, y], radius, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

function sideColour(body, j) {
  if (body.left.includes(j)) return colours.left;
  return body.right.includes(j) ? colours.right : colours.trunk;
}

// The joints of a person in a frame: {at, space, front} with pixels, position
// and the depth of the nearest bone; or null.
function posed(person, t, project, place) {
  if (person.row[t] < 0) return null;
  return person.body.joints.map((_, j) => {
    const space = joint(person, t, j).map((value, i) => value + place[i]);
    const at = project(space);
    return { space, at, front: at[2] };
  });
}

// Draws people into a box. A layer is {source, ghost, colour}: the ground truth
// is drawn as a ghost, and overlaid results in one colour each.
function drawScene(ctx, box, layers, orbit, state) {
  const project = orbit.projection(box);
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.x, box.y, box.w, box.h);
  ctx.clip();
  ctx.lineCap = 'round';
  drawFloor(ctx, project, orbit);
  const shapes = [], words = [];
  const push = (depth, draw) => shapes.push({ depth, draw });
  for (const { source, ghost, colour } of layers) {
    for (const person of source.people) {
      if (!state.visible.includes(person.number)) continue;
      const place = placeOf(person, state.t, state.visible, state.roaming);
      const points = posed(person, state.t, project, place);
      if (!points) continue;
      const other = personOf(truth, person.number);
      const dim = state.graph && !ghost;
      const goal = state.errors && !dim && person.measure && other &&
        posed(other, state.t, project, place);
      const thick = (p) => 
        clamp((ghost || dim ? 14 : 30) * unit * p.at[3], 1.5, 14);
      for (const [child, parent] of person.body.bones) {
        const [a, b] = [points[child], points[parent]];
        const paint = ghost || dim ? colours.truth :
          colour ?? sideColour(person.body, child);
        shadow(ctx, project, a, b, thick(a));
        const depth = (a.at[2] + b.at[2]) / 2;
        a.front = Math.min(a.front, depth);
        b.front = Math.min(b.front, depth);
        push(ghost ? Infinity : depth, () => {
          if (!ghost) line(ctx, a.at, b.at, thick(a) + 3, colours.panel);
          line(ctx, a.at, b.at, thick(a), paint);
        });
      }
      points.forEach((p, j) => {
        if (ghost) return;
        const value = person.measure?.[state.t * person.size + j];
        const shown = state.errors && !dim && Number.isFinite(value);
        if (goal && shown) {
          push(p.front - 1, () =>
            line(ctx, p.at, goal[j].at, 1.5, heat(value)));
        }
        push(p.front - 1, () => {
          const radius = clamp(24 * unit * p.at[3], 1.8, 8);
          if (state.halos && person.uncertainty) {
            const spread = person.uncertainty[
              person.row[state.t] * person.size + j];
            ctx.globalAlpha = 0.16;
            disc(ctx, p.at, Math.max(0, spread * p.at[3]) || 0,
              colour ?? sideColour(person.body, j));
            ctx.globalAlpha = 1;
          }
          disc(ctx, p.at, radius + (shown ? 2.5 : 1), colours.panel);
          disc(ctx, p.at, radius + (shown ? 1 : -0.5), shown ? heat(value) :
            dim ? colours.truth : colour ?? sideColour(person.body, j));
        });
        if (state.labels && source === layers.at(-1).source) {
          words.push([person.body.joints[j], p.at]);
        }
      });
      if (state.graph && !ghost && source === layers.at(-1).source) {
        push(-Infinity, () => drawEdges(ctx, points, person, state));
      }
    }
  }
  shapes.sort((a, b) => b.depth - a.depth || 0);
  shapes.forEach((shape) => shape.draw());
  drawWords(ctx, words);
  ctx.restore();
}

function shadow(ctx, project, a, b, width) {
  ctx.globalAlpha = 0.35;
  const down = ({ space: [x, y] }) => project([x, y, 0]);
  line(ctx, down(a), down(b), width, colours.grid);
  ctx.globalAlpha = 1;
}

function drawWords(ctx, words) {
  ctx.font = `11px ${colours.font}`;
  ctx.lineJoin = 'round';
  ctx.lineWidth = 3;
  ctx.strokeStyle = colours.panel;
  ctx.fillStyle = colours.muted;
  for (const [text, [x, y]] of words) {
    ctx.strokeText(text, x + 8, y + 4);
    ctx.fillText(text, x + 8, y + 4);
  }
}

// Draws the edges j -> i of the selected group, the strongest on top. Edges are
// curved, to show both directions; self-loops are rings.
function drawEdges(ctx, points, person, state) {
  const group = page.graph.groups[state.group];
  if (person.skeleton !== page.graph.skeleton) return;
  for (const { k, share, value } of strongest(group, state).reverse()) {
    const [from, to] = group.edges[k].map((j) => points[j].at);
    ctx.strokeStyle = value < 0 ? colours.minus : colours.plus;
    ctx.globalAlpha = 0.35 + 0.6 * share;
    ctx.lineWidth = 0.75 + 3.5 * share;
    ctx.beginPath();
    if (from === to) {
      ctx.arc(from[0], from[1], clamp(45 * unit * from[3], 4, 14), 0, 2 * Math.PI);
    } else {
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      ctx.moveTo(from[0], from[1]);
      ctx.quadraticCurveTo(
        (from[0] + to[0]) / 2 - 0.18 * dy, (from[1] + to[1]) / 2 + 0.18 * dx,
        to[0], to[1]);
    }
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function strongest(group, state) {
  const count = group.edges.length;
  const row = group.row ? group.row[state.t] : 0;
  if (row < 0) return [];
  const values = group.weights.subarray(row * count, (row + 1) * count);
  const top = group.top ??= group.weights.reduce(
    (most, value) => Math.max(most, Math.abs(value) || 0), 1e-12);
  return [...values]
    .map((value, k) => ({ k, value, share: Math.abs(value) / top || 0 }))
    .filter(({ share }) => share > 1e-3)
    .sort((a, b) => b.share - a.share)
    .slice(0, state.count);
}
