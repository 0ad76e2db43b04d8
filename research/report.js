const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const PAPER_PX = 680;
function palette(isDark) {
  const [text, quiet, rule] = isDark ? ["#e4e8ec", "#98a2ad", "#343b44"] : ["#1b1f24", "#59636e", "#d5dae0"];
  const named = { line: isDark ? "#6ea8fe" : "#2563c9", gain: isDark ? "#56c08a" : "#1a7f4b",
    loss: isDark ? "#ef8376" : "#b3382c", "loss-faint": isDark ? "#ef837633" : "#b3382c22", faint: quiet };
  const series = isDark ? ["#6ea8fe", "#f0b35a", "#56c08a", "#ef8376", "#b79cf0", "#98a2ad"]
    : ["#2563c9", "#c77d14", "#1a7f4b", "#b3382c", "#7a54c7", "#59636e"];
  series.forEach((colour, n) => { named["series-" + n] = colour; });
  named.diverging = [[0, named.loss], [0.5, isDark ? "#262b32" : "#f1f3f5"], [1, named.line]];
  return { text, quiet, rule, named };
}
function coloured(part, named) {
  if (typeof part === "string") return named[part] ?? part;
  if (Array.isArray(part)) return part.map((each) => coloured(each, named));
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key,
    /colou?r|line|marker|connector|increasing|decreasing|totals|shapes/.test(key) ? coloured(value, named) : value]));
}
function draw(isDark, width) {
  const { text, quiet, rule, named } = palette(isDark);
  for (const [id, figure] of Object.entries(figures)) {
    const axis = { gridcolor: rule, linecolor: rule, zerolinecolor: rule, automargin: true, fixedrange: true };
    const given = coloured(figure.layout, named);
    const layout = { ...given, xaxis: { ...axis, ...given.xaxis }, yaxis: { ...axis, ...given.yaxis },
      font: { family: "system-ui, sans-serif", size: 12, color: text }, dragmode: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: given.showlegend ?? false,
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { color: quiet } },
      margin: { l: 8, r: 8, t: given.showlegend ? 32 : 8, b: 8 }, width, autosize: !width };
    Plotly.react(id, figure.traces.map((trace) => coloured(trace, named)), layout,
      { displayModeBar: false, responsive: true });
  }
}
const onScreen = () => draw(dark.matches);
dark.addEventListener("change", onScreen);
addEventListener("beforeprint", () => draw(false, PAPER_PX));
addEventListener("afterprint", onScreen);
onScreen();
