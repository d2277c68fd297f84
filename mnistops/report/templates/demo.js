const data = JSON.parse(document.getElementById("data").textContent);
const network = openNetwork(data.network);
const [, HEIGHT, WIDTH] = network.spec.input_size;

// A drawing is strokes of points [x, y], in dots, whatever size the paper has on the screen. Ink is
// never thinner than MNIST's, even on a digit that fills the paper: no less than 1.7 of its pixels.
const DOTS = 280 / Math.max(HEIGHT, WIDTH);
const [SHEET_WIDTH, SHEET_HEIGHT] = [WIDTH, HEIGHT].map((side) => Math.round(side * DOTS));
const PEN = (2.4 / 28) * Math.min(SHEET_WIDTH, SHEET_HEIGHT);

// With more classes, the likeliest are shown.
const MOST_CLASSES = 20;
const LIKELIEST = 10;
// Of a block; more are too many to look at.
const MOST_CHANNELS = 64;
const [ABOVE, BELOW] = [[0, 134, 204], [230, 140, 0]];

const CHECKED = 1e-4;

const part = (id) => document.getElementById(id);
const sheet = part("sheet");

const strokes = [];
// The pointer that draws; and the keyboard's pen, once a key has moved it.
let pointer = null;
let keys = null;

function element(tag, parent, text = "") {
  const made = parent.appendChild(document.createElement(tag));
  made.textContent = text;
  return made;
}

/** A point inside the paper, with all of the pen. */
function inside(x, y) {
  const within = (value, side) => Math.min(Math.max(value, PEN / 2), side - PEN / 2);
  return [within(x, SHEET_WIDTH), within(y, SHEET_HEIGHT)];
}

function ink(context, scale) {
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, SHEET_WIDTH, SHEET_HEIGHT);
  context.lineWidth = PEN;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(...stroke[0]);
    for (let i = 1; i < stroke.length - 1; i++) {
      const [[x, y], [nextX, nextY]] = [stroke[i], stroke[i + 1]];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    const [x, y] = stroke[stroke.length - 1];
    context.lineTo(x + 0.01, y); // a line of no length would not be drawn
    context.stroke();
  }
}

const dots = Object.assign(document.createElement("canvas"), {
  width: SHEET_WIDTH,
  height: SHEET_HEIGHT,
}).getContext("2d", { willReadFrequently: true });

/** An image for the network; a black one where no pixels are given. */
function imageOf(values = new Uint8Array(HEIGHT * WIDTH)) {
  return { channels: 1, height: HEIGHT, width: WIDTH, values };
}

/** The drawing as an image; null where there is none. */
function image() {
  if (!strokes.length) return null;
  ink(dots, 1);
  const { data: colours, width, height } = dots.getImageData(0, 0, SHEET_WIDTH, SHEET_HEIGHT);
  const values = new Float64Array(width * height).map((_, i) => colours[4 * i + 3] / 255);
  return imageOf(framed({ height, width, values }, [HEIGHT, WIDTH]));
}

function showSheet() {
  const context = sheet.getContext("2d");
  const scale = sheet.width / SHEET_WIDTH;
  ink(context, scale);
  if (!keys) return;
  context.save();
  context.globalCompositeOperation = "xor"; // so that it is seen on ink too
  context.lineWidth = 2;
  context.setLineDash(keys.isDown ? [] : [5, 5]);
  context.beginPath();
  context.arc(...keys.place, PEN / 2 + 3, 0, 2 * Math.PI);
  context.stroke();
  context.restore();
}

function showSeen(seen) {
  const context = part("seen").getContext("2d");
  context.clearRect(0, 0, WIDTH, HEIGHT);
  if (!seen) return;
  const picture = context.createImageData(WIDTH, HEIGHT);
  seen.values.forEach((value, i) => (picture.data[4 * i + 3] = value));
  context.putImageData(picture, 0, 0);
}

function percent(share) {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  if (share < 1 && share >= 0.9995) return "> 99.9 %";
  return `${(100 * share).toFixed(share === 0 || share === 1 ? 0 : 1)} %`;
}

function showClasses(shares) {
  const ranking = [...shares.keys()].sort((a, b) => shares[b] - shares[a]);
  const isEmpty = !strokes.length;
  const shown = data.names.length > MOST_CLASSES ? ranking.slice(0, LIKELIEST) : [...shares.keys()];
  [...part("likely").children].forEach((row, i) => {
    const [name, bar, share] = row.children;
    const label = shown[i];
    name.textContent = data.names[label];
    bar.firstChild.style.width = `${100 * shares[label]}%`;
    share.textContent = isEmpty ? "" : percent(shares[label]);
    row.className = !isEmpty && label === ranking[0] ? "taken" : "";
  });
  part("likely").classList.toggle("empty", isEmpty);
  part("class").textContent = isEmpty ? "?" : data.names[ranking[0]];
  part("share").textContent = isEmpty ? "nothing yet" : percent(shares[ranking[0]]);
}

function showBlocks(blocks) {
  blocks.forEach((maps, number) => {
    const most = maps.values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const area = maps.height * maps.width;
    part("blocks").children[number].querySelectorAll("canvas").forEach((canvas, channel) => {
      const picture = new ImageData(maps.width, maps.height);
      for (let i = 0; i < area; i++) {
        const value = maps.values[channel * area + i];
        picture.data.set(value < 0 ? BELOW : ABOVE, 4 * i);
        picture.data[4 * i + 3] = strokes.length ? (255 * Math.abs(value)) / (most || 1) : 0;
      }
      canvas.getContext("2d").putImageData(picture, 0, 0);
    });
  });
}

/** Let the network look at the drawing. */
function look() {
  const seen = image();
  const { blocks, outputs } = forward(network, seen ?? imageOf());
  showSeen(seen);
  showClasses(seen ? logSoftmax(outputs).map(Math.exp) : outputs.map(() => 0));
  showBlocks(blocks);
}

let isAsked = false;

/** Show what has changed, once for each picture of the screen. */
function change() {
  part("prompt").hidden = strokes.length > 0;
  part("undo").disabled = part("clear").disabled = !strokes.length;
  showSheet();
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    look();
  });
}

/** Say what stands there, to those who do not see it; not while a line is drawn. */
function tell() {
  requestAnimationFrame(() => {
    const [name, share] = [part("class").textContent, part("share").textContent];
    part("told").textContent = strokes.length ? `${name}, ${share}` : "nothing drawn";
  });
}

function lift() {
  pointer = null;
  if (keys) keys.isDown = false;
}

function takeBack(count) {
  lift();
  strokes.splice(strokes.length - count, count);
  change();
  tell();
}

function placeOf(event) {
  const box = sheet.getBoundingClientRect();
  return inside(
    ((event.clientX - box.left) / box.width) * SHEET_WIDTH,
    ((event.clientY - box.top) / box.height) * SHEET_HEIGHT,
  );
}

sheet.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || pointer !== null) return;
  lift();
  keys = null;
  pointer = event.pointerId;
  sheet.setPointerCapture(pointer);
  strokes.push([placeOf(event)]);
  change();
});
sheet.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const between = event.getCoalescedEvents?.() ?? [];
  strokes.at(-1).push(...(between.length ? between : [event]).map(placeOf));
  change();
});
sheet.addEventListener("lostpointercapture", (event) => {
  if (event.pointerId !== pointer) return;
  lift();
  tell();
});

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function moveKeys([right, down]) {
  keys ??= { place: inside(SHEET_WIDTH / 2, SHEET_HEIGHT / 2), isDown: false };
  keys.place = inside(keys.place[0] + right * DOTS, keys.place[1] + down * DOTS);
  if (keys.isDown) strokes.at(-1).push(keys.place);
  change();
}

sheet.addEventListener("keydown", (event) => {
  const isUndo = event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey));
  if (event.key in MOVES) {
    moveKeys(MOVES[event.key]);
  } else if (event.key === " ") {
    moveKeys([0, 0]);
    keys.isDown = !keys.isDown;
    if (keys.isDown) strokes.push([keys.place]);
    change();
    tell();
  } else if (isUndo && strokes.length) {
    takeBack(1);
  } else if (event.key === "Delete") {
    takeBack(strokes.length);
  } else if (!isUndo) {
    return;
  }
  event.preventDefault();
});
sheet.addEventListener("blur", () => {
  lift();
  keys = null;
  showSheet();
});
part("undo").addEventListener("click", () => takeBack(1));
part("clear").addEventListener("click", () => takeBack(strokes.length));

/** The places for probabilities and maps, which stay empty until something is drawn. */
function layOut() {
  const { length } = data.names;
  for (let i = 0; i < (length > MOST_CLASSES ? LIKELIEST : length); i++) {
    const row = element("li", part("likely"));
    element("b", row);
    element("i", element("i", row));
    element("span", row);
  }
  forward(network, imageOf()).blocks.forEach((maps, number) => {
    const row = element("li", part("blocks"));
    const { channels, height, width } = maps;
    element("h3", row, network.spec.blocks[number].name);
    const isMap = height * width > 1;
    const what = isMap ? `channels of ${height} x ${width}` : "units";
    const rest = channels > MOST_CHANNELS ? `, the first ${MOST_CHANNELS} of them` : "";
    element("p", row, `${channels} ${what}${rest}`);
    const tiles = element("div", row);
    tiles.className = isMap ? "" : "units";
    for (let channel = 0; channel < Math.min(channels, MOST_CHANNELS); channel++) {
      Object.assign(element("canvas", tiles), { width, height });
    }
  });
}

/** Hold the outputs for an image against those that the network itself had for it. */
function check() {
  const { image: text, outputs: expected } = data.check;
  const { outputs } = forward(network, imageOf(bytesOf(text)));
  const off = Math.max(...outputs.map((output, i) => Math.abs(output - expected[i])));
  const largest = Math.max(1, ...expected.map(Math.abs));
  part("differs").hidden = off <= CHECKED * largest;
}

layOut();
check();
new ResizeObserver(() => {
  sheet.width = Math.round(sheet.clientWidth * devicePixelRatio);
  sheet.height = Math.round(sheet.clientHeight * devicePixelRatio);
  showSheet();
}).observe(sheet);
look();
