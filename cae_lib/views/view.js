// The front end of every view: controls, and a picture that follows them. It draws from a sheet of frames that lies
// in the page, and asks a kernel, where one has said that it answers, for every other state. It stands behind
// controls.js, in one module.

const STYLE = `
:host { display: block; color: var(--jp-content-font-color1, inherit); font-size: var(--jp-ui-font-size1, 0.9rem);
  font-family: var(--jp-ui-font-family, system-ui, sans-serif); margin: 4px 0; }
.controls { display: flex; flex-wrap: wrap; gap: 6px 24px; align-items: center; }
.control { display: flex; gap: 8px; align-items: center; min-width: 0; max-width: 100%; }
.numbers { display: grid; grid-template-columns: repeat(3, 4.5em); gap: 4px; }
input[type=range] { flex: 1 1 auto; width: 240px; min-width: 90px; height: 24px; margin: 0;
  accent-color: var(--jp-brand-color1, #1976d2); }
select, button, input:not([type=range]) { font: inherit; color: inherit; background: transparent; min-width: 0;
  max-width: 100%; min-height: 26px; box-sizing: border-box; border: 1px solid; border-radius: 3px; padding: 1px 6px; }
input[type=file] { border: 0; padding: 0; }
option { color: var(--jp-ui-font-color1, CanvasText); background: var(--jp-layout-color1, Canvas); }
button { cursor: pointer; min-width: 4.5em; }
:focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
:disabled { opacity: 0.45; cursor: default; }
output { min-width: 4.5ch; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
p { margin: 4px 0; }
[role=alert] { color: var(--jp-error-color1, #c62828); font-weight: 600; }
canvas { display: block; max-width: 100%; height: auto; margin-top: 6px; background: white; border-radius: 2px; }
canvas.places { cursor: crosshair; }
canvas.computed { background: none; }
label { white-space: nowrap; }
table { border-collapse: collapse; margin: 2px 0; }
caption { text-align: left; white-space: nowrap; }
td { border: 1px solid var(--jp-border-color1, #999); padding: 1px 6px; min-width: 3.5em; text-align: right;
  font-variant-numeric: tabular-nums; }
[hidden] { display: none !important; }`;

// Views that are computed in the page, by their names: each is a function of the view's data.
const painters = {};

// What the widgets of live kernels answer, by the key of their views: outputs and widgets load this file each.
const kernels = (globalThis.caeKernels ??= new Map());
const tell = (key) => document.querySelectorAll(".cae-view").forEach((root) => root.caeHears?.(key));

/** Show a view in place of what an element holds, which stays in view where nothing can be moved. */
function render(root, spec) {
  const names = Object.keys(spec.controls), beginning = structuredClone(spec.controls);
  let controls = structuredClone(beginning), places = spec.places, asking = false, moves = 0, slow;
  let unfitted = false; // whether controls wait for the kernel to be fitted to another one
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab's own keys would take those of a slider
  const shadow = root.attachShadow({ mode: "open" });
  const numbers = element("div", { class: "numbers", role: "group", "aria-label": "numbers" });
  const panel = element("div", { class: "controls" }), note = element("p"), alert = element("p", { role: "alert" });
  const canvas = element("canvas", { role: "img", width: spec.width, height: spec.height });
  const painter = painters[spec.painter]?.(spec.data), below = element("div", {}, ...(painter?.below ?? []));
  const pencil = canvas.getContext("2d"), fallback = element("slot");
  const handles = Object.fromEntries(names.map((name) => [name, handle(name, controls[name], (value) => {
    move({ [name]: value });
  })]));
  for (const { box, kind } of Object.values(handles)) {
    if (kind === "number" && !numbers.parentNode) panel.append(numbers);
    (kind === "number" ? numbers : panel).append(box);
  }
  shadow.append(element("style", {}, STYLE), panel, alert, note, canvas, below, fallback);

  let frames = null;
  async function load() {
    const image = new Image();
    image.src = spec.sheet;
    await image.decode();
    frames = await createImageBitmap(image); // keeps it decoded
    show();
  }

  const alive = () => painter || kernels.has(spec.key);
  const fixed = () => names.filter((name) => !spec.embed.includes(name));

  const refitted = (name) => controls[name].labels?.length !== beginning[name].labels?.length;

  /** The place of the present state among the frames, -1 if it is not there. */
  function place() {
    if (unfitted || names.some(refitted)) return -1;
    if (fixed().some((name) => controls[name].value !== beginning[name].value)) return -1;
    let found = 0, step = 1;
    for (const name of spec.embed) {
      found += step * controls[name].value;
      step *= controls[name].labels.length;
    }
    return found;
  }

  function paint(bitmap, x, y, width, height, text) {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    pencil.drawImage(bitmap, x, y, width, height, 0, 0, width, height);
    canvas.setAttribute("aria-label", text);
    canvas.classList.toggle("places", alive() && places.length > 0);
  }

  function show() {
    for (const name of names) handles[name].show(controls[name]);
    if (painter) {
      const { text, places: found } = painter.paint(canvas, pencil, controls);
      places = found;
      return canvas.setAttribute("aria-label", text);
    }
    const number = place();
    if (number < 0) return void ask();
    if (!frames) return;
    const rows = Math.round(frames.height / spec.height);
    places = spec.places;
    paint(frames, Math.floor(number / rows) * spec.width, (number % rows) * spec.height, spec.width, spec.height,
      spec.texts[number]);
  }

  function move(values) {
    moves += 1;
    for (const [name, value] of Object.entries(values)) controls[name].value = value;
    painter?.fit(controls, Object.keys(values));
    unfitted ||= !painter && alive() && Object.keys(values).some((name) => spec.adapt.includes(name));
    alert.textContent = "";
    show();
  }

  /** One question at a time: when its answer comes and others have been chosen meanwhile, the last is asked. */
  async function ask() {
    if (asking || !alive()) return;
    asking = true;
    slow = setTimeout(() => { note.textContent = "The kernel is drawing …"; }, 400);
    for (let asked = -1; asked !== moves && place() < 0;) {
      asked = moves;
      const values = Object.fromEntries(names.map((name) => [name, controls[name].value]));
      const reply = await kernels.get(spec.key)(values);
      const bitmap = reply.picture && await createImageBitmap(new Blob([reply.picture]));
      if (asked !== moves) continue;
      controls = reply.controls;
      unfitted = false;
      alert.textContent = reply.problem;
      for (const name of names) handles[name].show(controls[name]);
      if (!bitmap) break;
      places = reply.places;
      paint(bitmap, 0, 0, bitmap.width, bitmap.height, reply.text);
    }
    asking = false;
    clearTimeout(slow);
    settle();
  }

  /** What can be moved now: all of it with a kernel, else what the sheet holds. */
  function settle() {
    const lost = alive() ? [] : fixed(), nothing = lost.length === names.length;
    for (const name of names) handles[name].enable(!lost.includes(name));
    const what = nothing ? "anything" : lost.join(" or ");
    note.textContent = lost.length ? `To choose ${what}, run this cell in Jupyter.` : "";
    panel.hidden = canvas.hidden = nothing;
    fallback.hidden = !nothing;
  }

  root.caeHears = (key) => { // that a kernel answers from now on, or no longer does
    if (key !== spec.key) return;
    const lost = alive() ? [] : names.filter((name) => refitted(name) || !spec.embed.includes(name));
    for (const name of lost) controls[name] = structuredClone(beginning[name]);
    asking = unfitted = false;
    clearTimeout(slow);
    settle();
    show();
  };

  /** Choose the place of the map that is pointed at. */
  function point(event) {
    const box = canvas.getBoundingClientRect(), [left, top, right, bottom, rows, columns] = places;
    const x = ((event.clientX - box.left) / box.width - left) / (right - left);
    const y = ((event.clientY - box.top) / box.height - top) / (bottom - top);
    if (!places.length || !alive() || x < 0 || x >= 1 || y < 0 || y >= 1) return;
    const [row, column] = spec.click; // a map of one row has no control for it
    move({ ...(row && { [row]: Math.floor(y * rows) }), [column]: Math.floor(x * columns) });
  }
  canvas.addEventListener("click", point);
  if (painter) canvas.addEventListener("pointermove", point);
  root.addEventListener("pointerenter", settle); // what a kernel said while this was not in the page
  if (painter) canvas.classList.add("places", "computed");
  settle();
  show();
  if (!painter) load();
}

/** Show every view of the page that is not shown yet; one that needs another script waits for it. */
function start() {
  for (const root of document.querySelectorAll(".cae-view")) {
    const data = root.querySelector("script[type='application/json']");
    const spec = data && !root.shadowRoot && JSON.parse(data.textContent);
    if (spec && (!spec.painter || spec.painter in painters)) render(root, spec);
  }
}

/** The widget of a live kernel: it is not displayed, but answers the output that has its key. */
function initialize({ model }) {
  const waiting = new Map();
  let asked = 0;
  const ask = async (values) => {
    const file = Object.values(values).find((value) => value instanceof File), content = await file?.arrayBuffer();
    for (const [name, value] of Object.entries(values)) if (value === file && file) values[name] = file.name;
    const number = ++asked, reply = new Promise((answered) => waiting.set(number, answered));
    model.send({ number, values }, {}, content ? [content] : []);
    // The server holds the picture back until the browser acknowledges what came before it, which it does 40
    // milliseconds later, or with the next thing that it sends.
    setTimeout(() => model.send({}), 5);
    return reply;
  };
  const begin = () => {
    if (!model.get("key")) return;
    kernels.set(model.get("key"), ask);
    tell(model.get("key"));
  };
  const end = () => {
    if (kernels.get(model.get("key")) !== ask) return;
    kernels.delete(model.get("key"));
    tell(model.get("key"));
  };
  model.on("msg:custom", (reply, [picture]) => {
    waiting.get(reply.number)?.({ ...reply, picture });
    waiting.delete(reply.number);
  });
  model.on("change:key", begin);
  model.on("comm_live_update", end); // the kernel has ended or was started again
  begin();
  return end;
}

/** In Colab the widget itself is displayed. */
function display({ model, el }) {
  render(el.appendChild(element("div", { class: "cae-view" })), model.get("spec"));
}

export default { initialize, render: display };
