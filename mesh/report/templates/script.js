(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Mesh: pointing at something of a product leaves only that product's path at full strength.
  for (const svg of all("svg.mesh")) {
    const marked = all("[data-p]", svg);
    const show = (product) => marked.forEach((g) => g.classList.toggle("dim", product !== null && g.dataset.p !== product));
    for (const g of marked) {
      g.addEventListener("mouseenter", () => show(g.dataset.p));
      g.addEventListener("mouseleave", () => show(null));
    }
  }

  // Matrix: the column under the pointer, from header to last row.
  for (const table of all("table.matrix")) {
    const rows = all("tr.names, tbody tr", table);
    const mark = (at) => rows.forEach((row) => [...row.cells].forEach((cell, n) => cell.classList.toggle("at", n === at && n > 0)));
    table.addEventListener("mouseover", (event) => {
      const cell = event.target.closest("tr.names th, tbody td");
      mark(cell ? cell.cellIndex : -1);
    });
    table.addEventListener("mouseleave", () => mark(-1));
  }

  // Filter: a grid stays if its table or a column matches, or one of its principals does (then only those rows).
  const input = document.getElementById("filter");
  if (input) {
    input.parentElement.hidden = false;
    const has = (node, text) => node.dataset.filter.toLowerCase().includes(text);
    input.addEventListener("input", () => {
      const text = input.value.trim().toLowerCase();
      for (const grid of all(".table-access")) {
        const own = has(grid, text);
        const rows = all("tr[data-filter], details[data-filter]", grid);
        rows.forEach((row) => { row.hidden = !own && !has(row, text); });
        grid.hidden = !own && rows.every((row) => row.hidden);
      }
    });
  }

  // Paper shows everything.
  let opened = [];
  addEventListener("beforeprint", () => { opened = all("details:not([open])"); opened.forEach((d) => { d.open = true; }); });
  addEventListener("afterprint", () => opened.forEach((d) => { d.open = false; }));
})();
