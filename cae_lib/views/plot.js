// Plots on parts of a canvas, for views that the page computes.

const COLOURS = ["#0072b2", "#d55e00", "#009e73"], GRID = "#9994";

/** Make a canvas large enough for two plots: beside each other, or below where the page is narrow; returns their boxes. */
function boxes(canvas, first, second, high = 220) {
  const narrow = canvas.getRootNode().host.clientWidth < 600;
  const left = narrow ? 66 : 66 + first + 80, top = narrow ? 30 + high + 80 : 30;
  const width = narrow ? 66 + Math.max(first, second) + 14 : left + second + 14;
  Object.assign(canvas, { width, height: top + high + 48 });
  return [[66, 30, first, high], [left, top, second, high]];
}

/** A box's place on its canvas, as shares of it: left, top, right, bottom. */
const shares = ({ width, height }, [left, top, wide, high]) =>
  [left / width, top / height, (left + wide) / width, (top + high) / height];

/**
 * Axes in a box (left, top, width, height in pixels), from low to high, with ticks, labels and a title; log axes where
 * they are told so. Returns x and y, which give the place of a value, and `within`, which draws inside the box only.
 */
function axes(pencil, [left, top, width, height], xs, ys, { title = "" } = {}) {
  const share = ({ low, high, log }, value) => (log ? Math.log(value / low) / Math.log(high / low)
    : (value - low) / (high - low));
  const x = (value) => left + width * share(xs, value), y = (value) => top + height * (1 - share(ys, value));
  const ink = getComputedStyle(pencil.canvas).color;
  Object.assign(pencil, { lineWidth: 1, strokeStyle: GRID, fillStyle: ink, font: "12px sans-serif" });
  for (const tick of xs.ticks) line(pencil, [[x(tick), top], [x(tick), top + height]]);
  for (const tick of ys.ticks) line(pencil, [[left, y(tick)], [left + width, y(tick)]]);
  pencil.strokeStyle = ink;
  pencil.strokeRect(left, top, width, height);
  write(pencil, title, left + width / 2, top - 8, "center");
  write(pencil, xs.label, left + width / 2, top + height + 30, "center");
  for (const tick of xs.ticks) write(pencil, digits(tick), x(tick), top + height + 14, "center");
  for (const tick of ys.ticks) write(pencil, digits(tick), left - 5, y(tick) + 4, "right");
  pencil.save();
  pencil.translate(left - 54, top + height / 2);
  pencil.rotate(-Math.PI / 2);
  write(pencil, ys.label, 0, 0, "center");
  pencil.restore();
  const within = (draw) => {
    pencil.save();
    pencil.beginPath();
    pencil.rect(left, top, width, height);
    pencil.clip();
    draw();
    pencil.restore();
  };
  return { x, y, within };
}

function write(pencil, text, x, y, align) {
  pencil.textAlign = align;
  pencil.fillText(text, x, y);
}

function line(pencil, places) {
  pencil.beginPath();
  for (const [x, y] of places) pencil.lineTo(x, y);
  pencil.stroke();
}

function dot(pencil, [x, y], radius) {
  pencil.beginPath();
  pencil.arc(x, y, radius, 0, 2 * Math.PI);
  pencil.fill();
}

/** A curve through places, with a dot at each and a large one at the k-th. */
function curve(pencil, places, k, colour) {
  Object.assign(pencil, { strokeStyle: colour, fillStyle: colour, lineWidth: 1.5 });
  line(pencil, places);
  places.forEach((place, number) => dot(pencil, place, number === k ? 6 : 2));
}

/** A number with few digits and a minus sign that is one. */
const digits = (x, count = 5) => String(Number(x.toPrecision(count))).replace("-", "−");
