// Looks at every page in a real browser and writes what it saw as one JSON value.
// Arguments: the folder with the packages, the address of the site, the pages as JSON, a folder for pictures if any.
const { readFileSync } = require("fs");
const [packages, site, paths, pictures] = process.argv.slice(2);
const { chromium } = require(`${packages}/node_modules/playwright-core`);
const axe = readFileSync(`${packages}/node_modules/axe-core/axe.min.js`, "utf8");

const LOOKS = [["light", 1280], ["light", 390], ["dark", 1280], ["dark", 390]];
const PICTURE_HEIGHT = 1500;
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];

async function looked(context, path, saw) {
  const page = await context.newPage();
  page.on("console", (message) => saw.console.push(`${path}: ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => saw.console.push(`${path}: ${error}`));
  page.on("request", (request) => saw.requests.add(request.url()));
  const answer = await page.goto(site + path);
  saw.statuses.push([path, answer.status()]);
  return page;
}

// A page as it comes: the policy holds, and no script could run. Pictures are taken for whoever wants to see them.
async function pictured(browser, path, index, saw) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await looked(context, path, saw);
  for (const [colorScheme, width] of pictures ? LOOKS : []) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const clip = { x: 0, y: 0, width, height: PICTURE_HEIGHT };
    await page.screenshot({ path: `${pictures}/${index}-${colorScheme}-${width}.png`, fullPage: true, clip });
    await page.screenshot({ path: `${pictures}/${index}-${colorScheme}-${width}-whole.png`, fullPage: true });
  }
  await context.close();
}

// The same with a script brought in that looks for barriers.
async function surveyed(browser, path, saw) {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await looked(context, path, saw);
  await page.evaluate(axe);
  for (const [colorScheme, width] of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const room = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    saw.rooms.push([path, colorScheme, width, ...room]);
    const found = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
    for (const barrier of found.violations) {
      for (const node of barrier.nodes) {
        saw.barriers.push(`${path} ${colorScheme} ${width}: ${barrier.id}: ${node.target} ${node.failureSummary}`);
      }
    }
    const contrast = found.passes.find((rule) => rule.id === "color-contrast");
    saw.contrasts.push([path, colorScheme, width, contrast ? contrast.nodes.length : 0]);
  }
  await context.close();
}

// Filters by hand, as somebody does whose browser runs no scripts.
async function filtered(browser, saw) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await looked(context, "/", saw);
  const names = async () => page.locator(".watch h3").allInnerTexts();
  saw.unfiltered = await names();
  await page.fill('.filter input[name="canary"]', "Conditional");
  await page.click('.filter button');
  saw.filtered = await names();
  saw.address = page.url();
  await page.click(".filter a");
  await page.selectOption('.filter select[name="state"]', "failing");
  await page.click('.filter button');
  saw.failing = await names();
  await page.click(".watch h3 a");
  saw.permalink = page.url();
  await page.goto(site + "/");
  await page.click(".switch summary");
  await page.selectOption('.switch select[name="state"]', "drain");
  await page.fill('.switch input[name="reason"]', "a bad night");
  await page.click(".switch button");
  saw.braked = await page.locator(".brake").innerText();
  await context.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const saw = { console: [], requests: new Set(), statuses: [], rooms: [], barriers: [], contrasts: [] };
  try {
    for (const [index, path] of JSON.parse(paths).entries()) {
      await pictured(browser, path, index, saw);
      await surveyed(browser, path, saw);
    }
    await filtered(browser, saw);
  } finally {
    await browser.close();
  }
  process.stdout.write(JSON.stringify({ ...saw, requests: [...saw.requests] }));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
