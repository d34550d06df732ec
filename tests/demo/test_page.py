# SPDX-License-Identifier: BSD-2-Clause
"""The page in a real browser: it plays to the measured end, without errors, legible everywhere."""

import tempfile
import unittest
from pathlib import Path

import browser
import support

import page
from order import verdict
from subjects import SUBJECTS

READY = "document.documentElement.dataset.ready === 'yes'"
# Ratio of contrast (WCAG) of each text with what lies behind it, as [text, ratio].
CONTRAST = """(() => {
	const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
	const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v =>
		v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
	const ratio = (a, b) => {
		const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
		return (x + .05) / (y + .05);
	};
	const behind = element => {
		for (let e = element; e; e = e.parentElement) {
			const colour = parse(getComputedStyle(e).backgroundColor);
			if (colour.length === 3 || colour[3] === 1)
				return colour;
		}
		return [255, 255, 255];
	};
	const found = [];
	for (const e of document.querySelectorAll("body *")) {
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
		if (!own || e.closest("svg title, svg desc, script, noscript"))
			continue;
		const style = getComputedStyle(e);
		let back = behind(e.closest("svg") || e);
		if (e.matches(".cpu-text"))
			back = parse(getComputedStyle(e.parentElement.querySelector(".cpu")).fill);
		if (e.matches(".area-text"))
			back = parse(getComputedStyle(e.previousElementSibling).fill);
		found.push([e.textContent.trim(), ratio(parse(e.closest("svg") ? style.fill : style.color),
			back)]);
	}
	return found;
})()"""
# Ratio of the colours of levels and frames with the card behind them.
GRAPHICS = """(() => {
	const card = getComputedStyle(document.querySelector(".card")).backgroundColor;
	return [...document.querySelectorAll(".kind .level")].map(e => getComputedStyle(e).fill)
		.concat([...document.querySelectorAll(".frame")].map(e => getComputedStyle(e).stroke))
		.filter(colour => colour === card || colour === "none");
})()"""
HELD = ("Object.fromEntries([...document.querySelectorAll('[data-run]')]"
        ".map(f => [f.dataset.run, JSON.parse(f.dataset.held)]))")
SERVES = ("Object.fromEntries([...document.querySelectorAll('[data-run]')].map(f => [f.dataset.run,"
          "[...f.querySelectorAll('.serves')].map(g => g.dataset.node)]))")


def scrub(part):
    return ("document.querySelectorAll('input').forEach(i => { i.value = %d; "
            "i.dispatchEvent(new Event('input')); })" % (part * 1000))


@unittest.skipUnless(browser.PROGRAM, "chromium is not installed")
class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.reader = support.whole_demo()
        cls.directory = tempfile.TemporaryDirectory()
        cls.path = cls.write("good.html", cls.reader.runs)
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.directory.cleanup()

    @classmethod
    def write(cls, name, measured):
        machine = cls.reader.machine
        path = Path(cls.directory.name, name)
        page.write(page.Result(machine, measured, [verdict(machine, r) for r in measured],
                               "memkind 1.15.0", "a test", "make demo", "today"), path)
        return path

    def open(self, path=None, **look):
        self.browser.look(**look)
        self.browser.open(path or self.path)
        self.browser.wait(f"{READY} || document.documentElement.dataset.error")

    def tearDown(self):
        self.assertEqual(self.browser.problems, [])
        self.assertIsNone(self.browser.evaluate("document.documentElement.dataset.error"))
        self.assertEqual([u for u in self.browser.requests if not u.startswith("file:")], [])

    def assert_final_counts(self):
        held = self.browser.evaluate(HELD)
        self.assertEqual(len(held), len(self.reader.runs))
        for run in self.reader.runs:
            shown, last = held[f"{run.kind}-{run.cpu}"], run.steps[-1]
            for n, pages in last.pages.items():
                self.assertAlmostEqual(shown[str(n)], pages * 4096, delta=1)
            self.assertAlmostEqual(shown["swap"], last.swap * 4096, delta=1)

    def test_it_plays_to_the_measured_end(self):
        self.open(height=9000)
        self.browser.wait("document.querySelectorAll('.kind.playing').length === 6")
        states = "[...document.querySelectorAll('.kind')].map(s => s.dataset.state).join()"
        self.browser.wait(f"{states} === 'ended,ended,ended,ended,ended,ended'", seconds=90)
        self.assert_final_counts()
        checks = self.browser.evaluate(
            "[...document.querySelectorAll('.check.on')].map(c => c.textContent)")
        self.assertEqual(checks, ["✓ as documented"] * 12)

    def test_scrubbed_to_the_end_it_shows_swap_in_the_frame(self):
        self.open(calm=True)
        self.browser.evaluate(scrub(0.2))
        self.browser.evaluate(scrub(1))
        self.assert_final_counts()
        longest = {kind: max(r.asked for r in self.reader.runs if r.kind == kind)
                   for kind in SUBJECTS}
        serves = self.browser.evaluate(SERVES)
        for run in self.reader.runs:
            if run.asked == longest[run.kind]:
                self.assertEqual(serves[f"{run.kind}-{run.cpu}"],
                                 {"DAX_KMEM_OR_NULL": ["2"], "WEIGHTED": []}.get(
                                     run.kind, ["swap"]))

    def test_the_frame_is_on_the_node_that_served(self):
        self.open(calm=True)
        for part, node in ((0.15, "2"), (0.45, "0"), (0.65, "3"), (0.8, "1"), (0.99, "swap")):
            self.browser.evaluate(scrub(part))
            serves = self.browser.evaluate(SERVES)["DAX_KMEM_PREFERRED-0"]
            self.assertEqual(serves, [node], part)

    def test_play_pause_and_again(self):
        self.open(calm=True)
        button = "document.querySelector('.kind button')"
        self.assertEqual(self.browser.evaluate(f"{button}.textContent"), "Replay")
        self.browser.evaluate(f"{button}.click()")
        self.assertEqual(self.browser.evaluate(f"{button}.textContent"), "Pause")
        self.browser.evaluate(f"{button}.click()")
        self.assertEqual(self.browser.evaluate(f"{button}.textContent"), "Play")

    def test_who_wants_little_motion_sees_the_end_at_once(self):
        self.open(calm=True, height=4000)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('.playing').length"), 0)
        self.assert_final_counts()

    def test_every_picture_has_a_title_and_a_description(self):
        self.open(calm=True)
        texts = self.browser.evaluate(
            "[...document.querySelectorAll('svg[role=img]')].map(s => s.getAttribute("
            "'aria-labelledby').split(' ').map(i => document.getElementById(i).textContent))")
        self.assertEqual(len(texts), 13)
        self.assertIn("node 2, then node 0, then node 3, then node 1, then swap", texts[5][1])
        unnamed = self.browser.evaluate(
            "[...document.querySelectorAll('input')].filter(i => !i.ariaLabel).length")
        self.assertEqual(unnamed, 0)

    def test_light_and_dark_are_legible(self):
        backgrounds = set()
        for scheme in ("light", "dark"):
            self.open(scheme=scheme, calm=True)
            backgrounds.add(self.browser.evaluate(
                "getComputedStyle(document.body).backgroundColor"))
            found = self.browser.evaluate(CONTRAST)
            self.assertGreater(len(found), 100)
            self.assertEqual([f for f in found if f[1] < 4.5], [], scheme)
            self.assertEqual(self.browser.evaluate(GRAPHICS), [], scheme)
        self.assertEqual(len(backgrounds), 2)

    def test_nothing_sticks_out_of_narrow_windows(self):
        for width in (320, 400, 700, 1600):
            self.open(calm=True, width=width)
            self.assertLessEqual(
                self.browser.evaluate("document.documentElement.scrollWidth"), width)

    def test_without_script_the_orders_are_there(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        try:
            self.browser.look()
            self.browser.open(self.path)
            text = self.browser.evaluate("document.body.innerText")
        finally:
            self.browser.call("Emulation.setScriptExecutionDisabled", value=False)
        self.assertIn("need JavaScript", text)
        self.assertIn("All 12 measured orders", text)

    def test_a_wrong_order_is_red(self):
        wrong = support.read([*support.machine_lines(),
                              *support.fill_lines("DAX_KMEM_ALL", 0, (3, 2, "swap"))]).runs
        self.open(self.write("bad.html", wrong), calm=True)
        self.assertIn("1 of 1", self.browser.evaluate(
            "document.querySelector('.banner.bad').textContent"))
        self.assertEqual(self.browser.evaluate(
            "document.querySelector('.check').textContent"), "✗ not the documented order")

    def test_a_run_without_steps_breaks_nothing(self):
        empty = support.read([*support.machine_lines(), "start kind=DAX_KMEM cpu=0 block=1048576",
                              "end reason=null blocks=0"]).runs
        self.open(self.write("empty.html", empty), calm=True)
        self.assertIn("nothing was measured", self.browser.evaluate("document.body.innerText"))


if __name__ == "__main__":
    unittest.main()
