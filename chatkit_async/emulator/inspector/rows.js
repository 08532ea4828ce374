// The list of rows: a row that has not changed keeps its element, and with it its focus.

import { element } from "./dom.js";

export class Rows {
  /** `open(key)` is called when a row is activated. */
  constructor(list, { open }) {
    this.list = list;
    this.open = open;
    this.rows = new Map();
    this.current = null; // the key of the row that had the focus last
    list.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Shows these rows in this order; `fill(row)` returns the cells of a row, `opened` is the key of the open one. */
  show(shown, fill, opened) {
    const keys = new Set(shown.map((row) => row.key));
    for (const [key, row] of this.rows) {
      if (!keys.has(key)) {
        row.item.remove();
        this.rows.delete(key);
      }
    }
    let place = this.list.firstElementChild;
    for (const data of shown) {
      const row = this.rows.get(data.key) ?? this.#add(data.key);
      if (row.item === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.item, place);
      const content = JSON.stringify(data);
      if (row.content !== content) row.button.replaceChildren(...fill(data));
      row.content = content;
      row.button.setAttribute("aria-expanded", String(data.key === opened));
    }
    this.#setTabStop(this.current ?? opened);
  }

  /** Removes all rows: another view is shown. */
  clear() {
    this.rows.clear();
    this.current = null;
    this.list.replaceChildren();
  }

  focus(key) {
    this.rows.get(key)?.button.focus();
  }

  #add(key) {
    const button = element("button", { type: "button", class: "row", "aria-controls": "details" });
    button.addEventListener("click", () => this.open(key));
    button.addEventListener("focus", () => this.#setTabStop((this.current = key)));
    const row = { item: element("li", {}, button), button, content: null };
    this.rows.set(key, row);
    return row;
  }

  /** Leaves one row in the tab order, so that Tab goes from the list to the details. */
  #setTabStop(key) {
    const stop = this.rows.get(key)?.button ?? this.list.querySelector(".row");
    for (const { button } of this.rows.values()) button.tabIndex = button === stop ? 0 : -1;
  }

  #move(event) {
    const buttons = [...this.list.querySelectorAll(".row")];
    const at = buttons.indexOf(event.target);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 };
    const next = at < 0 ? undefined : buttons[steps[event.key]];
    if (next === undefined) return;
    event.preventDefault();
    const wasOpen = event.target.getAttribute("aria-expanded") === "true";
    next.focus();
    if (wasOpen) next.click();
  }
}
