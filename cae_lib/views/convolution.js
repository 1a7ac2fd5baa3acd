// The convolution playground, computed in the page: no kernel of Jupyter is asked.

const PIXEL = 8, GAP = 24, MARK = "#d55e00"; // in pixels of the canvas: a pixel of a map, what lies between both maps
const RED_TO_BLUE = [[5, 48, 97], [67, 147, 195], [247, 247, 247], [214, 96, 77], [103, 0, 31]];

/** The colour of a value from -1 to 1: blue, white, red. */
function diverging(value) {
  const place = (value + 1) * 2, k = Math.min(Math.floor(place), 3), share = place - k;
  return RED_TO_BLUE[k].map((low, c) => low + share * (RED_TO_BLUE[k + 1][c] - low));
}

/** The sums of products (rows of numbers) of a picture that is padded already. */
function convolve(padded, kernel, stride) {
  const places = [...Array(Math.floor((padded.length - 3) / stride) + 1).keys()];
  const output = (r, c) => sum(windowOf(padded, r * stride, c * stride).map((x, k) => x * kernel[k]));
  return places.map((r) => places.map((c) => output(r, c)));
}

const windowOf = (rows, top, left) => rows.slice(top, top + 3).flatMap((row) => row.slice(left, left + 3));
const sum = (numbers) => numbers.reduce((total, x) => total + x, 0);

function pad(image, padding) {
  const wide = image.length + 2 * padding, empty = () => Array(wide).fill(0);
  const rows = image.map((row) => [...Array(padding).fill(0), ...row, ...Array(padding).fill(0)]);
  return [...Array.from({ length: padding }, empty), ...rows, ...Array.from({ length: padding }, empty)];
}

/** Draw a map of numbers at a place of the canvas, and a box around some of them. */
function drawMap(pencil, rows, x, colour, top, left, size) {
  const wide = rows.length, pixels = new ImageData(wide, wide), small = new OffscreenCanvas(wide, wide);
  rows.flat().forEach((value, k) => pixels.data.set([...colour(value), 255], 4 * k));
  small.getContext("2d").putImageData(pixels, 0, 0);
  pencil.imageSmoothingEnabled = false;
  pencil.drawImage(small, x, 2, wide * PIXEL, wide * PIXEL);
  Object.assign(pencil, { strokeStyle: MARK, lineWidth: 2.5 });
  pencil.strokeRect(x + left * PIXEL, 2 + top * PIXEL, size * PIXEL, size * PIXEL);
}

function table(title, numbers, count) {
  const rows = [0, 1, 2].map((r) => element("tr", {},
    ...numbers.slice(3 * r, 3 * r + 3).map((x) => element("td", {}, digits(x, count)))));
  return element("table", {}, element("caption", {}, title), ...rows);
}

painters.convolution = ({ image, presets, own }) => {
  const cells = [...Array(9).keys()].map((k) => `k${Math.floor(k / 3)}${k % 3}`);
  const tables = element("div", { class: "controls" }), sentence = element("p"), sizes = element("p");
  const read = (controls) => (name) => Number(controls[name].labels[controls[name].value]);

  /** Fit the other controls to those that have been moved. */
  function fit(controls, moved) {
    const kernels = Object.values(presets), { kernel } = controls, chosen = presets[kernel.labels[kernel.value]];
    if (moved.includes("kernel") && chosen) cells.forEach((cell, k) => { controls[cell].value = chosen[k]; });
    const found = kernels.findIndex((each) => each.every((weight, k) => weight === controls[cells[k]].value));
    if (!moved.includes("kernel")) kernel.value = found < 0 ? kernel.labels.indexOf(own) : found;
    const now = read(controls);
    const wide = Math.floor((image.length + 2 * now("padding") - 3) / now("stride")) + 1;
    for (const name of ["output row", "output column"]) {
      controls[name].labels = [...Array(wide).keys()].map(String);
      controls[name].value = Math.min(controls[name].value, wide - 1);
    }
  }

  /** Draw both maps and write the arithmetic of one output; returns it as a text, and where the output's map lies. */
  function paint(canvas, pencil, controls) {
    const now = read(controls), stride = now("stride"), padding = now("padding");
    const row = now("output row"), column = now("output column"), kernel = cells.map((cell) => controls[cell].value);
    const padded = pad(image, padding), output = convolve(padded, kernel, stride);
    const window = windowOf(padded, row * stride, column * stride), products = window.map((x, k) => x * kernel[k]);
    const from = padded.length * PIXEL + GAP, widest = image.length + 4; // so that nothing below moves
    Object.assign(canvas, { width: from + widest * PIXEL, height: widest * PIXEL + 4 });
    const high = Math.max(...output.flat().map(Math.abs)) || 1;
    drawMap(pencil, padded, 2, (x) => [x, x, x], row * stride, column * stride, 3);
    drawMap(pencil, output, from, (x) => diverging(x / high), row, column, 1);
    const weights = kernel.map((w) => (w < 0 ? `(${digits(w, 3)})` : digits(w, 3)));
    const terms = window.map((x, k) => `${digits(x)} · ${weights[k]}`);
    const total = digits(sum(products)), work = `output[${row}, ${column}] = ${terms.join(" + ")} = ${total}`;
    tables.replaceChildren(table("window", window), table("kernel", kernel, 3),
      table(`products: their sum is ${total}`, products));
    sentence.textContent = work;
    const wide = `${image.length} + 2 · ${padding}`;
    sizes.textContent = `Left: the image with its padding, ${wide} = ${padded.length} pixels wide. `
      + `Right: the output, ⌊(${wide} − 3) / ${stride}⌋ + 1 = ${output.length} pixels wide; `
      + "red is positive, blue negative. Point at it, or move its row and column.";
    const name = controls.kernel.labels[controls.kernel.value], { width, height } = canvas;
    const text = `A convolution worked out at one place. Kernel: ${name}; stride: ${stride}; padding: ${padding}; `
      + `output row: ${row}; output column: ${column}. ${work}. The output is ${output.length} pixels wide.`;
    const end = [from + output.length * PIXEL, 2 + output.length * PIXEL];
    return { text, places: [from / width, 2 / height, end[0] / width, end[1] / height, output.length, output.length] };
  }
  return { fit, paint, below: [sizes, sentence, tables] };
};
