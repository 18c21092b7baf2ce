// The page for people, in a real browser against a real endpoint.
//
// `cargo xtask test browser` runs this; it says where the browser and the command are. Pictures of every
// form of the page are left in the folder that DECKPORT_PICTURES names.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const { DECKPORT_BIN, DECKPORT_BROWSER, DECKPORT_PICTURES } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const OWNER = "Anna's <shelf>";
const ACCOUNT = "geheimniskraemer";

// To the browser this one is not its own machine: so pages from there have no right to its clipboard.
const NAME = "shelf.local";
const LANGUAGES = { "en-GB": "Copy", "de-AT": "Kopieren" };
const NARROW = 360;

let endpoint;
let browser;

class Endpoint {
  constructor() {
    this.data = mkdtempSync(join(tmpdir(), "deckport-page-"));
    this.port = 0;
  }

  async start() {
    const options = ["--data", this.data, "--listen", `127.0.0.1:${this.port}`, "--title", OWNER];
    options.push("--allow-host", NAME, "--account", ACCOUNT, "--quiet");
    this.process = spawn(DECKPORT_BIN, ["serve", ...options], { stdio: ["ignore", "pipe", "inherit"] });
    let told = "";
    for await (const piece of this.process.stdout.iterator({ destroyOnReturn: false })) {
      told += piece;
      const listening = told.match(/listening on 127\.0\.0\.1:(\d+)/);
      if (listening) {
        this.port = Number(listening[1]);
        this.process.stdout.resume();
        return this;
      }
    }
    throw new Error(`the endpoint ended at once: ${told}`);
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    await ended;
  }

  url(host = "127.0.0.1", path = "/") {
    return `http://${host}:${this.port}${path}`;
  }
}

before(async () => {
  endpoint = await new Endpoint().start();
  const args = [`--host-resolver-rules=MAP ${NAME} 127.0.0.1, MAP rebound.example 127.0.0.1`];
  args.push("--disable-gpu");
  // Chromium's own sandbox does not work for root, as whom containers run tests.
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  browser = await chromium.launch({ executablePath: DECKPORT_BROWSER, args });
});

after(async () => {
  await browser?.close();
  await endpoint?.stop();
  rmSync(endpoint.data, { recursive: true });
});

/** A page that is open, and all that it asked for. */
async function open(url, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const page = await context.newPage();
  page.asked = [];
  page.complaints = [];
  page.on("request", (request) => page.asked.push(request.url()));
  page.on("console", (message) => page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(url);
  return page;
}

/** Waits until the page knows of each way whether it works. */
async function checked(page) {
  await page.waitForFunction(() => {
    const ways = [...document.querySelectorAll("#ways li")];
    return ways.length > 0 && ways.every((way) => way.dataset.state && way.dataset.state !== "waiting");
  });
  return page.$$eval("#ways li", (ways) => ways.map((way) => [way.dataset.state, way.innerText]));
}

async function clipboard() {
  const page = await open(endpoint.url(), { permissions: ["clipboard-read"] });
  const text = await page.evaluate(() => navigator.clipboard.readText());
  await page.context().close();
  return text;
}

/** How the page looks at one width in one scheme of colours. */
async function inspect(page, width, colorScheme) {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme });
  const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(needed <= given, `at ${width} it is ${needed} wide`);
  const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(Number(paper.match(/\d+/)[0]) < 128, colorScheme === "dark", paper);
  const found = await page.evaluate(() => axe.run());
  const told = found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(told, []);
  assert.ok(found.passes.length > 10, "axe looked at it");
}

for (const [locale, copy] of Object.entries(LANGUAGES)) {
  test(`${locale}: accessible in light and dark, narrow and wide, and nothing comes from elsewhere`, async () => {
    const page = await open(endpoint.url(), { locale });
    await checked(page);
    await page.click("summary");
    assert.equal(await page.getAttribute("html", "lang"), locale.slice(0, 2));
    assert.equal(await page.innerText("button[data-copy] >> nth=0"), copy);
    assert.ok((await page.innerText("h1")).includes(OWNER));
    assert.ok(!(await page.content()).includes(ACCOUNT));

    // Not through the page's own policy: as an extension would come in.
    await page.evaluate(AXE);
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [NARROW, 1200]) {
        await inspect(page, width, colorScheme);
        if (DECKPORT_PICTURES) {
          const path = join(DECKPORT_PICTURES, `${locale}-${colorScheme}-${width}.png`);
          await page.screenshot({ path, fullPage: true });
        }
      }
    }

    const health = endpoint.url("127.0.0.1", "/health");
    const own = [endpoint.url(), health, health.replace("http:", "https:"), endpoint.url(NAME, "/health")];
    assert.deepEqual(page.asked.filter((url) => !own.includes(url) && !url.startsWith("data:")), []);
    // This browser does not trust the endpoint's certificate.
    assert.ok(page.complaints.every((it) => it.includes("ERR_CERT_AUTHORITY_INVALID")), page.complaints.join());
    await page.context().close();
  });
}

test("everything can be reached and used with the keyboard alone", async () => {
  const page = await open(endpoint.url());
  await checked(page);
  const reached = [];
  const focused = () =>
    page.evaluate(() => {
      const { tagName, dataset, id, pathname } = document.activeElement;
      const outline = getComputedStyle(document.activeElement).outlineStyle;
      return { name: dataset.copy || id || pathname || tagName, outline };
    });
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    const { name, outline } = await focused();
    if (name === "BODY" || reached.includes(name)) break;
    assert.notEqual(outline, "none", `it shows that ${name} is chosen`);
    reached.push(name);
    if (name === "SUMMARY") await page.keyboard.press("Enter");
  }
  const there = await page.$$eval("button, summary, a", (all) => all.length);
  assert.equal(reached.length, there, reached.join(" "));
  assert.equal(reached[0], "a", "the address that most people want comes first");

  await page.focus("[data-copy=o00]");
  await page.keyboard.press("Enter");
  assert.equal(await page.innerText("[data-copy=o00]"), "Copied");
  assert.equal(await page.innerText("#said"), "Copied");
  assert.equal(await clipboard(), endpoint.url("127.0.0.1", "/sync/"));
  await page.context().close();
});

test("the button copies where browsers give pages no clipboard, too", async () => {
  const page = await open(endpoint.url(NAME));
  assert.equal(await page.evaluate(() => isSecureContext), false);
  await page.click("[data-copy=a]");
  assert.equal(await page.innerText("[data-copy=a]"), "Copied");
  assert.equal(await clipboard(), endpoint.url(NAME));
  // And where it cannot copy at all, it says what to do.
  await page.evaluate(() => (document.execCommand = () => false));
  await page.click("[data-copy=a]");
  assert.match(await page.innerText("[data-copy=a]"), /Ctrl\+C/);
  assert.equal(await page.evaluate(() => String(getSelection())), endpoint.url(NAME));
  await page.context().close();
});

test("the check says what works, and of what does not, why", async () => {
  const own = await new Endpoint().start();
  const page = await open(own.url());
  const working = await checked(page);
  assert.deepEqual(working.map(([state]) => state), ["good", "bad", "good"]);
  assert.match(working[0][1], /gets through/);
  assert.match(working[1][1], /does not trust the certificate yet/);
  assert.match(working[2][1], /by its name/);
  await own.stop();
  await page.click("#again");
  await page.waitForFunction(() => document.querySelectorAll("#ways [data-state=bad]").length === 3);
  const broken = await checked(page);
  assert.match(broken[0][1], /No answer any more/);
  assert.match(broken[2][1], /Use the address with numbers/);
  await page.context().close();
  rmSync(own.data, { recursive: true });
});

test("from a page over https nothing is asked over http, and the page says so", async () => {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const html = await (await fetch(endpoint.url(), { headers: { accept: "text/html" } })).text();
  const headers = { "content-type": "text/html" };
  await page.route("https://sync.example.org/", (route) => route.fulfill({ body: html, headers }));
  await page.goto("https://sync.example.org/");
  const ways = await checked(page);
  assert.deepEqual(ways.map(([state]) => state), ["unasked", "bad", "unasked"]);
  assert.match(ways[0][1], /browsers do not let a page that came over https ask over http/);
  assert.ok(asked.every((url) => !url.startsWith("http:")), asked.join(" "));
  assert.match(await page.innerText("#a"), /^https:/, "the address is the one that this browser uses");
  await context.close();
});

test("without scripts everything is there to be read", async () => {
  const page = await open(endpoint.url(), { javaScriptEnabled: false });
  const text = await page.innerText("body");
  assert.ok(text.includes(endpoint.url()) && text.includes("With scripts switched on"));
  assert.equal(await page.locator("button:visible").count(), 0);
  await page.click("summary");
  assert.ok(await page.isVisible("text=SYNC_ENDPOINT_MEDIA"));
  await page.context().close();
});

test("foreign script does not run, and foreign names and frames get nothing", async () => {
  const page = await open(endpoint.url());
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.foreign = true";
    document.body.append(script);
    return window.foreign === true;
  });
  assert.equal(ran, false);
  const rebound = await page.goto(endpoint.url("rebound.example"));
  assert.equal(rebound.status(), 421);
  await page.route("http://frame.example/", (route) =>
    route.fulfill({ contentType: "text/html", body: `<iframe src="${endpoint.url(NAME)}"></iframe>` }),
  );
  await page.goto("http://frame.example/");
  const frame = await (await page.$("iframe")).contentFrame();
  assert.ok(!(await frame.content()).includes("Deckport"));
  await page.context().close();
});

test("whatever a person pastes shows the page", async () => {
  for (const path of ["/sync/", "/msync/", "/sync/meta", "/msync/begin"]) {
    const page = await open(endpoint.url("127.0.0.1", path), { locale: "de-DE" });
    assert.equal(await page.innerText("#a"), endpoint.url(), path);
    await page.context().close();
  }
});
