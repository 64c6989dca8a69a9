#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clicks through a DokuWiki in a headless Chromium, for dokuwiki.t.

    dokuwiki.py URL KIND

KIND says how the wiki writes URLs: `front` (/other:page, by the front
controller) or `path` (/doku.php/other:page, by PATH_INFO).
"""
import os
import sys
import zlib

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from chromium import chromium

BASE, KIND = sys.argv[1:3]
PAGE = BASE + ("/" if KIND == "front" else "/doku.php/")
MEDIA = BASE + ("/_media/" if KIND == "front" else "/lib/exe/fetch.php/")


def ok(good, what, detail=""):
    print(("ok" if good else "not ok") + " - " + what, flush=True)
    if not good:
        print(detail, flush=True)


def png(path, side):
    """Writes a red square."""
    def chunk(kind, data):
        body = kind + data
        return (len(data).to_bytes(4, "big") + body
                + zlib.crc32(body).to_bytes(4, "big"))
    rows = (b"\0" + b"\xff\0\0" * side) * side
    head = side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                   + chunk(b"IDAT", zlib.compress(rows, 0))
                   + chunk(b"IEND", b""))


class Wiki:
    def __init__(self, driver):
        self.driver = driver

    def wait(self, condition, what):
        try:
            return WebDriverWait(self.driver, 30).until(condition)
        except Exception:
            ok(False, what + " comes about", self.driver.current_url + "\n"
               + self.text()[:2000])
            sys.exit(1)

    def find(self, css):
        return self.wait(lambda d: d.find_element(By.CSS_SELECTOR, css), css)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def script(self, text):
        return self.driver.execute_script(text)

    def shows(self, text, what):
        self.wait(lambda d: text in self.text(), what)
        ok(True, what)

    def at(self, url, what):
        ok(self.driver.current_url.split("#")[0] == url, what,
           self.driver.current_url)

    def complete(self):
        self.wait(lambda d: self.script(
            "return document.readyState") == "complete", "the whole page")

    def looks_right(self, what):
        """Everything that the page has was loaded, and styles it."""
        self.complete()
        loaded = self.script(
            "return performance.getEntriesByType('resource')"
            ".map(e => [e.responseStatus, e.name])")
        bad = [e for e in loaded if e[0] not in (200, 304)]
        ok(len(loaded) > 3 and not bad, what + ": all is loaded",
           str(bad or loaded))
        ok(self.script("return document.styleSheets.length") > 0
           and self.script("return getComputedStyle(document.querySelector("
                           "'#dokuwiki__site')).maxWidth") != "none",
           what + ": with its styles")
        ok(self.script("return typeof jQuery === 'function' && "
                       "typeof JSINFO === 'object'"),
           what + ": with its scripts")


def pages(wiki):
    wiki.driver.get(BASE + "/")
    wiki.shows("Welcome", "the root shows the start page")
    wiki.looks_right("the start page")
    wiki.driver.find_element(By.LINK_TEXT, "the other page").click()
    wiki.shows("The other", "a link leads to the other page")
    wiki.at(PAGE + "other:page", "under a pretty URL")
    wiki.looks_right("the other page")
    wiki.driver.back()
    wiki.shows("Welcome", "and back")


def log_in_with(wiki, password):
    wiki.find("a.action.login, li.action.login a, .login a").click()
    wiki.complete()
    for name, text in (("u", "tester"), ("p", password)):
        field = wiki.find("#dw__login input[name=%s]" % name)
        field.clear()
        field.send_keys(text)
    wiki.find("#dw__login button[type=submit]").click()


def login(wiki):
    log_in_with(wiki, "wrong")
    wiki.shows("password was wrong", "a wrong password is refused")
    log_in_with(wiki, "pass word")
    wiki.shows("Test Er", "the right one logs in")


def edit(wiki):
    wiki.driver.get(PAGE + "n%C3%A4w:page?do=edit")
    area = wiki.find("#wiki__text")
    area.clear()
    area.send_keys("====== Nöw ======\n\nText with <b> & ümlauts. "
                   + "word " * 2000)
    wiki.find("#edbtn__save").click()
    wiki.shows("Text with <b> & ümlauts.", "a page is written")
    ok("?" not in wiki.driver.current_url.split("#")[0]
       and wiki.driver.current_url.startswith(PAGE + "n"),
       "under a pretty URL", wiki.driver.current_url)
    wiki.driver.refresh()
    wiki.shows("Text with <b> & ümlauts.", "and is there when it is loaded "
               "again")


def upload(wiki, folder):
    path = os.path.join(folder, "square.png")
    png(path, 300)  # 270 KB
    wiki.driver.get(PAGE + "start?do=media&ns=other&tab_files=upload")
    field = wiki.find("input[type=file]")
    wiki.script("arguments = document.querySelectorAll('input[type=file]');"
                "arguments.forEach(e => e.style.display = 'block')")
    field.send_keys(path)
    wiki.find("#mediamanager__upload_button").click()
    wiki.wait(lambda d: d.find_elements(By.CSS_SELECTOR,
                                        ".qq-upload-success, .success"),
              "the upload")
    ok(True, "a picture is uploaded")
    wiki.driver.get(MEDIA + "other:square.png")
    ok(wiki.script("return document.images[0].naturalWidth") == 300,
       "and is there, by a pretty URL")
    wiki.driver.get(PAGE + "shown?do=edit")
    wiki.find("#wiki__text").send_keys("{{other:square.png?100}}")
    wiki.find("#edbtn__save").click()
    wiki.wait(lambda d: wiki.script(
        "const i = document.querySelector('.page img, #dokuwiki__content img.media');"
        "return i && i.complete && i.naturalWidth"), "the picture")
    ok(True, "and is shown in a page")


def logout(wiki):
    wiki.find("a.action.logout, li.action.logout a, .logout a").click()
    wiki.wait(lambda d: "Test Er" not in wiki.text(), "the end")
    ok(True, "the user logs out")
    # (A wrong password is a 403 of the wiki's.)
    errors = [e["message"] for e in wiki.driver.get_log("browser")
              if e["level"] == "SEVERE" and "Login failed" not in e["message"]]
    ok(not errors, "the browser has nothing to complain of", str(errors))


def main():
    # Not "localhost": to secure origins Chromium sends more fields than Monkey 1.6
    # takes (eight that it does not know).
    with chromium("--host-resolver-rules=MAP wiki.test 127.0.0.1",
                  "--window-size=1200,900") as (driver, folder):
        wiki = Wiki(driver)
        pages(wiki)
        login(wiki)
        edit(wiki)
        upload(wiki, folder)
        logout(wiki)
        print("done", flush=True)


main()
