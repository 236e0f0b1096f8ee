"use strict";
// Keeps what a marker decides in the browser, shows one answer after another, and saves a file.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const names = Object.keys(data.entries);
  const place = `backgrade-desk/${data.class}/${data.number}`;
  const empty = () => ({ marker: "", criteria: [], decisions: [], saved: 0 });
  let kept = empty(), keeps = true, at = 0, shownAt = Date.now();
  try {
    kept = { ...empty(), ...JSON.parse(localStorage.getItem(place) || "{}") };
  } catch { keeps = false; }

  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  const number = (text) => (text.trim() === "" ? null : Number(text.trim().replace(",", ".").replace("\u2212", "-")));
  const plain = (value) => String(Math.round(value * 100) / 100);
  const plural = (n, one, more) => `${n} ${n === 1 ? one : more}`;

  function keep() {
    try { localStorage.setItem(place, JSON.stringify(kept)); keeps = true; } catch { keeps = false; }
    tell();
  }
  function tell() {
    const left = kept.decisions.length - kept.saved;
    const lost = keeps ? "" : " This browser keeps nothing when the page is closed: save to a file often.";
    $("unsaved").textContent = (left ? `Not in a file yet: ${plural(left, "decision", "decisions")}. Save them, and send the file back.` : kept.decisions.length ? "Everything is in the file that was saved last." : "Nothing is decided yet.") + lost;
    $("unsaved").classList.toggle("bad", left > 0 || !keeps);
  }
  function standing(name) {
    const undone = new Set(kept.decisions.filter((d) => d.action === "undo").flatMap((d) => d.replaces));
    const live = kept.decisions.filter((d) => d.entry === name && d.action !== "undo" && !undone.has(d.id));
    const gone = new Set(live.filter((d) => d.action !== "flag").flatMap((d) => d.replaces));
    return live.filter((d) => !gone.has(d.id));
  }
  const isDone = (name) => standing(name).some((d) => d.action !== "flag");
  const criteriaOf = (item) => [...data.criteria, ...kept.criteria].filter((c) => c.item === item);
  function problem(text) {
    $("problem").textContent = text ? `Not kept. ${text}` : "";
    $("problem").hidden = !text;
  }

  function show(index) {
    at = (index + names.length) % names.length;
    const name = names[at], entry = data.entries[name];
    document.querySelectorAll(".entry").forEach((one) => { one.hidden = one.id !== `e-${name}`; });
    document.querySelectorAll(".of-item").forEach((one) => { one.hidden = one.dataset.item !== entry.item; });
    $("title").textContent = $(`e-${name}`).dataset.title;
    const done = names.filter(isDone).length, stands = standing(name);
    const state = isDone(name) ? "done" : stands.length ? "flagged" : "to judge";
    $("place").textContent = `${entry.item} · ${at + 1} of ${names.length} · ${done} done · ${state}`;
    $("marking").textContent = entry.kind === "flag" ? "Decision" : `Points, of ${plain(entry.possible)}`;
    const last = stands.filter((d) => d.action !== "flag").pop() || { criteria: [], points: null, comment: "", reason: "" };
    $("ticks").hidden = $("graded").hidden = $("new").hidden = entry.kind === "flag";
    ticks(entry.item, last.criteria);
    $("points").value = last.points === null ? "" : plain(last.points);
    $("comment").value = last.comment;
    $("reason").value = last.reason;
    $("flagged").value = $("new_text").value = $("new_points").value = "";
    const open = entry.alike.filter((one) => !isDone(one));
    $("all").hidden = open.length < 2 || entry.kind === "flag";
    $("all").textContent = `Keep for all ${open.length} equal answers`;
    problem("");
    shownAt = Date.now();
    tell();
  }
  function ticks(item, ticked) {
    const box = $("ticks"), full = data.full.includes(item);
    box.querySelectorAll("label, p").forEach((one) => one.remove());
    criteriaOf(item).forEach((one, place) => {
      const label = document.createElement("label"), input = document.createElement("input"), text = document.createElement("span");
      label.className = "tick";
      input.type = "checkbox";
      input.value = one.id;
      input.checked = ticked.includes(one.id);
      if (place < 9) {
        input.dataset.key = String(place + 1);
        const key = document.createElement("kbd");
        key.textContent = place + 1;
        text.append(key, " ");
      }
      text.append(`${one.points > 0 ? "+" : ""}${plain(one.points)} ${one.text}${one.note ? ` (${one.note})` : ""}`);
      label.append(input, text);
      box.append(label);
    });
    if (box.querySelector("label")) return;
    const none = document.createElement("p");
    none.className = "quiet";
    none.textContent = full ? "There are none yet: keep it for all points, or add one." : "There are none yet: add one below, or type points.";
    box.append(none);
  }
  const ticked = () => [...$("ticks").querySelectorAll("input:checked")].map((one) => one.value);

  function decide(action, entries, facts) {
    if (!kept.marker) {
      problem("Write your name first, at the top.");
      $("marker").focus();
      return false;
    }
    const id = newId(), seconds = entries.length === 1 ? Math.round((Date.now() - shownAt) / 10) / 100 : null;
    for (const entry of entries) {
      kept.decisions.push({
        id, entry, at: new Date().toISOString(), action, criteria: [], points: null, comment: "", reason: "",
        replaces: [...data.entries[entry].seen, ...standing(entry).map((d) => d.id)], seconds, ...facts,
      });
    }
    keep();
    return true;
  }
  function grade(entries) {
    const entry = data.entries[names[at]], reason = $("reason").value;
    if (entry.kind === "flag") {
      if (!reason.trim()) return problem("Write the reason down.");
      return decide("looked", entries, { reason }) && skip();
    }
    const points = number($("points").value), criteria = ticked();
    if (Number.isNaN(points)) return problem(`"${$("points").value}" is no number.`);
    if (points !== null && !(points >= 0 && points <= entry.possible)) return problem(`Points are between 0 and ${plain(entry.possible)}.`);
    if (points === null && !criteria.length && !data.full.includes(entry.item)) return problem("Tick a criterion, or type points.");
    return decide("grade", entries, { criteria, points, comment: $("comment").value, reason }) && skip();
  }
  function skip() {
    document.activeElement?.blur(); // so that the next key is for the next answer
    for (let step = 1; step <= names.length; step += 1) {
      if (!standing(names[(at + step) % names.length]).length) return show(at + step);
    }
    return show(at);
  }
  function save() {
    if (!kept.marker) return decide("", [], {});
    const evidence = Object.fromEntries(names.map((name) => [name, data.entries[name].evidence]));
    const made = { schema: data.schema, class: data.class, marker: kept.marker, evidence, criteria: kept.criteria, decisions: kept.decisions };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(made)], { type: "application/json" }));
    link.download = `decisions-${data.number}.json`;
    link.click();
    kept.saved = kept.decisions.length;
    keep();
    $("told").textContent = `Saved as ${link.download}, among your downloads.`;
    return true;
  }

  addEventListener("beforeunload", (event) => { if (kept.decisions.length > kept.saved) event.preventDefault(); });
  $("marker").value = kept.marker;
  $("marker").addEventListener("input", () => { kept.marker = $("marker").value.trim(); keep(); });
  $("save").addEventListener("click", save);
  if (!names.length) return;
  for (const [id, go] of [["before", () => show(at - 1)], ["behind", () => show(at + 1)], ["skip", skip]]) {
    $(id).addEventListener("click", (event) => { event.preventDefault(); go(); });
  }
  $("grade").addEventListener("submit", (event) => { event.preventDefault(); grade([names[at]]); });
  $("all").addEventListener("click", () => {
    const open = data.entries[names[at]].alike.filter((one) => !isDone(one));
    if (confirm(`Keep this for all ${open.length} equal answers?`)) grade(open);
  });
  $("new").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("new_text").value.trim(), points = number($("new_points").value), item = data.entries[names[at]].item;
    if (!text || points === null || !(Math.abs(points) <= 1000)) return problem("A criterion needs a text and points.");
    const one = { id: newId(), item, points, text, note: "" }, former = ticked();
    kept.criteria.push(one);
    keep();
    ticks(item, [...former, one.id]);
    $("new_text").value = $("new_points").value = "";
    document.activeElement.blur();
    return problem("");
  });
  $("flag").addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = $("flagged").value;
    if (!reason.trim()) return problem("Write down what a colleague should look at.");
    return decide("flag", [names[at]], { reason, replaces: [] }) && skip();
  });
  $("undo").addEventListener("click", () => {
    const undone = new Set(kept.decisions.filter((d) => d.action === "undo").flatMap((d) => d.replaces));
    const last = kept.decisions.filter((d) => d.action !== "undo" && !undone.has(d.id)).pop();
    if (!last) return problem("You have decided nothing yet.");
    const all = [...new Set(kept.decisions.filter((d) => d.id === last.id).map((d) => d.entry))];
    decide("undo", all, { replaces: [last.id], seconds: null });
    return show(names.indexOf(last.entry));
  });
  const first = names.findIndex((name) => !standing(name).length);
  show(Math.max(first, 0));
})();
