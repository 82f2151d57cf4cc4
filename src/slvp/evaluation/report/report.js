const value = (row, column) => {
  const text = row.cells[column].textContent;
  return text === "" || isNaN(text) ? text : Number(text);
};

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const numbers = head.classList.contains("number");
    const last = head.getAttribute("aria-sort");
    const down = last === "none" ? numbers : last === "ascending";
    heads.forEach(one => one.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      return numbers ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
    });
    table.tBodies[0].append(...(down ? rows.reverse() : rows));
  }));
}

const search = document.querySelector("input[type=search]");
const rows = [...document.querySelector("table.searched").tBodies[0].rows];
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/);
  let found = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
    found += !row.hidden;
  }
  search.nextElementSibling.value = search.value ? `${found} of ${rows.length}` : "";
});

for (const article of document.querySelectorAll("article")) {
  const toggle = () => article.classList.toggle("large");
  article.addEventListener("click", toggle);
  article.addEventListener("keydown", event => { if (event.key === "Enter") toggle(); });
}
