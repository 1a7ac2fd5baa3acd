// Gradient descent on a bowl, computed in the page: the loss is (x² + steep · y²) / 2.

painters.descent = ({ steep, start, steps }) => {
  const sentence = element("p");
  const loss = ([x, y]) => (x * x + steep * y * y) / 2;

  function path(rate) {
    const places = [start];
    for (let k = 0; k < steps; k++) {
      const [x, y] = places[k];
      places.push([x - rate * x, y - rate * steep * y]);
    }
    return places;
  }

  /** The arithmetic of one step. */
  function worked(places, rate, k) {
    const [x, y] = places[k], [before, beside] = places[Math.max(k - 1, 0)], slope = steep * beside;
    const said = (name, value, slope, after) => `${name} = ${bracketed(value)} − ${rate} · ${bracketed(slope)} `
      + `= ${digits(after, 4)}`;
    if (k === 0) return `Start: x = ${digits(x, 4)}, y = ${digits(y, 4)}; loss ${digits(loss(places[0]), 4)}.`;
    return `Step ${k}: the slopes are x and ${steep} · y, so ${said("x", before, before, x)}, `
      + `${said("y", beside, slope, y)}; loss ${digits(loss(places[k]), 4)}.`;
  }

  const bracketed = (value) => (value < 0 ? `(${digits(value, 4)})` : digits(value, 4));

  function paint(canvas, pencil, controls) {
    const text = controls["learning rate"].labels[controls["learning rate"].value], rate = Number(text);
    const k = controls.step.value, places = path(rate), losses = places.map(loss);
    const [ground, plot] = boxes(canvas, 370, 255);
    const bowl = axes(pencil, ground, { low: -4.6, high: 2, ticks: [-4, -2, 0, 2], label: "x (flat)" },
      { low: -1.7, high: 1.7, ticks: [-1, 0, 1], label: `y (${steep} times as steep)` }, { title: "path" });
    bowl.within(() => {
      Object.assign(pencil, { strokeStyle: "#999", lineWidth: 1 });
      for (const height of [0.1, 0.5, 1, 2, 4, 8, 12]) {
        const wide = bowl.x(Math.sqrt(2 * height)) - bowl.x(0);
        const high = bowl.y(0) - bowl.y(Math.sqrt(2 * height / steep));
        pencil.beginPath();
        pencil.ellipse(bowl.x(0), bowl.y(0), wide, high, 0, 0, 2 * Math.PI);
        pencil.stroke();
      }
      curve(pencil, places.map(([x, y]) => [bowl.x(x), bowl.y(y)]), k, COLOURS[1]);
    });
    const right = axes(pencil, plot, { low: -0.5, high: steps + 0.5, ticks: [0, 10, 20, 30], label: "step" },
      { low: 1e-5, high: 1e3, log: true, ticks: [1e-4, 0.01, 1, 100], label: "loss (log)" }, { title: "loss" });
    right.within(() => curve(pencil, losses.map((x, step) => [right.x(step), right.y(x)]), k, COLOURS[0]));
    sentence.textContent = `${worked(places, rate, k)} After ${steps} steps the loss is ${digits(losses[steps], 3)}.`;
    return { text: `The path of gradient descent on a bowl. Learning rate: ${text}; step: ${k}. `
      + sentence.textContent, places: [...shares(canvas, plot), 1, steps + 1] };
  }
  return { fit() {}, paint, below: [sentence, element("p", {}, "Point at the loss, or move the step.")] };
};
