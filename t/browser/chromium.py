# SPDX-License-Identifier: Apache-2.0
#
# A Chromium that shows nothing, keeps nothing, and asks no other machine.
import contextlib
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service


@contextlib.contextmanager
def chromium(*more):
    """Gives (driver, a folder that is gone afterwards); `more` are arguments."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for arg in ("--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run", "--lang=en",
                "--disable-background-networking", "--no-proxy-server",
                *more):
        options.add_argument(arg)
    with tempfile.TemporaryDirectory() as folder:
        options.add_argument("--user-data-dir=" + folder + "/profile")
        driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"),
                                  options=options)
        try:
            yield driver, folder
        finally:
            driver.quit()
