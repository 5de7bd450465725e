#!/usr/bin/node
// SPDX-License-Identifier: MIT
// nodejs.js - an echo server on node's net module

'use strict';
const net = require('net');

const NAME = 'nodejs';
const opt = { port: '7007', bind: '127.0.0.1', fd: '', service: 'echo' };

function refuse(why) {
	process.stderr.write(`${NAME}: ${why} (--help)\n`);
	process.exit(2);
}

const words = process.argv.slice(2);
while (words.length) {
	const word = words.shift(), at = word.indexOf('=');
	const name = word.slice(2, at < 0 ? undefined : at);
	if (word === '--help') {
		console.log(`Usage: ${NAME} [--port N] [--bind ADDR] [--fd N] ` +
			    '[--service echo|reply]\nAn echo server on node\'s net ' +
			    'module.');
		process.exit(0);
	}
	if (!word.startsWith('--') || !(name in opt))
		refuse(`${word}: unknown option`);
	if (at < 0 && !words.length)
		refuse(`${word}: a value is missing`);
	opt[name] = at < 0 ? words.shift() : word.slice(at + 1);
}
if (opt.service !== 'echo' && opt.service !== 'reply')
	refuse(`--service ${opt.service}: expected echo or reply`);
if (!/^\d+$/.test(opt.port) || Number(opt.port) > 65535)
	refuse(`--port ${opt.port}: expected a number from 0 to 65535`);
if (!/^\d*$/.test(opt.fd))
	refuse(`--fd ${opt.fd}: expected a descriptor of a listening socket`);

// The service reply, as in models/reply.h: makes answers of requests; null if a
// request asks for more than the service allows.
const REQUEST = 12, MOST = 1 << 20, WORK = 1000000;
const answers = Buffer.alloc(MOST, 'x');

function work(thousands) {
	let n = 1;
	for (let i = 0; i < thousands * 1000; i++)
		n = (Math.imul(n, 1664525) + 1013904223) | 0;
	return n;
}

function replier() {
	let head = Buffer.alloc(0), rest = 0;

	return (came) => {
		let sum = 0;
		while (came.length) {
			const lacks = REQUEST - head.length;
			head = Buffer.concat([head, came.subarray(0, lacks)]);
			came = came.subarray(lacks);
			if (head.length < REQUEST)
				break;
			const size = head.readUInt32BE(0);
			const wants = head.readUInt32BE(4);
			const thousands = head.readUInt32BE(8);
			if (lacks)
				rest = size - REQUEST;
			if (rest < 0 || !wants || thousands > WORK ||
			    sum + wants > MOST)
				return null;
			const skipped = Math.min(rest, came.length);
			came = came.subarray(skipped);
			rest -= skipped;
			if (rest)
				break;
			work(thousands);
			sum += wants;
			head = head.subarray(REQUEST);
		}
		return answers.subarray(0, sum);
	};
}

// allowHalfOpen: when the peer has said all, what is owed still leaves.
const server = net.createServer({ allowHalfOpen: true, noDelay: true },
				(socket) => {
	socket.setNoDelay(true);		// before node 16.17
	const answer = opt.service === 'echo' ? (data) => data : replier();
	socket.on('data', (came) => {
		const data = answer(came);
		if (!data)
			return socket.destroy();
		// The socket is full: read no more until it has left.
		if (!socket.write(data)) {
			socket.pause();
			socket.once('drain', () => socket.resume());
		}
	});
	socket.on('end', () => socket.end());
	socket.on('error', () => socket.destroy());
});

server.on('error', (why) => {
	process.stderr.write(`${NAME}: ${why.message}\n`);
	process.exit(1);
});
server.listen(opt.fd ? { fd: Number(opt.fd) } :
	      { port: Number(opt.port), host: opt.bind, backlog: 4096 }, () => {
	const where = opt.fd ? `descriptor ${opt.fd}` :
		      `${opt.bind}:${server.address().port}`;
	process.stderr.write(`${NAME}: serving ${opt.service} on ${where}\n`);
});

// Open connections have two seconds.
function stop() {
	server.close();
	setTimeout(() => process.exit(0), 2000).unref();
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
