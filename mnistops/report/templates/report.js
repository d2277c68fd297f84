"use strict";

// Cards that are shown at first, and more at a time.
const PAGE = matchMedia("(max-width: 40rem)").matches ? 12 : 48;

const ORDERS = {
  confident: (a, b) => b.confidence - a.confidence,
  unsure: (a, b) => a.confidence - b.confidence,
  actual: (a, b) => a.actual - b.actual || a.predicted - b.predicted || b.confidence - a.confidence,
  predicted: (a, b) => a.predicted - b.predicted || a.actual - b.actual || b.confidence - a.confidence,
};

/** Let the gallery of one split be filtered, by its own lists and by the cells of its matrix. */
function connect(section) {
  const form = section.querySelector(".tools");
  if (!form) return;
  const { actual, predicted, order } = form.elements;
  const list = section.querySelector(".cards");
  const cells = section.querySelectorAll("button[data-actual]");
  const more = section.querySelector(".more");
  const count = section.querySelector(".count");
  const cards = [...list.children].map((element) => ({
    element,
    actual: Number(element.dataset.actual),
    predicted: Number(element.dataset.predicted),
    confidence: Number(element.dataset.confidence),
  }));
  let limit = PAGE;

  function show() {
    const chosen = (list, value) => list.value === "" || Number(list.value) === value;
    const isIn = (card) => chosen(actual, card.actual) && chosen(predicted, card.predicted);
    const shown = cards.filter(isIn).sort(ORDERS[order.value]);
    for (const card of cards) card.element.hidden = true;
    for (const card of shown.slice(0, limit)) card.element.hidden = false;
    list.append(...shown.map((card) => card.element));
    for (const cell of cells) {
      const { actual: row, predicted: column } = cell.dataset;
      cell.setAttribute("aria-pressed", row === actual.value && column === predicted.value);
    }
    const rest = Math.max(0, shown.length - limit);
    more.hidden = rest === 0;
    more.textContent = `Show ${Math.min(PAGE, rest)} more`;
    count.textContent = `${Math.min(limit, shown.length)} of ${cards.length} shown`;
  }

  function choose(cell) {
    const isOn = cell.getAttribute("aria-pressed") === "true";
    actual.value = isOn ? "" : cell.dataset.actual;
    predicted.value = isOn ? "" : cell.dataset.predicted;
    limit = PAGE;
    show();
    const gallery = section.querySelector(".gallery");
    // Beside the matrix it is seen; below it, it may not be.
    if (gallery.getBoundingClientRect().top > window.innerHeight / 2) gallery.scrollIntoView();
  }

  for (const cell of cells) cell.addEventListener("click", () => choose(cell));
  form.addEventListener("change", () => {
    limit = PAGE;
    show();
  });
  form.addEventListener("reset", () => setTimeout(() => {
    limit = PAGE;
    show();
  }));
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    limit += PAGE;
    show();
  });
  form.hidden = false;
  form.reset();
}

document.querySelectorAll(".split").forEach(connect);

// Paper has no way to open what is closed.
const closed = [];
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    part.open = true;
    closed.push(part);
  }
});
window.addEventListener("afterprint", () => {
  for (const part of closed.splice(0)) part.open = false;
});
