#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at the status page in a headless Chromium, for status.t.

    status.py URL FOLDER

Pictures are written to FOLDER.
"""
import sys

from selenium.webdriver.support.ui import WebDriverWait

from chromium import chromium

PAGE, FOLDER = sys.argv[1] + "/fcgi-status", sys.argv[2]
SCREENS = {"screen": (1200, 900), "telephone": (360, 740)}

# What has less contrast to what is behind it than WCAG 2.1 (1.4.3) wants.
PALE = """
const rgb = (s) => s.match(/[\\d.]+/g).map(Number);
const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (e) => {
    for (; e; e = e.parentElement) {
        const c = rgb(getComputedStyle(e).backgroundColor);
        if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
};
const pale = [];
for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3
                                            && n.data.trim());
    if (!own || !e.getClientRects().length) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(rgb(style.color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5))
        pale.push(e.tagName + ' ' + e.textContent.slice(0, 30) + ' ' + ratio);
}
return pale;
"""
LIGHT = """
const [r, g, b] = getComputedStyle(document.body).backgroundColor
    .match(/\\d+/g).map(Number);
return (r + g + b) / 3;
"""
# What is wider than the window, or than what it is in.
WIDE = """
const right = (e) => e.getBoundingClientRect().right;
return [...document.querySelectorAll('body *')].filter(e =>
    right(e) > innerWidth || right(e) > right(e.parentElement) + 1)
    .map(e => e.tagName + ' ' + e.textContent.slice(0, 30));
"""
EMPTY = """
return [...document.querySelectorAll('svg')].filter(s => {
    const box = s.getBoundingClientRect();
    return !box.width || !box.height || !s.querySelector('path');
}).length;
"""


def ok(good, what, detail=""):
    print(("ok" if good else "not ok") + " - " + what, flush=True)
    if not good:
        print(detail, flush=True)


def look(driver, theme, screen):
    name = "%s, %s" % (theme, screen)
    width, height = SCREENS[screen]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": theme}]})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1,
        "mobile": screen == "telephone"})
    driver.get(PAGE + "?still")
    driver.save_screenshot("%s/%s-%s.png" % (FOLDER, theme, screen))
    grey = driver.execute_script(LIGHT)
    ok(grey > 200 if theme == "light" else grey < 60,
       name + ": the background is of the theme", str(grey))
    pale = driver.execute_script(PALE)
    ok(not pale, name + ": all can be read", "\n".join(pale))
    wide = driver.execute_script(WIDE)
    ok(not wide, name + ": it fits the width", "\n".join(wide))
    ok(driver.execute_script(EMPTY) == 0, name + ": the pictures are drawn")
    loaded = driver.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)")
    ok(not loaded, name + ": nothing else is loaded", str(loaded))


def text(driver):
    return driver.execute_script("return document.body.innerText")


def main():
    with chromium() as (driver, _):
        for theme in ("light", "dark"):
            for screen in SCREENS:
                look(driver, theme, screen)
        shown = text(driver)
        ok("php" in shown and "api" in shown, "both servers are there",
           shown)
        ok("GET /bad.php/%3Cb%3E" in shown, "and the last errors", shown)
        driver.get(PAGE)
        first = text(driver)
        WebDriverWait(driver, 30).until(lambda d: text(d) != first)
        ok(True, "it is live")
        bad = [e["message"] for e in driver.get_log("browser")
               if "favicon" not in e["message"]]
        ok(not bad, "the browser has nothing to complain of", str(bad))
        print("done", flush=True)


main()
