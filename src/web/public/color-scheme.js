// Sets light or dark before the first paint. A file of its own because the content security policy allows no inline script.
(function () {
  var chosen = "auto";
  try {
    chosen = localStorage.getItem("llmdbg-color-scheme") || "auto";
  } catch {
    // Storage is switched off: follow the system.
  }
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
