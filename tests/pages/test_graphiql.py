"""GraphiQL in a real browser, before a real dompetd: log in, ask, see the answer, open the schema."""

import pytest
from page import PATIENCE_S
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from processes import ADMIN_EMAIL, ADMIN_PASSWORD, DOMPETD, wait_until


class Editor:
    def __init__(self, page):
        self.page = page
        self.browser = page.browser

    def open(self):
        self.browser.get("about:blank")
        self.browser.get(f"{self.page.url}/graphiql")
        self.page.until(lambda: self.page.all(".graphiql-query-editor .CodeMirror"), "the editor is there")
        return self

    def log_in(self, password):
        self.page.fill("E-mail", ADMIN_EMAIL)
        self.page.fill("Password", password)
        self.page.press("Log in")

    def token(self):
        return self.page.named("input", "Token").get_attribute("value")

    def run(self, text):
        """Writes the document and runs it."""
        self.browser.execute_script(
            "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.setValue(arguments[0])", text)
        self.browser.find_element(By.CSS_SELECTOR, ".graphiql-execute-button").click()

    def answer(self):
        return self.browser.execute_script(
            "const shown = document.querySelector('.result-window .CodeMirror'); return shown ? shown.CodeMirror.getValue() : ''")

    def answers(self, text):
        wait_until(lambda: text in self.answer(), lambda: f"the answer has {text!r}; it is {self.answer()!r}", PATIENCE_S)


@pytest.fixture
def editor(live_page):
    if not (DOMPETD.parent / "graphiql/index.html").exists():
        pytest.skip("GraphiQL's packages were not fetched before the build")
    return Editor(live_page).open()


def test_who_logs_in_can_ask(editor):
    editor.log_in(ADMIN_PASSWORD)
    editor.page.until(editor.token, "there is a token")
    editor.run("{ me { email } wallets(first: 1) { pageInfo { hasNextPage } } }")
    editor.answers(ADMIN_EMAIL)
    editor.run('mutation { createWallet(walletName: "Kas") { walletName balance status } }')
    editor.answers('"walletName": "Kas"')


def test_a_wrong_password_is_a_sentence(editor):
    editor.log_in("wrong horse battery")
    editor.page.sees("E-mail address or password is wrong")
    assert editor.token() == ""


def test_without_a_token_a_field_says_so(editor):
    editor.run("{ me { email } }")
    editor.answers("unauthenticated")


def test_the_schema_can_be_explored(editor):
    editor.page.until(lambda: editor.page.all('button[aria-label="Show Documentation Explorer"]'), "the book is there")
    editor.browser.find_element(By.CSS_SELECTOR, 'button[aria-label="Show Documentation Explorer"]').click()
    editor.page.sees("Root Types", "Query", "Mutation")
    mutations = editor.page.until(lambda: next((one for one in editor.page.all("a.graphiql-doc-explorer-type-name")
                                                if one.text == "Mutation"), None), "the mutations can be opened")
    mutations.click()
    editor.page.sees("simulateRaceCondition", "transfer")


def test_nothing_of_it_stays_in_the_browser(editor):
    editor.log_in(ADMIN_PASSWORD)
    editor.page.until(editor.token, "there is a token")
    stored = editor.browser.execute_script("return JSON.stringify([Object.assign({}, localStorage), Object.assign({}, sessionStorage), document.cookie])")
    assert editor.token() not in stored
    editor.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
