// Reverse water-filling, computed in the page: what Gaussian numbers of some variances cost at a common level.

painters.water = ({ variances, levels, peak }) => {
  const sentence = element("p"), whole = element("p");
  const bits = (variance, level) => 0.5 * Math.log2(variance / Math.min(variance, level));
  const mean = (numbers) => numbers.reduce((total, x) => total + x, 0) / numbers.length;
  const point = (set, level) => [mean(set.map((v) => bits(v, level))),
    10 * Math.log10(peak * peak / mean(set.map((v) => Math.min(v, level))))];

  function chosen(controls) {
    const { numbers, number } = controls, level = controls["water level"].value;
    return { name: numbers.labels[numbers.value], set: variances[numbers.labels[numbers.value]], place: level,
      level: levels[level], k: number.value };
  }

  /** Another set may hold fewer numbers. */
  function fit(controls) {
    const { set } = chosen(controls);
    controls.number.labels = set.map((_, k) => String(k));
    controls.number.value = Math.min(controls.number.value, set.length - 1);
  }

  function paint(canvas, pencil, controls) {
    const { name, set, level, place, k } = chosen(controls), sets = Object.values(variances);
    const high = 2 * Math.max(...sets.flat()), low = Math.min(...sets.flat(), ...levels) / 2;
    const tens = [...Array(12).keys()].map((power) => 10 ** (power - 4)).filter((x) => x > low && x < high);
    const [plot, chart] = boxes(canvas, 384, 240), wide = plot[2] / set.length;
    const left = axes(pencil, plot, { low: -0.5, high: set.length - 0.5, ticks: [0, set.length - 1], label: "number" },
      { low, high, log: true, ticks: tens, label: "variance (log)" }, { title: "blue: error, orange: what is sent" });
    left.within(() => set.forEach((variance, each) => {
      const x = left.x(each) - wide / 2, gap = wide > 6 ? 1 : 0;
      const bar = (colour, from, to) => {
        pencil.fillStyle = colour;
        pencil.fillRect(x + gap, left.y(to), wide - 2 * gap, left.y(from) - left.y(to));
      };
      bar(COLOURS[0], low, Math.min(variance, level));
      if (variance > level) bar(COLOURS[1], level, variance);
      if (each === k) dot(Object.assign(pencil, { fillStyle: COLOURS[2] }), [left.x(each), left.y(variance) - 6], 5);
    }));
    Object.assign(pencil, { strokeStyle: COLOURS[0], lineWidth: 2 });
    line(pencil, [[plot[0], left.y(level)], [plot[0] + plot[2], left.y(level)]]);
    const points = levels.map((each) => point(set, each)), [rate, quality] = points[place];
    const every = sets.flatMap((each) => levels.map((theta) => point(each, theta)));
    const most = Math.ceil(Math.max(...every.map(([r]) => r))), best = Math.max(...every.map(([, q]) => q));
    const right = axes(pencil, chart,
      { low: 0, high: most, ticks: [...Array(most + 1).keys()], label: "bits per number" },
      { low: 10, high: 10 * Math.ceil(best / 10), ticks: [20, 30, 40, 50].filter((x) => x <= best + 10), label: "dB" },
      { title: `the limit of ${name}` });
    right.within(() => {
      for (const other of sets) {
        curve(pencil, levels.map((each) => point(other, each)).map(([r, q]) => [right.x(r), right.y(q)]), -1, "#999");
      }
      curve(pencil, points.map(([r, q]) => [right.x(r), right.y(q)]), place, COLOURS[0]);
    });
    const variance = digits(set[k], 3), theta = digits(level);
    const sent = set[k] > level;
    sentence.textContent = sent
      ? `Number ${k}: its variance ${variance} is above the level ${theta}, so R = ½ log₂(${variance} / ${theta}) = `
        + `${digits(bits(set[k], level), 3)} bits, and D = ${theta}.`
      : `Number ${k}: its variance ${variance} is not above the level ${theta}, so it is not sent: R = 0, and `
        + `D = ${variance}.`;
    const count = set.filter((v) => v > level).length;
    whole.textContent = `${count} of ${set.length} are sent: ${digits(rate, 3)} bits per number, `
      + `${quality.toFixed(1)} dB. Point at a bar, or move its number.`;
    return { text: `Reverse water-filling. Numbers: ${name}; water level: ${theta}; number: ${k}. `
      + `${sentence.textContent} ${whole.textContent}`, places: [...shares(canvas, plot), 1, set.length] };
  }
  return { fit, paint, below: [sentence, whole] };
};
