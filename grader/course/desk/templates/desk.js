"use strict";
// Keys for what the page can do without them: each control names its key in data-key.
(() => {
  const typed = (el) => el.matches("textarea, select, input:not([type=checkbox]), [contenteditable]");
  const click = (el) => (el.closest("form") && el.type === "submit" ? el.form.requestSubmit(el) : el.click());
  const find = (key) => document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  let sent = false;
  addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (sent) event.preventDefault(); // a second Enter before the next page is there
    sent = true;
  });
  addEventListener("pageshow", (event) => {
    sent = false;
    if (event.persisted) location.reload(); // the back button shows what is decided now
  });
  addEventListener("keydown", (event) => {
    const at = event.target instanceof Element ? event.target : document.body;
    if (event.isComposing || event.altKey || event.metaKey) return;
    if (typed(at)) {
      if (event.key === "Escape") at.blur();
      if (event.key === "Enter" && event.ctrlKey) {
        event.preventDefault();
        const save = at.form && at.form.id === "flag" ? at.form.querySelector("button") : find("Enter");
        if (save) click(save);
      }
      return;
    }
    if (event.ctrlKey || event.repeat && event.key === "Enter") return;
    if (event.key === "Enter" && at.matches("a, button, summary")) return;
    const control = find(event.key);
    if (!control) return;
    event.preventDefault();
    if (typed(control)) {
      const folded = control.closest("details");
      if (folded) folded.open = true;
      control.focus();
    } else {
      click(control);
    }
  });
})();
