// The API page: Swagger UI over the server's own description, in the theme that the page is in.

const system = matchMedia("(prefers-color-scheme: dark)");

function theme() {
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch { /* as the system has it */ }
  const dark = chosen === "dark" || (chosen !== "light" && system.matches);
  document.documentElement.classList.toggle("dark", dark); // style.css
  document.documentElement.classList.toggle("dark-mode", dark); // Swagger UI's own
}

theme();
system.addEventListener("change", theme);
addEventListener("storage", theme);

SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
  onComplete: theme, // Swagger UI has set its own by then
});
