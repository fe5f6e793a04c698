"use strict";

// The operator's host only: what is tried out goes where the page comes from. Tokens are forgotten
// with the page.
window.addEventListener("load", () => {
  // Swagger UI has dark colours, and does not ask what the reader wants.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", paint);
  paint();
  SwaggerUIBundle({
    dom_id: "#reference",
    url: "/v1/openapi.json",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    filter: true,
    persistAuthorization: false,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
});
