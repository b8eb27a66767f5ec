"use strict";
// The live chart of one box: points come by server-sent events (hub.js has opened the stream).
(() => {
  const place = document.getElementById("chart"), says = document.getElementById("chart-says");
  const stream = window.campboxEvents;
  if (!place || !stream || !window.uPlot) return;
  const WINDOW = 600, GAP = 20; // seconds
  const data = [[], [], []];
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const rate = (bits) => bits == null ? "–" : bits >= 1e6 ? (bits / 1e6).toFixed(1) + " Mbit/s" : (bits / 1e3).toFixed(0) + " kbit/s";
  const clock = (at) => new Date(at * 1000).toTimeString().slice(0, at % 60 ? 8 : 5);
  const axis = () => ({ stroke: css("--soft"), grid: { stroke: css("--rule"), width: 1 }, ticks: { show: false } });
  let chart = null;

  function draw() {
    if (chart) chart.destroy();
    chart = new uPlot({
      width: place.clientWidth, height: 200,
      legend: { show: false }, cursor: { y: false, drag: { x: false } },
      scales: { x: { range: () => [Date.now() / 1000 - WINDOW, Date.now() / 1000] }, y: { range: (_, __, top) => [0, Math.max(top || 0, 1e5) * 1.1] } },
      axes: [{ ...axis(), space: 70, size: 28, values: (_, ticks) => ticks.map(clock) }, { ...axis(), size: 84, values: (_, ticks) => ticks.map(rate) }],
      series: [{}, { label: "down", stroke: css("--accent"), width: 2, points: { show: false } },
        { label: "up", stroke: css("--soon"), width: 1.5, dash: [5, 4], points: { show: false } }],
    }, data, place);
  }

  function add(points) {
    for (const [at, down, up] of points) {
      if (data[0].length && at <= data[0][data[0].length - 1]) continue;
      const last = data[0][data[0].length - 1];
      if (last && at - last > GAP) { data[0].push(last + 1); data[1].push(null); data[2].push(null); } // nobody looked: no line
      data[0].push(at); data[1].push(down); data[2].push(up);
    }
    while (data[0].length && data[0][0] < Date.now() / 1000 - WINDOW) data.forEach((column) => column.shift());
    chart.setData(data);
    const end = data[0].length - 1;
    says.textContent = end < 0 ? "Waiting for the box to measure live …"
      : `Now ${rate(data[1][end])} down (line), ${rate(data[2][end])} up (dashed)`;
  }

  draw();
  add([]);
  let who = "hub"; // "refused" comes before the stream ends, and "error" when it has
  stream.addEventListener("refused", () => { who = "hub's store"; });
  stream.addEventListener("points", (event) => { who = "hub"; add(JSON.parse(event.data)); });
  stream.addEventListener("error", () => { says.textContent = `The ${who} does not answer; trying again …`; });
  setInterval(() => chart.setData(data), 1000); // time moves on without points
  addEventListener("resize", () => chart.setSize({ width: place.clientWidth, height: 200 }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
