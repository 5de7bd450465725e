/* SPDX-License-Identifier: MIT */
/* pages.js - a line of a trace marks its line of source, and vice versa */
"use strict";

function unmark() {
	for (const e of document.querySelectorAll(".on"))
		e.classList.remove("on");
}

/* Scroll the pane, not the page. */
function show(element) {
	const pane = element.closest(".source, .trace");

	if (!pane || pane.scrollHeight <= pane.clientHeight)
		return;
	const box = element.getBoundingClientRect();
	const frame = pane.getBoundingClientRect();

	if (box.top < frame.top || box.bottom > frame.bottom)
		pane.scrollTop += box.top - frame.top - pane.clientHeight / 3;
}

function mark(line, from) {
	const source = document.getElementById("L" + line);
	const calls = document.querySelectorAll(`[data-line="${line}"]`);

	unmark();
	if (source)
		source.classList.add("on");
	for (const call of calls)
		call.parentElement.classList.add("on");
	if (from === "trace" && source)
		show(source);
	else if (from === "source" && calls.length)
		show(calls[0]);
}

function look(event) {
	const call = event.target.closest("[data-line]");
	const line = event.target.closest("[data-calls]");

	if (call)
		mark(call.dataset.line, "trace");
	else if (line)
		mark(line.id.slice(1), "source");
}

document.addEventListener("pointerover", look);
document.addEventListener("focusin", look);
