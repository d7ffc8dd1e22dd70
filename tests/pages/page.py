"""The inspector in a headless Chromium, as tests speak of it: what it says, its buttons and fields by their names. All
look until it is so, or until the deadline."""

import sys
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from processes import wait_until  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
CHROMEDRIVER = "/usr/bin/chromedriver"
PATIENCE_S = 20
FORM = '[aria-label="Log in"]'
# What is drawn anew between being found and being used.
NOT_YET = (StaleElementReferenceException, NoSuchElementException, WebDriverException)


def start_browser(downloads):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--window-size=1440,1000"):
        options.add_argument(switch)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))


class Page:
    def __init__(self, browser, url, email, password):
        """Whom `open` logs in when the page asks."""
        self.browser = browser
        self.url = url
        self.email, self.password = email, password

    def open(self, hash=""):
        """Always a fresh page: another hash alone would only change the view. The tab remembers who logged in before."""
        self.read_again(hash)
        if self.all(FORM):
            self.log_in(self.email, self.password)
            self.until(lambda: not self.all(FORM), "somebody is logged in")
        return self

    def read_again(self, hash=""):
        """The page, or the form before it."""
        self.browser.get("about:blank")
        self.browser.get(f"{self.url}/inspector{hash}")
        self.until(lambda: self.all(f"{FORM}, nav"), "the page is there")

    def log_in(self, email, password):
        self.fill("E-mail", email, within=FORM)
        self.fill("Password", password, within=FORM)
        self.press("Log in", within=FORM)

    @property
    def hash(self):
        return self.browser.execute_script("return location.hash")

    def text(self, of="body"):
        return self.browser.find_element(By.CSS_SELECTOR, of).text

    def until(self, condition, what):
        """Polls; an element that is just being replaced is not a fault."""
        def steady():
            try:
                return condition()
            except NOT_YET:
                return None
        return wait_until(steady, lambda: f"{what}; the page says:\n{self.text()}\n{self.complaints()}", PATIENCE_S)

    def sees(self, *texts, within="body"):
        for text in texts:
            self.until(lambda: text in self.text(within), f"the page says {text!r}")

    def sees_not(self, text, within="body"):
        self.until(lambda: text not in self.text(within), f"the page no longer says {text!r}")

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def section(self, name):
        return f'[aria-label="{name}"]'

    def named(self, selector, name, within="body"):
        """The visible element with this name, as a screen reader says it."""
        def find():
            for element in self.all(f"{within} :is({selector})"):
                if element.is_displayed() and element.accessible_name.split("\n")[0].strip() == name:
                    return element
            return None
        return self.until(find, f"there is {name!r}")

    def press(self, name, within="body"):
        """A button, a menu or a link."""
        def click():
            self.named("button, summary, a", name, within).click()
            return True
        self.until(click, f"{name!r} can be pressed")

    def fill(self, name, value, within="body"):
        field = self.named("input, textarea", name, within)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(value)

    def choose(self, name, value, within="body"):
        Select(self.named("select", name, within)).select_by_visible_text(value)

    def is_enabled(self, name):
        return self.named("button", name).is_enabled()

    def type_key(self, key):
        self.browser.switch_to.active_element.send_keys(key)

    def focused_name(self):
        return self.browser.switch_to.active_element.accessible_name

    def is_shown(self, element):
        """What is in a closed menu has a size, and is not shown all the same."""
        return self.browser.execute_script("return arguments[0].checkVisibility({contentVisibilityAuto: true})", element)

    def nameless(self):
        """Controls that a screen reader could not name."""
        controls = self.all("button, summary, a, input, select, textarea, progress, [role=region], [role=group]")
        return [element.get_attribute("outerHTML") for element in controls
                if self.is_shown(element) and not element.accessible_name.strip()]

    def complaints(self):
        """What the browser complained about, broken rules of the security policy among it. That an answer was an error
        is not a complaint about the page."""
        entries = self.browser.get_log("browser")
        return [entry["message"] for entry in entries
                if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]]

    def prefers(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def style(self, selector, name):
        script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        return self.browser.execute_script(script, selector, name)
