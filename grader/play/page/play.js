// The page draws and asks; every number in it was computed by the kit's Python. No library, no build step, nothing from any other address.

const WORDS = {
  en: {
    other: "中文", skip: "To the content", question: "The question", tries: "tries", minutes: "minutes", best: "best so far", record: "Try it",
    best_back: "Back to the best", again: "Start over", numbers: "The numbers", predict: "Write it down", writing: "A prediction is made once and stays as it is. Being wrong costs nothing; being right earns nothing.",
    you: "you", machine: "the machine", none: "no machine can say; an argument must", locked: "Opens once your prediction is written down.", play: "Let my own code play",
    made: "Written down in {file}.", run: "Play", pause: "Pause", back: "Back", next: "Next", step: "step", gone: "The kit has ended. Everything recorded is kept. Start it again: grade play {name}",
    stale: "This address is no longer valid. Use the one in the terminal.", lost: "Not recorded: ", nth: "Try {n}.", foot: "Every try is one line of {file}, in the homework's folder. This page talks to this machine only.", knob: "knob",
    missing: "Please answer every question.", waiting: "Checking your code, then it plays...", replay: "Play it again", fill: "Fill in every field with a number.", nudge: "Arrow keys move it, with Shift further.", wins: "your own code", open: "Now your own code may play:", number: "no.",
  },
  zh: {
    other: "English", skip: "跳到正文", question: "问题", tries: "次尝试", minutes: "分钟", best: "目前最好", record: "试一次",
    best_back: "回到最好的一次", again: "重新开始", numbers: "看数字", predict: "写下来", writing: "预测只做一次，写下就不改。猜错不扣分，猜对也不加分。",
    you: "你", machine: "机器", none: "机器答不了，要靠道理", locked: "写下预测之后打开。", play: "让我自己的代码上场",
    made: "已写进 {file}。", run: "播放", pause: "暂停", back: "后退", next: "前进", step: "第几步", gone: "评分工具已经退出。记下的都在。重新启动：grade play {name}",
    stale: "这个地址已失效，请用终端里显示的地址。", lost: "没有记下：", nth: "第 {n} 次。", foot: "每次尝试都是作业文件夹里 {file} 的一行。本页只和这台电脑通信。", knob: "旋钮",
    missing: "请回答每一个问题。", waiting: "先检查你的代码，再让它上场……", replay: "再放一遍", fill: "每一格都请填一个数。", nudge: "方向键移动，按住 Shift 走得更远。", wins: "你自己的代码", open: "现在你自己的代码可以上场了：", number: "序号",
  },
};
const SHAPES = ["circle", "square", "triangle", "diamond", "circle"];
const DASHES = ["", "8 4", "2 4", "10 3 2 3", ""];
const still = matchMedia("(prefers-reduced-motion: reduce)");

let page, state, lang;
const panels = new Map(); // id -> what this tab knows of a panel
window.frames_drawn = 0; // read by the speed test

// --- small things ---------------------------------------------------------------------------------------------------

const say = (key, filled = {}) => WORDS[lang][key].replace(/\{(\w+)\}/g, (_, name) => filled[name] ?? "");
const pick = (text) => (text && typeof text === "object" ? text[lang] ?? text.en : text ?? "");
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list" && name !== "form") node[name] = value;
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null && child !== false));
  return node;
}
function draw(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
function figure(value, digits) {
  if (typeof value !== "number") return pick(value);
  if (digits != null) return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/^-(?=[0.]+$)/, "");
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}
function announce(text) { document.getElementById("live").textContent = text; }
function banner(text) {
  const place = document.getElementById("banner");
  place.hidden = !text;
  if (place.textContent !== text) place.textContent = text;
}
async function ask(name, body) {
  let reply;
  try {
    reply = await fetch(name, body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    banner(say("gone", { name: page ? page.name : "" }));
    throw { gone: true, en: WORDS.en.gone.replace("{name}", page ? page.name : ""), zh: WORDS.zh.gone.replace("{name}", page ? page.name : "") };
  }
  const answer = await reply.json();
  if (reply.ok) { banner(""); return answer; }
  if (reply.status === 403) banner(say("stale"));
  throw answer.error;
}

// --- what she has set, as the input of a try -----------------------------------------------------------------------------

const key = (control) => (control.in ? `${control.in}-${control.id}` : control.id); // a slider `a` and an answer for `a` are two things
function input(me) {
  if (me.panel.form === "list") return me.panel.controls.map((control) => me.values[key(control)]);
  const made = { ...me.panel.fixed };
  for (const control of me.panel.controls) {
    if (control.in) (made[control.in] ??= {})[control.id] = me.values[key(control)];
    else made[control.id] = me.values[key(control)];
  }
  return made;
}
function adopt(me, given) { // the other way round: an input from the log back into the controls
  if (given == null) return;
  me.panel.controls.forEach((control, place) => {
    const value = Array.isArray(given) ? given[place] : control.in ? given[control.in]?.[control.id] : given[control.id];
    if (value !== undefined && !(control.options && !control.options.some((one) => (one.id ?? one) === value))) me.values[key(control)] = value;
  });
}
const starts = (me) => { for (const control of me.panel.controls) me.values[key(control)] = control.start ?? null; };

// --- asking: the newest picture wins, a try is never dropped -------------------------------------------------------------

async function look(me) {
  if (me.looking) { me.stale = true; return; }
  me.looking = true;
  do {
    me.stale = false;
    try { me.view = (await ask("look", { panel: me.panel.id, input: input(me) })).view; me.error = null; } catch (error) { me.error = error; }
    await new Promise((painted) => requestAnimationFrame(painted));
    show(me);
    window.frames_drawn += 1;
  } while (me.stale);
  me.looking = false;
}
async function record(me) {
  clearTimeout(me.later);
  me.later = null;
  const given = input(me);
  if (me.panel.controls.some((control) => me.values[key(control)] == null)) {
    me.error = { en: WORDS.en.fill, zh: WORDS.zh.fill };
    show(me);
    announce(pick(me.error));
    return;
  }
  try {
    const answer = await ask("try", { panel: me.panel.id, input: given });
    me.error = null;
    me.view = answer.view;
    me.view.fresh = true;
    update(answer.state);
    const mine = state.panels[me.panel.id];
    const told = (me.view.values ?? []).map((value) => `${pick(value.label)} ${figure(value.value, value.digits)}`).join(", ");
    announce(`${say("nth", { n: mine.tries })} ${told}${mine.best != null ? `, ${say("best")} ${figure(mine.best)}` : ""}`);
  } catch (error) {
    me.error = { en: WORDS.en.lost + error.en, zh: WORDS.zh.lost + error.zh };
    announce(pick(me.error));
  }
  show(me);
}
function settle(me, keyboard) { // a knob was let go; with the keyboard every press lets go, so wait for the last one
  clearTimeout(me.later);
  if (keyboard) me.later = setTimeout(() => record(me), 700);
  else record(me);
}
function update(fresh) {
  const opened = !state?.prediction && fresh.prediction;
  state = fresh;
  if (opened) build();
  else for (const me of panels.values()) standing(me);
}
async function refresh() { // another tab, an editor or a killed kit may have changed things
  if (document.visibilityState !== "visible" || !page) return;
  try {
    const fresh = await ask("state");
    if (JSON.stringify(fresh) !== JSON.stringify(state)) update(fresh);
  } catch { /* the banner says it */ }
}

// --- controls ----------------------------------------------------------------------------------------------------------------

const round = (value) => Number(value.toPrecision(3));
function slider(me, control) {
  const log = control.log, low = log ? Math.log10(control.min) : control.min, high = log ? Math.log10(control.max) : control.max;
  const out = make("output", {}), id = `${me.panel.id}-${key(control)}`;
  const bar = make("input", { type: "range", id, min: low, max: high, step: log ? (high - low) / 200 : control.step });
  let shown;
  const set = () => {
    const value = me.values[key(control)] ?? control.start;
    const place = log ? Math.log10(value) : value;
    if (Math.abs(bar.valueAsNumber - place) > 1e-9) bar.value = place;
    if (shown === value) return; // 40 of 41 knobs stand still: leave them alone
    shown = value;
    out.textContent = figure(value, log ? null : control.digits ?? 2);
    bar.setAttribute("aria-valuetext", out.textContent);
  };
  let keyboard = false;
  bar.addEventListener("keydown", () => { keyboard = true; });
  bar.addEventListener("pointerdown", () => { keyboard = false; });
  bar.addEventListener("input", () => {
    me.values[key(control)] = log ? round(10 ** bar.valueAsNumber) : Number(bar.valueAsNumber.toFixed(6));
    set();
    stop(me);
    if (me.later) settle(me, true);
    if (me.panel.live !== false) look(me);
  });
  if (me.panel.record === "release") bar.addEventListener("change", () => settle(me, keyboard));
  me.setters.push(set);
  return make("div", { className: "knob" }, make("label", { htmlFor: id }, pick(control.label)), out, bar);
}
function choice(me, control) {
  const name = `${me.panel.id}-${key(control)}`;
  const buttons = control.options.map((option) => {
    const value = typeof option === "object" ? option.id : option;
    const radio = make("input", { type: "radio", name, value: String(value) });
    radio.addEventListener("change", () => { me.values[key(control)] = value; if (me.panel.live !== false) look(me); });
    me.setters.push(() => { radio.checked = me.values[key(control)] === value; });
    return make("label", {}, radio, typeof option === "object" ? pick(option) : String(option));
  });
  return make("fieldset", {}, make("legend", {}, pick(control.label)), make("div", { className: "choices" }, ...buttons));
}
function number(me, control, label) {
  const id = `${me.panel.id}-${key(control)}`;
  const box = make("input", { type: "number", id, step: "any", inputMode: "decimal", "aria-label": label });
  box.addEventListener("input", () => { me.values[key(control)] = box.value === "" || !Number.isFinite(box.valueAsNumber) ? null : box.valueAsNumber; });
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") record(me); });
  me.setters.push(() => {
    const value = me.values[key(control)];
    if (document.activeElement !== box) box.value = value ?? "";
  });
  return label ? box : make("div", { className: "field" }, make("label", { htmlFor: id }, pick(control.label)), box);
}
function controls(me) {
  const groups = new Map();
  for (const control of me.panel.controls) {
    if (control.type === "point" || (control.type === "number" && control.node)) continue;
    const made = { slider, choice, number }[control.type](me, control);
    const group = control.group ? pick(control.group) : "";
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(made);
  }
  return [...groups].flatMap(([name, made]) => {
    const box = make("div", { className: "knobs" }, ...made);
    if (made[0].tagName === "FIELDSET" || made.length === 1) box.className = "";
    return name.trim() ? [make("div", { role: "group", "aria-label": name }, make("h3", {}, name), box)] : [box];
  });
}

// --- a panel -----------------------------------------------------------------------------------------------------------------

function section(me) {
  const panel = me.panel;
  me.setters = [];
  me.parts = {};
  const part = (name, tag, attributes) => (me.parts[name] = make(tag, attributes));
  if (panel.after === "question" && !state.prediction) {
    return make("section", { id: panel.id, className: "locked" }, make("h2", {}, pick(panel.title)), make("p", {}, say("locked")));
  }
  const numbered = make("div", { className: "row" }, part("values", "dl", { className: "numbers" }), part("standing", "dl", { className: "numbers small" }));
  const picture = make("div", { className: panel.live === false ? "picture late" : panel.graph || panel.pad ? "picture" : "picture sticky" }, numbered, part("stage", "div", {}), part("charts", "div", {}));
  const logged = make("div", { className: "log" }, part("history", "div", {}), part("table", "div", { className: "scroll" }));
  const acts = make("div", { className: "row" });
  if (panel.record === "button") acts.append(make("button", { type: "button", onclick: () => record(me), className: "try" }, pick(panel.button) || say("record")));
  if (panel.best) acts.append(make("button", { type: "button", className: "quiet back", onclick: () => { adopt(me, state.panels[panel.id].best_input); reset(me); } }, say("best_back")));
  if (panel.record === "release") acts.append(make("button", { type: "button", className: "quiet", onclick: () => { starts(me); reset(me); } }, say("again")));
  const left = make("div", {}, ...controls(me), acts, part("error", "div", { className: "error" }));
  const wide = Boolean(panel.graph || (panel.pad && !panel.kind && !panel.beside)), under = !wide && (panel.record !== "release" || panel.pad); // few controls: the log stands below them
  if (under) left.append(logged);
  const made = make("section", { id: panel.id }, make("h2", {}, pick(panel.title)), ...paragraphs(panel.text), part("machine", "div", { className: "machine" }),
    make("div", { className: wide ? "columns wide" : "columns" }, left, make("div", { className: "side" }, picture, under ? null : logged)));
  stage(me);
  return made;
}
const paragraphs = (text) => (pick(text) ? pick(text).split("\n").map((line) => make("p", {}, line)) : []);
function reset(me) { stop(me); for (const set of me.setters) set(); look(me); }

function show(me) { // everything that a new view changes
  if (!me.parts?.values) return;
  const view = me.view ?? {};
  for (const set of me.setters) set();
  me.parts.error.textContent = me.error ? pick(me.error) : "";
  numbers(me.parts.values, (view.values ?? []).map((value) => [pick(value.label), figure(value.value, value.digits), value.main, value.reached]));
  charts(me, view);
  stageView(me, view);
}
function numbers(place, rows) {
  if (place.children.length !== rows.length) place.replaceChildren(...rows.map(() => make("div", {}, make("dt", {}), make("dd", {}))));
  rows.forEach(([label, value, main, reached], at) => {
    const box = place.children[at];
    box.className = `${main ? "main" : ""} ${reached ? "reached" : ""}`;
    box.children[0].textContent = label;
    box.children[1].textContent = value + (reached ? " ✓" : "");
  });
}
function standing(me) { // what the log says
  if (!me.parts?.standing) return;
  const mine = state.panels[me.panel.id], rows = [];
  if (me.panel.kind) rows.push([say("tries"), String(mine.tries) + (me.panel.tries ? ` / ${me.panel.tries}` : "")], [say("minutes"), mine.minutes.toFixed(1)]);
  if (mine.best != null) rows.push([`${say("best")}: ${pick(me.panel.best.label)}`, figure(mine.best, me.panel.best.digits)]);
  numbers(me.parts.standing, rows);
  const history = me.played?.history ?? mine.history;
  me.historyChart ??= new Chart();
  if (history && history.series.some((series) => series.points.length)) {
    if (!me.historyChart.node.isConnected) me.parts.history.replaceChildren(me.historyChart.node);
    me.historyChart.set(history);
  }
  if (mine.table?.length) {
    const head = make("tr", {}, make("th", {}, say("number")), ...me.panel.table.map((column) => make("th", { scope: "col" }, pick(column.label))));
    const rows = mine.table.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, Number.isInteger(cell) && Math.abs(cell) < 1e6 ? String(cell) : figure(cell)))));
    me.parts.table.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  }
  const back = me.parts.values.closest("section").querySelector(".back");
  if (back) back.disabled = mine.best == null;
}
function charts(me, view) {
  const wanted = view.charts ?? [];
  me.charts ??= [];
  if (me.charts.length !== wanted.length || !me.charts[0]?.node.isConnected) {
    me.charts = wanted.map((chart) => (chart.waffle ? new Waffle() : new Chart()));
    me.parts.charts.replaceChildren(...me.charts.map((chart) => chart.node));
  }
  wanted.forEach((chart, at) => me.charts[at].set(chart));
  const moving = me.charts.filter((chart) => chart.wanted?.reveal);
  if (moving.length && view.fresh) reveal(me, moving);
  view.fresh = false;
}
function reveal(me, moving) { // a race: all the charts of a view run on one clock
  cancelAnimationFrame(me.running);
  const again = () => { me.view.fresh = true; charts(me, me.view); };
  if (!me.parts.charts.querySelector(".replay")) {
    me.parts.charts.append(make("div", { className: "row" }, make("button", { type: "button", className: "quiet replay", onclick: again }, say("replay"))));
  }
  const seconds = Math.max(...moving.map((chart) => chart.wanted.reveal));
  if (still.matches) return;
  const began = performance.now();
  const tick = (now) => {
    const share = Math.min(1, Math.max(0, (now - began) / 1000 / seconds));
    for (const chart of moving) { chart.share = share; chart.paint(); }
    if (share < 1) me.running = requestAnimationFrame(tick);
  };
  me.running = requestAnimationFrame(tick);
}

// --- charts ------------------------------------------------------------------------------------------------------------------

function ticks(low, high, log, whole) {
  if (log) {
    const found = [];
    for (let ten = Math.floor(Math.log10(low)); ten <= Math.ceil(Math.log10(high)); ten++) {
      for (const step of high / low < 50 ? [1, 2, 5] : [1]) found.push(step * 10 ** ten);
    }
    const inside = found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
    const every = Math.ceil(inside.length / 7);
    return inside.filter((_, place) => place % every === 0);
  }
  const rough = (high - low) / 5, ten = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((part) => part * ten).find((part) => part >= rough);
  if (whole) step = Math.max(1, step);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) found.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return found;
}
function marker(shape, x, y, size, name) {
  const put = { class: name };
  if (shape === "square") return draw("rect", { ...put, x: x - size, y: y - size, width: 2 * size, height: 2 * size });
  if (shape === "triangle") return draw("path", { ...put, d: `M${x} ${y - size * 1.2}L${x + size * 1.2} ${y + size}H${x - size * 1.2}Z` });
  if (shape === "diamond") return draw("path", { ...put, d: `M${x} ${y - size * 1.4}L${x + size * 1.4} ${y}L${x} ${y + size * 1.4}L${x - size * 1.4} ${y}Z` });
  return draw("circle", { ...put, cx: x, cy: y, r: size });
}
class Chart {
  constructor() {
    this.svg = draw("svg", { role: "img" });
    this.caption = make("figcaption", {});
    this.legend = make("ul", { className: "legend" });
    this.table = make("div", { className: "scroll" });
    this.details = make("details", { className: "data", ontoggle: () => this.rows() }, make("summary", {}, say("numbers")), this.table);
    this.node = make("figure", {}, this.caption, this.svg, this.legend, this.details);
    this.share = 1;
    new ResizeObserver(() => { // asked here and kept: asking while drawing would lay the page out twice a frame
      const width = this.svg.clientWidth;
      if (width && width !== this.width) { this.width = width; if (this.wanted) this.paint(); }
    }).observe(this.node);
  }
  set(wanted) {
    this.wanted = wanted;
    this.share = 1;
    this.caption.textContent = pick(wanted.title);
    const named = wanted.series.filter((series) => series.name && series.points.length);
    const drawn = named.map((series) => pick(series.name) + series.tone + series.as).join("|");
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.legend.replaceChildren(...named.map((series) => make("li", {}, swatch(series), pick(series.name))));
    }
    this.svg.setAttribute("aria-label", `${pick(wanted.title)}. ` + named.map((series) => {
      const last = series.points[series.points.length - 1];
      return `${pick(series.name)}: ${series.points.length > 1 && series.as === "line" ? figure(series.points[0][1]) + " → " : ""}${figure(last[1])}`;
    }).join("; "));
    this.rows();
    this.paint();
  }
  rows() {
    if (!this.details.open || !this.wanted) return;
    const rows = this.wanted.series.filter((series) => series.name).flatMap((series) => series.points.slice(-60).map((point) =>
      make("tr", {}, make("th", { scope: "row" }, pick(series.name)), make("td", {}, figure(point[0])), make("td", {}, figure(point[1])))));
    this.table.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, make("th", {}), make("th", {}, pick(this.wanted.xlabel) || "x"), make("th", {}, pick(this.wanted.ylabel) || "y"))), make("tbody", {}, ...rows)));
  }
  range(axis, at) {
    const { wanted } = this, log = (wanted.log ?? "").includes(axis);
    const all = wanted.series.flatMap((series) => series.points.flatMap((point) => (series.as === "segments" ? [point[at], point[at + 2]] : [point[at]])));
    for (const guide of wanted.guides ?? []) if (guide[axis] != null) all.push(guide[axis]);
    const fit = all.filter((value) => Number.isFinite(value) && (!log || value > 0));
    let low = wanted[`${axis}min`] ?? Math.min(...(fit.length ? fit : [log ? 1 : 0])), high = wanted[`${axis}max`] ?? Math.max(...(fit.length ? fit : [1]));
    if (low === high) { low = log ? low / 2 : low - 0.5; high = log ? high * 2 : high + 0.5; }
    if (axis === "y" && wanted.ymin == null && !log) low -= (high - low) * 0.05;
    if (axis === "y" && wanted.ymax == null) high = log ? high * 1.3 : high + (high - low) * 0.07;
    return { low, high, log, put: log ? (value) => (Math.log(Math.max(value, low)) - Math.log(low)) / (Math.log(high) - Math.log(low)) : (value) => (value - low) / (high - low) };
  }
  paint() {
    const { wanted } = this, width = this.width ?? 420, height = Math.round(Math.min(270, Math.max(170, width * 0.52)));
    const left = 50, right = 12, top = 8, bottom = wanted.xlabel ? 36 : 22;
    const xs = this.range("x", 0), ys = this.range("y", 1);
    const X = (value) => left + (width - left - right) * xs.put(value), Y = (value) => height - bottom - (height - top - bottom) * Math.min(1.02, Math.max(-0.02, ys.put(value)));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    const parts = [];
    for (const value of ticks(ys.low, ys.high, ys.log)) parts.push(draw("line", { class: "grid", x1: left, x2: width - right, y1: Y(value), y2: Y(value) }), text(left - 6, Y(value) + 4, short(value), "end"));
    for (const value of ticks(xs.low, xs.high, xs.log, wanted.whole)) parts.push(text(X(value), height - bottom + 16, short(value), "middle"));
    parts.push(draw("line", { class: "axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }));
    for (const guide of wanted.guides ?? []) {
      if (guide.y != null) parts.push(draw("line", { class: "guide", x1: left, x2: width - right, y1: Y(guide.y), y2: Y(guide.y) }), text(width - right, Y(guide.y) - 4, pick(guide.name), "end"));
      else parts.push(draw("line", { class: "guide", y1: top, y2: height - bottom, x1: X(guide.x), x2: X(guide.x) }));
    }
    if (wanted.xlabel) parts.push(text((left + width - right) / 2, height - 3, pick(wanted.xlabel), "middle"));
    for (const series of wanted.series) parts.push(...this.lines(series, X, Y, height - bottom));
    this.svg.replaceChildren(...parts);
  }
  lines(series, X, Y, floor) {
    const tone = series.tone ?? 0, shape = series.shape ?? SHAPES[tone], points = series.points, size = series.size ?? 4;
    if (!points.length) return [];
    const shown = series.static ? points.length : Math.max(1, Math.round(points.length * this.share));
    const name = `tone${tone} `;
    if (series.as === "segments") return points.map(([x, y, u, v]) => draw("line", { class: name + "thin", x1: X(x), y1: Y(y), x2: X(u), y2: Y(v) }));
    if (series.as === "mover") {
      const [x, y] = points[shown - 1];
      return [marker(shape, X(x), Y(y), 8, name + "solid")];
    }
    if (series.as === "bars") return points.slice(0, shown).map(([x, y]) => draw("rect", { class: name + "solid", x: X(x) - 9, width: 18, y: Y(y), height: Math.max(0, floor - Y(y)) }));
    const made = [];
    if (series.as !== "dots" && series.as !== "hollow") made.push(draw("path", { class: name + "stroke", "stroke-dasharray": series.dash ?? DASHES[tone], d: "M" + points.slice(0, shown).map(([x, y]) => `${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join("L") }));
    if (series.as !== "line") {
      for (const [x, y, mark] of points.slice(0, shown)) {
        made.push(marker(shape, X(x), Y(y), size, name + (series.as === "hollow" ? "hollow" : "solid")));
        if (mark) made.push(text(X(x) + size + 4, Y(y) + 4, pick(mark), "start", "mark"));
      }
    }
    return made;
  }
}
const text = (x, y, words, anchor, name) => { const node = draw("text", { x, y, "text-anchor": anchor, class: name }); node.textContent = words; return node; };
function short(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${Number((value / 1e9).toPrecision(3))}G`;
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(6)));
}
function swatch(series) {
  const tone = series.tone ?? 0, name = `tone${tone} `, svg = draw("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" });
  if (!["dots", "hollow", "mover", "bars"].includes(series.as)) svg.append(draw("path", { class: name + (series.as === "segments" ? "thin" : "stroke"), "stroke-dasharray": series.dash ?? DASHES[tone], d: "M0 6H26" }));
  if (!["line", "segments"].includes(series.as)) svg.append(marker(series.as === "bars" ? "square" : series.shape ?? SHAPES[tone], 13, 6, 4, name + (series.as === "hollow" ? "hollow" : "solid")));
  return svg;
}
class Waffle { // a table's cells as squares: on or off
  constructor() {
    this.caption = make("figcaption", {});
    this.svg = draw("svg", { role: "img" });
    this.node = make("figure", {}, this.caption, make("div", { className: "waffle" }, this.svg));
  }
  set(wanted) {
    this.wanted = wanted;
    const { rows, columns, bits } = wanted.waffle;
    this.caption.textContent = pick(wanted.title);
    this.svg.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
    this.svg.setAttribute("aria-label", pick(wanted.alt ?? wanted.title));
    const cells = { 0: "", 1: "" };
    for (let at = 0; at < bits.length; at++) cells[bits[at]] += `M${at % columns} ${Math.floor(at / columns)}h.86v.86h-.86z`;
    this.svg.replaceChildren(draw("path", { class: "cell-off", d: cells[0] }), draw("path", { class: "cell-on", d: cells[1] }));
  }
  paint() {}
}

// --- a drawn graph, and a map of points ----------------------------------------------------------------------------------

function stage(me) {
  me.nodes = new Map();
  me.edges = new Map();
  me.points = new Map();
  if (me.panel.graph) graph(me);
  if (me.panel.pad) pad(me);
}
function graph(me) {
  const { nodes, edges } = me.panel.graph, svg = draw("svg", { "aria-hidden": "true" }), box = make("div", { className: "graph" }, svg);
  const place = Object.fromEntries(nodes.map((node) => [node.id, node]));
  const spread = (share, least) => `${least + share * (100 - 2 * least)}%`;
  for (const node of nodes) {
    const control = me.panel.controls.find((one) => one.node === node.id);
    const value = make("b", {}), blame = make("span", { className: "blame" });
    const name = make("div", {}, make("span", {}, `${pick(node.label)} `), value);
    const made = make("div", { className: "node" }, name, blame, control ? number(me, control, pick(control.label)) : null);
    made.style.left = spread(node.x, 10);
    made.style.top = spread(node.y, 14);
    me.nodes.set(node.id, { made, value, blame });
    box.append(made);
  }
  for (const { from, to, bend } of edges) {
    const line = draw("path", { class: "edge" }), words = text(0, 0, "", "middle", "edge-text");
    me.edges.set(`${from}>${to}`, { line, words, from: place[from], to: place[to], bend: bend ?? 0 });
    svg.append(line, words);
  }
  const layout = () => {
    const { clientWidth: width, clientHeight: height } = box, X = (share) => width * (0.1 + share * 0.8), Y = (share) => height * (0.14 + share * 0.72);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    for (const { line, words, from, to, bend } of me.edges.values()) {
      const x = (X(from.x) + X(to.x)) / 2, y = (Y(from.y) + Y(to.y)) / 2 + bend * height;
      line.setAttribute("d", `M${X(from.x)} ${Y(from.y)}Q${x} ${y} ${X(to.x)} ${Y(to.y)}`);
      words.setAttribute("x", x);
      words.setAttribute("y", y - bend * height * 0.5 + 5);
    }
  };
  new ResizeObserver(layout).observe(box);
  me.parts.stage.replaceChildren(box);
}
function pad(me) {
  const { min, max } = me.panel.pad, box = make("div", { className: "pad", role: "group", "aria-label": pick(me.panel.title) });
  for (const control of me.panel.controls.filter((one) => one.type === "point")) {
    const dot = make("button", { type: "button", className: control.kin ? "kin" : "" }, control.id);
    const clamp = (value) => Math.min(max, Math.max(min, Number(value.toFixed(3))));
    const move = (x, y) => { me.values[key(control)] = [clamp(x), clamp(y)]; for (const set of me.setters) set(); look(me); };
    dot.addEventListener("pointerdown", (event) => {
      dot.setPointerCapture(event.pointerId);
      let moved = false;
      const drag = (motion) => {
        const area = box.getBoundingClientRect();
        moved = true;
        const share = (at) => (at - 0.04) / 0.92;
        move(min + share((motion.clientX - area.left) / area.width) * (max - min), max - share((motion.clientY - area.top) / area.height) * (max - min));
      };
      const drop = () => { dot.removeEventListener("pointermove", drag); if (moved) settle(me, false); };
      dot.addEventListener("pointermove", drag);
      dot.addEventListener("pointerup", drop, { once: true });
      dot.addEventListener("pointercancel", drop, { once: true });
    });
    dot.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!way) return;
      event.preventDefault();
      const [x, y] = me.values[key(control)], far = ((max - min) / 100) * (event.shiftKey ? 10 : 2);
      move(x + way[0] * far, y + way[1] * far);
      settle(me, true);
    });
    me.setters.push(() => {
      const [x, y] = me.values[key(control)];
      dot.style.left = `${4 + ((x - min) / (max - min)) * 92}%`;
      dot.style.top = `${96 - ((y - min) / (max - min)) * 92}%`;
      dot.setAttribute("aria-label", `${pick(control.label) || control.id}: ${figure(x)}, ${figure(y)}. ${say("nudge")}`);
    });
    box.append(dot);
  }
  me.parts.stage.replaceChildren(box);
}
function stageView(me, view) {
  for (const [id, { made, value, blame }] of me.nodes) {
    const told = view.nodes?.[id] ?? {};
    value.textContent = told.value != null ? `= ${figure(told.value)}` : "";
    blame.textContent = told.blame != null ? `${pick(told.blame_label) || ""} ${figure(told.blame)}` : "";
    made.classList.toggle("hot", Boolean(told.hot));
  }
  for (const [id, { line, words }] of me.edges) {
    const told = view.edges?.[id] ?? {};
    line.classList.toggle("hot", Boolean(told.hot));
    words.textContent = told.text ?? "";
  }
}

// --- the question, and her own code -----------------------------------------------------------------------------------------

function question() {
  const made = make("section", { id: "the-question" }, make("h2", {}, say("question")));
  if (state.prediction) {
    made.append(make("p", {}, say("made", { file: page.files.prediction })));
    const stages = page.panels.filter((panel) => panel.machine).map((panel) => make("a", { href: `#${panel.id}` }, pick(panel.title)));
    if (stages.length) made.append(make("p", { className: "row" }, say("open"), ...stages));
    for (const one of page.questions) {
      const named = (id) => pick(one.choices.find((choice) => choice.id === id) ?? id);
      made.append(make("h3", {}, pick(one)), make("dl", { className: "numbers" },
        make("div", {}, make("dt", {}, say("you")), make("dd", { className: "mine" }, named(state.prediction.answers[one.id] ?? "-"))),
        make("div", {}, make("dt", {}, say("machine")), make("dd", { className: "truth" }, state.truth[one.id] == null ? say("none") : named(state.truth[one.id])))));
    }
    return made;
  }
  const error = make("div", { className: "error", role: "alert" }), form = make("form", { noValidate: true });
  for (const one of page.questions) {
    const id = `q-${one.id}`, kept = (drafts[one.id] ??= "");
    if (one.choices.length) {
      const radios = one.choices.map((choice) => make("label", {}, make("input", { type: "radio", name: id, value: choice.id, checked: kept === choice.id, onchange: () => { drafts[one.id] = choice.id; } }), pick(choice)));
      form.append(make("fieldset", {}, make("legend", {}, pick(one)), make("div", { className: "choices" }, ...radios)));
    } else {
      form.append(make("fieldset", {}, make("label", { htmlFor: id }, pick(one)), make("textarea", { id, name: id, value: kept, oninput: (event) => { drafts[one.id] = event.target.value; } })));
    }
  }
  form.append(make("p", {}, say("writing")), make("button", { type: "submit" }, say("predict")), error);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (page.questions.some((one) => !drafts[one.id].trim())) { error.textContent = say("missing"); return; }
    try {
      update((await ask("predict", { answers: drafts })).state);
      const place = document.getElementById("the-question");
      place.tabIndex = -1;
      place.focus();
      announce(say("made", { file: page.files.prediction }));
    } catch (problem) { error.textContent = pick(problem); refresh(); }
  });
  made.append(form);
  return made;
}
const drafts = {};

function machine(me) {
  const place = me.parts?.machine;
  if (!place || !me.panel.machine || !state.prediction) return;
  const out = make("div", {}), told = make("p", { className: "why", role: "status" });
  const go = make("button", { type: "button" }, say("play"));
  go.addEventListener("click", async () => {
    go.disabled = true;
    told.textContent = say("waiting");
    try {
      const played = await ask("machine", { panel: me.panel.id });
      told.textContent = played.ready ? "" : pick(played.why);
      if (played.ready) { me.played = played; standing(me); theatre(me, out); }
    } catch (problem) { told.textContent = pick(problem); }
    go.disabled = false;
  });
  place.replaceChildren(make("h3", {}, pick(me.panel.machine.title) || say("wins")), ...paragraphs(me.panel.machine.text), make("div", { className: "row" }, go), told, out);
  if (me.played) theatre(me, out, true);
}
function stop(me) { clearTimeout(me.playing); me.playing = null; me.button?.replaceChildren(say("run")); }
function theatre(me, out, quietly) { // her code's moves, one frame after another, on the same picture
  const { frames, quote } = me.played;
  const words = make("p", { role: "status", className: "frame" }), bar = make("input", { type: "range", min: 0, max: frames.length - 1, step: 1, value: 0, "aria-label": say("step") });
  const at = (place, loud) => {
    me.at = Math.min(frames.length - 1, Math.max(0, place));
    const frame = frames[me.at];
    bar.value = me.at;
    bar.setAttribute("aria-valuetext", pick(frame.say));
    words.textContent = pick(frame.say);
    if (frame.input !== undefined) adopt(me, frame.input);
    me.view = frame.view;
    show(me);
    if (loud) announce(pick(frame.say));
  };
  const pace = me.panel.machine.pace ?? 120;
  const run = () => {
    if (me.at >= frames.length - 1) { stop(me); return; }
    at(me.at + 1);
    me.playing = setTimeout(run, pace);
  };
  const start = () => {
    if (me.playing) { stop(me); return; }
    if (me.at >= frames.length - 1) at(0);
    me.button.replaceChildren(say("pause"));
    me.playing = setTimeout(run, pace);
  };
  me.button = make("button", { type: "button", className: "quiet", onclick: start }, say("run"));
  bar.addEventListener("input", () => { stop(me); at(bar.valueAsNumber); });
  const hop = (by) => () => { stop(me); at(me.at + by, true); };
  out.replaceChildren(...(quote && pick(quote) ? [make("p", { className: "quote" }, pick(quote))] : []),
    make("div", { className: "row" }, make("button", { type: "button", className: "quiet", onclick: hop(-1) }, say("back")), me.button,
      make("button", { type: "button", className: "quiet", onclick: hop(1) }, say("next")), bar), words);
  if (quietly || still.matches) { me.at = frames.length - 1; at(me.at); } else { me.at = 0; at(0); start(); }
}

// --- the whole page ------------------------------------------------------------------------------------------------------------

function build() {
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = pick(page.title);
  document.getElementById("title").textContent = pick(page.title);
  document.querySelector(".skip").textContent = say("skip");
  document.getElementById("foot").textContent = say("foot", { file: page.files.tries });
  const toggle = document.getElementById("lang");
  toggle.textContent = say("other");
  toggle.lang = lang === "zh" ? "en" : "zh-CN";
  toggle.onclick = () => { lang = lang === "zh" ? "en" : "zh"; try { sessionStorage.setItem("lang", lang); } catch { /* private window */ } build(); };
  const main = document.getElementById("main"), links = [], made = [...paragraphs(page.intro)];
  const link = (id, title) => links.push(make("a", { href: `#${id}` }, title));
  let asked = false;
  const question_here = () => { if (!asked && page.questions.length) { asked = true; link("the-question", say("question")); made.push(question()); } };
  for (const me of panels.values()) {
    stop(me);
    me.charts = me.historyChart = null;
    if (me.panel.after === "question" && !(me.panel.beside && state.prediction)) question_here();
    link(me.panel.id, pick(me.panel.title));
    const shown = section(me), place = made.findIndex((one) => one.id && one.id === me.panel.beside);
    if (place < 0 || shown.className === "locked") made.push(shown);
    else made[place] = make("div", { className: "pair" }, made[place], shown);
  }
  question_here();
  document.getElementById("nav").replaceChildren(...links);
  const depth = scrollY;
  main.replaceChildren(...made);
  for (const me of panels.values()) { standing(me); machine(me); if (me.view) show(me); else if (me.parts.values) first(me); }
  scrollTo(0, depth);
}
function first(me) { if (me.panel.live !== false || state.panels[me.panel.id].tries) look(me); else for (const set of me.setters) set(); }

addEventListener("visibilitychange", refresh);
addEventListener("focus", refresh);
setInterval(refresh, 3000);
page = await ask("data");
state = page.state;
lang = page.lang;
try { if (WORDS[sessionStorage.getItem("lang")]) lang = sessionStorage.getItem("lang"); } catch { /* private window */ }
for (const panel of page.panels) {
  const me = { panel, values: {}, setters: [] };
  starts(me);
  adopt(me, state.panels[panel.id].last_input);
  panels.set(panel.id, me);
}
build();
document.body.dataset.ready = "yes";
