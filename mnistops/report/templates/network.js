"use strict";

// A network's forward pass. Maps are what a block takes and gives: {channels, height, width,
// values}, of one image, channel by channel and row by row. Numbers are added up in float64.

const NORM_EPSILON = 1e-5;

const ACTIVATIONS = {
  none: (x) => x,
  relu: (x) => Math.max(0, x),
  leaky_relu: (x) => (x < 0 ? 0.01 * x : x),
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
};

const BLOCKS = {
  conv(block, maps, weights) {
    const made = convolved(block, maps, weights("0.weight"), weights("0.bias"));
    if (block.norm === "batch") {
      const [scale, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
        (name) => weights(`1.${name}`),
      );
      made.values.forEach((value, i, values) => {
        const channel = Math.floor(i / (made.height * made.width));
        const deviation = Math.sqrt(variance[channel] + NORM_EPSILON);
        values[i] = ((value - mean[channel]) / deviation) * scale[channel] + shift[channel];
      });
    }
    return activated(block, made);
  },
  max_pool(block, maps) {
    return pooled(block, maps, -Infinity, Math.max);
  },
  avg_pool(block, maps) {
    const made = pooled(block, maps, 0, (sum, value) => sum + value);
    const [down, across] = slides(block, maps);
    // Padding counts, but what hangs over it does not.
    const taps = (axis, unit) => {
      const start = unit * axis.stride - axis.before;
      return Math.min(start + axis.kernel, axis.size + axis.after) - start;
    };
    made.values.forEach((sum, i, values) => {
      const [row, column] = [Math.floor(i / made.width) % made.height, i % made.width];
      values[i] = sum / (taps(down, row) * taps(across, column));
    });
    return made;
  },
  global_avg_pool(block, maps) {
    const made = blankMaps(maps.channels, 1, 1);
    const area = maps.height * maps.width;
    maps.values.forEach((value, i) => (made.values[Math.floor(i / area)] += value / area));
    return made;
  },
  linear(block, maps, weights) {
    const made = blankMaps(block.out_features, 1, 1);
    const [matrix, bias, taken] = [weights("1.weight"), weights("1.bias"), maps.values];
    for (let unit = 0; unit < block.out_features; unit++) {
      let sum = bias ? bias[unit] : 0;
      for (let i = 0; i < taken.length; i++) sum += matrix[unit * taken.length + i] * taken[i];
      made.values[unit] = sum;
    }
    return activated(block, made);
  },
};

/** A network of its spec, the pixels' mean and deviation, and its weights in base64, by key. */
function openNetwork({ spec, mean, std, weights }) {
  const read = (text) => new Float32Array(bytesOf(text).buffer);
  const values = Object.entries(weights).map(([key, text]) => [key, read(text)]);
  return { spec, mean, std, weights: Object.fromEntries(values) };
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** What each block makes of an image, whose values are 0 to 255, and what the last one puts out. */
function forward(network, image) {
  const { spec, mean, std, weights } = network;
  let maps = { ...image, values: Float64Array.from(image.values, (v) => (v / 255 - mean) / std) };
  const blocks = spec.blocks.map((block) => {
    maps = BLOCKS[block.type](block, maps, (key) => weights[`${block.name}.${key}`]);
    return maps;
  });
  const outputs = [...maps.values];
  return { blocks, outputs: spec.output === "log_softmax" ? logSoftmax(outputs) : outputs };
}

function logSoftmax(outputs) {
  const most = Math.max(...outputs);
  const sum = outputs.reduce((total, output) => total + Math.exp(output - most), 0);
  return outputs.map((output) => output - most - Math.log(sum));
}

function blankMaps(channels, height, width) {
  return { channels, height, width, values: new Float64Array(channels * height * width) };
}

function activated(block, maps) {
  maps.values = maps.values.map(ACTIVATIONS[block.activation]);
  return maps;
}

function convolved(block, maps, kernels, bias) {
  const [down, across] = slides(block, maps);
  const made = blankMaps(block.out_channels, down.units, across.units);
  const taken = maps.channels / block.groups;
  const [area, madeArea] = [maps.height * maps.width, made.height * made.width];
  let tap = 0;
  for (let channel = 0; channel < made.channels; channel++) {
    const unit = channel * madeArea;
    if (bias) made.values.fill(bias[channel], unit, unit + madeArea);
    const group = Math.floor(channel / (made.channels / block.groups));
    for (let from = group * taken; from < (group + 1) * taken; from++) {
      for (let y = 0; y < down.kernel; y++) {
        for (let x = 0; x < across.kernel; x++) {
          addShifted(maps, from * area, made, unit, taps(down, y), taps(across, x), kernels[tap++]);
        }
      }
    }
  }
  return made;
}

/** Add what lies under one tap of a kernel, times its weight, to the units of a channel. */
function addShifted(maps, start, made, unit, down, across, weight) {
  const [taken, sums] = [maps.values, made.values];
  for (let row = down.first; row < down.end; row++) {
    const from = start + (row * down.stride + down.offset) * maps.width + across.offset;
    const to = unit + row * made.width;
    for (let column = across.first; column < across.end; column++) {
      sums[to + column] += weight * taken[from + column * across.stride];
    }
  }
}

function pooled(block, maps, initial, combine) {
  const [down, across] = slides(block, maps);
  const made = blankMaps(maps.channels, down.units, across.units);
  made.values.fill(initial);
  for (let y = 0; y < down.kernel; y++) {
    for (let x = 0; x < across.kernel; x++) {
      const [rows, columns] = [taps(down, y), taps(across, x)];
      for (let channel = 0; channel < maps.channels; channel++) {
        for (let row = rows.first; row < rows.end; row++) {
          const from = (channel * maps.height + row * rows.stride + rows.offset) * maps.width;
          const to = (channel * made.height + row) * made.width;
          for (let column = columns.first; column < columns.end; column++) {
            const value = maps.values[from + column * columns.stride + columns.offset];
            made.values[to + column] = combine(made.values[to + column], value);
          }
        }
      }
    }
  }
  return made;
}

/** How a block's kernel slides over maps, down and across, and over how many units it comes. */
function slides(block, maps) {
  return [maps.height, maps.width].map((size, axis) => {
    const along = (value) => (Array.isArray(value) ? value[axis] : value);
    const kernel = along(block.kernel_size);
    const stride = along(block.stride ?? kernel);
    const dilation = along(block.dilation ?? 1);
    const reach = dilation * (kernel - 1);
    const isSame = block.padding === "same";
    const before = isSame ? Math.floor(reach / 2) : along(block.padding);
    const after = isSame ? reach - before : before;
    const steps = (size + before + after - reach - 1) / stride;
    let units = Math.floor(steps) + 1;
    // A last window may hang over the edge, but does not start in the padding behind it.
    if (block.ceil_mode && Math.ceil(steps) * stride < size + before) units = Math.ceil(steps) + 1;
    return { size, kernel, stride, dilation, before, after, units };
  });
}

/** Which units have this tap of their kernel inside the maps, and where: unit * stride + offset. */
function taps(axis, tap) {
  const offset = tap * axis.dilation - axis.before;
  const first = Math.max(0, Math.ceil(-offset / axis.stride));
  const end = Math.min(axis.units, Math.floor((axis.size - 1 - offset) / axis.stride) + 1);
  return { first, end, offset, stride: axis.stride };
}

/** The error function, by its series of positive terms, which loses no digit. */
function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let sum = 0;
  let term = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
