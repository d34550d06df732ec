// SPDX-License-Identifier: BSD-2-Clause
// The picture of the machine: sockets with their memory as tanks, and the measured chart below.
"use strict";

const MIB = 1048576;
const SIZE = {tank: 76, gap: 12, pad: 13, between: 54, top: 26, chip: 40, fill: 132, swap: 32};

// An element of the picture; attributes by name, children or text behind.
function svg(name, attributes = {}, ...children) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	element.append(...children);
	return element;
}

function html(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	element.append(...children);
	return element;
}

function amount(bytes) {
	return bytes >= 64 * 1024 * MIB ? `${Math.round(bytes / MIB / 1024)} GiB` :
		`${Math.round(bytes / MIB)} MiB`;
}

// "0-3,8" out of [0, 1, 2, 3, 8].
function ranges(numbers) {
	const parts = [];
	for (const n of numbers) {
		const last = parts[parts.length - 1];
		if (last && last[1] === n - 1)
			last[1] = n;
		else
			parts.push([n, n]);
	}
	return parts.map(([a, b]) => a === b ? `${a}` : `${a}-${b}`).join(",");
}

// The CPU node a node without CPUs stands beside: the one it is nearest to.
function neighbour(node, hosts) {
	return hosts.reduce((best, host) =>
		host.distances[node.id] < best.distances[node.id] ? host : best);
}

// Where everything is: a column a CPU node, its far nodes on the outer side (so that the second
// half of the machine is the mirror image of the first).
function layout(machine) {
	const hosts = machine.filter(node => node.cpus.length);
	const biggest = Math.max(...machine.map(node => node.total));
	const bottom = SIZE.top + SIZE.chip + 88 + SIZE.fill;
	const places = {tanks: {}, sockets: [], bottom};
	let x = 1;
	hosts.forEach((host, rank) => {
		const guests = machine.filter(node =>
			!node.cpus.length && neighbour(node, hosts) === host);
		const own = host.total ? [host] : [];
		const row = rank < hosts.length / 2 ? [...guests, ...own] : [...own, ...guests];
		const width = Math.max(row.length, 1) * (SIZE.tank + SIZE.gap) - SIZE.gap + 2 * SIZE.pad;
		row.forEach((node, i) => {
			const height = Math.max(SIZE.fill * node.total / biggest, SIZE.fill * 0.25);
			places.tanks[node.id] = {
				node, host, x: x + SIZE.pad + i * (SIZE.tank + SIZE.gap),
				y: bottom - height, width: SIZE.tank, height,
			};
		});
		places.sockets.push({host, x, width, middle: x + width / 2});
		x += width + SIZE.between;
	});
	places.width = x - SIZE.between + 1;
	return places;
}

const chipBottom = SIZE.top + 10 + SIZE.chip;
const wireLevel = chipBottom + 13;

function socketOf(places, id) {
	return places.sockets.find(socket => socket.host.id === id);
}

// The way from a processor to a tank: across to the other socket if need be, then down.
function route(places, home, id) {
	const tank = places.tanks[id];
	const from = socketOf(places, home), to = socketOf(places, tank.host.id);
	const middle = SIZE.top + 10 + SIZE.chip / 2;
	const across = from === to ? `M${to.middle} ${chipBottom}` :
		`M${from.middle + Math.sign(to.middle - from.middle) * 44} ${middle}` +
		`H${to.middle}V${chipBottom}`;
	return `${across}V${wireLevel}H${tank.x + tank.width / 2}V${tank.y - 44}`;
}

function drawSocket(places, socket) {
	const {x, width, middle, host} = socket;
	const group = svg("g", {"data-cpu-node": host.id});
	const y = SIZE.top + 10;
	group.append(svg("rect", {class: "socket", x, y: SIZE.top - 4, width, rx: 14,
		height: places.bottom - SIZE.top + 46}));
	group.append(svg("text", {class: "small", x: x + width / 2, y: 14, "text-anchor": "middle"},
		`socket ${places.sockets.indexOf(socket)}`));
	for (let pin = -2; pin <= 2; pin++)
		group.append(svg("path", {class: "pin",
			d: `M${middle + pin * 14} ${y - 4}v4m0 ${SIZE.chip}v4`}));
	group.append(svg("rect", {class: "cpu", x: middle - 44, y, width: 88, height: SIZE.chip,
		rx: 7}));
	const name = svg("text", {class: "cpu-text", x: middle, y: y + 25, "text-anchor": "middle"},
		`CPU ${ranges(host.cpus)}`);
	if (name.textContent.length > 11)
		name.setAttribute("textLength", 80);
	group.append(name);
	return group;
}

function drawTank(tank, free) {
	const {node, x, y, width, height} = tank;
	const middle = x + width / 2, bottom = y + height;
	const group = svg("g", {style: `--c:var(--${node.colour})`, "data-node": node.id});
	const taken = Math.max(0, node.total - (free ?? node.total)) / node.total * height;
	const text = (dy, cls, words) => svg("text",
		{class: cls, x: middle, y: dy, "text-anchor": "middle"}, words);
	group.append(
		text(y - 26, "strong", `node ${node.id}`),
		text(y - 11, "small", node.kmem ? "big, slow" : node.cpus.length ? "fast" : "memory"),
		svg("rect", {class: "tank", x, y, width, height, rx: 6}),
		svg("rect", {class: "level", x: x + 2, width: width - 4, y: bottom - taken, height: 0,
			rx: 3}));
	if (taken > 1)
		group.append(svg("rect", {fill: "url(#hatch)", x: x + 2, width: width - 4,
			y: bottom - taken, height: taken}));
	group.append(svg("rect", {class: "frame", x: x - 4, y: y - 4, width: width + 8,
		height: height + 8, rx: 9}));
	group.append(text(bottom + 20, "num amount", amount(node.total)),
		text(bottom + 34, "small num of", ""));
	tank.base = bottom - taken;
	tank.scale = height / node.total;
	return group;
}

function distanceTag(x, y, value) {
	return svg("g", {}, svg("rect", {class: "tag", x: x - 15, y: y - 10, width: 30, height: 20,
		rx: 10}), svg("text", {class: "num strong", x, y: y + 4.5, "text-anchor": "middle"}, value));
}

// Distances stand on the wires: to own and near memory below the processor, between sockets across.
function drawDistances(places) {
	const group = svg("g");
	for (const tank of Object.values(places.tanks)) {
		const x = tank.x + tank.width / 2;
		group.append(distanceTag(x, wireLevel + 12, tank.host.distances[tank.node.id]));
	}
	places.sockets.slice(1).forEach((socket, i) => {
		const before = places.sockets[i];
		group.append(distanceTag((before.x + before.width + socket.x) / 2,
			SIZE.top + 10 + SIZE.chip / 2, before.host.distances[socket.host.id]));
	});
	return group;
}

// Sockets, wires and tanks; `free` is what was free of each node at the start, by id.
function drawMachine(places, free) {
	const group = svg("g");
	group.append(svg("defs", {}, svg("pattern", {id: "hatch", width: 7, height: 7,
		patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"},
		svg("line", {class: "hatch", x1: 0, y1: 0, x2: 0, y2: 7}))));
	const wires = svg("g"), tanks = svg("g"), way = svg("path", {class: "route"});
	places.sockets.slice(1).forEach((socket, i) => wires.append(svg("path", {class: "wire",
		d: `M${places.sockets[i].middle + 44} ${SIZE.top + 10 + SIZE.chip / 2}` +
			`H${socket.middle - 44}`})));
	for (const tank of Object.values(places.tanks)) {
		wires.append(svg("path", {class: "wire", d: route(places, tank.host.id, tank.node.id)}));
		tanks.append(drawTank(tank, free[tank.node.id]));
	}
	group.append(wires, way, ...places.sockets.map(socket => drawSocket(places, socket)), tanks);
	return group;
}
