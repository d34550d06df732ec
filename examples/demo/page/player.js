// SPDX-License-Identifier: BSD-2-Clause
// Plays the measured runs: a player a kind, which moves one picture for each CPU it was filled from.
"use strict";

const PLAY_MS = 11000;
const CHART = {height: 118, top: 30};
const calm = matchMedia("(prefers-reduced-motion: reduce)");

addEventListener("error", event => {
	document.documentElement.dataset.error = event.message;
});

// What a run held when `asked` bytes had been asked for, between two measured steps by proportion.
function heldAt(run, asked) {
	if (!run.blocks.length)
		return {nodes: {}, swap: 0, serves: null, cpu: run.cpu};
	const blocks = asked / run.block_bytes;
	let i = run.blocks.findIndex(b => b >= blocks - 1e-9);
	if (i < 0)
		i = run.blocks.length - 1;
	const start = i ? run.blocks[i - 1] : 0;
	const part = Math.max(0, Math.min(1, (blocks - start) / Math.max(1, run.blocks[i] - start)));
	const mix = counts => {
		const before = i ? counts[i - 1] : 0;
		return (before + (counts[i] - before) * part) * run.page_bytes;
	};
	const nodes = {};
	for (const [id, counts] of Object.entries(run.pages))
		nodes[id] = mix(counts);
	let serves = run.serving[i];
	for (let k = i; serves === null && k > 0; k--)
		serves = run.serving[k - 1];
	return {nodes, swap: mix(run.swap), serves: blocks > 0 ? serves : null, cpu: run.cpus[i]};
}

function askedOf(run) {
	return run.blocks.length ? run.blocks[run.blocks.length - 1] * run.block_bytes : 0;
}

function isBegun(run, now, place, isOver) {
	if (place === "NULL")
		return isOver;
	const held = place === "swap" ? now.swap : now.nodes[place];
	const counts = place === "swap" ? run.swap : run.pages[place];
	return held > 0.02 * Math.max(...counts) * run.page_bytes;
}

function colourOf(data, place) {
	const node = data.machine.find(n => String(n.id) === String(place));
	return `var(--${node ? node.colour : "swap"})`;
}

function placeName(place) {
	return typeof place === "number" ? `node ${place}` : place;
}

// Nodes that fill side by side, not one after another.
function isShared(run) {
	return Object.keys(run.shares).length > 0;
}

function describe(data, run) {
	const words = run.measured.map(placeName);
	return `Memory of ${data.subjects[run.kind].title} asked for by a program on CPU ${run.cpu} came from ` +
		`${words.join(isShared(run) ? " and " : ", then ")}. ${amount(askedOf(run))} were asked for.`;
}

// The measured counts as stacked areas over what was asked for, in the order of the filling.
function drawChart(data, run, width, y, most) {
	const group = svg("g"), bottom = y + CHART.height;
	const scaleX = asked => asked / most * width;
	const scaleY = held => bottom - held / most * (CHART.height - 4);
	const places = [...run.measured, ...Object.keys(run.pages).filter(id =>
		!run.measured.some(p => String(p) === id))];
	const below = run.blocks.map(() => 0);
	const xs = run.blocks.map(b => scaleX(b * run.block_bytes));
	for (const place of places) {
		const counts = place === "swap" ? run.swap : run.pages[place];
		if (!counts)
			continue;
		const edge = below.map((b, i) => `${xs[i].toFixed(1)} ${scaleY(b).toFixed(1)}`);
		counts.forEach((pages, i) => { below[i] += pages * run.page_bytes; });
		const top = below.map((b, i) => `${xs[i].toFixed(1)} ${scaleY(b).toFixed(1)}`);
		group.append(svg("path", {fill: colourOf(data, place),
			d: `M0 ${bottom}L${edge.join("L")}L${top.reverse().join("L")}Z`}));
		const last = below.length - 1;
		const high = counts[last] * run.page_bytes / most * (CHART.height - 4);
		if (high > 22)
			group.append(svg("text", {class: "area-text", x: xs[last] - 6, "text-anchor": "end",
				y: scaleY(below[last]) + high / 2 + 4}, place === "swap" ? "swap" : `node ${place}`));
	}
	group.append(svg("path", {class: "axis", d: `M0 ${bottom}H${width}`}));
	return group;
}

function drawSwap(places, y) {
	const x = 118, width = places.width - x - 4;
	return svg("g", {style: "--c:var(--swap)", "data-node": "swap", "data-width": width - 4},
		svg("text", {class: "strong", x: 0, y: y + 21}, "swap"),
		svg("text", {class: "num amount", x: x - 10, y: y + 21, "text-anchor": "end"}),
		svg("rect", {class: "tank", x, y, width, height: SIZE.swap, rx: 8}),
		svg("rect", {class: "level", x: x + 2, y: y + 2, width: 0, height: SIZE.swap - 4, rx: 6}),
		svg("rect", {class: "frame", x: x - 2, y: y - 2, width: width + 4,
			height: SIZE.swap + 4, rx: 10}));
}

function moveTanks(parts, now) {
	const {places, picture, swap} = parts;
	for (const tank of Object.values(places.tanks)) {
		const group = picture.querySelector(`[data-node="${tank.node.id}"]`);
		const held = now.nodes[tank.node.id] || 0;
		const level = group.querySelector(".level");
		const high = Math.min(held * tank.scale, tank.base - tank.y);
		level.setAttribute("y", tank.base - high);
		level.setAttribute("height", high);
		group.querySelector(".amount").textContent = amount(held);
		group.querySelector(".of").textContent = `of ${amount(tank.node.total)}`;
		group.classList.toggle("serves", now.serves === tank.node.id);
	}
	swap.querySelector(".level").setAttribute("width",
		swap.dataset.width * now.swap / parts.mostSwap);
	swap.querySelector(".amount").textContent = amount(now.swap);
	swap.classList.toggle("serves", now.serves === "swap");
	for (const socket of places.sockets)
		picture.querySelector(`[data-cpu-node="${socket.host.id}"]`).classList.toggle("here",
			socket.host.cpus.includes(now.cpu));
}

function wordsFor(data, run, serves, isOver) {
	if (serves === null)
		return "";
	if (isOver && run.measured.includes("NULL"))
		return "full: the program gets NULL";
	if (serves === "swap")
		return "all full: old pages go to swap";
	const home = data.machine.find(n => n.id === run.home);
	return `node ${serves} answers, distance ${home.distances[serves]}`;
}

// Shows a panel as it was when `asked` bytes had been asked for.
function movePanel(parts, asked) {
	const {data, run, most, places, head, veil, order, figure} = parts;
	const all = askedOf(run), now = heldAt(run, Math.min(asked, all));
	moveTanks(parts, now);
	parts.way.setAttribute("d", typeof now.serves === "number" ?
		route(places, run.home, now.serves) : "");
	const x = asked / most * places.width;
	head.setAttribute("x1", x);
	head.setAttribute("x2", x);
	veil.setAttribute("x", x);
	veil.setAttribute("width", Math.max(0, places.width - x));
	for (const item of order.children) {
		const place = item.dataset.place;
		item.classList.toggle("on", place ? isBegun(run, now, place, asked >= all) : asked >= all);
		item.classList.toggle("now", place === String(now.serves));
	}
	parts.words.textContent = wordsFor(data, run, now.serves, asked >= all);
	figure.classList.toggle("complete", asked >= all);
	figure.dataset.held = JSON.stringify({...now.nodes, swap: now.swap});
}

function makeOrder(data, run) {
	const order = html("ol", {class: isShared(run) ? "order shared" : "order",
		"aria-label": isShared(run) ? "ratio measured" : "order measured"});
	for (const place of run.measured)
		order.append(html("li", {"data-place": place}, html("span", {class: "chip",
			style: `--c:${colourOf(data, place)}`}, placeName(place)),
			isShared(run) ? ` ${(100 * run.shares[place]).toFixed(1)} %` : ""));
	order.append(html("li", {class: `check ${run.problem ? "bad" : "good"}`},
		run.problem ? `✗ ${run.problem}` : "✓ as documented"));
	return order;
}

// One run as a figure: heading, picture, order; returns it with the function that moves it.
function makePanel(data, run, most, mostSwap) {
	const places = layout(data.machine);
	const swapY = places.bottom + 64, chartY = swapY + SIZE.swap + CHART.top;
	const height = chartY + CHART.height + 22;
	const id = `${run.kind}-${run.cpu}`;
	const picture = svg("svg", {viewBox: `0 0 ${places.width} ${height}`, role: "img",
		"aria-labelledby": `t-${id} d-${id}`});
	picture.append(svg("title", {id: `t-${id}`}, `${data.subjects[run.kind].title} from CPU ${run.cpu}`),
		svg("desc", {id: `d-${id}`}, describe(data, run)), drawMachine(places, run.free));
	const way = picture.querySelector(".route");
	const swap = drawSwap(places, swapY);
	const note = svg("text", {class: "small", x: 0, y: chartY - 8},
		"where the memory lies, against what was asked for");
	const head = svg("line", {class: "head", y1: chartY - 2, y2: chartY + CHART.height + 4});
	const veil = svg("rect", {class: "veil", y: chartY, height: CHART.height});
	picture.append(swap, note, drawChart(data, run, places.width, chartY, most), veil, head,
		svg("text", {class: "small", x: 0, y: height - 5}, "0"),
		svg("text", {class: "small num", x: places.width, y: height - 5, "text-anchor": "end"},
			amount(most)));
	const order = makeOrder(data, run);
	const words = html("span", {class: "num"});
	const figure = html("figure", {class: "panel", "data-run": id}, html("figcaption", {},
		html("h3", {}, `Program on CPU ${run.cpu}, node ${run.home}`), words), picture, order);

	const parts = {data, run, most, mostSwap, places, picture, swap, way, head, veil, order, words,
		figure};
	return {figure, move: asked => movePanel(parts, asked)};
}

// All runs of one kind, with one set of controls.
function makePlayer(data, kind, runs) {
	const most = Math.max(...runs.map(askedOf), 1);
	const mostSwap = Math.max(...data.machine.map(n => n.total), ...runs.map(run =>
		Math.max(0, ...run.swap) * run.page_bytes));
	const panels = runs.map(run => makePanel(data, run, most, mostSwap));
	const button = html("button", {type: "button"}, "Play");
	const slider = html("input", {type: "range", min: 0, max: 1000, value: 0,
		"aria-label": `${data.subjects[kind].title}: how much has been asked for`});
	const shown = html("output", {"aria-live": "off"});
	const section = html("section", {class: "card kind", "aria-label": data.subjects[kind].title, "data-kind": kind},
		html("h2", {}, html("code", {}, data.subjects[kind].title)),
		html("p", {}, data.subjects[kind].sentence),
		html("div", {class: "panels"}, ...panels.map(panel => panel.figure)),
		html("div", {class: "controls"}, button, slider, shown));
	let part = 0, playing = false, last = 0;

	function show(next) {
		part = Math.max(0, Math.min(1, next));
		panels.forEach(panel => panel.move(part * most));
		slider.value = Math.round(part * 1000);
		const text = `${amount(part * most)} asked for`;
		slider.setAttribute("aria-valuetext", text);
		shown.textContent = text;
		section.dataset.state = part >= 1 ? "ended" : playing ? "playing" : "paused";
	}
	function play(on) {
		playing = on;
		last = 0;
		section.classList.toggle("playing", on);
		button.textContent = on ? "Pause" : part >= 1 ? "Replay" : "Play";
		show(part);
		if (on)
			requestAnimationFrame(tick);
	}
	function tick(now) {
		if (!playing)
			return;
		const passed = last ? now - last : 0;
		// Who wants little motion sees twelve still pictures instead of a film.
		if (!calm.matches || passed >= PLAY_MS / 12 || !last) {
			last = now;
			show(part + passed / PLAY_MS);
		}
		if (part >= 1)
			play(false);
		else
			requestAnimationFrame(tick);
	}
	button.addEventListener("click", () => {
		if (!playing && part >= 1)
			part = 0;
		play(!playing);
	});
	slider.addEventListener("input", () => {
		const value = slider.value / 1000;
		play(false);
		show(value);
		button.textContent = part >= 1 ? "Replay" : "Play";
	});
	play(false);
	return {section, play, end: () => { show(1); play(false); }};
}

function main() {
	const data = JSON.parse(document.getElementById("data").textContent);
	const places = layout(data.machine);
	const picture = svg("svg", {viewBox: `0 0 ${places.width} ${places.bottom + 46}`, role: "img",
		"aria-labelledby": "t-machine d-machine"});
	picture.append(svg("title", {id: "t-machine"}, "The machine"),
		svg("desc", {id: "d-machine"}, data.machine.map(n => `Node ${n.id}: ` +
			`${amount(n.total)} of ${n.kmem ? "big" : "fast"} memory` +
			(n.cpus.length ? ` with CPUs ${ranges(n.cpus)}.` : " without CPUs.")).join(" ")),
		drawMachine(places, {}), drawDistances(places));
	document.getElementById("machine").append(picture);
	const watch = new IntersectionObserver(entries => entries.forEach(entry => {
		if (entry.isIntersecting) {
			watch.unobserve(entry.target);
			players.get(entry.target).play(true);
		}
	}), {threshold: 0.35});
	const players = new Map();
	for (const kind of new Set(data.runs.map(run => run.kind))) {
		const player = makePlayer(data, kind, data.runs.filter(run => run.kind === kind));
		players.set(player.section, player);
		document.getElementById("kinds").append(player.section);
		if (calm.matches)
			player.end();
		else
			watch.observe(player.section);
	}
	document.documentElement.dataset.ready = "yes";
}
main();
