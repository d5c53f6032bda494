/* Chromium with eyes: at every `look` a page is photographed and must fit its width, be accessible (axe: nothing
   serious) and have caused no error, no refused resource and no violation of the content security policy. It is looked
   at as it is on the other screen, too: a story is told once (`screensFor`), and twice only with --long. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { options, root } = require('../support/visitor.js');

const modules = path.join(root, 'gateway/web/node_modules');
const { chromium } = require(path.join(modules, 'playwright-core'));
const axe = fs.readFileSync(path.join(modules, 'axe-core/axe.min.js'), 'utf8');

const output = process.env.GUILD_TEST_OUTPUT ?? '.';
const screens = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  desktop: { viewport: { width: 1440, height: 900 } },
};

const isLong = process.env.GUILD_TEST_LONG === 'yes';
const otherThan = { phone: 'desktop', desktop: 'phone' };

/* On which a story is told. */
const screensFor = (screen) => (isLong ? [screen, otherThan[screen]] : [screen]);

/* Nothing less than serious is held against a page, or looked for. */
const findSerious = () => {
  const lesser = globalThis.axe._audit.rules.filter((rule) => ['minor', 'moderate'].includes(rule.impact));
  return globalThis.axe.run({ resultTypes: ['violations'], rules: Object.fromEntries(lesser.map((rule) => [rule.id, { enabled: false }])) });
};

/* Chromium's word on refusals that the story asks for: 401 tells the application that nobody is logged in. */
function isExpected(message) {
  const { url } = message.location();
  return url.includes('/api/') ? /status of (400|401|403|404|409|422)/.test(message.text()) : url.endsWith('/nowhere');
}

class Eyes {
  constructor(page, screen) {
    this.page = page;
    this.screen = screen;
    this.faults = [];
    this.count = 0;
    this.forgive = false; // a story that breaks the network itself
    this.flying = new Set(); // requests
    page.setDefaultTimeout(15000);
    page.on('request', (request) => this.flying.add(request));
    for (const event of ['requestfinished', 'requestfailed']) page.on(event, (request) => this.flying.delete(request));
    page.on('pageerror', (error) => this.faults.push(`error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && !this.forgive && !isExpected(message)) this.faults.push(`console: ${message.text()}`);
    });
    page.on('response', (answer) => {
      if (answer.status() >= 500) this.faults.push(`${answer.status()} ${answer.url()}`);
    });
  }

  /* Until what the page asks for is there, and drawn. */
  async open(target) {
    const answer = await this.page.goto(new URL(target, options.url).href);
    await this.settled();
    return answer;
  }

  /* Some frames long nothing is under way; networkidle would take half a second for that each time. */
  async settled() {
    for (let calm = 0, end = Date.now() + 15000; calm < 3 && Date.now() < end;) {
      const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));
      const stays = await this.page.evaluate(drawn).catch(() => false); // not where the page goes elsewhere
      calm = stays && this.flying.size === 0 ? calm + 1 : 0;
    }
  }

  async photograph(screen, place, name) {
    await this.page.screenshot({ path: path.join(output, `${screen}-${place}-${name}.png`), fullPage: true, scale: 'css' });
    const wide = await this.page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    if (wide > 0) this.faults.push(`${name}: ${wide} pixels wider than the ${screen}`);
  }

  /* The same page in the other's size, and back. */
  async photographOther(place, name) {
    const other = otherThan[this.screen];
    await this.page.setViewportSize(screens[other].viewport);
    await this.settled();
    await this.photograph(other, place, name);
    await this.page.setViewportSize(screens[this.screen].viewport);
    await this.settled();
  }

  async look(name) {
    const place = String(++this.count).padStart(2, '0');
    await this.photograph(this.screen, place, name);
    if (!isLong) await this.photographOther(place, name);
    await this.page.evaluate(axe);
    for (const one of (await this.page.evaluate(findSerious)).violations)
      this.faults.push(`${name}: ${one.id}: ${one.help} (${one.nodes.map((node) => node.target.join(' ')).join(', ').slice(0, 300)})`);
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
    console.log(`  ${this.screen} ${place} ${name}`);
  }

  /* A picture that the page gave, or a file for it: a large one comes sooner to it from a disk. */
  keep(name, bytes) {
    const file = path.join(output, name);
    fs.writeFileSync(file, bytes);
    return file;
  }

  /* Waits until the page shows the text. */
  sees(text) {
    return this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  fill(label, value) {
    return this.page.getByLabel(label, { exact: true }).fill(value);
  }

  press(name) {
    return this.page.getByRole('button', { name }).filter({ visible: true }).first().click();
  }

  /* A new member of staff (staffAccount) logs in and chooses a password. */
  async enterConsole(clerk) {
    await this.open('/console/');
    await this.fill('工号', clerk.login);
    await this.fill('密码', clerk.password);
    await this.press(/^登录$/);
    await this.fill('一次性密码', clerk.password);
    await this.fill('新密码', `Council-${clerk.login}-2026`);
    await this.fill('确认新密码', `Council-${clerk.login}-2026`);
    await this.press('确定');
    await this.sees('工作台');
  }

  follow(name) {
    return this.page.getByRole('link', { name }).filter({ visible: true }).first().click();
  }
}

/* Calls `story` with new eyes in a browser session of its own; a failure leaves a picture. */
async function withEyes(screen, story) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const context = await browser.newContext({ ...screens[screen], locale: 'zh-CN', reducedMotion: 'reduce', timezoneId: 'Asia/Shanghai' });
    const eyes = new Eyes(await context.newPage(), screen);
    try {
      return await story(eyes);
    } catch (error) {
      await eyes.page.screenshot({ path: path.join(output, `${screen}-failed-${Date.now()}.png`) });
      throw error;
    }
  } finally {
    await browser.close();
  }
}

module.exports = { screensFor, withEyes };
