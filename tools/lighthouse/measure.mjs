// Loads each public page of the platform at the address given five times as a
// phone does (Lighthouse's own throttling), prints the medians of the four
// scores, and fails when one is below 95. Pages that ask not to be indexed are
// not judged by SEO.
import * as chromeLauncher from "chrome-launcher";
import lighthouse from "lighthouse";

const runs = 5;
const wanted = 95;
const categories = ["performance", "accessibility", "best-practices", "seo"];
const pages = [
  "/", "/request?lang=zh-Hans", "/offer?lang=zh-Hant", "/board", "/board?lang=zh-Hans",
  "/track", "/answer", "/honours", "/request/print",
];

const url = process.argv[2];
if (!url) {
  console.error("usage: make lighthouse URL=http://127.0.0.1:8080 (of a running heli up --demo)");
  process.exit(2);
}

const chrome = await chromeLauncher.launch({
  chromePath: process.env.CHROME_PATH,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu"],
});

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function measure(page) {
  const scores = Object.fromEntries(categories.map((c) => [c, []]));
  const failed = new Set();
  for (let run = 0; run < runs; run++) {
    const { lhr } = await lighthouse(url + page, { port: chrome.port, logLevel: "silent", onlyCategories: categories });
    const indexed = lhr.audits["is-crawlable"].score === 1;
    for (const c of categories) {
      if (c !== "seo" || indexed) scores[c].push(Math.round(lhr.categories[c].score * 100));
      for (const { id, weight } of lhr.categories[c].auditRefs) {
        const { score } = lhr.audits[id];
        if (weight > 0 && score !== null && score < 0.9 && (c !== "seo" || indexed)) failed.add(id);
      }
    }
  }
  const medians = categories.map((c) => (scores[c].length ? median(scores[c]) : undefined));
  console.log([page, ...categories.map((c, i) => `${c} ${medians[i] ?? "(not indexed)"}`), ...failed].join(" "));
  return medians.every((m) => m === undefined || m >= wanted);
}

let good = true;
for (const page of pages) good = (await measure(page)) && good;
chrome.kill();
process.exit(good ? 0 : 1);
