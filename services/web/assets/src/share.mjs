// Draws ../share-LANG.png, the picture that goes with a link that is passed on, in
// each language, with the texts of the catalogues. It needs Chromium and a Chinese
// font; the results are committed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const WIDTH = 1200;
const HEIGHT = 630;
const mark = readFileSync("../favicon.svg", "utf8");
const folder = mkdtempSync(join(tmpdir(), "heli-share-"));

/** The two hands of the mark, large, and the name beside its sentence. */
const page = (lang, name, tagline) => `<!DOCTYPE html><html lang="${lang}"><meta charset="utf-8"><style>
  * { margin: 0; box-sizing: border-box; }
  body { width: ${WIDTH}px; height: ${HEIGHT}px; overflow: hidden; background: #0b5f66; color: #ffffff; display: flex; align-items: center;
    gap: 72px; padding: 0 96px; font-family: "Noto Sans SC", "WenQuanYi Micro Hei", "Liberation Sans", "DejaVu Sans", sans-serif; }
  svg { width: 260px; height: 260px; flex: none; border: 3px solid #ffffff55; border-radius: 68px; }
  h1 { font-size: 128px; line-height: 1.15; letter-spacing: 0; }
  p { font-size: ${lang === "en" ? 42 : 64}px; line-height: 1.4; margin-top: 20px; padding-top: 28px; border-top: 6px solid #f4c38a; }
</style><body>${mark}<div><h1>${name}</h1><p>${tagline}</p></div></body></html>`;

for (const lang of ["en", "zh-Hans", "zh-Hant"]) {
  const texts = JSON.parse(readFileSync(`../../../../pkg/locale/${lang}/common.json`, "utf8"));
  const source = join(folder, lang + ".html");
  writeFileSync(source, page(lang, texts["app.name"], texts["app.tagline"]));
  execFileSync("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-lcd-text", "--hide-scrollbars", "--force-device-scale-factor=1",
    `--window-size=${WIDTH},${HEIGHT}`, `--screenshot=${join(process.cwd(), "..", `share-${lang}.png`)}`, "file://" + source], { stdio: "ignore" });
}
rmSync(folder, { recursive: true });
