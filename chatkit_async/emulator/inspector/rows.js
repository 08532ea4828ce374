// Lists of rows that open: what has not changed keeps its element, and with it its focus and whether it is open.

/** A new element. Children are elements or text; text is never read as HTML. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * A list on the page.
 *
 * `view` has functions that make parts of a row from what is shown: `key(one)`, `summary(one)` (elements), and
 * `content(one)` (elements, made only while the row is open).
 */
export class Rows {
  constructor(list, view, onOpen = () => {}) {
    this.list = list;
    this.view = view;
    this.onOpen = onOpen;
    this.rows = new Map();
    list.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Shows these, in this order, out of so many. */
  show(shown, total) {
    const keyed = withKeys(shown, this.view.key);
    for (const [key, row] of this.rows) {
      if (!keyed.has(key)) {
        row.item.remove();
        this.rows.delete(key);
      }
    }
    let place = this.list.firstElementChild;
    for (const [key, one] of keyed) {
      const row = this.rows.get(key) ?? this.#add(key);
      if (row.item === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.item, place);
      this.#fill(row, one);
    }
    this.#tell(shown.length, total);
  }

  /** The keys of the rows that are open. */
  open() {
    return [...this.rows].filter(([, row]) => row.details.open).map(([key]) => key);
  }

  #add(key) {
    const summary = element("summary");
    const content = element("div", { class: "content" });
    const details = element("details", {}, summary, content);
    const row = { item: element("li", {}, details), details, summary, content, one: null };
    details.addEventListener("toggle", () => {
      this.#fillContent(row);
      if (details.open) this.onOpen();
    });
    this.rows.set(key, row);
    return row;
  }

  #fill(row, one) {
    row.one = one;
    const summary = JSON.stringify(this.view.summaryOf?.(one) ?? one);
    if (row.summarised !== summary) row.summary.replaceChildren(...this.view.summary(one));
    row.summarised = summary;
    this.#fillContent(row);
  }

  #fillContent(row) {
    if (!row.details.open) return;
    const content = JSON.stringify(row.one);
    if (row.filled !== content) row.content.replaceChildren(...this.view.content(row.one));
    row.filled = content;
  }

  #tell(count, total) {
    const section = this.list.closest("section");
    section.querySelector(".count").textContent = total.toLocaleString("en");
    section.querySelector(".empty").hidden = total > 0;
    const more = section.querySelector(".more");
    more.hidden = count >= total;
    more.textContent = `The newest ${count.toLocaleString("en")} of ${total.toLocaleString("en")}.`;
  }

  #move(event) {
    const summaries = [...this.list.querySelectorAll(":scope > li > details > summary")];
    const at = summaries.indexOf(event.target);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: summaries.length - 1 };
    const next = at < 0 ? undefined : summaries[steps[event.key]];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}

/** What is shown, by key; the second of those with the same key gets another. */
function withKeys(shown, key) {
  const keyed = new Map();
  for (const one of shown) {
    let unique = key(one);
    while (keyed.has(unique)) unique += "'";
    keyed.set(unique, one);
  }
  return keyed;
}
