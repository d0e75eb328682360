"""What an end user does and sees."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from conftest import flow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from truestate_liveflow.testing import Simulator

    from conftest import Server

BUDGET = "What budget does ACME have?"
WHEN = "When would ACME decide?"


def start(page: Page, company: str = "ACME") -> None:
    page.get_by_label("Which company?").fill(company)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_label("Your answer")).to_be_visible()


def reply(page: Page, text: str) -> None:
    page.get_by_label("Your answer").fill(text)
    page.get_by_role("button", name="Send").click()


def talk(page: Page) -> list[str]:
    return page.get_by_role("log").locator("p").all_inner_texts()


def inputs(simulator: Simulator) -> list[Any]:
    return [
        given["input"] for session in simulator.journal()["sessions"] for given in session["inputs"]
    ]


def test_a_session_from_the_first_field_to_the_result(page: Page, simulator: Simulator) -> None:
    start(page)
    expect(page.get_by_role("status").first).to_have_text("Waiting for you")
    reply(page, "20000")
    expect(page.get_by_role("log")).to_contain_text(WHEN)
    # A keyboard is enough: the field has the focus, and Enter sends.
    expect(page.get_by_label("Your answer")).to_be_focused()
    page.keyboard.type("in spring")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Result")).to_contain_text(
        "A budget of 20000, decided in spring."
    )
    expect(page.get_by_role("region", name="Progress").locator("li")).to_contain_text(
        ["Start", "Look around", "Ask budget", "Ask when", "Write summary"]
    )
    expect(page.get_by_label("Your answer")).to_be_hidden()
    assert talk(page) == [BUDGET, "20000", WHEN, "in spring"]
    assert inputs(simulator) == ["20000", "in spring"]
    picture = os.environ.get("PICTURE")
    if picture:
        page.screenshot(path=Path(picture))


def test_a_reload_loses_nothing(page: Page, simulator: Simulator) -> None:
    start(page)
    reply(page, "20000")
    expect(page.get_by_role("log")).to_contain_text(WHEN)
    page.reload()
    expect(page.get_by_label("Your answer")).to_be_visible()
    assert talk(page) == [BUDGET, "20000", WHEN]
    reply(page, "soon")
    expect(page.get_by_role("region", name="Result")).to_contain_text("decided soon")
    assert inputs(simulator) == ["20000", "soon"]


def test_of_two_tabs_one_answers_first(
    page: Page, context: BrowserContext, simulator: Simulator
) -> None:
    start(page)
    other = context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("log")).to_contain_text(BUDGET)
    other.get_by_label("Your answer").fill("30000")
    reply(page, "20000")
    # The other tab sees the next question, and keeps what was typed.
    expect(other.get_by_role("log")).to_contain_text(WHEN)
    expect(other.get_by_role("log")).to_contain_text("20000")
    expect(other.get_by_label("Your answer")).to_have_value("30000")
    assert inputs(simulator) == ["20000"]


def test_another_device_answers_first(page: Page, simulator: Simulator) -> None:
    start(page)
    page.get_by_label("Your answer").fill("typed in vain")
    simulator.answer(simulator.journal()["sessions"][0]["id"], "40000")
    expect(page.get_by_role("log")).to_contain_text("40000")
    expect(page.get_by_role("alert")).to_have_text(
        "There is another question now. What you typed is still here."
    )
    expect(page.get_by_label("Your answer")).to_have_value("typed in vain")
    assert inputs(simulator) == ["40000"]


def test_the_service_goes_down_and_comes_back(page: Page, simulator: Simulator) -> None:
    start(page)
    reply(page, "20000")
    expect(page.get_by_role("log")).to_contain_text(WHEN)
    simulator.listening(accept=False)
    page.get_by_label("Your answer").fill("soon")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The connection is lost")).to_be_visible()
    simulator.listening(accept=True)
    expect(page.get_by_role("region", name="Result")).to_contain_text("decided soon")
    expect(page.get_by_text("The connection is lost")).to_be_hidden()
    assert inputs(simulator) == ["20000", "soon"]


def test_the_page_s_own_server_is_restarted(
    page: Page, server: Server, simulator: Simulator
) -> None:
    start(page)
    page.get_by_label("Your answer").fill("20000")
    server.stop()
    expect(page.get_by_text("The connection is lost")).to_be_visible()
    server.start()
    expect(page.get_by_text("The connection is lost")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("log")).to_contain_text(WHEN)
    assert inputs(simulator) == ["20000"]


def test_what_a_flow_writes_is_text_and_nothing_else(page: Page, simulator: Simulator) -> None:
    hostile = (
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    )
    simulator.upload_flow(flow(hostile))
    start(page, company="<b>ACME</b>")
    assert talk(page) == [hostile]
    reply(page, hostile)
    expect(page.get_by_role("log")).to_contain_text("When would <b>ACME</b> decide?")
    reply(page, hostile)
    expect(page.get_by_role("region", name="Result")).to_contain_text(hostile)
    assert page.title() == "Company research"
    assert page.locator("main img, main script, main b").count() == 0


def test_a_failure_keeps_its_details_to_itself(page: Page, simulator: Simulator) -> None:
    start(page)
    session = simulator.journal()["sessions"][0]["id"]
    simulator.advance(session, fail="Traceback: secret-host-17 refused")
    expect(page.get_by_role("status").first).to_contain_text("could not be completed")
    assert "secret-host-17" not in page.content()


def test_a_session_is_cancelled(page: Page, simulator: Simulator) -> None:
    start(page)
    page.get_by_role("button", name="Cancel session").click()
    expect(page.get_by_role("status").first).to_contain_text("cancelled")
    expect(page.get_by_role("button", name="Cancel session")).to_be_hidden()
    assert simulator.journal()["sessions"][0]["cancelled"]


def test_several_sessions_at_once(page: Page, simulator: Simulator) -> None:
    start(page, "ACME")
    page.get_by_role("button", name="New session").click()
    start(page, "Initech")
    expect(page.get_by_role("log")).to_contain_text("What budget does Initech have?")
    reply(page, "1")
    expect(page.get_by_role("log")).to_contain_text("When would Initech decide?")
    page.get_by_role("navigation").get_by_role("button", name="ACME").click()
    expect(page.get_by_role("log")).to_contain_text(BUDGET)
    assert talk(page) == [BUDGET]
    assert len(simulator.journal()["sessions"]) == 2


def test_a_phone_s_width_needs_no_sideways_scrolling(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    start(page, "A company with-a-rather-long-name-that-has-no-place-to-break-it-anywhere-at-all")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0


def test_dark_mode_is_dark(page: Page) -> None:
    shade = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(shade)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(shade) != light


def test_a_ticket_that_the_server_did_not_make_opens_nothing(
    page: Page, server: Server, simulator: Simulator
) -> None:
    start(page)
    session = simulator.journal()["sessions"][0]["id"]
    for ticket in (session, f"{session}.", f"{session}.forged", "x"):
        for call in ("answer", "cancel"):
            response = page.request.post(f"{server.url}/api/sessions/{ticket}/{call}", data={})
            assert response.status in (400, 404)
        assert page.request.get(f"{server.url}/api/sessions/{ticket}/events").status == 404
    assert not simulator.journal()["sessions"][0]["cancelled"]


def test_no_form_of_another_site_can_act_for_the_user(page: Page, server: Server) -> None:
    start(page)
    ticket = page.url.partition("#")[2]
    response = page.request.post(
        f"{server.url}/api/sessions/{ticket}/answer",
        headers={"content-type": "text/plain"},
        data='{"run": "x", "round": 0, "text": "y"}',
    )
    assert response.status == 415
