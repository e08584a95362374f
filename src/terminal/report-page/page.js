// The page of an HTML report. It reads the report's data out of its own elements and needs no network.
// Everything that a run printed reaches the document as text nodes only.
const data = JSON.parse(document.getElementById('report').textContent);

/** Makes an element: `make('a', {href: '#x'}, 'text', child)`. Texts lose what would reorder or hide others. */
function make(name, properties, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (key === 'class') element.className = value;
    else element[key] = value;
  }
  const shown = children.filter((child) => child !== undefined && child !== '');
  element.append(...shown.map((child) => (typeof child === 'string' ? plain(child) : child)));
  return element;
}

const seconds = (ms) =>
  ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
const bytes = (n) =>
  n < 1024 ? `${n} B` : n < 1024 ** 2 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1024 ** 2).toFixed(1)} MiB`;
const status = (text) => make('span', { class: `status ${text}` }, text.replace('_', ' '));
const label = (run) => run.label;
const passed = (run) => run.status === 'PASSED';
// What failed comes first, and a run that is alone; the others are folded.
const isFirst = (run) => data.runs.length === 1 || !(passed(run) || run.status === 'NOT_STARTED');
const linkTo = (run) => make('a', { href: `#run-${data.runs.indexOf(run)}` }, label(run));

/** A console as bytes with the offset of each line; what is shown of it is decoded when it is shown. */
class Console {
  constructor(content) {
    this.bytes = content;
    const starts = [0];
    for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) starts.push(at + 1);
    if (starts.length > 1 && starts.at(-1) === content.length) starts.pop();
    this.starts = Uint32Array.from(starts);
    this.styles = new Map([[0, '']]);
    this.decoder = new TextDecoder();
  }

  get length() {
    return this.starts.length;
  }

  text(line) {
    const end = line + 1 < this.length ? this.starts[line + 1] - 1 : this.bytes.length;
    const raw = this.decoder.decode(this.bytes.subarray(this.starts[line], Math.min(end, this.starts[line] + 100_000)));
    // A carriage return overwrites what stands before it.
    // Not by a pattern: its time would grow with the square of a run of returns in the line.
    let kept = raw.length;
    while (kept > 0 && '\r\n'.includes(raw[kept - 1])) kept--;
    return raw.slice(raw.lastIndexOf('\r', kept - 1) + 1, kept);
  }

  /** The colours that are on at the start of a line. Every 256th line is remembered. */
  styleAt(line) {
    let known = line - (line % 256);
    while (!this.styles.has(known)) known -= 256;
    let style = this.styles.get(known);
    for (let at = known; at < line; at++) {
      style = spans(this.text(at), style).style;
      if ((at + 1) % 256 === 0) this.styles.set(at + 1, style);
    }
    return style;
  }

  /** The next line from `from` on that holds the text, forwards (1) or backwards (-1), around the end; -1 when none does. */
  find(wanted, from, step) {
    const needle = wanted.toLowerCase();
    const blocks = Math.ceil(this.length / BLOCK);
    const start = (from + this.length) % this.length;
    // The first block comes twice: its other half is searched last.
    for (let count = 0; count <= blocks; count++) {
      const block = (Math.floor(start / BLOCK) + step * count + 2 * blocks) % blocks;
      const lines = this.block(block);
      const own = count === 0 ? start - block * BLOCK : undefined;
      const found = step > 0 ? after(lines, needle, own) : before(lines, needle, own);
      if (found >= 0) return block * BLOCK + found;
    }
    return -1;
  }

  /** The plain text of a block of lines, in lower case. */
  block(number) {
    const last = Math.min((number + 1) * BLOCK, this.length);
    const end = last < this.length ? this.starts[last] : this.bytes.length;
    return plain(this.decoder.decode(this.bytes.subarray(this.starts[number * BLOCK], end))).toLowerCase();
  }
}

/** Lines that are searched at once. */
const BLOCK = 32_768;

/** Where the n-th line of a text begins. */
function lineStart(text, line) {
  let at = 0;
  for (let count = 0; count < line; count++) at = text.indexOf('\n', at) + 1;
  return at;
}

function lineAt(text, at) {
  let line = 0;
  for (let next = text.indexOf('\n'); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) line++;
  return line;
}

function after(text, needle, from = 0) {
  const at = text.indexOf(needle, lineStart(text, from));
  return at < 0 ? -1 : lineAt(text, at);
}

function before(text, needle, from) {
  const end = from === undefined ? text.length : lineStart(text, from + 1) - 1;
  const at = text.slice(0, end < 0 ? text.length : end).lastIndexOf(needle);
  return at < 0 ? -1 : lineAt(text, at);
}

const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this finds.
  /\u001b\[([0-9;:]*)m|\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\-_]?|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const plain = (text) => text.replace(ESCAPES, '');
const PALETTE = [
  'light-dark(#24292f, #7d8590)',
  'light-dark(#c62828, #ff7b72)',
  'light-dark(#1a7f37, #4ac26b)',
  'light-dark(#8a5a00, #e3b341)',
  'light-dark(#0969da, #79b8ff)',
  'light-dark(#8250df, #d2a8ff)',
  'light-dark(#1b7c83, #56d4dd)',
  'light-dark(#6e7781, #d0d7de)',
];
const BRIGHT = [
  'light-dark(#57606a, #9aa3b5)',
  'light-dark(#e5534b, #ffa198)',
  'light-dark(#2da44e, #7ee787)',
  'light-dark(#9a6700, #f2cc60)',
  'light-dark(#218bff, #a5d6ff)',
  'light-dark(#a475f9, #e2c5ff)',
  'light-dark(#3192aa, #b3f0ff)',
  'light-dark(#424a53, #ffffff)',
];

/** A line as parts of text with CSS, and the CSS that the next line begins with. */
function spans(text, before) {
  const parts = [];
  let style = before;
  let at = 0;
  for (const match of text.matchAll(ESCAPES)) {
    if (match.index > at) parts.push([text.slice(at, match.index), style]);
    at = match.index + match[0].length;
    if (match[1] !== undefined) style = styled(style, match[1]);
  }
  if (at < text.length) parts.push([text.slice(at), style]);
  return { parts, style };
}

/** Applies one SGR sequence. The style is kept as CSS: `color:…;background:…;font-weight:…`. */
function styled(before, codes) {
  const style = new Map(
    before
      .split(';')
      .filter(Boolean)
      .map((rule) => rule.split(':')),
  );
  const list = codes.split(/[;:]/).map(Number);
  for (let at = 0; at < list.length; at++) {
    const code = list[at];
    if (code === 0) style.clear();
    else if (code === 1) style.set('font-weight', '700');
    else if (code === 2) style.set('opacity', '0.7');
    else if (code === 3) style.set('font-style', 'italic');
    else if (code === 4) style.set('text-decoration', 'underline');
    else if (code === 22) for (const key of ['font-weight', 'opacity']) style.delete(key);
    else if (code === 23) style.delete('font-style');
    else if (code === 24) style.delete('text-decoration');
    else if (code >= 30 && code <= 37) style.set('color', PALETTE[code - 30]);
    else if (code >= 90 && code <= 97) style.set('color', BRIGHT[code - 90]);
    else if (code >= 40 && code <= 47) style.set('background', PALETTE[code - 40]);
    else if (code >= 100 && code <= 107) style.set('background', BRIGHT[code - 100]);
    else if (code === 39) style.delete('color');
    else if (code === 49) style.delete('background');
    else if (code === 38 || code === 48) {
      const colour =
        list[at + 1] === 5
          ? indexed(list[at + 2] ?? 0)
          : `rgb(${list
              .slice(at + 2, at + 5)
              .map((n) => n & 255)
              .join(' ')})`;
      style.set(code === 38 ? 'color' : 'background', colour);
      at += list[at + 1] === 5 ? 2 : 4;
    }
  }
  return [...style].map((rule) => rule.join(':')).join(';');
}

function indexed(n) {
  if (n < 8) return PALETTE[n];
  if (n < 16) return BRIGHT[n - 8];
  if (n >= 232)
    return `rgb(${Array(3)
      .fill(8 + (n - 232) * 10)
      .join(' ')})`;
  const level = (value) => (value === 0 ? 0 : 55 + 40 * value);
  return `rgb(${level(Math.floor((n - 16) / 36))} ${level(Math.floor((n - 16) / 6) % 6)} ${level((n - 16) % 6)})`;
}

const ROW = 18;
/** Browsers bound an element's height: beyond it the scroll position is scaled. */
const TALLEST = 8_000_000;

/** Shows the lines of a console that are in view, whatever their number. */
class ConsoleView {
  constructor(name, content) {
    this.name = name;
    this.console = new Console(content);
    this.here = -1;
    this.height = Math.min(this.console.length * ROW, TALLEST);
    this.rows = make('div', { class: 'rows', style: `--digits:${String(this.console.length).length}` });
    this.box = make(
      'div',
      { class: 'console', tabIndex: 0 },
      make('div', { style: `height:${this.height}px` }),
      this.rows,
    );
    this.box.addEventListener('scroll', () => this.draw());
    const search = make('input', {
      type: 'search',
      placeholder: 'Search this console',
      ariaLabel: 'Search this console',
    });
    const found = make('span', { class: 'quiet' });
    const go = (step) => {
      if (search.value === '') return;
      const line = this.console.find(search.value, this.here < 0 ? 0 : this.here + step, step);
      found.textContent = line < 0 ? 'not found' : `line ${line + 1}`;
      this.wanted = search.value;
      if (line >= 0) this.show(line);
    };
    search.addEventListener('keydown', (event) => event.key === 'Enter' && go(event.shiftKey ? -1 : 1));
    const next = make('button', { onclick: () => go(1) }, 'Next');
    const previous = make('button', { onclick: () => go(-1) }, 'Previous');
    this.element = make('div', {}, make('div', { class: 'tools' }, search, previous, next, found), this.box);
  }

  get scale() {
    const view = this.box.clientHeight;
    const whole = this.console.length * ROW;
    return whole <= this.height ? 1 : (whole - view) / (this.height - view);
  }

  draw() {
    const top = this.box.scrollTop * this.scale;
    const first = Math.max(0, Math.floor(top / ROW) - 5);
    const count = Math.ceil(this.box.clientHeight / ROW) + 10;
    let style = this.console.styleAt(first);
    const rows = [];
    for (let line = first; line < Math.min(first + count, this.console.length); line++) {
      const { parts, style: after } = spans(this.console.text(line), style);
      style = after;
      const row = make('div', { class: line === this.here ? 'row here' : 'row' });
      row.append(make('a', { href: `#${this.name}:${line + 1}` }, `${line + 1}`));
      for (const [text, css] of parts) row.append(make('span', { style: css }, ...this.marked(text)));
      rows.push(row);
    }
    this.rows.style.top = `${this.box.scrollTop - (top - first * ROW)}px`;
    this.rows.replaceChildren(...rows);
  }

  marked(text) {
    const at = this.wanted ? text.toLowerCase().indexOf(this.wanted.toLowerCase()) : -1;
    if (at < 0) return [text];
    const end = at + this.wanted.length;
    return [text.slice(0, at), make('mark', {}, text.slice(at, end)), text.slice(end)];
  }

  showEnd() {
    this.box.scrollTop = this.height;
    this.draw();
  }

  show(line) {
    this.here = line;
    this.box.scrollTop = Math.max(0, (line * ROW - this.box.clientHeight / 3) / this.scale);
    this.draw();
  }
}

/** The bytes of a console, which stands in the page compressed. */
async function contentOf(id) {
  const element = document.getElementById(id);
  if (element === null) return new Uint8Array();
  const text = atob(element.textContent.trim());
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) packed[at] = text.charCodeAt(at);
  element.remove();
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const views = new Map();

function table(heads, rows) {
  const cells = (name, list) => make('tr', {}, ...list.map((cell) => make(name, {}, cell ?? '')));
  return make(
    'table',
    {},
    make('thead', {}, cells('th', heads)),
    make('tbody', {}, ...rows.map((row) => cells('td', row))),
  );
}

function runSection(run, index) {
  const time = run.durationMs === undefined ? '' : make('span', { class: 'quiet' }, seconds(run.durationMs));
  const head = make('summary', {}, status(run.status), make('h2', {}, label(run)), time);
  const section = make('details', { open: isFirst(run) }, head);
  if (run.message) section.append(make('p', {}, run.message));
  if (run.phases?.length) {
    section.append(
      make(
        'p',
        { class: 'quiet' },
        run.phases.map(({ name, durationMs }) => `${name} ${seconds(durationMs)}`).join(' · '),
      ),
    );
  }
  if (run.consoles.length === 1) section.append(make('h3', {}, 'Console'), consolePlace(run.consoles[0], run));
  if (run.consoles.length > 1)
    section.append(
      make('h3', {}, 'Consoles'),
      make('div', { class: 'sides' }, ...run.consoles.map((console) => consolePlace(console, run))),
    );
  if (run.tests?.length) {
    const rows = run.tests.flatMap((test) => [
      [make('strong', {}, test.name), status(test.status), test.context ?? ''],
      ...test.results.map((result) => [
        make('span', { class: 'result' }, result.name),
        status(result.status),
        result.output ? make('pre', {}, result.output) : (result.context ?? ''),
      ]),
    ]);
    section.append(make('h3', {}, 'Tests'), table(['test', 'status', 'context, output'], rows));
  }
  if (run.artifacts?.length) {
    section.append(
      make('h3', {}, 'Artifacts'),
      table(
        ['file', 'size'],
        run.artifacts.map(({ path, sizeBytes }) => [path, bytes(sizeBytes)]),
      ),
    );
  }
  if (run.differs) section.append(...listed("Differences from the server's run", run.differs));
  if (run.fidelity && run.status !== 'NOT_STARTED') {
    const messages = run.fidelity.differences.map(({ message }) => message);
    section.append(...listed('Differences from a run on a worker', messages));
  }
  if (run.command) section.append(make('h3', {}, 'Run it again'), make('pre', {}, run.command));
  return make('section', { class: 'run', id: `run-${index}` }, section);
}

function listed(title, messages) {
  const items = messages.map((message) => make('li', {}, message));
  return [make('h3', {}, title), items.length === 0 ? make('p', {}, 'None.') : make('ul', {}, ...items)];
}

function consolePlace({ id, title, firstDifference }, run) {
  const place = make(
    'div',
    {},
    title ? make('p', { class: 'quiet' }, title) : '',
    make('p', { class: 'quiet' }, 'Loading…'),
  );
  const load = async () => {
    const view = new ConsoleView(id, await contentOf(id));
    views.set(id, view);
    place.lastChild.replaceWith(
      view.console.bytes.length === 0 ? make('p', { class: 'quiet' }, 'Nothing was printed.') : view.element,
    );
    if (firstDifference !== undefined) view.show(firstDifference);
    else if (passed(run)) view.draw();
    // Why a run failed mostly stands in its last lines.
    else view.showEnd();
    if (location.hash.startsWith(`#${id}:`)) follow();
  };
  // A console is unpacked when it comes near the window: a report may hold many.
  const seen = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      seen.disconnect();
      void load();
    },
    { rootMargin: '600px' },
  );
  seen.observe(place);
  place.id = `at-${id}`;
  return place;
}

/** `#run-<number>` leads to a run, `#<console>:<line>` to that line; both unfold it. */
function follow() {
  const [id, line] = location.hash.slice(1).split(':');
  const run = document.getElementById(id);
  const place = document.getElementById(`at-${id}`);
  const folded = run?.querySelector('details') ?? place?.closest('details');
  if (folded) folded.open = true;
  run?.scrollIntoView();
  place?.scrollIntoView({ block: 'center' });
  if (Number(line) > 0) views.get(id)?.show(Number(line) - 1);
}

function timeline(runs) {
  const timed = runs.filter(({ startedAt, durationMs }) => startedAt !== undefined && durationMs !== undefined);
  if (timed.length === 0) return '';
  const start = Math.min(...timed.map(({ startedAt }) => Date.parse(startedAt)));
  const whole = Math.max(1, ...timed.map(({ startedAt, durationMs }) => Date.parse(startedAt) - start + durationMs));
  const rows = timed.flatMap((run) => {
    const bar = make('div', { class: `bar ${run.status}` });
    let at = Date.parse(run.startedAt) - start;
    for (const { name, durationMs } of run.phases ?? []) {
      bar.append(
        make('i', {
          class: name,
          title: `${name} ${seconds(durationMs)}`,
          style: `left:${(100 * at) / whole}%;width:${(100 * durationMs) / whole}%`,
        }),
      );
      at += durationMs;
    }
    return [linkTo(run), bar, make('span', { class: 'quiet' }, seconds(run.durationMs))];
  });
  const legend = make('p', { class: 'quiet' }, 'Dark: the script. Light, before and after it: the other phases.');
  return make('div', {}, make('h2', {}, 'Timeline'), legend, make('div', { class: 'timeline' }, ...rows));
}

const main = document.querySelector('main');
const sections = data.runs.map(runSection);
main.replaceChildren(
  make('h1', {}, status(data.status), ` ${data.title}`),
  make('p', {}, data.summary),
  make('p', { class: 'quiet' }, data.made),
  ...sections.filter((_, index) => isFirst(data.runs[index])),
  timeline(data.runs),
  ...sections.filter((_, index) => !isFirst(data.runs[index])),
);
follow();
addEventListener('hashchange', follow);
addEventListener('resize', () => {
  for (const view of views.values()) view.draw();
});
document.documentElement.dataset.ready = 'true';
