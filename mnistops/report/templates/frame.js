// A drawing as an image like MNIST's, whose digits are 20 of 28 pixels long and have their centre
// of mass in the middle: what mnistops does to pictures. Other sizes keep these proportions.

const DIGIT_SHARE = 20 / 28;
// The least ink that counts, as a share of full ink.
const FAINT = 0.1;

/**
 * A drawing, {height, width, values} of ink from 0 to 1, as the pixels of an image of this size,
 * [height, width], from 0 to 255; both row by row.
 *
 * Nothing is done for strokes thinner than any of MNIST's: the pen here makes none.
 */
function framed(drawing, size) {
  const ink = cropped(drawing);
  const own = [ink.height, ink.width];
  const scale = Math.min(...own.map((side, axis) => (DIGIT_SHARE * size[axis]) / side));
  const [height, width] = own.map((side) => Math.max(1, roundHalfEven(side * scale)));
  const [rows, columns] = [shares(ink.height, height), shares(ink.width, width)];
  const small = resampled(ink, rows, columns);
  const sums = { rows: new Float64Array(height), columns: new Float64Array(width) };
  small.forEach((value, i) => {
    sums.rows[Math.floor(i / width)] += value;
    sums.columns[i % width] += value;
  });
  const [top, left] = [startOf(sums.rows, size[0]), startOf(sums.columns, size[1])];
  const values = new Uint8ClampedArray(size[0] * size[1]); // which rounds, half to even
  small.forEach((value, i) => {
    values[(top + Math.floor(i / width)) * size[1] + left + (i % width)] = 255 * value;
  });
  return values;
}

function cropped({ height, width, values }) {
  let [top, bottom, left, right] = [height, 0, width, 0];
  values.forEach((value, i) => {
    if (value <= FAINT) return;
    const [row, column] = [Math.floor(i / width), i % width];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row + 1)];
    [left, right] = [Math.min(left, column), Math.max(right, column + 1)];
  });
  const own = { height: bottom - top, width: right - left };
  const inside = new Float64Array(own.height * own.width).map(
    (_, i) => values[(top + Math.floor(i / own.width)) * width + left + (i % own.width)],
  );
  return { ...own, values: inside };
}

/**
 * How much each of so many new pixels takes of old ones: [place, share] of each that it takes of.
 *
 * One that covers several is their mean, by area; smaller ones lie on lines between them.
 */
function shares(old, count) {
  const step = old / count;
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i * step, (i + 1) * step];
    const centre = Math.min(Math.max((start + end) / 2 - 0.5, 0), old - 1);
    const share = (place) =>
      step >= 1
        ? Math.max(0, Math.min(end, place + 1) - Math.max(start, place)) / step
        : Math.max(0, 1 - Math.abs(centre - place));
    const first = Math.floor(Math.min(start, centre));
    const last = Math.min(old - 1, Math.ceil(Math.max(end, centre)));
    const places = Array.from({ length: last - first + 1 }, (_, n) => first + n);
    return places.map((place) => [place, share(place)]);
  });
}

function resampled(ink, rows, columns) {
  return rows.flatMap((row) =>
    columns.map((column) => {
      let sum = 0;
      for (const [y, down] of row) {
        for (const [x, across] of column) sum += down * across * ink.values[y * ink.width + x];
      }
      return sum;
    }),
  );
}

/** Where the first row or column goes, for the centre of mass to be in the middle. */
function startOf(sums, side) {
  const mass = sums.reduce((total, sum) => total + sum);
  const centre = sums.reduce((total, sum, place) => total + place * sum, 0) / mass;
  // Halves up, also where the rounding of sums has taken a little of them.
  const start = Math.floor(side / 2 - centre + 0.5 + 1e-6);
  return Math.min(Math.max(start, 0), side - sums.length);
}

function roundHalfEven(x) {
  const [low, rest] = [Math.floor(x), x - Math.floor(x)];
  return rest > 0.5 || (rest === 0.5 && low % 2) ? low + 1 : low;
}
