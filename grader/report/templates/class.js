(function () {
  var list = document.getElementById("list"), rows = Array.prototype.slice.call(list.rows);
  var text = document.getElementById("f-text"), group = document.getElementById("f-group");
  var shown = document.getElementById("shown"), who = "", head = document.querySelectorAll("button[data-by]");
  document.body.classList.add("on");
  function show() {
    var wanted = text.value.trim().toLowerCase(), number = 0;
    rows.forEach(function (row) {
      var fits = (!wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0)
        && (!group || !group.value || row.dataset.g === group.value)
        && (!who || (" " + (row.dataset.w || "") + " ").indexOf(" " + who + " ") >= 0);
      row.classList.toggle("off", !fits);
      if (fits && getComputedStyle(row).display !== "none") number += 1;
    });
    shown.textContent = number + " of " + rows.length + " shown";
    document.getElementById("all").hidden = !who;
  }
  function value(row, by) {
    var cell = row.cells[by];
    return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent.trim().toLowerCase();
  }
  head.forEach(function (button) {
    button.addEventListener("click", function () {
      var by = Number(button.dataset.by), th = button.closest("th");
      var down = th.getAttribute("aria-sort") === "ascending";
      head.forEach(function (one) { one.closest("th").removeAttribute("aria-sort"); });
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort(function (a, b) {
        var x = value(a, by), y = value(b, by), less = x < y ? -1 : x > y ? 1 : 0;
        return down ? -less : less;
      });
      rows.forEach(function (row) { list.appendChild(row); });
    });
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-who]");
    if (link) { who = link.dataset.who; text.value = ""; if (group) group.value = ""; document.getElementById("f-all").checked = true; show(); }
  });
  document.getElementById("all").addEventListener("click", function () { who = ""; show(); });
  text.addEventListener("input", show);
  if (group) group.addEventListener("change", show);
  document.querySelectorAll("input[name=f]").forEach(function (one) { one.addEventListener("change", show); });
  show();
})();
