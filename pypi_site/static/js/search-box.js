/* Suggestions while one types: the editable combobox with a list of the ARIA patterns.
   Without script the box is a plain form. */

const PAUSE = 60; // ms without a key before the server is asked
const announcer = document.querySelector("#announcer");

class SearchBox {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("input[type=search]");
    this.options = [];
    this.active = -1;
    this.list = this.makeList();
    this.listen();
  }

  makeList() {
    const list = document.createElement("ul");
    list.className = "search-box__list";
    list.id = `${this.input.id}-list`;
    list.role = "listbox";
    list.ariaLabel = "Suggestions";
    list.hidden = true;
    this.form.append(list);
    const { input } = this;
    input.role = "combobox";
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    return list;
  }

  listen() {
    this.input.addEventListener("input", () => this.wait());
    this.input.addEventListener("keydown", (event) => this.handleKey(event));
    this.input.addEventListener("blur", () => this.close());
    // The box keeps the focus while an option is pressed.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const place = this.options.indexOf(event.target.closest("[role=option]"));
      if (place >= 0) this.take(place);
    });
  }

  wait() {
    clearTimeout(this.timer);
    this.request?.abort();
    if (this.input.value.trim()) this.timer = setTimeout(() => this.ask(), PAUSE);
    else this.close();
  }

  async ask() {
    this.request = new AbortController();
    const { signal } = this.request;
    const address = `${this.form.dataset.suggestions}?q=${encodeURIComponent(this.input.value)}`;
    try {
      const response = await fetch(address, { signal, headers: { Accept: "application/json" } });
      if (response.ok) this.show((await response.json()).suggestions);
    } catch (error) {
      // Without suggestions the form still searches.
      if (error.name !== "AbortError") this.close();
    }
  }

  show(suggestions) {
    if (document.activeElement !== this.input) return;
    this.suggestions = suggestions;
    this.options = suggestions.map((suggestion, place) => this.makeOption(suggestion, place));
    this.list.replaceChildren(...this.options);
    this.choose(-1);
    this.list.hidden = !this.options.length;
    this.input.ariaExpanded = String(!this.list.hidden);
    const count = this.options.length;
    announcer.textContent = count === 1 ? "1 suggestion" : `${count || "No"} suggestions`;
  }

  makeOption({ text, note }, place) {
    const option = document.createElement("li");
    option.className = "search-box__option";
    option.role = "option";
    option.id = `${this.list.id}-${place}`;
    option.append(this.makePart("name", text));
    if (note) option.append(this.makePart("note", note));
    return option;
  }

  makePart(name, text) {
    const part = document.createElement("span");
    part.className = `search-box__${name}`;
    part.textContent = text;
    return part;
  }

  choose(place) {
    this.options[this.active]?.setAttribute("aria-selected", "false");
    this.active = place;
    const option = this.options[place];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /* -1 is the box itself: one can leave the list at both ends. */
  move(step) {
    const places = this.options.length + 1;
    this.choose(((this.active + 1 + step + places) % places) - 1);
  }

  take(place) {
    const { kind, text, url } = this.suggestions[place];
    this.close();
    if (kind === "project") {
      location.assign(url);
      return;
    }
    this.input.value = text;
    if (text.endsWith(":")) this.wait();
  }

  handleKey(event) {
    if (event.isComposing || this.list.hidden) return;
    const handlers = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      Escape: () => this.close(),
      Enter: () => this.take(this.active),
    };
    const chosen = event.key !== "Enter" || this.active >= 0;
    if (!(event.key in handlers) || !chosen) return;
    event.preventDefault();
    handlers[event.key]();
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.choose(-1);
    this.options = [];
    this.list.hidden = true;
    this.input.ariaExpanded = "false";
  }
}

for (const form of document.querySelectorAll("form[data-suggestions]")) new SearchBox(form);
