// Copies the scripts of others, with their licences, from node_modules to
// ../vendor, so that the service needs no other host and no npm to run.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const target = "../vendor/";
mkdirSync(target, { recursive: true });

/** Copies a script without the pointer to a source map that is not served. */
function copyScript(from, name) {
  const text = readFileSync(`node_modules/${from}`, "utf8");
  writeFileSync(target + name, text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
}

copyScript("htmx.org/dist/htmx.min.js", "htmx.min.js");
copyScript("htmx.org/dist/ext/hx-sse.min.js", "hx-sse.min.js");
copyFileSync("node_modules/htmx.org/LICENSE", target + "htmx.LICENSE");
// Parts of the style sheet come from these two.
copyFileSync("node_modules/tailwindcss/LICENSE", target + "tailwindcss.LICENSE");
copyFileSync("node_modules/daisyui/LICENSE", target + "daisyui.LICENSE");
