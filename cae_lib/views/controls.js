// The controls of a view as elements of a page.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A control as an element: `show` writes a value into it, `change` is called with each that a reader chooses. */
function handle(name, fact, change) {
  const id = name.replace(/\W/g, "-"), label = element("label", { for: id }, name);
  let input, output = "", play = "", listed = "";
  if (fact.kind === "slider") {
    input = element("input", { type: "range", min: 0, step: 1 });
    output = element("output", { for: id });
    if (fact.play) play = player(name, input, () => change(Number(input.value)));
  } else if (fact.kind === "list") input = element("select");
  else if (fact.kind === "number") {
    input = element("input", { type: "number", step: 0.5, "aria-label": fact.label, title: fact.label });
  } else if (fact.kind === "file") input = element("input", { type: "file", accept: "image/*" });
  else input = element("input", { type: "text", placeholder: fact.label ?? "" });
  input.id = id;
  const value = { slider: () => Number(input.value), list: () => input.selectedIndex,
    number: () => Number(input.value), file: () => input.files[0], text: () => input.value }[fact.kind];
  input.addEventListener(fact.kind === "slider" ? "input" : "change", () => {
    change(value());
    if (fact.kind === "file") input.value = ""; // so that the same file can be chosen again
  });
  const show = (fact) => {
    if (fact.kind === "slider") {
      input.max = fact.labels.length - 1;
      input.value = fact.value;
      output.textContent = fact.labels[fact.value];
      input.setAttribute("aria-valuetext", fact.labels[fact.value]);
    } else if (fact.kind === "list") {
      if (listed !== String(fact.labels)) input.replaceChildren(...fact.labels.map((text) => new Option(text)));
      listed = String(fact.labels);
      input.selectedIndex = fact.value;
    } else if (fact.kind === "number") input.value = fact.value;
  };
  const box = fact.kind === "number" ? input : element("span", { class: "control" }, label, play, input, output);
  const enable = (on) => [input, play].forEach((each) => each && (each.disabled = !on));
  return { box, show, enable, kind: fact.kind };
}

/** A button that moves a slider one place every half a second, from its beginning once it is at its end. */
function player(name, input, moved) {
  const button = element("button", { type: "button", "aria-label": `play: ${name}` }, "Play");
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    button.setAttribute("aria-label", `play: ${name}`);
  };
  const step = (place) => {
    input.value = place;
    moved();
    if (place >= Number(input.max) || !input.isConnected) stop();
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    timer = setInterval(() => step(Number(input.value) + 1), 500);
    button.textContent = "Pause";
    button.setAttribute("aria-label", `pause: ${name}`);
    step(Number(input.value) >= Number(input.max) ? 0 : Number(input.value) + 1);
  });
  input.addEventListener("input", () => timer && stop());
  return button;
}
